#include "tests/services/engine/broker_fixture.h"

#include <filesystem>

using namespace sandglass;
using namespace sandglass::engine;
using namespace sandglass::engine::test;

/// What a forked kernel may not find, do or share: it begins as a copy of a process outside of its sandbox.
class TestKernelLock final : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void initTestCase();
    void cleanupTestCase();
    void isForked();
    void keepsNothingOfTheForkServer_data();
    void keepsNothingOfTheForkServer();
    void mayNotCall_data();
    void mayNotCall();
    void seesNoProcessOutside();
    void livesWithTheLimitsOfASpawnedProcess();
    void sharesNoRandomness();
    void keepsFilesToItself();
    void hasTheVariablesItWasGiven();
    void forkServerItselfIsLocked();

private:
    std::string print(const std::string &code) { return textOf(m_fixture.execute(*m_kernel, code), "stdout"); }

    Fixture m_fixture;
    std::shared_ptr<Sandbox> m_sandbox;
    std::shared_ptr<Kernel> m_kernel;
};

namespace {

constexpr const char *canary = "canary-of-the-host";
constexpr const char *environmentOfAll = R"(
import glob
for path in sorted(glob.glob('/proc/[0-9]*/environ')):
    try:
        print(open(path, 'rb').read())
    except OSError:
        pass
)";
/// The limits and rank of the process that runs it.
constexpr const char *limitsOfSelf = R"(
import os, resource
names = sorted(name for name in dir(resource) if name.startswith('RLIMIT_'))
print([(name, resource.getrlimit(getattr(resource, name))) for name in names if name != 'RLIMIT_OFILE'])
print(os.nice(0), sorted(os.sched_getaffinity(0)), open('/proc/self/oom_score_adj').read().strip())
print(os.getresuid(), os.getresgid(), oct(os.umask(0o22)))
)";
constexpr const char *randomness = R"(
import multiprocessing, numpy, random, tempfile, uuid
print(random.random(), numpy.random.rand(), next(tempfile._get_candidate_names()), uuid.uuid4(),
      uuid.getnode() if uuid._node is None else 'kept', multiprocessing.current_process().authkey.hex(), sep='\n')
)";

} // namespace

void TestKernelLock::initTestCase()
{
    qputenv("SANDGLASS_CANARY", canary);
    START_OR_SKIP(m_fixture);
    if (!m_fixture.tier().cures.empty())
        QSKIP(
            qPrintable(QStringLiteral("a tool is missing: ") + QString::fromStdString(m_fixture.tier().cures.front())));
    QVERIFY(m_fixture.useForkServer({"numpy"}));
    m_sandbox = m_fixture.launch();
    QVERIFY(m_sandbox);
    m_kernel = m_fixture.kernel(m_sandbox, {}, {{"GIVEN", "to this sandbox"}});
    QVERIFY(m_kernel);
}

void TestKernelLock::cleanupTestCase()
{
    m_kernel.reset();
    m_sandbox.reset();
}

void TestKernelLock::isForked()
{
    // Its parent is outside of the sandbox; that of a spawned one is pid 1.
    QCOMPARE(print("import os, sys; print(os.getppid(), 'numpy' in sys.modules, 'numpy' in globals())"),
             std::string("0 True False\n"));
    QCOMPARE(print("import platform; print(platform.node())"), std::string("sandbox\n"));
}

void TestKernelLock::keepsNothingOfTheForkServer_data()
{
    QTest::addColumn<QString>("code");
    QTest::addColumn<QString>("printed");
    QTest::newRow("capabilities") << "print({l.split()[1] for l in open('/proc/self/status') if l.startswith('Cap')})"
                                  << "{'0000000000000000'}\n";
    QTest::newRow("filter") << "print([l.split()[1] for l in open('/proc/self/status') if l.startswith(('NoNew', "
                               "'Seccomp:'))])"
                            << "['1', '2']\n";
    QTest::newRow("session") << "import os; print(os.getsid(0) == os.getpid() == os.getpgid(0))"
                             << "True\n";
    QTest::newRow("descriptors") << "import os\n"
                                    "def name(fd):\n"
                                    "  try: return os.readlink(f'/proc/self/fd/{fd}').split(':')[0]\n"
                                    "  except OSError: return 'gone'\n"
                                    "print(sorted(name(fd) for fd in os.listdir('/proc/self/fd')))"
                                 << "['/dev/null', 'gone', 'pipe', 'pipe', 'socket']\n";
    QTest::newRow("a child's descriptors")
        << "import subprocess; print(subprocess.run(['ls', '/proc/self/fd'], capture_output=True).stdout)"
        << "b'0\\n1\\n2\\n3\\n'\n";
    QTest::newRow("namespaces")
        << "import os\n"
           "child = os.popen('readlink /proc/self/ns/*').read().split()\n"
           "own = [os.readlink('/proc/self/ns/' + n) for n in sorted(os.listdir('/proc/self/ns'))]\n"
           "print(own == child)"
        << "True\n";
    QTest::newRow("network") << "print([l.split(':')[0].strip() for l in open('/proc/net/dev')][2:])"
                             << "['lo']\n";
    QTest::newRow("home") << "import os; print(os.getcwd(), os.path.expanduser('~'), os.getuid(), os.getgid())"
                          << "/home/user /home/user 1000 1000\n";
    QTest::newRow("history")
        << "print(In[:-1], Out, [name for name in globals() if name in ('plot', 'pandas', 'numpy')])"
        << "[''] {} []\n";
}

