#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

struct ssl_ctx_st;
struct ssl_st;

namespace sandglass::test {

struct TlsFiles
{
    std::filesystem::path certificate;
    std::filesystem::path key;
};

/// A fresh self-signed certificate for 127.0.0.1 and its key, as PEM in `directory`; `passphrase` locks the key.
[[nodiscard]] TlsFiles makeCertificate(const std::filesystem::path &directory, const std::string &name = "server",
                                       const std::string &passphrase = {});

/// A blocking client over OpenSSL; does not look at the certificate.
class TlsClient final
{
public:
    /// `highestVersion` 0 = any.
    explicit TlsClient(std::uint16_t port, int highestVersion = 0);
    ~TlsClient();
    TlsClient(const TlsClient &) = delete;
    TlsClient &operator=(const TlsClient &) = delete;

    [[nodiscard]] bool isConnected() const { return m_isConnected; } ///< handshake done
    [[nodiscard]] std::string version() const;
    bool send(std::string_view bytes);
    /// Until so many bytes are there, or the end; what is there.
    [[nodiscard]] std::string read(std::size_t size);
    /// Head and body by Content-Length.
    [[nodiscard]] std::string reply();
    /// Everything until the end; `hasEndedProperly` says whether the peer gave notice.
    [[nodiscard]] std::string readAll();
    [[nodiscard]] bool hasEndedProperly() const { return m_hasEndedProperly; }

private:
    bool fill();

    std::unique_ptr<ssl_ctx_st, void (*)(ssl_ctx_st *)> m_context;
    std::unique_ptr<ssl_st, void (*)(ssl_st *)> m_ssl;
    int m_fd = -1;
    bool m_isConnected = false;
    bool m_hasEndedProperly = false;
    std::string m_buffer;
};

} // namespace sandglass::test
