#pragma once

#include "services/core/uniquefd.h"
#include "services/engine/api/gzip.h"
#include "services/engine/builds/tarcheck.h"
#include "services/http/server.h"

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace sandglass::engine {

/// One archive on its way in: written to disk as it comes, and checked while it does. Bounded memory.
class BuildUpload final : public http::BodySink
{
public:
    BuildUpload(std::string directory, std::string hash);
    ~BuildUpload() override; ///< what was not kept goes

    void data(std::string_view piece) override;
    void finish() override;
    void abort() override;

    /// Puts the checked archive in place; takes as long as the disk does. Any thread, after finish().
    void keep();

    /// 0 when all is well so far, else the status to answer with; error() says why.
    [[nodiscard]] int status() const { return m_status; }
    [[nodiscard]] const std::string &error() const { return m_error; }
    [[nodiscard]] const std::string &hash() const { return m_hash; }

private:
    void fail(int status, std::string message);
    bool check(std::string_view piece);

    std::string m_directory, m_hash, m_path, m_error;
    int m_status = 0;
    UniqueFd m_fd;
    TarCheck m_check;
    std::unique_ptr<Gunzip> m_gunzip;
    std::string m_start; ///< until it is known whether the archive is packed
    bool m_isBegun = false;
};

/// The archives of COPY steps by the hash of their files, in a folder of the state directory. Uploads need a token that
/// the control plane gave out. Bounded: what went unused longest goes first. io thread only.
class BuildFiles final
{
public:
    static constexpr std::uint64_t kMostBytes = 2ULL << 30; ///< of one archive as it is sent

    explicit BuildFiles(std::string directory);

    /// The hashes are keys that clients made: they become file names. False for what cannot be one.
    [[nodiscard]] static bool isHash(std::string_view hash);
    [[nodiscard]] bool has(const std::string &hash) const;
    [[nodiscard]] std::string pathOf(const std::string &hash) const;
    /// For one upload of that hash, within the hour.
    [[nodiscard]] std::string newToken(const std::string &hash);
    /// The sink for an upload with that token; null for an unknown one.
    [[nodiscard]] std::shared_ptr<BuildUpload> upload(const std::string &token);
    void shrink() const;

private:
    struct Token
    {
        std::string hash;
        std::chrono::steady_clock::time_point until;
    };

    std::string m_directory;
    std::map<std::string, Token> m_tokens;
};

} // namespace sandglass::engine
