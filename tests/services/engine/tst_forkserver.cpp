#include "tests/services/engine/broker_fixture.h"

#include <QTemporaryDir>

#include <array>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <sys/wait.h>
#include <unistd.h>

using namespace sandglass;
using namespace sandglass::engine;
using namespace sandglass::engine::test;

/// How forked kernels live and end, and what happens when their fork-server does not.
class TestForkServer final : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void initTestCase();
    void importsLibrariesAhead();
    void startsAnewWhereItMust_data();
    void startsAnewWhereItMust();
    void namesAMissingDirectory();
    void tellsHowAKernelEnded_data();
    void tellsHowAKernelEnded();
    void watchdogBoundsAKernel();
    void sharedMemoryIsCountedOnce();
    void killLeavesNoKernel();
    void servesManyAtOnce();
    void aDeadServerIsReplaced();
    void aStuckServerIsReplaced();
    void anUnknownTemplateIsRefused();
    void standsOnSeveralLayers();
    void endsWithTheEngine();

private:
    struct Made
    {
        std::shared_ptr<Sandbox> sandbox;
        std::shared_ptr<Kernel> kernel;
    };
    Made make(std::map<std::string, std::string> environment = {}, SandboxLimits limits = {});
    std::string print(const Made &made, const std::string &code)
    {
        return textOf(m_fixture.execute(*made.kernel, code), "stdout");
    }
    Fixture m_fixture;
};

namespace {

constexpr const char *howBorn = "import os, sys; print(os.getppid(), 'numpy' in sys.modules)";
constexpr const char *forked = "0 True\n", *cold = "1 False\n", *begunAnew = "0 False\n";

std::vector<int> living(const std::vector<int> &pids)
{
    std::vector<int> alive;
    for (const int pid : pids) {
        if (::kill(pid, 0) == 0)
            alive.push_back(pid);
    }
    return alive;
}

} // namespace

void TestForkServer::initTestCase()
{
    START_OR_SKIP(m_fixture);
    if (!m_fixture.tier().cures.empty())
        QSKIP(
            qPrintable(QStringLiteral("a tool is missing: ") + QString::fromStdString(m_fixture.tier().cures.front())));
    QVERIFY(!m_fixture.host().canFork({"base"}, {"numpy"}));
    QVERIFY(m_fixture.useForkServer({"numpy"}));
}

TestForkServer::Made TestForkServer::make(std::map<std::string, std::string> environment, SandboxLimits limits)
{
    Made made;
    made.sandbox = m_fixture.launch(limits);
    if (made.sandbox)
        made.kernel = m_fixture.kernel(made.sandbox, {}, std::move(environment));
    return made;
}

void TestForkServer::importsLibrariesAhead()
{
    Made made = make();
    QVERIFY(made.kernel);
    QCOMPARE(print(made, howBorn), std::string(forked));
    QCOMPARE(print(made, "import numpy; print(numpy.arange(4).sum())"), std::string("6\n"));
    QCOMPARE(print(made, "import asyncio\nawait asyncio.sleep(0.001)\nprint('awaited')"), std::string("awaited\n"));
    QCOMPARE(print(made, "import threading\nt = threading.Thread(target=lambda: print('thread'))\nt.start(); t.join()"),
             std::string("thread\n"));
    m_fixture.kill(made.sandbox);
}

void TestForkServer::startsAnewWhereItMust_data()
{
    QTest::addColumn<QString>("variable");
    QTest::addColumn<QString>("prepare");
    QTest::addColumn<QString>("code");
    QTest::addColumn<QString>("printed");
    QTest::newRow("hash seed") << "PYTHONHASHSEED=0"
                               << "true"
                               << "import sys; print(sys.flags.hash_randomization)"
                               << "0\n";
    QTest::newRow("threads of a library") << "OMP_NUM_THREADS=1"
                                          << "true"
                                          << "import os; print(os.environ['OMP_NUM_THREADS'])"
                                          << "1\n";
    QTest::newRow("time zone") << "TZ=Asia/Tokyo"
                               << "true"
                               << "import time; print(time.timezone)"
                               << "-32400\n";
    QTest::newRow("own packages") << "NONE=1"
                                  << "d=$(python3 -c 'import site; print(site.getusersitepackages())'); mkdir -p $d && "
                                     "echo version = 7 > $d/numpy.py"
                                  << "import numpy; print(numpy.version)"
                                  << "7\n";
}

