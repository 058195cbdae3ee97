#include "services/lifecycle/tunnel.h"

#include <QFile>
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QTest>

#include <csignal>

using namespace sandglass;
using namespace sandglass::lifecycle;
using namespace std::chrono_literals;
using Kind = TunnelOptions::Kind;

class TestTunnel : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void init() { m_dir = std::make_unique<QTemporaryDir>(); }
    void urlInLine_data();
    void urlInLine();
    void opensAndEndsWithTheObject();
    void arguments_data();
    void arguments();
    void childSeesNoSecrets();
    void notInstalled();
    void programThatFails();
    void programThatEndsLater();
    void silentProgram();
    void stubbornProgram();
    void floodOfOutput();
    void stopping();
    void badOptions_data();
    void badOptions();

private:
    /// A program that notes its arguments and process id, then does as `script` says.
    TunnelOptions options(const QByteArray &script, Kind kind = Kind::Cloudflared)
    {
        const QString path = m_dir->filePath(QStringLiteral("program"));
        QFile file(path);
        if (!file.open(QIODevice::WriteOnly))
            qFatal("no program");
        const QByteArray dir = m_dir->path().toUtf8();
        file.write("#!/bin/sh\necho \"$@\" > " + dir + "/arguments\necho $$ > " + dir + "/pid\n" + script + "\n");
        file.setPermissions(QFileDevice::ReadOwner | QFileDevice::WriteOwner | QFileDevice::ExeOwner);
        TunnelOptions result;
        result.kind = kind;
        result.localPort = 8123;
        result.program = path.toStdString();
        result.sshTarget = "nokey@localhost.run";
        result.publicUrl = "https://hooks.example.org";
        return result;
    }
    [[nodiscard]] QByteArray noted(const char *name) const
    {
        QFile file(m_dir->filePath(QLatin1StringView(name)));
        return file.open(QIODevice::ReadOnly) ? file.readAll().trimmed() : QByteArray();
    }
    [[nodiscard]] bool isAlive() const { return ::kill(noted("pid").toInt(), 0) == 0; }

    std::unique_ptr<QTemporaryDir> m_dir;
};

void TestTunnel::urlInLine_data()
{
    QTest::addColumn<int>("kind");
    QTest::addColumn<QByteArray>("line");
    QTest::addColumn<QByteArray>("url");
    const auto row = [](const char *name, Kind kind, const char *line, const char *url) {
        QTest::newRow(name) << static_cast<int>(kind) << QByteArray(line) << QByteArray(url);
    };
    row("cloudflared", Kind::Cloudflared,
        "2026-08-20T10:00:00Z INF |  https://fine-words-here.trycloudflare.com                    |",
        "https://fine-words-here.trycloudflare.com");
    row("cloudflared terms", Kind::Cloudflared, "see https://www.cloudflare.com/website-terms/ for", "");
    row("cloudflared API", Kind::Cloudflared, "ERR failed: Post \"https://api.trycloudflare.com/tunnel\": timeout", "");
    row("look-alike", Kind::Cloudflared, "https://x.trycloudflare.com.evil.example/", "");
    row("localhost.run", Kind::SshService, "ab12.lhr.life tunneled with tls termination, https://ab12.lhr.life",
        "https://ab12.lhr.life");
    row("localhost.run docs", Kind::SshService, "for more see https://localhost.run/docs/", "");
    row("serveo", Kind::SshService, "Forwarding HTTP traffic from https://abc.serveo.net", "https://abc.serveo.net");
    row("plain http", Kind::SshService, "Forwarding HTTP traffic from http://abc.serveo.net", "");
    row("nothing", Kind::SshService, "", "");
}

void TestTunnel::urlInLine()
{
    QFETCH(int, kind);
    QFETCH(QByteArray, line);
    QFETCH(QByteArray, url);
    const std::string found = Tunnel::urlIn(static_cast<Kind>(kind), line.toStdString());
    if (QByteArray(QTest::currentDataTag()) == "look-alike")
        QVERIFY(!found.ends_with(".trycloudflare.com"));
    else
        QCOMPARE(QByteArray::fromStdString(found), url);
}

void TestTunnel::opensAndEndsWithTheObject()
{
    {
        Tunnel tunnel(options("echo starting; echo 'https://a-b.trycloudflare.com' >&2; exec sleep 60"));
        QSignalSpy opened(&tunnel, &Tunnel::opened);
        tunnel.start();
        tunnel.start(); // once
        QVERIFY(opened.wait());
        QCOMPARE(tunnel.publicUrl(), "https://a-b.trycloudflare.com");
        QVERIFY(tunnel.state() == Tunnel::State::Open);
        QVERIFY(isAlive());
    }
    QVERIFY(!isAlive());
}

