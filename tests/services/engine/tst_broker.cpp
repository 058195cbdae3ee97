#include "tests/services/engine/broker_fixture.h"

#include <QFile>
#include <QTcpServer>

#include <algorithm>
#include <array>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace sandglass;
using namespace sandglass::engine;
using namespace sandglass::engine::test;

namespace {

/// The daemons of this test's own sandboxes, oldest first.
std::vector<int> ownDaemons()
{
    std::vector<int> own;
    for (const int pid : hostProcesses("sandglass-sandbox")) {
        if (isOurs(pid))
            own.push_back(pid);
    }
    sortByAge(own);
    return own;
}

} // namespace

class TestBroker final : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void initTestCase();
    void cleanupTestCase() { m_sandbox.reset(); }
    void killLeavesNothing();
    void refusesWhatIsNoSandbox_data();
    void refusesWhatIsNoSandbox();
    void keepsTheHostOut_data();
    void keepsTheHostOut();
    void hostFilesAreInvisible();
    void hostLoopbackIsUnreachable();
    void carriesExitCodesAndOutput_data();
    void carriesExitCodesAndOutput();
    void refusesUsersAndDirectories();
    void rootsPrivilegedCallsSeemToWork()
    {
        const auto as = [this](const char *user, const std::string &script) {
            SpawnSpec spec = shell(script);
            spec.user = user;
            auto process = m_fixture.spawn(*m_sandbox, std::move(spec));
            return process ? m_fixture.readUntil(process->stdoutFd.get()) : process.error().message;
        };
        // What installing and unpacking asks for; nothing of it is done.
        const std::string owners = "cd /tmp && rm -rf f t d && echo x > f && chown 33:44 f 2>/dev/null; echo $?; "
                                   "tar -cf t --owner=77 --group=88 f && rm f && tar -xpf t --same-owner 2>/dev/null; "
                                   "echo $?; stat -c '%u %g' f; mknod d b 8 0 2>/dev/null; echo $?; ls d 2>/dev/null; ";
        QCOMPARE(as("root", owners), std::string("0\n0\n0 0\n0\n"));
        QCOMPARE(as("user", "rm -f /tmp/f; " + owners), std::string("1\n2\n1000 1000\n1\n"));
        const std::string accounts = "python3 -c \"import os\n"
                                     "def may(call, *to):\n"
                                     "  try: call(*to); return True\n"
                                     "  except OSError: return False\n"
                                     "print([may(os.setgroups, [5]), may(os.setresgid, 5, 5, 5), may(os.setuid, 5), "
                                     "may(os.mkfifo, '/tmp/' + str(os.getuid()))], os.getresuid(), os.getresgid())\"";
        QCOMPARE(as("root", accounts), std::string("[True, True, True, True] (0, 0, 0) (0, 0, 0)\n"));
        QCOMPARE(as("user", accounts),
                 std::string("[False, False, False, True] (1000, 1000, 1000) (1000, 1000, 1000)\n"));
        QCOMPARE(as("root", "ls -l /tmp | grep -c ^p"), std::string("2\n")); // pipes are made for real
        const std::string added =
            as("root", "/usr/sbin/useradd -m other 2>&1; grep -c '^other:' /etc/passwd; ls -d /home/other");
        QVERIFY2(added == "1\n/home/other\n", added.c_str());
    }

    void rootIsTheSameAccountWithoutRights();
    void rootCountsWithAllOthers();
    void feedsStandardInput();
    void signalsProcesses();
    void carriesLongArguments();
    void opensTerminals();
    void keepsTheSizeAPromptWritesBack();
    void pausesAndResumes();
    void passesPortsBothWays();
    void tellsUsage();
    void endsWithTheEngine();
    void saysWhenTheSandboxIsGone();

private:
    Fixture m_fixture;
    std::shared_ptr<Sandbox> m_sandbox;
};

void TestBroker::initTestCase()
{
    qputenv("SANDGLASS_CANARY", "canary-in-the-environment");
    START_OR_SKIP(m_fixture);
    m_sandbox = m_fixture.launch();
    QVERIFY(m_sandbox);
}

