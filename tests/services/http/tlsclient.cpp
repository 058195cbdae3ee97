#include "tests/services/http/tlsclient.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <utility>

namespace sandglass::test {

namespace {

using File = std::unique_ptr<std::FILE, int (*)(std::FILE *)>;

File openFile(const std::filesystem::path &path)
{
    return {std::fopen(path.c_str(), "wb"), std::fclose};
}

} // namespace

TlsFiles makeCertificate(const std::filesystem::path &directory, const std::string &name, const std::string &passphrase)
{
    const std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY *)> key(EVP_EC_gen("P-256"), EVP_PKEY_free);
    const std::unique_ptr<X509, void (*)(X509 *)> certificate(X509_new(), X509_free);
    X509_set_version(certificate.get(), 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -60);
    X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 3600);
    X509_set_pubkey(certificate.get(), key.get());
    X509_NAME *const subject = X509_get_subject_name(certificate.get());
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char *>("127.0.0.1"), -1,
                               -1, 0);
    X509_set_issuer_name(certificate.get(), subject);
    X509_sign(certificate.get(), key.get(), EVP_sha256());

    TlsFiles files{directory / (name + ".pem"), directory / (name + ".key")};
    PEM_write_X509(openFile(files.certificate).get(), certificate.get());
    PEM_write_PKCS8PrivateKey(openFile(files.key).get(), key.get(), passphrase.empty() ? nullptr : EVP_aes_128_cbc(),
                              passphrase.empty() ? nullptr : passphrase.c_str(), static_cast<int>(passphrase.size()),
                              nullptr, nullptr);
    return files;
}

TlsClient::TlsClient(std::uint16_t port, int highestVersion)
    : m_context(SSL_CTX_new(TLS_client_method()), SSL_CTX_free), m_ssl(SSL_new(m_context.get()), SSL_free)
{
    m_fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const timeval patience{10, 0};
    ::setsockopt(m_fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(m_fd, reinterpret_cast<const sockaddr *>(&address), sizeof address) != 0)
        return;
    if (highestVersion != 0)
        SSL_set_max_proto_version(m_ssl.get(), highestVersion);
    SSL_set_fd(m_ssl.get(), m_fd);
    m_isConnected = SSL_connect(m_ssl.get()) == 1;
}

TlsClient::~TlsClient()
{
    ::close(m_fd);
}

std::string TlsClient::version() const
{
    return SSL_get_version(m_ssl.get());
}

bool TlsClient::send(std::string_view bytes)
{
    std::size_t sent = 0;
    return SSL_write_ex(m_ssl.get(), bytes.data(), bytes.size(), &sent) == 1 && sent == bytes.size();
}

bool TlsClient::fill()
{
    std::array<char, 16'384> bytes;
    const int count = SSL_read(m_ssl.get(), bytes.data(), static_cast<int>(bytes.size()));
    if (count <= 0) {
        m_hasEndedProperly = SSL_get_error(m_ssl.get(), count) == SSL_ERROR_ZERO_RETURN;
        return false;
    }
    m_buffer.append(bytes.data(), static_cast<std::size_t>(count));
    return true;
}

std::string TlsClient::read(std::size_t size)
{
    while (m_buffer.size() < size && fill()) {
    }
    const std::string bytes = m_buffer.substr(0, size);
    m_buffer.erase(0, bytes.size());
    return bytes;
}

std::string TlsClient::reply()
{
    std::size_t end = 0;
    while ((end = m_buffer.find("\r\n\r\n")) == std::string::npos) {
        if (!fill())
            return {};
    }
    const std::size_t length = m_buffer.find("Content-Length: ");
    const std::size_t body = length < end ? std::strtoul(m_buffer.c_str() + length + 16, nullptr, 10) : 0;
    return read(end + 4 + body);
}

std::string TlsClient::readAll()
{
    while (fill()) {
    }
    return std::exchange(m_buffer, {});
}

} // namespace sandglass::test