void TestTunnel::arguments_data()
{
    QTest::addColumn<int>("kind");
    QTest::addColumn<QByteArray>("says");
    QTest::addColumn<QByteArray>("arguments");
    QTest::addColumn<QByteArray>("url");
    QTest::newRow("cloudflared") << static_cast<int>(Kind::Cloudflared) << QByteArray("https://x.trycloudflare.com")
                                 << QByteArray("tunnel --no-autoupdate --url http://127.0.0.1:8123")
                                 << QByteArray("https://x.trycloudflare.com");
    QTest::newRow("ssh service") << static_cast<int>(Kind::SshService) << QByteArray("tunneled, https://x.lhr.life")
                                 << QByteArray("-T -R 80:127.0.0.1:8123 nokey@localhost.run")
                                 << QByteArray("https://x.lhr.life");
    QTest::newRow("ssh server") << static_cast<int>(Kind::SshServer)
                                << QByteArray("debug1: remote forward success for: listen 80")
                                << QByteArray("-v -N -R 80:127.0.0.1:8123 nokey@localhost.run")
                                << QByteArray("https://hooks.example.org");
}

void TestTunnel::arguments()
{
    QFETCH(int, kind);
    QFETCH(QByteArray, says);
    QFETCH(QByteArray, arguments);
    QFETCH(QByteArray, url);
    Tunnel tunnel(options("echo '" + says + "'; exec sleep 60", static_cast<Kind>(kind)));
    QSignalSpy opened(&tunnel, &Tunnel::opened);
    tunnel.start();
    QVERIFY(opened.wait());
    QVERIFY2(noted("arguments").endsWith(arguments), noted("arguments"));
    QCOMPARE(QByteArray::fromStdString(tunnel.publicUrl()), url);
}

void TestTunnel::childSeesNoSecrets()
{
    qputenv("E2B_API_KEY", "e2b_0123");
    qputenv("SANDGLASS_WEBHOOK_SECRET", "secret");
    Tunnel tunnel(options("env > " + m_dir->path().toUtf8() + "/env; echo https://x.trycloudflare.com; exec sleep 60"));
    QSignalSpy opened(&tunnel, &Tunnel::opened);
    tunnel.start();
    QVERIFY(opened.wait());
    qunsetenv("E2B_API_KEY");
    qunsetenv("SANDGLASS_WEBHOOK_SECRET");
    QVERIFY(noted("env").contains("PATH="));
    QVERIFY(!noted("env").contains("E2B_API_KEY"));
    QVERIFY(!noted("env").contains("SANDGLASS_WEBHOOK_SECRET"));
}

void TestTunnel::notInstalled()
{
    const QByteArray path = qgetenv("PATH");
    qputenv("PATH", m_dir->path().toUtf8());
    for (const auto &[kind, name] :
         {std::pair{Kind::Cloudflared, "cloudflared"}, {Kind::SshService, "openssh-client"}}) {
        TunnelOptions wanted = options("", kind);
        wanted.program.clear();
        Tunnel tunnel(wanted);
        QSignalSpy ended(&tunnel, &Tunnel::ended);
        tunnel.start();
        QVERIFY(ended.wait());
        const Error error = ended.first().first().value<Error>();
        QCOMPARE(error.code, "not_installed");
        QVERIFY2(error.message.find(name) != std::string::npos, error.message.c_str());
    }
    qputenv("PATH", path);
    TunnelOptions gone = options("");
    gone.program = m_dir->filePath(QStringLiteral("nowhere")).toStdString();
    Tunnel tunnel(gone);
    QSignalSpy ended(&tunnel, &Tunnel::ended);
    tunnel.start();
    QTRY_COMPARE(ended.size(), 1);
    QCOMPARE(ended.first().first().value<Error>().code, "not_installed");
}

void TestTunnel::programThatFails()
{
    Tunnel tunnel(options("echo 'remote port forwarding failed for key e2b_0123456789abcdef0123'; exit 255"));
    QSignalSpy ended(&tunnel, &Tunnel::ended);
    tunnel.start();
    QVERIFY(ended.wait());
    const Error error = ended.first().first().value<Error>();
    QCOMPARE(error.code, "tunnel_ended");
    QVERIFY(error.message.find("255: remote port forwarding failed") != std::string::npos);
    QVERIFY(error.message.find("e2b_0123456789") == std::string::npos);
    QVERIFY(tunnel.publicUrl().empty());
}