void TestBroker::killLeavesNothing()
{
    auto sandbox = m_fixture.launch();
    QVERIFY(sandbox);
    const std::string scratch = m_fixture.stateDirectory() + "/sandboxes/" + sandbox->id();
    QVERIFY(m_fixture.spawn(*sandbox, shell("setsid sleep 7654321 & exec sleep 7654321")));
    QVERIFY(m_fixture.waitFor([] { return hostProcesses("7654321").size() >= 2; }));
    QVERIFY(std::filesystem::exists(scratch));

    m_fixture.kill(sandbox);
    QCOMPARE(hostProcesses("7654321").size(), std::size_t{0});
    QVERIFY(!std::filesystem::exists(scratch));
    QFile mounts(QStringLiteral("/proc/self/mountinfo"));
    QVERIFY(mounts.open(QIODevice::ReadOnly));
    QVERIFY(!mounts.readAll().contains(QByteArray::fromStdString(m_fixture.stateDirectory())));
}

void TestBroker::refusesWhatIsNoSandbox_data()
{
    QTest::addColumn<QString>("id");
    QTest::addColumn<QString>("layer");
    QTest::addColumn<QString>("code");
    QTest::newRow("id leaves the directory") << "../outside"
                                             << "base"
                                             << "invalid_argument";
    QTest::newRow("empty id") << ""
                              << "base"
                              << "invalid_argument";
    QTest::newRow("id in use") << "sandbox1"
                               << "base"
                               << "already_exists";
    QTest::newRow("no such layer") << "other"
                                   << "nothing"
                                   << "not_found";
    QTest::newRow("layer leaves the directory") << "other"
                                                << "../../etc"
                                                << "not_found";
    QTest::newRow("layer with an overlay separator") << "other"
                                                     << "base:base"
                                                     << "not_found";
}

void TestBroker::refusesWhatIsNoSandbox()
{
    QFETCH(QString, id);
    QFETCH(QString, layer);
    QFETCH(QString, code);
    LaunchSpec spec;
    spec.sandboxId = id.toStdString();
    spec.layers = {layer.toStdString()};
    const auto sandbox = m_fixture.tryLaunch(spec);
    QVERIFY(!sandbox);
    QCOMPARE(QString::fromStdString(sandbox.error().code), code);
}