void TestKernelLock::keepsNothingOfTheForkServer()
{
    QFETCH(QString, code);
    QFETCH(QString, printed);
    const auto kernel = m_fixture.kernel(m_sandbox); // a fresh one: no cell before
    QVERIFY(kernel);
    const auto lines = m_fixture.execute(*kernel, code.toStdString());
    QCOMPARE(QString::fromStdString(textOf(lines, "stdout")), printed);
}

void TestKernelLock::mayNotCall_data()
{
    QTest::addColumn<QString>("call");
    QTest::addColumn<QString>("error");
    QTest::newRow("unshare") << "libc.unshare(0x10000000)"
                             << "EPERM";
    QTest::newRow("mount") << "libc.mount(b'tmpfs', b'/mnt', b'tmpfs', 0, None)"
                           << "EPERM";
    QTest::newRow("setns") << "libc.setns(os.open('/proc/self/ns/user', os.O_RDONLY), 0)"
                           << "EPERM";
    QTest::newRow("ptrace") << "libc.ptrace(16, 1, None, None)"
                            << "EPERM";
    QTest::newRow("chroot") << "libc.chroot(b'/tmp')"
                            << "EPERM";
    QTest::newRow("keyctl") << "libc.syscall(250, 0, -3, 0)"
                            << "EPERM";
    QTest::newRow("io_uring") << "libc.syscall(425, 8, None)"
                              << "EPERM";
    QTest::newRow("clone into namespaces") << "libc.syscall(56, 0x10000000 | 17, 0, 0, 0, 0)"
                                           << "EPERM";
    QTest::newRow("clone3") << "libc.syscall(435, None, 0)"
                            << "ENOSYS";
    QTest::newRow("vsock") << "libc.socket(40, 1, 0)"
                           << "EAFNOSUPPORT";
    QTest::newRow("packet socket") << "libc.socket(17, 3, 0)"
                                   << "EAFNOSUPPORT";
    QTest::newRow("raw socket") << "libc.socket(2, 3, 1)"
                                << "EPERM";
    QTest::newRow("host name") << "libc.sethostname(b'other', 5)"
                               << "EPERM";
}

void TestKernelLock::mayNotCall()
{
#ifndef __x86_64__
    QSKIP("the numbers of the calls are those of x86-64");
#endif
    QFETCH(QString, call);
    QFETCH(QString, error);
    const std::string code = "import ctypes, errno, os\nlibc = ctypes.CDLL(None, use_errno=True)\nresult = "
        + call.toStdString() + "\nprint(result, errno.errorcode.get(ctypes.get_errno()))";
    QCOMPARE(QString::fromStdString(print(code)), QStringLiteral("-1 ") + error + QLatin1Char('\n'));
}

void TestKernelLock::seesNoProcessOutside()
{
    // Kernels of the tests before this one are still on their way out, so once is enough.
    const std::string others = "import os; print([pid for pid in os.listdir('/proc') if pid.isdigit() and "
                               "int(pid) not in (1, os.getpid())])";
    QVERIFY(m_fixture.waitFor([&] { return print(others) == "[]\n"; }));
    std::string outside = "[";
    for (const int pid : hostProcesses("fork_server.py"))
        outside += std::to_string(pid) + ",";
    // Threads of its own answer to signals as well.
    const std::string code = "import os\ndef reach(pid):\n  try: os.kill(pid, 0); return True\n"
                             "  except ProcessLookupError: return False\n"
                             "print([pid for pid in [*range(2, 2000), *"
        + outside + "]] if reach(pid) and not os.path.exists(f'/proc/self/task/{pid}')])";
    QCOMPARE(print(code), std::string("[]\n"));
    const std::string environments = print(environmentOfAll);
    QVERIFY(!environments.empty());
    QVERIFY2(environments.find(canary) == std::string::npos, environments.c_str());
    QVERIFY2(environments.find("GIVEN") == std::string::npos, environments.c_str()); // only after the fork
    QVERIFY(!textOf(m_fixture.execute(*m_kernel, "print(open('/proc/self/maps').read())"), "stdout").empty());
}

void TestKernelLock::livesWithTheLimitsOfASpawnedProcess()
{
    const CommandResult spawned = m_fixture.python(*m_sandbox, limitsOfSelf);
    QVERIFY2(spawned.out.find("RLIMIT_NPROC") != std::string::npos, spawned.err.c_str());
    QCOMPARE(QString::fromStdString(print(limitsOfSelf)), QString::fromStdString(spawned.out));
}