void TestForkServer::startsAnewWhereItMust()
{
    QFETCH(QString, variable);
    QFETCH(QString, prepare);
    QFETCH(QString, code);
    QFETCH(QString, printed);
    Made made;
    made.sandbox = m_fixture.launch();
    QVERIFY(made.sandbox);
    QCOMPARE(m_fixture.run(*made.sandbox, prepare.toStdString()).status.code, 0);
    made.kernel = m_fixture.kernel(made.sandbox, {},
                                   {{variable.section(QLatin1Char('='), 0, 0).toStdString(),
                                     variable.section(QLatin1Char('='), 1).toStdString()}});
    QVERIFY(made.kernel);
    QCOMPARE(print(made, howBorn), std::string(begunAnew));
    QCOMPARE(QString::fromStdString(print(made, code.toStdString())), printed);
    m_fixture.kill(made.sandbox);
}

void TestForkServer::namesAMissingDirectory()
{
    auto sandbox = m_fixture.launch();
    QVERIFY(sandbox);
    std::shared_ptr<Kernel> starting;
    const auto kernel = m_fixture.wait<std::shared_ptr<Kernel>>([&](auto then) {
        starting = startKernel(sandbox, m_fixture.io(), "python", "/no/where", {}, std::move(then));
    });
    QVERIFY(!kernel);
    QVERIFY2(kernel.error().message.find("/no/where") != std::string::npos, kernel.error().message.c_str());
    m_fixture.kill(sandbox);
}

void TestForkServer::tellsHowAKernelEnded_data()
{
    QTest::addColumn<QString>("code");
    QTest::addColumn<QString>("told");
    QTest::newRow("status") << "import os; os._exit(3)"
                            << "exit status 3";
    QTest::newRow("signal") << "import os; os.kill(os.getpid(), 9)"
                            << "signal 9";
    QTest::newRow("crash") << "import ctypes; ctypes.string_at(0)"
                           << "signal 11";
}

void TestForkServer::tellsHowAKernelEnded()
{
    QFETCH(QString, code);
    QFETCH(QString, told);
    Made made = make();
    QVERIFY(made.kernel);
    const auto lines = m_fixture.execute(*made.kernel, code.toStdString());
    const Json *error = lineOf(lines, "error");
    QVERIFY(error);
    QCOMPARE(QString::fromStdString(stringOr(*error, "value")), QStringLiteral("the Python process ended: ") + told);
    QCOMPARE(print(made, howBorn), std::string(forked)); // and so is the one in its place
    m_fixture.kill(made.sandbox);
}

void TestForkServer::watchdogBoundsAKernel()
{
    SandboxLimits limits;
    limits.memoryMb = 128;
    Made made = make({}, limits);
    QVERIFY(made.kernel);
    // A child of the kernel, then the kernel itself; shared memory is no way around it.
    for (const char *code :
         {"import mmap, os\nm = mmap.mmap(-1, 300 << 20)\nfor i in range(0, 300 << 20, 4096): m[i] = 1",
          "x = [bytearray(1 << 20) for _ in range(300)]"}) {
        const auto lines = m_fixture.execute(*made.kernel, code);
        const Json *error = lineOf(lines, "error");
        QVERIFY(error);
        QCOMPARE(stringOr(*error, "value"), std::string("the Python process ended: memory limit"));
    }
    m_fixture.kill(made.sandbox);
}

/// Each of these kernels has some 50 MB resident, and all but a few of it in common with the others.
void TestForkServer::sharedMemoryIsCountedOnce()
{
    SandboxLimits limits;
    limits.memoryMb = 256;
    Made made = make({}, limits);
    QVERIFY(made.kernel);
    std::vector<std::shared_ptr<Kernel>> more;
    for (int i = 0; i < 9; ++i) {
        more.push_back(m_fixture.kernel(made.sandbox));
        QVERIFY(more.back());
        m_fixture.execute(*more.back(), "kept = 'kept'");
    }
    // Growth makes the watchdog look at once, several times.
    m_fixture.execute(*made.kernel, "import time\nfor i in range(10):\n  x = bytearray(i * 4 << 20); time.sleep(0.05)");
    for (const auto &kernel : more)
        QCOMPARE(textOf(m_fixture.execute(*kernel, "print(kept)"), "stdout"), std::string("kept\n"));
    const auto usage = m_fixture.wait<ResourceUsage>([&](auto then) { made.sandbox->usage(std::move(then)); });
    QVERIFY(usage);
    QVERIFY2(usage->memoryUsed < std::int64_t{200} << 20, qPrintable(QString::number(usage->memoryUsed >> 20)));
    more.clear();
    m_fixture.kill(made.sandbox);
}