void TestTunnel::programThatEndsLater()
{
    Tunnel tunnel(options("echo https://x.trycloudflare.com; read line < " + m_dir->path().toUtf8() + "/fifo; exit 3"));
    QCOMPARE(QProcess::execute(QStringLiteral("mkfifo"), {m_dir->filePath(QStringLiteral("fifo"))}), 0);
    QSignalSpy opened(&tunnel, &Tunnel::opened);
    QSignalSpy ended(&tunnel, &Tunnel::ended);
    tunnel.start();
    QVERIFY(opened.wait());
    QFile fifo(m_dir->filePath(QStringLiteral("fifo")));
    QVERIFY(fifo.open(QIODevice::WriteOnly));
    fifo.write("go\n");
    fifo.close();
    QVERIFY(ended.wait());
    QVERIFY(tunnel.state() == Tunnel::State::Ended);
}

void TestTunnel::silentProgram()
{
    TunnelOptions wanted = options("echo connecting; exec sleep 60");
    wanted.startTimeout = 300ms;
    Tunnel tunnel(wanted);
    QSignalSpy ended(&tunnel, &Tunnel::ended);
    tunnel.start();
    QVERIFY(ended.wait());
    QCOMPARE(ended.first().first().value<Error>().code, "tunnel_timeout");
    QVERIFY(ended.first().first().value<Error>().message.find("connecting") != std::string::npos);
    QTRY_VERIFY(!isAlive());
}

void TestTunnel::stubbornProgram()
{
    {
        Tunnel tunnel(options("trap '' TERM; echo https://x.trycloudflare.com; while :; do sleep 0.1; done"));
        QSignalSpy opened(&tunnel, &Tunnel::opened);
        tunnel.start();
        QVERIFY(opened.wait());
    }
    QVERIFY(!isAlive());
}

void TestTunnel::floodOfOutput()
{
    Tunnel tunnel(
        options("head -c 3000000 /dev/zero | tr '\\0' x; echo; echo https://x.trycloudflare.com; exec sleep 60"));
    QSignalSpy opened(&tunnel, &Tunnel::opened);
    tunnel.start();
    QVERIFY(opened.wait());
}

void TestTunnel::stopping()
{
    Tunnel tunnel(options("exec sleep 60"));
    QSignalSpy ended(&tunnel, &Tunnel::ended);
    tunnel.start();
    QTRY_VERIFY(!noted("pid").isEmpty());
    tunnel.stop();
    tunnel.stop();
    QCOMPARE(ended.size(), 1);
    QVERIFY(ended.first().first().value<Error>().kind == Error::Kind::Cancelled);
    QTRY_VERIFY(!isAlive());
}

void TestTunnel::badOptions_data()
{
    QTest::addColumn<int>("kind");
    QTest::addColumn<int>("port");
    QTest::addColumn<QByteArray>("target");
    QTest::addColumn<QByteArray>("url");
    const int server = static_cast<int>(Kind::SshServer), service = static_cast<int>(Kind::SshService);
    QTest::newRow("no port") << static_cast<int>(Kind::Cloudflared) << 0 << QByteArray("a@b") << QByteArray();
    QTest::newRow("option") << service << 80 << QByteArray("-oProxyCommand=x") << QByteArray();
    QTest::newRow("option as host") << service << 80 << QByteArray("a@-oProxyCommand=x") << QByteArray();
    QTest::newRow("space") << service << 80 << QByteArray("a@b c") << QByteArray();
    QTest::newRow("empty") << service << 80 << QByteArray() << QByteArray();
    QTest::newRow("no URL") << server << 80 << QByteArray("a@b") << QByteArray();
    QTest::newRow("odd URL") << server << 80 << QByteArray("a@b") << QByteArray("ftp://b/");
}

void TestTunnel::badOptions()
{
    QFETCH(int, kind);
    QFETCH(int, port);
    QFETCH(QByteArray, target);
    QFETCH(QByteArray, url);
    TunnelOptions wanted = options("exec sleep 60", static_cast<Kind>(kind));
    wanted.localPort = static_cast<std::uint16_t>(port);
    wanted.sshTarget = target.toStdString();
    wanted.publicUrl = url.toStdString();
    Tunnel tunnel(wanted);
    QSignalSpy ended(&tunnel, &Tunnel::ended);
    tunnel.start();
    QVERIFY(ended.wait());
    QCOMPARE(ended.first().first().value<Error>().code, "bad_options");
    QVERIFY(noted("pid").isEmpty());
}

QTEST_GUILESS_MAIN(TestTunnel)
#include "tst_tunnel.moc"