void TestBroker::keepsTheHostOut_data()
{
    QTest::addColumn<QString>("script");
    QTest::addColumn<QString>("output");
    QTest::newRow("who") << "id -un; id -u; pwd"
                         << "user\n1000\n/home/user\n";
    QTest::newRow("homes") << "ls /home; ls -A /root"
                           << "user\n.bashrc\n.profile\n";
    QTest::newRow("shadow") << "cat /etc/shadow 2>/dev/null; echo $?"
                            << "1\n";
    QTest::newRow("keys") << "ls /etc/ssh /etc/ssl/private 2>/dev/null; echo $?"
                          << "2\n";
    QTest::newRow("environment of pid 1") << "cat /proc/1/environ 2>/dev/null; echo $?"
                                          << "1\n";
    QTest::newRow("memory of pid 1") << "cat /proc/1/maps /proc/1/mem 2>/dev/null; ls /proc/1/fd 2>/dev/null; echo $?"
                                     << "2\n";
    QTest::newRow("own environment") << "env | grep -c CANARY"
                                     << "0\n";
    QTest::newRow("descriptors") << "/usr/bin/python3 -c \"import os; print(sorted(os.listdir('/proc/self/fd')))\""
                                 << "['0', '1', '2', '3']\n"; // 3 is the listing itself
    QTest::newRow("processes") << "set -- /proc/[0-9]*; echo $#"
                               << "2\n"; // daemon and bash: no pipe, whose ends start in any order
    QTest::newRow("capabilities")
        << "grep -E '^(CapPrm|CapEff|CapBnd|CapAmb|NoNewPrivs|Seccomp):' /proc/self/status | tr -s '\\t' ' '"
        << "CapPrm: 0000000000000000\nCapEff: 0000000000000000\nCapBnd: 0000000000000000\n"
           "CapAmb: 0000000000000000\nNoNewPrivs: 1\nSeccomp: 2\n";
    QTest::newRow("interfaces") << "tail -n +3 /proc/net/dev | cut -d: -f1 | tr -d ' '"
                                << "lo\n";
    QTest::newRow("no new namespaces") << "unshare -U true 2>/dev/null; echo $?"
                                       << "1\n";
    QTest::newRow("no mounts") << "mount -t tmpfs none /mnt 2>/dev/null; echo $?"
                               << "32\n";
    QTest::newRow("programs are read-only") << "touch /usr/bin/x 2>/dev/null; echo $?"
                                            << "1\n";
    QTest::newRow("local programs are the sandbox's own")
        << "ls /usr/local/bin | wc -l; touch /usr/local/bin/x && echo made"
        << "0\nmade\n";
    QTest::newRow("kernel settings") << "echo 1 2>/dev/null > /proc/sys/kernel/sysrq; echo $?"
                                     << "1\n";
    QTest::newRow("vsock") << "/usr/bin/python3 -c 'import socket; socket.socket(40, 1)' 2>&1 | tail -1"
                           << "OSError: [Errno 97] Address family not supported by protocol\n";
    QTest::newRow("packet sockets") << "/usr/bin/python3 -c 'import socket; socket.socket(17, 3)' 2>&1 | tail -1"
                                    << "OSError: [Errno 97] Address family not supported by protocol\n";
    QTest::newRow("usual sockets")
        << "/usr/bin/python3 -c 'import socket; [socket.socket(f, 1) for f in (1, 2, 10)]; print(1)'"
        << "1\n";
    QTest::newRow("tracing") << "/usr/bin/python3 -c 'import ctypes; print(ctypes.CDLL(None).ptrace(0, 0, 0, 0))'"
                             << "-1\n";
    QTest::newRow("writable places")
        << "for d in /home/user /tmp /var/tmp /dev/shm /etc; do touch $d/x && rm $d/x && echo ok; done"
        << "ok\nok\nok\nok\nok\n";
}

void TestBroker::keepsTheHostOut()
{
    QFETCH(QString, script);
    QFETCH(QString, output);
    const CommandResult result = m_fixture.run(*m_sandbox, script.toStdString());
    QCOMPARE(QString::fromStdString(result.out), output);
}

void TestBroker::hostFilesAreInvisible()
{
    QTemporaryDir directory;
    const std::string path = directory.filePath(QStringLiteral("canary.txt")).toStdString();
    std::ofstream(path) << "canary-in-a-file";
    QFile::setPermissions(QString::fromStdString(path), QFile::ReadOwner | QFile::ReadOther);
    QCOMPARE(m_fixture.run(*m_sandbox, "cat '" + path + "'").status.code, 1);
    const CommandResult search =
        m_fixture.run(*m_sandbox, "cat /proc/[0-9]*/environ 2>/dev/null | grep -ac canary-in-the");
    QCOMPARE(search.out, std::string("0\n"));
}

void TestBroker::hostLoopbackIsUnreachable()
{
    QTcpServer server;
    QVERIFY(server.listen(QHostAddress::LocalHost));
    const std::string port = std::to_string(server.serverPort());
    const CommandResult result =
        m_fixture.run(*m_sandbox, "echo x 2>/dev/null > /dev/tcp/127.0.0.1/" + port + "; echo $?");
    QCOMPARE(result.out, std::string("1\n"));
    QVERIFY(!server.hasPendingConnections());
}

void TestBroker::carriesExitCodesAndOutput_data()
{
    QTest::addColumn<QString>("script");
    QTest::addColumn<QString>("out");
    QTest::addColumn<QString>("err");
    QTest::addColumn<bool>("exited");
    QTest::addColumn<int>("code");
    QTest::newRow("both streams") << "echo one; echo two >&2; exit 3"
                                  << "one\n"
                                  << "two\n"
                                  << true << 3;
    QTest::newRow("killed") << "kill -9 $$"
                            << ""
                            << "" << false << 9;
    QTest::newRow("large") << "head -c 3000000 /dev/zero | tr '\\0' x | wc -c"
                           << "3000000\n"
                           << "" << true << 0;
    QTest::newRow("no input") << "cat; echo $?"
                              << "0\n"
                              << "" << true << 0;
}

