#pragma once

#include "services/core/uniquefd.h"
#include "services/engine/api/gzip.h"
#include "services/http/server.h"

#include <memory>
#include <string>
#include <vector>

namespace sandglass::engine {

/// One file of an upload, waiting on disk in an unnamed file.
struct SpooledFile
{
    std::string partName;
    std::string fileName; ///< of the multipart header, may be a whole path; empty for octet-stream
    UniqueFd fd;
    std::uint64_t size = 0;
};

/// Takes a body of POST /files piece by piece: multipart/form-data part by part, anything else as one file. Bounded
/// memory: bytes go to unnamed files in `spoolDirectory`, which vanish with their descriptors.
class Upload final : public http::BodySink
{
public:
    Upload(std::string contentType, std::string spoolDirectory);
    /// The body comes packed; what unpacks to more than `limit` bytes is refused. Before the first data().
    void expectGzip(std::uint64_t limit);

    void data(std::string_view piece) override;
    void finish() override;
    void abort() override;

    [[nodiscard]] const std::string &error() const { return m_error; } ///< empty when all is well
    [[nodiscard]] bool diskFull() const { return m_diskFull; }
    [[nodiscard]] std::vector<SpooledFile> takeFiles() { return std::move(m_files); }

private:
    enum class State { Preamble, PartHeader, PartBody, Done };

    void takePlain(std::string_view piece);
    void parse();
    [[nodiscard]] bool parsePreamble();
    [[nodiscard]] bool parsePartHeader();
    [[nodiscard]] bool parsePartBody();
    void beginFile(std::string partName, std::string fileName);
    void append(std::string_view bytes);
    void fail(std::string message);

    std::string m_directory, m_delimiter; ///< "\r\n--boundary"; empty for a plain body
    std::string m_pending;                ///< bytes not yet understood; below a piece plus one part header
    State m_state = State::Preamble;
    std::vector<SpooledFile> m_files;
    std::unique_ptr<Gunzip> m_gunzip; ///< none: the body comes as it is
    std::uint64_t m_room = 0;         ///< bytes that may still come out of m_gunzip
    std::string m_error;
    bool m_diskFull = false;
};

} // namespace sandglass::engine
