#include "services/http/tls.h"

#include "services/http/inputbuffer.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <limits>
#include <new>

namespace sandglass::http {

namespace {

constexpr std::size_t recordSize = 16U << 10;

std::string reason()
{
    const unsigned long code = ERR_peek_last_error();
    const char *text = code != 0 ? ERR_reason_error_string(code) : nullptr;
    ERR_clear_error();
    return text ? text : "unknown reason";
}

// A key with a passphrase would ask for it on the terminal.
int noPassphrase(char *, int, int, void *)
{
    return 0;
}

int lengthOf(std::string_view bytes)
{
    return static_cast<int>(std::min<std::size_t>(bytes.size(), std::numeric_limits<int>::max()));
}

} // namespace

Result<std::shared_ptr<TlsContext>> TlsContext::load(const std::filesystem::path &certificateFile,
                                                     const std::filesystem::path &keyFile)
{
    ERR_clear_error();
    Handle handle(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
    if (!handle)
        return failure(Error::Kind::Local, "TLS is not available: " + reason());
    SSL_CTX *const ctx = handle.get();
    SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
    SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE);
    SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS); // idle connections keep no buffers
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_default_passwd_cb(ctx, noPassphrase);
    if (SSL_CTX_use_certificate_chain_file(ctx, certificateFile.c_str()) != 1)
        return failure(Error::Kind::Local,
                       "the certificate " + certificateFile.string() + " cannot be used: " + reason(), 0,
                       "bad_certificate");
    if (SSL_CTX_use_PrivateKey_file(ctx, keyFile.c_str(), SSL_FILETYPE_PEM) != 1 || SSL_CTX_check_private_key(ctx) != 1)
        return failure(Error::Kind::Local, "the key " + keyFile.string() + " cannot be used: " + reason(), 0,
                       "bad_key");
    return std::shared_ptr<TlsContext>(new TlsContext(std::move(handle)));
}

TlsSession::TlsSession(const TlsContext &context) : m_ssl(SSL_new(context.handle()), SSL_free)
{
    BIO *const in = BIO_new(BIO_s_mem());
    BIO *const out = BIO_new(BIO_s_mem());
    if (!m_ssl || !in || !out) {
        BIO_free(in);
        BIO_free(out);
        throw std::bad_alloc();
    }
    SSL_set_bio(m_ssl.get(), in, out); // which owns them from now on
    SSL_set_accept_state(m_ssl.get());
}

bool TlsSession::receive(std::string_view bytes, InputBuffer &plain, std::string &out)
{
    ERR_clear_error();
    if (BIO_write(SSL_get_rbio(m_ssl.get()), bytes.data(), lengthOf(bytes)) != lengthOf(bytes))
        return false;
    for (;;) {
        plain.makeSpace(recordSize);
        const int count = SSL_read(m_ssl.get(), plain.space(), static_cast<int>(recordSize));
        if (count > 0) {
            plain.commit(static_cast<std::size_t>(count));
            continue;
        }
        const int error = SSL_get_error(m_ssl.get(), count);
        takeOutput(out);
        m_hasPeerEnded = error == SSL_ERROR_ZERO_RETURN;
        return error == SSL_ERROR_WANT_READ || m_hasPeerEnded;
    }
}

bool TlsSession::seal(std::string_view plain, std::string &out)
{
    ERR_clear_error();
    if (SSL_is_init_finished(m_ssl.get()) != 1)
        return false;
    while (!plain.empty()) {
        const int count = SSL_write(m_ssl.get(), plain.data(), lengthOf(plain));
        if (count <= 0)
            return false;
        plain.remove_prefix(static_cast<std::size_t>(count));
    }
    takeOutput(out);
    return true;
}

void TlsSession::sealEnd(std::string &out)
{
    ERR_clear_error();
    if (SSL_is_init_finished(m_ssl.get()) == 1)
        SSL_shutdown(m_ssl.get());
    takeOutput(out);
}

void TlsSession::takeOutput(std::string &out)
{
    BIO *const bio = SSL_get_wbio(m_ssl.get());
    const std::size_t pending = BIO_ctrl_pending(bio);
    const std::size_t before = out.size();
    out.resize(before + pending);
    const int count = pending > 0 ? BIO_read(bio, out.data() + before, static_cast<int>(pending)) : 0;
    out.resize(before + static_cast<std::size_t>(std::max(count, 0)));
}

} // namespace sandglass::http