void TestBroker::carriesExitCodesAndOutput()
{
    QFETCH(QString, script);
    const CommandResult result = m_fixture.run(*m_sandbox, script.toStdString());
    QTEST(QString::fromStdString(result.out), "out");
    QTEST(QString::fromStdString(result.err), "err");
    QTEST(result.status.exited, "exited");
    QTEST(result.status.code, "code");
}

void TestBroker::refusesUsersAndDirectories()
{
    SpawnSpec asGhost = shell("true");
    asGhost.user = "ghost";
    const auto ghost = m_fixture.spawn(*m_sandbox, asGhost);
    QVERIFY(!ghost);
    QCOMPARE(ghost.error().code, std::string("unauthenticated"));
    QCOMPARE(ghost.error().message, std::string("invalid username: 'ghost'"));

    SpawnSpec nowhere = shell("true");
    nowhere.workingDirectory = "/no/such";
    const auto missing = m_fixture.spawn(*m_sandbox, nowhere);
    QVERIFY(!missing);
    QCOMPARE(missing.error().message, std::string("cwd '/no/such' does not exist"));

    const auto saidOf = [this](const char *command) {
        SpawnSpec spec;
        spec.command = command;
        auto process = m_fixture.spawn(*m_sandbox, spec);
        return process ? m_fixture.readUntil(process->stderrFd.get()) : process.error().message;
    };
    QCOMPARE(saidOf("no-such-program"), std::string("no-such-program: command not found\n"));
    QCOMPARE(saidOf("/etc/passwd/x"), std::string("/etc/passwd/x: Not a directory\n"));
    QCOMPARE(saidOf("/etc/passwd"), std::string("/etc/passwd: Permission denied\n"));
}

/// Number 0 is a name: to the kernel outside both accounts are one, and neither holds a capability, not even over the
/// namespace that gives the number.
void TestBroker::rootIsTheSameAccountWithoutRights()
{
    const auto asRoot = [this](const std::string &script) {
        SpawnSpec spec = shell(script);
        spec.user = "root";
        auto process = m_fixture.spawn(*m_sandbox, std::move(spec));
        return process ? m_fixture.readUntil(process->stdoutFd.get()) : process.error().message;
    };
    QCOMPARE(asRoot("id -u; id -g; cat /proc/self/uid_map | tr -s ' '; pwd"), std::string("0\n0\n 0 1000 1\n/root\n"));
    QCOMPARE(
        asRoot("grep -c 'Cap.*\t0000000000000000' /proc/self/status; grep -E 'NoNewPrivs|Seccomp:' /proc/self/status"),
        std::string("5\nNoNewPrivs:\t1\nSeccomp:\t2\n"));
    const std::string inPython = "import ctypes, os\nlibc = ctypes.CDLL(None, use_errno=True)\n"
                                 "fd = os.open('/proc/self/ns/user', os.O_RDONLY)\n"
                                 "calls = {'setns': (308, fd, 0x10000000), 'unshare': (272, 0x10000000), "
                                 "'ptrace': (101, 16, 1, 0, 0), 'mount': (165, 0, b'/', 0, 4096, 0), "
                                 "'chroot': (161, b'/'), "
                                 "'sethostname': (170, b'x', 1), 'keyctl': (250, 0, -3, 1), 'bpf': (321, 0, 0, 0)}\n"
                                 "print([name for name, call in calls.items() if libc.syscall(*call) >= 0])\n"
                                 "def may(path, flags):\n"
                                 "  try: os.close(os.open(path, flags)); return True\n"
                                 "  except OSError: return False\n"
                                 "print([p for p in ('/proc/1/mem', '/proc/1/environ', '/proc/1/ns/user', "
                                 "'/proc/1/oom_score_adj', '/usr/bin/bash') if may(p, os.O_RDWR if p != "
                                 "'/proc/1/ns/user' else 0)])\n";
    QCOMPARE(asRoot("python3 -c \"" + inPython + "\""), std::string("[]\n[]\n"));
    // Who owns a namespace could enter it with all rights: `user` owns the one of root's processes.
    SpawnSpec sleeping = shell("exec sleep 1000");
    sleeping.user = "root";
    auto root = m_fixture.spawn(*m_sandbox, sleeping);
    QVERIFY(root);
    const CommandResult entered =
        m_fixture.python(*m_sandbox,
                         "import ctypes, os\nfd = os.open('/proc/" + std::to_string(root->pid)
                             + "/ns/user', os.O_RDONLY)\nprint(ctypes.CDLL(None).syscall(308, fd, 0x10000000))");
    QCOMPARE(entered.out, std::string("-1\n"));
    QCOMPARE(m_fixture.run(*m_sandbox, "kill -9 " + std::to_string(root->pid)).err, std::string());
}