void TestKernelLock::sharesNoRandomness()
{
    auto other = m_fixture.launch();
    QVERIFY(other);
    const auto neighbour = m_fixture.kernel(other);
    QVERIFY(neighbour);
    const auto first = QString::fromStdString(print(randomness)).split(QLatin1Char('\n'), Qt::SkipEmptyParts);
    const auto second = QString::fromStdString(textOf(m_fixture.execute(*neighbour, randomness), "stdout"))
                            .split(QLatin1Char('\n'), Qt::SkipEmptyParts);
    QCOMPARE(first.size(), 6);
    QCOMPARE(second.size(), 6);
    for (int i = 0; i < first.size(); ++i)
        QVERIFY2(first[i] != second[i] && first[i] != QStringLiteral("kept"), qPrintable(first[i]));
    m_fixture.kill(other);
}

void TestKernelLock::keepsFilesToItself()
{
    auto other = m_fixture.launch();
    QVERIFY(other);
    const auto neighbour = m_fixture.kernel(other);
    QVERIFY(neighbour);
    QCOMPARE(print("for path in ('/tmp/canary', '/home/user/canary', '/dev/shm/canary', '/run/canary', "
                   "'/usr/local/lib/canary', '/opt/canary'):\n  open(path, 'w').write('here')\nprint('written')"),
             std::string("written\n"));
    const std::string find =
        "import os\nprint([os.path.join(top, 'canary') for top in ('/tmp', '/home/user', '/dev/shm', "
        "'/run', '/usr/local/lib', '/opt') if os.path.exists(top + '/canary')])";
    QCOMPARE(textOf(m_fixture.execute(*neighbour, find), "stdout"), std::string("[]\n"));
    const auto later = m_fixture.kernel(other);
    QVERIFY(later);
    QCOMPARE(textOf(m_fixture.execute(*later, find), "stdout"), std::string("[]\n"));
    for (const auto &entry : std::filesystem::recursive_directory_iterator(
             m_fixture.stateDirectory(), std::filesystem::directory_options::skip_permission_denied))
        QVERIFY2(entry.path().filename() != "canary", entry.path().c_str());
    QVERIFY(print("open('/usr/lib/canary', 'w')").empty());
    m_fixture.kill(other);
}

void TestKernelLock::hasTheVariablesItWasGiven()
{
    QCOMPARE(print("import os; print(sorted(os.environ))"),
             std::string("['GIVEN', 'HOME', 'LANG', 'LOGNAME', 'MPLBACKEND', 'MPLCONFIGDIR', 'PATH', 'USER']\n"));
    QCOMPARE(print("import os; print(os.environ['GIVEN'], os.popen('echo $GIVEN').read())"),
             std::string("to this sandbox to this sandbox\n\n"));
}

/// It runs code of the template, so it is held like a sandbox.
void TestKernelLock::forkServerItselfIsLocked()
{
    bool seen = false;
    for (const int pid : forkServerProcesses().servers) {
        const std::string process = "/proc/" + std::to_string(pid);
        QFile status(QString::fromStdString(process + "/status"));
        if (!status.open(QIODevice::ReadOnly))
            continue;
        seen = true;
        const QByteArray text = status.readAll();
        // CAP_SYS_ADMIN, in its own user namespace, is what joining a pid namespace takes.
        for (const char *line : {"CapPrm:\t0000000000200000", "CapEff:\t0000000000200000", "CapBnd:\t0000000000200000",
                                 "NoNewPrivs:\t1", "Seccomp:\t2"})
            QVERIFY2(text.contains(line), text.constData());
        QFile environment(QString::fromStdString(process + "/environ"));
        QVERIFY(environment.open(QIODevice::ReadOnly));
        QVERIFY(!environment.readAll().contains(canary));
        QVERIFY(std::filesystem::read_symlink(process + "/ns/net")
                != std::filesystem::read_symlink("/proc/self/ns/net"));
        QVERIFY(std::filesystem::read_symlink(process + "/ns/user")
                != std::filesystem::read_symlink("/proc/self/ns/user"));
        QVERIFY(std::filesystem::read_symlink(process + "/ns/pid")
                != std::filesystem::read_symlink("/proc/self/ns/pid"));
        QFile mounts(QString::fromStdString(process + "/mounts"));
        QVERIFY(mounts.open(QIODevice::ReadOnly));
        for (const QByteArray &line : mounts.readAll().split('\n')) {
            const auto fields = line.split(' ');
            if (fields.size() > 3 && fields[1] != "/tmp")
                QVERIFY2(fields[3].split(',').contains("ro"), line.constData());
        }
    }
    QVERIFY(seen);
}

QTEST_GUILESS_MAIN(TestKernelLock)
#include "tst_kernel_lock.moc"
