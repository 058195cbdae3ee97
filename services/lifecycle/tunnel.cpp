#include "services/lifecycle/tunnel.h"

#include "services/core/qtstring.h"
#include "services/core/secret.h"

#include <QProcessEnvironment>
#include <QRegularExpression>
#include <QStandardPaths>
#include <QUrl>

#include <algorithm>
#include <csignal>
#include <sys/prctl.h>
#include <utility>

namespace sandglass::lifecycle {
namespace {

using Kind = TunnelOptions::Kind;
using namespace std::chrono_literals;

constexpr qsizetype lineLimit = 16 << 10; ///< a longer line is no message of such a program
constexpr auto endPatience = 2s;

const char *programOf(Kind kind)
{
    return kind == Kind::Cloudflared ? "cloudflared" : "ssh";
}

const char *packageOf(Kind kind)
{
    return kind == Kind::Cloudflared ? "Cloudflare's package cloudflared" : "the package openssh-client";
}

/// A host or user@host; never something that ssh would read as an option.
bool isSshTarget(const std::string &target)
{
    static const QRegularExpression shape(
        QStringLiteral("^[A-Za-z0-9_.][A-Za-z0-9_.+-]*(@[A-Za-z0-9][A-Za-z0-9.:-]*)?$"));
    return target.size() < 256 && shape.match(toQString(target)).hasMatch();
}

bool isWebUrl(const std::string &text)
{
    const QUrl url(toQString(text), QUrl::StrictMode);
    return url.isValid() && !url.host().isEmpty() && (url.scheme() == u"https" || url.scheme() == u"http");
}

} // namespace

Result<std::string> Tunnel::findProgram(TunnelOptions::Kind kind)
{
    const QString path = QStandardPaths::findExecutable(QLatin1StringView(programOf(kind)));
    if (path.isEmpty())
        return failure(Error::Kind::Local,
                       std::string(programOf(kind)) + " is not installed; it comes with " + packageOf(kind), 0,
                       "not_installed");
    return toUtf8(path);
}

std::string Tunnel::urlIn(TunnelOptions::Kind kind, const std::string &line)
{
    static const QRegularExpression https(QStringLiteral("https://([A-Za-z0-9-]+(?:\\.[A-Za-z0-9-]+)+)(?::\\d{1,5})?"));
    const QString text = toQString(line);
    const bool tellsOfATunnel =
        text.contains(u"tunneled", Qt::CaseInsensitive) || text.contains(u"forwarding", Qt::CaseInsensitive);
    for (auto matches = https.globalMatch(text); matches.hasNext();) {
        const auto match = matches.next();
        const QString host = match.captured(1);
        // Both print other addresses too: terms of use, documentation, their own API.
        const bool isTunnel = kind == Kind::Cloudflared
            ? host.endsWith(u".trycloudflare.com") && host != u"api.trycloudflare.com"
            : tellsOfATunnel;
        if (isTunnel)
            return toUtf8(match.captured(0));
    }
    return {};
}

Tunnel::Tunnel(TunnelOptions options, QObject *parent) : QObject(parent), m_options(std::move(options))
{
    m_deadline.setSingleShot(true);
    connect(&m_deadline, &QTimer::timeout, this, [this] {
        finish(
            {Error::Kind::Timeout, 0, "no public URL in time; the last words were: " + m_lastWords, "tunnel_timeout"});
    });
    connect(&m_process, &QProcess::readyRead, this, &Tunnel::read);
    connect(&m_process, &QProcess::errorOccurred, this, [this](QProcess::ProcessError error) {
        if (error == QProcess::FailedToStart)
            finish(
                {Error::Kind::Local, 0, m_options.program + ": " + toUtf8(m_process.errorString()), "not_installed"});
    });
    connect(&m_process, &QProcess::finished, this, [this](int code) {
        read();
        const std::string words = m_lastWords.empty() ? std::string() : ": " + m_lastWords;
        finish({Error::Kind::Local, 0,
                std::string(programOf(m_options.kind)) + " ended with " + std::to_string(code) + words,
                "tunnel_ended"});
    });
}

Tunnel::~Tunnel()
{
    m_process.disconnect(this);
    if (m_process.state() == QProcess::NotRunning)
        return;
    m_process.kill(); // no time left to ask
    m_process.waitForFinished(1'000);
}

Result<> Tunnel::check() const
{
    if (m_options.localPort == 0)
        return failure(Error::Kind::Local, "there is no receiver to make reachable", 0, "bad_options");
    if (m_options.kind != Kind::Cloudflared && !isSshTarget(m_options.sshTarget))
        return failure(Error::Kind::Local, "the ssh server is not of the form user@host", 0, "bad_options");
    if (m_options.kind == Kind::SshServer && !isWebUrl(m_options.publicUrl))
        return failure(Error::Kind::Local, "the public URL is not an http or https URL", 0, "bad_options");
    return {};
}

QStringList Tunnel::arguments() const
{
    const QString local = QStringLiteral("127.0.0.1:") + QString::number(m_options.localPort);
    if (m_options.kind == Kind::Cloudflared)
        return {QStringLiteral("tunnel"), QStringLiteral("--no-autoupdate"), QStringLiteral("--url"),
                QStringLiteral("http://") + local};
    QStringList list;
    for (const char *option : {"BatchMode=yes", "ExitOnForwardFailure=yes", "ServerAliveInterval=30",
                               "ServerAliveCountMax=3", "StrictHostKeyChecking=accept-new"})
        list << QStringLiteral("-o") << QLatin1StringView(option);
    if (m_options.kind == Kind::SshServer) // -v: only then ssh tells that the server listens
        list << QStringLiteral("-v") << QStringLiteral("-N");
    else
        list << QStringLiteral("-T");
    list << QStringLiteral("-R") << QString::number(m_options.remotePort) + u':' + local
         << toQString(m_options.sshTarget);
    return list;
}

void Tunnel::prepareProcess()
{
    QProcessEnvironment environment = QProcessEnvironment::systemEnvironment();
    for (const QString &name : environment.keys()) {
        if (name.startsWith(u"E2B_") || name.startsWith(u"SANDGLASS_"))
            environment.remove(name);
    }
    m_process.setProcessEnvironment(environment);
    m_process.setProcessChannelMode(QProcess::MergedChannels);
    m_process.setStandardInputFile(QProcess::nullDevice());
    m_process.setChildProcessModifier([] { ::prctl(PR_SET_PDEATHSIG, SIGTERM); });
}

void Tunnel::start()
{
    if (m_state != State::Idle)
        return;
    m_state = State::Starting;
    Result<> fine = check();
    if (fine && m_options.program.empty()) {
        if (auto program = findProgram(m_options.kind))
            m_options.program = *program;
        else
            fine = failure(program.error());
    }
    if (!fine) {
        QMetaObject::invokeMethod(
            this, [this, error = fine.error()] { finish(error); }, Qt::QueuedConnection);
        return;
    }
    prepareProcess();
    m_deadline.start(m_options.startTimeout);
    m_process.start(toQString(m_options.program), arguments(), QIODevice::ReadOnly);
}

void Tunnel::stop()
{
    if (m_state == State::Starting || m_state == State::Open)
        finish({Error::Kind::Cancelled, 0, "the tunnel was closed", {}});
}

void Tunnel::read()
{
    m_buffer += m_process.readAll();
    for (qsizetype end = m_buffer.indexOf('\n'); end >= 0; end = m_buffer.indexOf('\n')) {
        const QByteArray line = m_buffer.left(std::min(end, lineLimit)).trimmed();
        m_buffer.remove(0, end + 1);
        if (!line.isEmpty())
            takeLine(line.toStdString());
    }
    if (m_buffer.size() > lineLimit)
        m_buffer.clear();
}

void Tunnel::takeLine(const std::string &line)
{
    m_lastWords = redacted(line.substr(0, 300));
    if (m_state != State::Starting)
        return;
    std::string url;
    if (m_options.kind != Kind::SshServer)
        url = urlIn(m_options.kind, line);
    else if (line.find("remote forward success") != std::string::npos)
        url = m_options.publicUrl;
    if (url.empty())
        return;
    m_url = std::move(url);
    m_state = State::Open;
    m_deadline.stop();
    Q_EMIT opened(m_url);
}

void Tunnel::finish(Error error)
{
    if (m_state == State::Ended)
        return;
    m_state = State::Ended;
    m_deadline.stop();
    m_process.disconnect(this);
    endChild();
    Q_EMIT ended(error);
}

void Tunnel::endChild()
{
    if (m_process.state() == QProcess::NotRunning)
        return;
    m_process.terminate();
    QTimer::singleShot(endPatience, &m_process, &QProcess::kill);
}

} // namespace sandglass::lifecycle