void TestBroker::rootCountsWithAllOthers()
{
    SandboxLimits limits;
    limits.maxProcesses = 60;
    auto sandbox = m_fixture.launch(limits);
    QVERIFY(sandbox);
    const std::string forkAll = "import os, time\nn = 0\ntry:\n  while n < 1000:\n"
                                "    if os.fork() == 0: time.sleep(1000)\n    n += 1\nexcept OSError: pass\n"
                                "print(n, flush=True)\ntime.sleep(1000)";
    const auto forks = [&](const char *user, const std::string &code) {
        SpawnSpec spec = shell("exec python3 -c '" + code + "'");
        spec.user = user;
        auto process = m_fixture.spawn(*sandbox, std::move(spec));
        return process ? std::atoi(m_fixture.readUntil(process->stdoutFd.get(), "\n").c_str()) : -1;
    };
    std::string some = forkAll;
    some.replace(some.find("1000:"), 4, "30");
    QCOMPARE(forks("user", some), 30);
    const int asRoot = forks("root", forkAll);
    QVERIFY2(asRoot > 5 && asRoot < 30, qPrintable(QString::number(asRoot)));
    m_fixture.kill(sandbox);
}

void TestBroker::feedsStandardInput()
{
    SpawnSpec spec = shell("read line; echo \"got $line\"; cat");
    spec.wantStdin = true;
    auto process = m_fixture.spawn(*m_sandbox, spec);
    QVERIFY(process && process->stdinFd);
    QCOMPARE(::write(process->stdinFd.get(), "a\nb\n", 4), ssize_t{4});
    process->stdinFd.reset();
    QCOMPARE(m_fixture.readUntil(process->stdoutFd.get()), std::string("got a\nb\n"));
}

void TestBroker::signalsProcesses()
{
    auto process =
        m_fixture.spawn(*m_sandbox, shell("trap 'echo term; exit 5' TERM; echo up; while :; do sleep 0.05; done"));
    QVERIFY(process);
    m_fixture.readUntil(process->stdoutFd.get(), "up");
    const auto sent =
        m_fixture.wait<void>([&](auto then) { m_sandbox->signal(process->pid, SIGTERM, std::move(then)); });
    QVERIFY(sent);
    QCOMPARE(m_fixture.readUntil(process->stdoutFd.get()), std::string("term\n"));
    const auto missing = m_fixture.wait<void>([&](auto then) { m_sandbox->signal(99999, SIGTERM, std::move(then)); });
    QVERIFY(!missing);
    QCOMPARE(missing.error().code, std::string("not_found"));
}