void TestForkServer::killLeavesNoKernel()
{
    Made made = make();
    QVERIFY(made.kernel);
    QCOMPARE(print(made, howBorn), std::string(forked));
    const std::vector<int> kernels = forkServerProcesses().kernels;
    QCOMPARE(kernels.size(), std::size_t{1});
    m_fixture.kill(made.sandbox);
    QVERIFY(m_fixture.waitFor([&kernels] { return living(kernels).empty(); }));
}

void TestForkServer::servesManyAtOnce()
{
    constexpr int kMany = 24; // more than are under way at the fork-server at a time
    std::vector<std::shared_ptr<Sandbox>> sandboxes;
    for (int i = 0; i < kMany; ++i) {
        sandboxes.push_back(m_fixture.launch());
        QVERIFY(sandboxes.back());
    }
    std::vector<std::shared_ptr<Kernel>> starting;
    std::vector<std::shared_ptr<Kernel>> started;
    for (const auto &sandbox : sandboxes)
        starting.push_back(startKernel(sandbox, m_fixture.io(), "python", {}, {},
                                       [&started](auto kernel) { started.push_back(kernel.value_or(nullptr)); }));
    QVERIFY(m_fixture.waitFor([&] { return started.size() == kMany; }));
    for (const auto &kernel : started) {
        QVERIFY(kernel);
        QCOMPARE(textOf(m_fixture.execute(*kernel, howBorn), "stdout"), std::string(forked));
    }
    starting.clear();
    started.clear();
    for (auto &sandbox : sandboxes)
        m_fixture.kill(sandbox);
}

void TestForkServer::aDeadServerIsReplaced()
{
    Made before = make();
    QVERIFY(before.kernel);
    m_fixture.execute(*before.kernel, "kept = 'kept'");
    const std::vector<int> servers = forkServerProcesses().servers;
    QVERIFY(!servers.empty());
    ::kill(servers.front(), SIGKILL);
    QVERIFY(m_fixture.waitFor([this] { return !m_fixture.host().canFork({"base"}, {"numpy"}); }));
    Made meanwhile = make();
    QVERIFY(meanwhile.kernel);
    QCOMPARE(print(meanwhile, howBorn), std::string(cold));
    QCOMPARE(print(before, "print(kept)"), std::string("kept\n")); // kernels do not need it any more
    QVERIFY(m_fixture.waitFor([this] { return m_fixture.host().canFork({"base"}, {"numpy"}); }));
    Made after = make();
    QVERIFY(after.kernel);
    QCOMPARE(print(after, howBorn), std::string(forked));
    // The end of a kernel is told as before, though its fork-server is no more.
    const auto lines = m_fixture.execute(*before.kernel, "import os; os._exit(4)");
    const Json *error = lineOf(lines, "error");
    QVERIFY(error);
    QCOMPARE(stringOr(*error, "value"), std::string("the Python process ended: exit status 4"));
    for (Made *made : {&before, &meanwhile, &after})
        m_fixture.kill(made->sandbox);
}

void TestForkServer::aStuckServerIsReplaced()
{
    Made before = make();
    QVERIFY(before.kernel);
    for (const int pid : forkServerProcesses().servers)
        ::kill(pid, SIGSTOP);
    Made made = make(); // waits for the answer for a while, then starts cold
    QVERIFY(made.kernel);
    QCOMPARE(print(made, howBorn), std::string(cold));
    QVERIFY(
        m_fixture.waitFor([this] { return m_fixture.host().canFork({"base"}, {"numpy"}); }, std::chrono::seconds(60)));
    Made after = make();
    QVERIFY(after.kernel);
    QCOMPARE(print(after, howBorn), std::string(forked));
    for (Made *each : {&before, &made, &after})
        m_fixture.kill(each->sandbox);

    // A killed sandbox ends although the fork-server does not reap its kernel.
    Made stuck = make();
    QVERIFY(stuck.kernel);
    QCOMPARE(print(stuck, howBorn), std::string(forked));
    for (const int pid : forkServerProcesses().servers)
        ::kill(pid, SIGSTOP);
    bool gone = false;
    stuck.sandbox->kill([&gone] { gone = true; });
    QVERIFY(m_fixture.waitFor([&gone] { return gone; }));
    QVERIFY(
        m_fixture.waitFor([this] { return m_fixture.host().canFork({"base"}, {"numpy"}); }, std::chrono::seconds(60)));
}

