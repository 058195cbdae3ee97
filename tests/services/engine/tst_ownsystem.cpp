#include "services/engine/broker/names.h"
#include "tests/services/engine/broker_fixture.h"
#include "tests/services/engine/system_maker.h"

#include <QFile>
#include <QTest>

#include <sys/stat.h>
#include <unistd.h>

using namespace sandglass;
using namespace sandglass::engine;
using namespace sandglass::engine::test;
using namespace Qt::Literals::StringLiterals;

/// Sandboxes whose lowest layer is a whole system: what they see, and that it is nothing of the host's.
class TestOwnSystem final : public QObject
{
    Q_OBJECT

private:
    Fixture m_fixture;
    QString m_layer;
    std::shared_ptr<Sandbox> m_sandbox;

    [[nodiscard]] CommandResult run(const std::string &script) { return m_fixture.run(*m_sandbox, script); }
    [[nodiscard]] Result<std::shared_ptr<Sandbox>> launch(const std::string &id, std::vector<std::string> layers)
    {
        LaunchSpec spec;
        spec.sandboxId = id;
        spec.layers = std::move(layers);
        spec.preimport = std::vector<std::string>();
        return m_fixture.tryLaunch(std::move(spec));
    }

private Q_SLOTS:
    void initTestCase()
    {
        START_OR_SKIP(m_fixture);
        if (m_fixture.tier().tier > 2)
            QSKIP("layers do not stack on this machine");
        m_layer = QString::fromStdString(m_fixture.stateDirectory()) + u"/layers/image-test"_s;
        QVERIFY(QDir().mkpath(m_layer));
        SystemMaker system(m_layer);
        QVERIFY(system.add(SystemMaker::usualPrograms()));
        QVERIFY(system.write(u"etc/canary-of-the-image"_s, "image"));
        QVERIFY(system.write(u"opt/sandglass/python_runner.py"_s, "of the image"));
        // In the place of the folders that the engine mounts on.
        QVERIFY(QFile::link(u"/etc"_s, system.path(u"proc"_s)));
        QVERIFY(system.write(u"dev"_s, "a file"));
        QVERIFY(QDir().mkpath(system.path(u"home/user"_s)));
        QVERIFY(::geteuid() != 0 || system.giveTo(unprivilegedId));
    }
    void init()
    {
        auto sandbox = launch("own", {"image-test"});
        QVERIFY2(sandbox, sandbox ? "" : sandbox.error().message.c_str());
        m_sandbox = std::move(*sandbox);
    }
    void cleanup()
    {
        if (m_sandbox)
            m_fixture.kill(m_sandbox);
    }

    void nothingOfTheHostIsThere()
    {
        QVERIFY(m_sandbox->hasOwnSystem());
        const CommandResult own = run("cat /etc/canary-of-the-image");
        QVERIFY2(own.out == "image", (own.err + own.status.reason).c_str());
        const QString canary = u"/var/tmp/canary-%1"_s.arg(::getpid());
        QFile file(canary);
        QVERIFY(file.open(QIODevice::WriteOnly) && file.write("of the host") > 0);
        file.close();
        QCOMPARE(run("find / -name 'canary-*' 2>/dev/null").out, std::string("/etc/canary-of-the-image\n"));
        file.remove();
        const auto programs = std::size_t(SystemMaker::usualPrograms().size()) + 1;
        QCOMPARE(run("set -- /usr/bin/*; echo $#").out, std::to_string(programs) + "\n");
        // Of the kernel's own list of mounts none but the overlay, its folders in memory and the devices.
        const std::string mounts = run("while read -r id parent device root point rest; do echo \"$point\"; done "
                                       "</proc/self/mountinfo")
                                       .out;
        QCOMPARE(mounts,
                 std::string("/\n/proc\n/dev\n/dev/null\n/dev/zero\n/dev/full\n/dev/random\n/dev/urandom\n/dev/tty\n"
                             "/dev/pts\n/dev/shm\n"));
        QCOMPARE(run("echo /opt/sandglass/local* /home/*").out, std::string("/opt/sandglass/local* /home/user\n"));
    }

    void itsFilesAreItsOwn()
    {
        const CommandResult changed = run("id -u; touch /usr/bin/new && rm /usr/bin/cat && ls /usr/bin/new");
        QVERIFY2(changed.out == "1000\n/usr/bin/new\n", changed.err.c_str());
        QVERIFY(QFile::exists(m_layer + u"/usr/bin/cat"_s) && !QFile::exists(m_layer + u"/usr/bin/new"_s));
    }

    void whatTheEngineMountsOnIsAFolder()
    {
        QCOMPARE(run("ls -d /proc/self/fd /dev/null; stat -c '%F %a' /tmp").out,
                 std::string("/dev/null\n/proc/self/fd\ndirectory 1777\n"));
        // The scripts are this engine's, whatever the image says.
        const std::string runner = run("cat /opt/sandglass/python_runner.py").out;
        QVERIFY2(runner.starts_with("\"\"\""), runner.substr(0, 80).c_str());
    }

    void layersAboveIt()
    {
        const QString above = QString::fromStdString(m_fixture.stateDirectory()) + u"/layers/built-above"_s;
        QVERIFY(QDir().mkpath(above + u"/etc"_s));
        QFile file(above + u"/etc/above"_s);
        QVERIFY(file.open(QIODevice::WriteOnly) && file.write("above") > 0);
        file.close();
        auto sandbox = launch("above", {"image-test", "built-above"});
        QVERIFY(sandbox);
        QCOMPARE(m_fixture.run(**sandbox, "cat /etc/above /etc/canary-of-the-image").out, std::string("aboveimage"));
        m_fixture.kill(*sandbox);
        const auto missing = launch("missing", {"image-none"});
        QCOMPARE(missing.error().code, std::string("not_found"));
    }

    void kernelsAreTheImages()
    {
        // No Python there: an honest answer, not the host's Python.
        const auto kernel = m_fixture.wait<std::shared_ptr<Kernel>>([&](auto then) {
            m_starting = startKernel(m_sandbox, m_fixture.io(), "python", {}, {{"PATH", "/usr/bin"}}, std::move(then));
        });
        m_starting.reset();
        QVERIFY(!kernel);
        QCOMPARE(kernel.error().code, std::string("failed_precondition"));
        QVERIFY2(kernel.error().message.find("python3, which the image of this sandbox does not hold")
                     != std::string::npos,
                 kernel.error().message.c_str());
        QVERIFY(!m_fixture.host().canFork({"image-test"}, {}));
        QVERIFY(forkServerProcesses().servers.empty());
    }

private:
    std::shared_ptr<Kernel> m_starting;
};

QTEST_GUILESS_MAIN(TestOwnSystem)
#include "tst_ownsystem.moc"