void TestBroker::carriesLongArguments()
{
    SpawnSpec spec = shell("echo ${#1} ${#BIG}");
    spec.arguments.insert(spec.arguments.end(), {"bash", std::string(120'000, 'x')});
    spec.environment["BIG"] = std::string(100'000, 'y');
    auto process = m_fixture.spawn(*m_sandbox, spec);
    QVERIFY(process);
    QCOMPARE(m_fixture.readUntil(process->stdoutFd.get()), std::string("120000 100000\n"));
}

void TestBroker::opensTerminals()
{
    SpawnSpec spec = shell("stty size; read line; stty size; tty");
    spec.pty = SpawnSpec::PtySize{100, 30};
    auto process = m_fixture.spawn(*m_sandbox, spec);
    QVERIFY(process && process->ptyFd && !process->stdoutFd);
    QVERIFY(m_fixture.readUntil(process->ptyFd.get(), "30 100").find("30 100") != std::string::npos);
    QVERIFY(m_fixture.wait<void>([&](auto then) { m_sandbox->resizePty(process->pid, {120, 40}, std::move(then)); }));
    QCOMPARE(::write(process->ptyFd.get(), "\n", 1), ssize_t{1});
    const std::string rest = m_fixture.readUntil(process->ptyFd.get());
    QVERIFY2(rest.find("40 120") != std::string::npos && rest.find("/dev/pts/") != std::string::npos, rest.c_str());
}

void TestBroker::keepsTheSizeAPromptWritesBack()
{
    SpawnSpec spec = shell("exec cat");
    spec.pty = SpawnSpec::PtySize{100, 30};
    auto process = m_fixture.spawn(*m_sandbox, spec);
    QVERIFY(process);
    // As readline does at a prompt: the resize came between its reading of the size and its writing.
    const auto sizeAfter = [&](winsize writtenInside) {
        const auto resized = m_fixture.wait<void>([&](auto then) {
            m_sandbox->resizePty(process->pid, {120, 40}, std::move(then));
            ioctl(process->ptyFd.get(), TIOCSWINSZ, &writtenInside);
        });
        winsize now{};
        return resized && ioctl(process->ptyFd.get(), TIOCGWINSZ, &now) == 0
            ? std::pair(int{now.ws_col}, int{now.ws_row})
            : std::pair(0, 0);
    };
    QCOMPARE(sizeAfter({.ws_row = 30, .ws_col = 100, .ws_xpixel = 0, .ws_ypixel = 0}), std::pair(120, 40));
    // A size of the program's own choice is its business.
    QCOMPARE(sizeAfter({.ws_row = 20, .ws_col = 90, .ws_xpixel = 0, .ws_ypixel = 0}), std::pair(90, 20));
}

void TestBroker::pausesAndResumes()
{
    auto process = m_fixture.spawn(*m_sandbox, shell("echo up; exec sleep 1234567"));
    QVERIFY(process);
    const auto state = [] {
        const auto pids = hostProcesses("sleep" + std::string(1, '\0') + "1234567");
        std::ifstream file("/proc/" + std::to_string(pids.empty() ? 0 : pids.front()) + "/stat");
        std::string pid, name, letter;
        file >> pid >> name >> letter;
        return letter;
    };
    QVERIFY(m_fixture.waitFor([&] { return state() == "S"; }));
    QVERIFY(m_fixture.wait<void>([&](auto then) { m_sandbox->pause(std::move(then)); }));
    QVERIFY(m_fixture.waitFor([&] { return state() == "T"; }));
    const auto refused = m_fixture.spawn(*m_sandbox, shell("true"));
    QVERIFY(!refused);
    QVERIFY(m_fixture.wait<void>([&](auto then) { m_sandbox->resume(std::move(then)); }));
    QVERIFY(m_fixture.waitFor([&] { return state() == "S"; }));
    QVERIFY(m_fixture.wait<void>([&](auto then) { m_sandbox->signal(process->pid, SIGKILL, std::move(then)); }));
}

void TestBroker::passesPortsBothWays()
{
    const auto refused = m_fixture.wait<UniqueFd>([&](auto then) { m_sandbox->connectPort(4567, std::move(then)); });
    QVERIFY(!refused);
    QCOMPARE(refused.error().code, std::string("unavailable"));

    auto server = m_fixture.spawn(*m_sandbox,
                                  shell("exec /usr/bin/python3 -c 'import socket\n"
                                        "s = socket.create_server((\"127.0.0.1\", 4567))\n"
                                        "print(\"up\", flush=True)\n"
                                        "c, _ = s.accept(); c.sendall(b\"hello\")'"));
    QVERIFY(server);
    m_fixture.readUntil(server->stdoutFd.get(), "up");
    auto connection = m_fixture.wait<UniqueFd>([&](auto then) { m_sandbox->connectPort(4567, std::move(then)); });
    QVERIFY(connection);
    QCOMPARE(m_fixture.readUntil(connection->get(), "hello"), std::string("hello"));

    auto listener = m_fixture.wait<UniqueFd>([&](auto then) { m_sandbox->listenPort(4568, std::move(then)); });
    QVERIFY(listener);
    auto client = m_fixture.spawn(*m_sandbox, shell("echo from inside > /dev/tcp/127.0.0.1/4568"));
    UniqueFd accepted;
    QVERIFY(m_fixture.waitFor([&] {
        accepted.reset(::accept(listener->get(), nullptr, nullptr));
        return static_cast<bool>(accepted);
    }));
    QCOMPARE(m_fixture.readUntil(accepted.get(), "inside\n"), std::string("from inside\n"));
}

void TestBroker::tellsUsage()
{
    auto busy = m_fixture.spawn(*m_sandbox, shell("echo up; while :; do :; done"));
    QVERIFY(busy);
    m_fixture.readUntil(busy->stdoutFd.get(), "up");
    ResourceUsage usage;
    QVERIFY(m_fixture.waitFor([&] {
        const auto now = m_fixture.wait<ResourceUsage>([&](auto then) { m_sandbox->usage(std::move(then)); });
        usage = now.value_or(ResourceUsage{});
        return usage.cpuUsedPercent > 0;
    }));
    QVERIFY(usage.processes >= 1 && usage.memoryUsed > 0);
    QCOMPARE(usage.memoryTotal, std::int64_t{512} << 20);
    QCOMPARE(usage.diskTotal, std::int64_t{1024} << 20);
    QVERIFY(m_fixture.wait<void>([&](auto then) { m_sandbox->signal(busy->pid, SIGKILL, std::move(then)); }));
}

void TestBroker::endsWithTheEngine()
{
    std::array<int, 2> ready{-1, -1};
    QCOMPARE(::pipe(ready.data()), 0);
    QTemporaryDir state;
    const pid_t engine = ::fork();
    if (engine == 0) {
        auto host = SandboxHost::start(state.path().toStdString(), daemonPath());
        boost::asio::io_context io;
        (*host)->attach(io);
        std::shared_ptr<Sandbox> kept;
        (*host)->launch({"doomed", {"base"}, {}, "sandbox", {}, {}}, [&](Result<std::shared_ptr<Sandbox>> sandbox) {
            kept = *sandbox;
            kept->spawn(shell("setsid sleep 3456789 & trap '' TERM HUP; sleep 3456789"),
                        [&](Result<SpawnedProcess>) { (void)!::write(ready[1], "1", 1); });
        });
        io.run_for(std::chrono::minutes(2));
        _exit(0);
    }
    char byte = 0;
    QCOMPARE(::read(ready[0], &byte, 1), ssize_t{1});
    QVERIFY(m_fixture.waitFor([] { return hostProcesses("3456789").size() >= 2; }));
    ::kill(engine, SIGKILL);
    ::waitpid(engine, nullptr, 0);
    QVERIFY(m_fixture.waitFor([] { return hostProcesses("3456789").empty(); }, std::chrono::seconds(10)));
    ::close(ready[0]);
    ::close(ready[1]);
}

void TestBroker::saysWhenTheSandboxIsGone()
{
    auto sandbox = m_fixture.launch();
    QVERIFY(sandbox);
    std::string reason;
    sandbox->onGone([&reason](const std::string &why) { reason = why; });
    const auto daemons = ownDaemons();
    QVERIFY(!daemons.empty());
    ::kill(daemons.back(), SIGKILL);
    QVERIFY(m_fixture.waitFor([&reason] { return !reason.empty(); }));
    const auto spawned = m_fixture.spawn(*sandbox, shell("true"));
    QVERIFY(!spawned);
    QCOMPARE(spawned.error().code, std::string("unavailable"));
}

QTEST_GUILESS_MAIN(TestBroker)
#include "tst_broker.moc"