void TestForkServer::anUnknownTemplateIsRefused()
{
    std::string reason;
    m_fixture.host().onForkServer([&reason](bool ready, const std::string &why) {
        if (!ready)
            reason = why;
    });
    m_fixture.host().prepare({"no-such-layer"}, {});
    QVERIFY(m_fixture.waitFor([&reason] { return !reason.empty(); }));
    QCOMPARE(reason, std::string("template layer 'no-such-layer' does not exist"));
    reason.clear();
    m_fixture.host().prepare({"../../etc"}, {});
    QVERIFY(m_fixture.waitFor([&reason] { return !reason.empty(); }));
    QCOMPARE(reason, std::string("template layer '../../etc' does not exist"));
    m_fixture.host().onForkServer(nullptr);
}

void TestForkServer::standsOnSeveralLayers()
{
    const std::filesystem::path layer = m_fixture.stateDirectory() + "/layers/extra";
    std::filesystem::create_directories(layer / "opt/sandglass/local/lib");
    std::ofstream(layer / "opt/of-the-layer") << "here";
    const std::vector<std::string> layers{"base", "extra"};
    m_fixture.host().prepare(layers, {});
    QVERIFY(m_fixture.waitFor([&] { return m_fixture.host().canFork(layers, {}); }, std::chrono::seconds(60)));
    LaunchSpec spec;
    spec.sandboxId = "layered";
    spec.layers = layers;
    spec.preimport = std::vector<std::string>();
    Made made;
    made.sandbox = m_fixture.tryLaunch(spec).value_or(nullptr);
    QVERIFY(made.sandbox);
    made.kernel = m_fixture.kernel(made.sandbox);
    QVERIFY(made.kernel);
    QCOMPARE(print(made, howBorn), std::string(begunAnew)); // forked, without libraries
    QCOMPARE(print(made, "import sys; print('IPython' in sys.modules, open('/opt/of-the-layer').read())"),
             std::string("True here\n"));
    m_fixture.kill(made.sandbox);
}

void TestForkServer::endsWithTheEngine()
{
    std::array<int, 2> ready{-1, -1};
    QCOMPARE(::pipe(ready.data()), 0);
    const pid_t engine = ::fork();
    if (engine == 0) {
        Fixture fixture;
        const bool started = fixture.start().isEmpty() && fixture.useForkServer();
        const auto sandbox = fixture.launch();
        const auto kernel = fixture.kernel(sandbox);
        const char byte = started && kernel ? '1' : '0';
        (void)!::write(ready[1], &byte, 1);
        fixture.io().run_for(std::chrono::minutes(2));
        _exit(0);
    }
    char byte = 0;
    QCOMPARE(::read(ready[0], &byte, 1), ssize_t{1});
    QCOMPARE(byte, '1');
    std::vector<int> all;
    const auto everything = [&] { // the fork-server, the kernel, the daemon
        const auto [servers, kernels] = forkServerProcesses(engine);
        all = servers;
        all.insert(all.end(), kernels.begin(), kernels.end());
        for (const int pid : hostProcesses("sandglass-sandbox")) {
            if (isOurs(pid, engine))
                all.push_back(pid);
        }
        return servers.size() == 1 && kernels.size() == 1 && all.size() == 3;
    };
    QVERIFY(m_fixture.waitFor(everything));
    ::kill(engine, SIGKILL);
    ::waitpid(engine, nullptr, 0);
    QVERIFY(m_fixture.waitFor([&all] { return living(all).empty(); }, std::chrono::seconds(10)));
    ::close(ready[0]);
    ::close(ready[1]);
}

QTEST_GUILESS_MAIN(TestForkServer)
#include "tst_forkserver.moc"
