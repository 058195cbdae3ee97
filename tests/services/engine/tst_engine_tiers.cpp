#include "tests/services/engine/engine_process.h"

#include <QDir>
#include <QFile>
#include <QJsonArray>
#include <QJsonObject>
#include <QTest>

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstring>

using namespace Qt::Literals::StringLiterals;

namespace {

bool put(const char *path, const char *text)
{
    const int fd = ::open(path, O_WRONLY | O_CLOEXEC);
    const bool done = fd >= 0 && ::write(fd, text, std::strlen(text)) == static_cast<ssize_t>(std::strlen(text));
    ::close(fd);
    return done;
}

/// Into a user namespace of its own, as an ordinary user there, with every capability until the next exec.
bool enterUserNamespace(int more = 0)
{
    const unsigned user = ::geteuid(), group = ::getegid();
    std::array<char, 64> map{};
    if (::unshare(CLONE_NEWUSER | more) != 0 || !put("/proc/self/setgroups", "deny"))
        return false;
    std::snprintf(map.data(), map.size(), "1000 %u 1", user);
    if (!put("/proc/self/uid_map", map.data()))
        return false;
    std::snprintf(map.data(), map.size(), "1000 %u 1", group);
    return put("/proc/self/gid_map", map.data());
}

/// A machine whose user namespaces are switched off: of one that may be made, this process takes it.
void withoutUserNamespaces()
{
    if (!enterUserNamespace() || !put("/proc/sys/user/max_user_namespaces", "1") || !enterUserNamespace())
        ::_exit(126);
}

/// As in a container: a part of /proc is masked, and so nobody below may mount one of his own.
void withMaskedProc()
{
    if (!enterUserNamespace(CLONE_NEWNS) || ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0
        || ::mount("tmpfs", "/proc/bus", "tmpfs", MS_RDONLY, nullptr) != 0)
        ::_exit(126);
}

/// A machine where overlays are refused: the layers lie on an overlay of an overlay, and the kernel stacks no third.
class NoOverlay
{
public:
    NoOverlay(const QString &directory, const QString &layers)
    {
        const QDir home(directory);
        for (const char *name : {"low", "up1", "work1", "over1", "up2", "work2"})
            home.mkpath(QString::fromLatin1(name));
        home.mkpath(layers);
        const QByteArray at = directory.toLocal8Bit() + '/';
        m_first = "lowerdir=" + at + "low,upperdir=" + at + "up1,workdir=" + at + "work1,userxattr";
        m_firstAt = at + "over1";
        m_second = "lowerdir=" + at + "over1,upperdir=" + at + "up2,workdir=" + at + "work2,userxattr";
        m_secondAt = at + layers.toLocal8Bit();
    }
    void operator()() const
    {
        if (!enterUserNamespace(CLONE_NEWNS) || ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0
            || ::mount("overlay", m_firstAt.constData(), "overlay", 0, m_first.constData()) != 0
            || ::mount("overlay", m_secondAt.constData(), "overlay", 0, m_second.constData()) != 0)
            ::_exit(126);
    }

private:
    QByteArray m_first, m_firstAt, m_second, m_secondAt;
};

} // namespace

/// The engine on machines that can do less than this one.
class TestEngineTiers final : public QObject
{
    Q_OBJECT

private:
    std::unique_ptr<QTemporaryDir> m_state;

