#pragma once

#include "services/core/result.h"

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

struct ssl_ctx_st;
struct ssl_st;

namespace sandglass::http {

class InputBuffer;

/// Certificate and key of a server; TLS 1.2 and later.
class TlsContext final
{
public:
    /// PEM files, the certificate with its chain. Error: unreadable, not PEM, a key with a passphrase, a key of another
    /// certificate.
    [[nodiscard]] static Result<std::shared_ptr<TlsContext>> load(const std::filesystem::path &certificateFile,
                                                                  const std::filesystem::path &keyFile);

    [[nodiscard]] ssl_ctx_st *handle() const { return m_handle.get(); }

private:
    using Handle = std::unique_ptr<ssl_ctx_st, void (*)(ssl_ctx_st *)>;
    explicit TlsContext(Handle handle) : m_handle(std::move(handle)) {}

    Handle m_handle;
};

/// The TLS of one connection, apart from its socket: bytes in, bytes out, nothing waits. Used by one thread.
class TlsSession final
{
public:
    explicit TlsSession(const TlsContext &context);

    /// Takes what came from the peer; what it says is added to `plain`, what has to be sent back to `out`. False: not
    /// TLS, or broken; `out` may hold the alert to be sent before closing.
    [[nodiscard]] bool receive(std::string_view bytes, InputBuffer &plain, std::string &out);
    /// Adds `plain`, encrypted, to `out`. False before the handshake is done, and after a failure.
    [[nodiscard]] bool seal(std::string_view plain, std::string &out);
    /// Adds the notice that no more will be sent.
    void sealEnd(std::string &out);
    [[nodiscard]] bool hasPeerEnded() const { return m_hasPeerEnded; }

private:
    void takeOutput(std::string &out);

    std::unique_ptr<ssl_st, void (*)(ssl_st *)> m_ssl;
    bool m_hasPeerEnded = false;
};

} // namespace sandglass::http
