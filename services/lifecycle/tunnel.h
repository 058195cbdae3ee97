#pragma once

#include "services/core/result.h"

#include <QByteArray>
#include <QObject>
#include <QProcess>
#include <QTimer>

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace sandglass::lifecycle {

struct TunnelOptions
{
    enum class Kind {
        Cloudflared, ///< `cloudflared tunnel --url`: a public https URL without an account
        SshService,  ///< `ssh -R` to a service that prints the URL, such as localhost.run
        SshServer,   ///< `ssh -R` to a server of one's own; `publicUrl` says how it is reached
    };
    Kind kind = Kind::Cloudflared;
    std::uint16_t localPort = 0; ///< of the receiver on loopback
    std::string program;         ///< path; empty = looked for in PATH
    std::string sshTarget;       ///< "user@host"
    std::uint16_t remotePort = 80;
    std::string publicUrl;                          ///< SshServer only
    std::chrono::milliseconds startTimeout{30'000}; ///< until the URL is known
};

/// Makes the receiver of a machine behind NAT reachable: runs an installed tunnel program as a child, reads the public
/// URL from what it prints, and ends it with the object (the kernel ends it when this process dies). The child sees
/// neither API keys nor webhook secrets. Everybody who knows the URL reaches the receiver: it has to verify signatures.
class Tunnel final : public QObject
{
    Q_OBJECT
public:
    enum class State { Idle, Starting, Open, Ended };

    /// Which of the programs are there: an error of code "not_installed" names the program and its package.
    [[nodiscard]] static Result<std::string> findProgram(TunnelOptions::Kind kind);
    /// The public URL that a line of output tells, or an empty text.
    [[nodiscard]] static std::string urlIn(TunnelOptions::Kind kind, const std::string &line);

    explicit Tunnel(TunnelOptions options, QObject *parent = nullptr);
    ~Tunnel() override;

    void start(); ///< once; `opened` or `ended` follows
    /// `ended` follows with Kind::Cancelled. The program is asked to end, and killed when it has not after two seconds,
    /// as long as this object lives; with the object it is killed at once.
    void stop();
    [[nodiscard]] State state() const { return m_state; }
    [[nodiscard]] const std::string &publicUrl() const { return m_url; }

Q_SIGNALS:
    void opened(const std::string &publicUrl);
    /// Exactly once after start(). Codes: not_installed, bad_options, tunnel_timeout, tunnel_ended (with the program's
    /// last words).
    void ended(const sandglass::Error &error);

private:
    [[nodiscard]] Result<> check() const;
    [[nodiscard]] QStringList arguments() const;
    void prepareProcess();
    void read();
    void takeLine(const std::string &line);
    void finish(Error error);
    void endChild();

    TunnelOptions m_options;
    QProcess m_process;
    QTimer m_deadline;
    QByteArray m_buffer;
    std::string m_lastWords;
    std::string m_url;
    State m_state = State::Idle;
};

} // namespace sandglass::lifecycle