    struct Outcome
    {
        int code = -1;
        QByteArray out;
    };
    [[nodiscard]] Outcome doctor(const std::function<void()> &step)
    {
        QProcess process;
        process.setChildProcessModifier(step);
        process.start(EngineProcess::program(), {u"--doctor"_s, u"--state-dir"_s, m_state->path()});
        if (!process.waitForFinished(60'000))
            return {};
        return {process.exitCode(), process.readAllStandardOutput() + process.readAllStandardError()};
    }
    [[nodiscard]] QJsonObject ready() const
    {
        QFile file(m_state->filePath(u"ready.json"_s));
        return file.open(QIODevice::ReadOnly) ? QJsonDocument::fromJson(file.readAll()).object() : QJsonObject();
    }

private Q_SLOTS:
    void initTestCase()
    {
        QProcess trial;
        trial.setChildProcessModifier([] {
            if (!enterUserNamespace(CLONE_NEWNS))
                ::_exit(126);
        });
        trial.start(u"true"_s, QStringList());
        if (!trial.waitForFinished() || trial.exitCode() != 0)
            QSKIP("user namespaces cannot be made here, so none can be taken away");
    }
    void init() { m_state = std::make_unique<QTemporaryDir>(u"/var/tmp/tiers-XXXXXX"_s); }

    void doctorWithoutUserNamespaces()
    {
        const Outcome outcome = doctor(withoutUserNamespaces);
        QCOMPARE(outcome.code, 1);
        QVERIFY2(outcome.out.contains("Tier 6: no sandbox can run on this machine"), outcome.out);
        QVERIFY2(outcome.out.contains("missing: make namespaces: "), outcome.out);
        QVERIFY2(outcome.out.contains("cure: allow unprivileged user namespaces"), outcome.out);
        QVERIFY2(outcome.out.contains("Sandboxes cannot run on this machine."), outcome.out);
    }

    void apiWithoutUserNamespaces()
    {
        EngineProcess engine(m_state->path());
        engine.prepare(withoutUserNamespaces);
        QVERIFY(engine.start()); // it serves, and says what it cannot do
        QVERIFY(!engine.canRunSandboxes());
        QCOMPARE(ready()[u"tier"_s].toInt(), 6);
        QVERIFY(!ready()[u"tier_reasons"_s].toArray().isEmpty());
        const auto refused = engine.api("POST", u"/sandboxes"_s, R"({"templateID":"base","timeout":60})");
        QCOMPARE(refused.status, 500);
        QCOMPARE(refused.json(u"message"_s).toString(), u"Tier 6: no sandbox can run on this machine"_s);
        QCOMPARE(engine.api("GET", u"/v2/sandboxes"_s).json().toArray().size(), 0); // it pretends nothing
        QCOMPARE(engine.api("GET", u"/templates"_s).status, 200);
        QCOMPARE(engine.api("POST", u"/volumes"_s, R"({"name":"v"})").status, 201);
        QCOMPARE(engine.terminate(), 0);
    }

    void doctorWithMaskedProc()
    {
        if (!QDir(u"/proc/bus"_s).exists())
            QSKIP("there is no /proc/bus to mask");
        const Outcome outcome = doctor(withMaskedProc);
        QCOMPARE(outcome.code, 1);
        QVERIFY2(outcome.out.contains("Tier 4: no sandbox can run on this machine"), outcome.out);
        QVERIFY2(outcome.out.contains("missing: mount /proc: "), outcome.out);
        QVERIFY2(outcome.out.contains("cure: run outside a container"), outcome.out);
    }

    void doctorWithoutOverlay()
    {
        const Outcome outcome = doctor(NoOverlay(m_state->path(), u"doctor/layers"_s));
        QVERIFY2(outcome.out.contains("Tier 3: own namespaces, read-only template"), outcome.out);
        QVERIFY2(outcome.out.contains("missing: mount overlay: "), outcome.out);
        QCOMPARE(outcome.code, 0);
    }

    void apiWithoutOverlay()
    {
        EngineProcess engine(m_state->path());
        engine.prepare(NoOverlay(m_state->path(), u"layers"_s));
        QVERIFY(engine.start());
        QCOMPARE(ready()[u"tier"_s].toInt(), 3);
        QCOMPARE(engine.api("POST", u"/volumes"_s, R"({"name":"v"})").status, 201);
        const auto made = engine.create(R"({"templateID":"code-interpreter-v1","timeout":120,)"
                                        R"("volumeMounts":[{"name":"v","path":"/home/user/v"}]})");
        QVERIFY(!made.id.isEmpty());
        const auto run = [&](const QString &code) -> QByteArray {
            const auto answer = engine.execute(made.id, made.token, code);
            return executionText(answer.body, "stdout", "text") + executionText(answer.body, "error", "value");
        };
        QCOMPARE(run(u"open('/home/user/x', 'w').write('1'); open('/tmp/x', 'w').write('1')\n"
                     "open('/home/user/v/x', 'w').write('1'); print(21 + 21)"_s),
                 QByteArray("42\n"));
        const QByteArray refused = run(u"open('/srv/x', 'w')"_s);
        QVERIFY2(refused.contains("Read-only file system"), refused);
        // There is nothing that could be saved: it says so, and the sandbox goes on.
        const auto snapshot = engine.api("POST", u"/sandboxes/%1/snapshots"_s.arg(made.id), "{}");
        QCOMPARE(snapshot.status, 501);
        QVERIFY2(snapshot.body.contains("no writable layer"), snapshot.body);
        QCOMPARE(run(u"print(open('/home/user/x').read())"_s), QByteArray("1\n"));
        const auto elsewhere = engine.api("POST", u"/sandboxes"_s,
                                          R"({"templateID":"base","volumeMounts":[{"name":"v","path":"/data"}]})");
        QCOMPARE(elsewhere.status, 500);
        QVERIFY2(elsewhere.body.contains("make the folder of a volume"), elsewhere.body);
        QCOMPARE(engine.terminate(), 0);
    }
};

QTEST_GUILESS_MAIN(TestEngineTiers)
#include "tst_engine_tiers.moc"
