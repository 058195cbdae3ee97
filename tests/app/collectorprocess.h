#pragma once

#include "services/core/json.h"
#include "services/lifecycle/signature.h"
#include "tests/services/http/rawclient.h"
#include "tests/services/lifecycle/events.h"

#include <QElapsedTimer>
#include <QFile>
#include <QProcess>
#include <QUrl>

#include <csignal>
#include <string>

namespace sandglass::test {

inline const std::string collectorSecret = "collector-test-secret-0123456789abcdef";
inline const std::string collectorToken = "collector-test-token-0123456789";

/// The real program on a profile of its own. Started again it takes the ports it had.
class CollectorProcess final
{
public:
    explicit CollectorProcess(QString profile) : m_profile(std::move(profile)) {}
    ~CollectorProcess() { kill9(); }
    CollectorProcess(const CollectorProcess &) = delete;
    CollectorProcess &operator=(const CollectorProcess &) = delete;

    /// Empty, or what it said instead of serving.
    [[nodiscard]] QByteArray start(const QStringList &more = {}, const QProcessEnvironment &given = environment())
    {
        QFile::remove(readyFile());
        process.setProcessEnvironment(given);
        process.setProcessChannelMode(QProcess::MergedChannels);
        process.start(program(),
                      QStringList{QStringLiteral("--profile"), m_profile, QStringLiteral("--receiver-port"),
                                  QString::number(receiverPort), QStringLiteral("--stream-port"),
                                  QString::number(streamPort), QStringLiteral("--ready-file"), readyFile()}
                          + more);
        QElapsedTimer timer;
        for (timer.start(); timer.elapsed() < 20'000 && process.state() != QProcess::NotRunning;) {
            QFile file(readyFile());
            if (file.open(QIODevice::ReadOnly)) {
                const auto ready = parseJson(file.readAll().toStdString());
                streamUrl = ready ? stringOr(*ready, "stream_url") : std::string();
                tokenFile = ready ? stringOr(*ready, "token_file") : std::string();
                receiverPort = ready ? portOf(stringOr(*ready, "receiver_url")) : 0;
                streamPort = portOf(streamUrl);
                return receiverPort != 0 && streamPort != 0 ? QByteArray() : QByteArray("a bad ready file");
            }
            process.waitForFinished(5);
        }
        return "it does not serve: " + process.readAll();
    }

    [[nodiscard]] static QProcessEnvironment environment()
    {
        QProcessEnvironment out = QProcessEnvironment::systemEnvironment();
        out.insert(QStringLiteral("SANDGLASS_WEBHOOK_SECRET"), QString::fromStdString(collectorSecret));
        return out;
    }
    [[nodiscard]] static QString program()
    {
        return qEnvironmentVariable("SANDGLASS_BIN_DIR") + QStringLiteral("/sandglass-collector");
    }
    [[nodiscard]] QString readyFile() const { return m_profile + QStringLiteral("/ready.json"); }
    /// The token the program made for itself.
    [[nodiscard]] std::string token() const
    {
        QFile file(QString::fromStdString(tokenFile));
        return file.open(QIODevice::ReadOnly) ? file.readAll().trimmed().toStdString() : std::string();
    }

    void kill9()
    {
        if (process.state() != QProcess::NotRunning)
            ::kill(static_cast<pid_t>(process.processId()), SIGKILL);
        process.waitForFinished();
    }
    /// The exit code after the signal; -1 when it went on, or died of it.
    [[nodiscard]] int stop(int signal)
    {
        ::kill(static_cast<pid_t>(process.processId()), signal);
        const bool ended = process.waitForFinished(10'000);
        return ended && process.exitStatus() == QProcess::NormalExit ? process.exitCode() : -1;
    }

    QProcess process;
    std::uint16_t receiverPort = 0;
    std::uint16_t streamPort = 0;
    std::string streamUrl;
    std::string tokenFile;

private:
    static std::uint16_t portOf(const std::string &url)
    {
        return static_cast<std::uint16_t>(QUrl(QString::fromStdString(url)).port(0));
    }

    QString m_profile;
};

/// Delivery number `n` as bytes of HTTP, signed.
inline std::string signedDelivery(int n)
{
    lifecycle::Event event = lifecycle::sample::created(n, "run-" + std::to_string(n), "isbx" + std::to_string(n));
    event.id = "delivery-" + std::to_string(n);
    const std::string body = lifecycle::encodeEvent(event);
    return "POST /webhooks/e2b HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: "
        + std::to_string(body.size()) + "\r\ne2b-signature: " + lifecycle::signDelivery(collectorSecret, body)
        + "\r\n\r\n" + body;
}

} // namespace sandglass::test
