#include "tests/services/engine/broker_fixture.h"

#include "services/core/base64.h"

#include <algorithm>
#include <fstream>
#include <unistd.h>

using namespace sandglass;
using namespace sandglass::engine;
using namespace sandglass::engine::test;

class TestKernel final : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void initTestCase();
    void cleanupTestCase();
    void speaksTheStream();
    void givesMainResults_data();
    void givesMainResults();
    void showsFramesAndFigures();
    void tellsErrors_data();
    void tellsErrors();
    void keepsStateAndCounts();
    void keepsTheOrderOfOutput();
    void setsVariablesForOneExecution();
    void startsInTheDirectory();
    void interruptsAnEndlessLoop_data();
    void interruptsAnEndlessLoop();
    void replacesADeadProcess_data();
    void replacesADeadProcess();
    void runsInOrderAndDropsWaiting();
    void restarts();
    void bounds100MegabytesOfOutput();
    void stopsReadingForASlowListener_data();
    void stopsReadingForASlowListener();
    void refusesOtherLanguages();
    void namesTheMissingPackage();

private:
    std::vector<Json> execute(const std::string &code) { return m_fixture.execute(*m_kernel, code); }

    Fixture m_fixture;
    std::shared_ptr<Sandbox> m_sandbox;
    std::shared_ptr<Kernel> m_kernel;
};

namespace {

std::int64_t residentKilobytes()
{
    long size = 0;
    long resident = 0;
    std::ifstream("/proc/self/statm") >> size >> resident;
    return resident * (sysconf(_SC_PAGESIZE) / 1024);
}

std::string typesOf(const std::vector<Json> &lines)
{
    std::string types;
    for (const Json &line : lines)
        types += (types.empty() ? "" : " ") + stringOr(line, "type");
    return types;
}

} // namespace

void TestKernel::initTestCase()
{
    START_OR_SKIP(m_fixture);
    if (!m_fixture.tier().cures.empty())
        QSKIP(
            qPrintable(QStringLiteral("a tool is missing: ") + QString::fromStdString(m_fixture.tier().cures.front())));
    if (qEnvironmentVariableIsSet("SANDGLASS_TEST_FORKED"))
        QVERIFY(m_fixture.useForkServer({"numpy", "pandas", "matplotlib"}));
    SandboxLimits limits;
    limits.memoryMb = 1024;
    m_sandbox = m_fixture.launch(limits);
    QVERIFY(m_sandbox);
    m_kernel = m_fixture.kernel(m_sandbox, {}, {{"FROM_SANDBOX", "yes"}});
    QVERIFY(m_kernel);
    const std::string parent = qEnvironmentVariableIsSet("SANDGLASS_TEST_FORKED") ? "0\n" : "1\n";
    QCOMPARE(textOf(execute("import os; print(os.getppid())"), "stdout"), parent);
}

void TestKernel::cleanupTestCase()
{
    m_kernel.reset();
    m_sandbox.reset();
}

void TestKernel::speaksTheStream()
{
    const auto lines = execute("import sys\nprint(21 + 21)\nprint('oh', file=sys.stderr)\n7 * 6");
    QCOMPARE(typesOf(lines), std::string("number_of_executions stdout stderr result end_of_execution"));
    QVERIFY(lines[0]["execution_count"].is_number_integer());
    QCOMPARE(stringOr(lines[1], "text"), std::string("42\n"));
    QCOMPARE(stringOr(lines[2], "text"), std::string("oh\n"));
    QVERIFY(parseRfc3339(stringOr(lines[1], "timestamp")).has_value());
    QCOMPARE(dumpJson(lines[3]), std::string(R"({"is_main_result":true,"text":"42","type":"result"})"));
    QCOMPARE(dumpJson(lines[4]), std::string(R"({"type":"end_of_execution"})"));
    QCOMPARE(typesOf(execute("x = 1")), std::string("number_of_executions end_of_execution"));
}

void TestKernel::givesMainResults_data()
{
    QTest::addColumn<QString>("code");
    QTest::addColumn<QString>("result");
    QTest::newRow("text loses its quotes") << "'it is'"
                                           << R"({"text":"it is"})";
    QTest::newRow("list") << "[1, 'a', None]"
                          << R"({"text":"[1, 'a', None]","json":[1,"a",null]})";
    QTest::newRow("not JSON") << "[float('nan')]"
                              << R"({"text":"[nan]"})";
    QTest::newRow("html")
        << "class H:\n  def _repr_html_(self): return '<b>h</b>'\n  def __repr__(self): return 'H'\nH()"
        << R"({"text":"H","html":"<b>h</b>"})";
    QTest::newRow("json") << "class J:\n  def _repr_json_(self): return {'a': 1}\n  def __repr__(self): return 'J'\nJ()"
                          << R"({"text":"J","json":{"a":1}})";
    QTest::newRow("markdown, latex, svg")
        << "class M:\n  def _repr_mimebundle_(self, include=None, exclude=None):\n    return {'text/plain': 'm', "
           "'text/markdown': "
           "'*m*', 'text/latex': '$m$', 'image/svg+xml': '<svg/>', 'a/b': 'c'}\nM()"
        << R"({"text":"m","markdown":"*m*","latex":"$m$","svg":"<svg/>","extra":{"a/b":"c"}})";
    QTest::newRow("await") << "import asyncio\nawait asyncio.sleep(0)\n5"
                           << R"({"text":"5"})";
}

void TestKernel::givesMainResults()
{
    QFETCH(QString, code);
    QFETCH(QString, result);
    const auto lines = execute(code.toStdString());
    const Json *line = lineOf(lines, "result");
    QVERIFY2(line, typesOf(lines).c_str());
    Json expected = Json::parse(result.toStdString());
    expected["type"] = "result";
    expected["is_main_result"] = true;
    QCOMPARE(dumpJson(*line), dumpJson(expected));
}

void TestKernel::showsFramesAndFigures()
{
    const auto frame = execute("import pandas as pd\npd.DataFrame({'a': [1, 2, 3, 4], 'b': [0.5, float('nan'), "
                               "float('inf'), -float('inf')]})");
    const Json *table = lineOf(frame, "result");
    QVERIFY(table && boolOr(*table, "is_main_result"));
    QVERIFY(stringOr(*table, "html").find("<table") != std::string::npos);
    QCOMPARE(dumpJson(memberOr(*table, "data")), std::string(R"({"a":[1,2,3,4],"b":[0.5,null,null,null]})"));

    const auto plot = execute("import matplotlib.pyplot as plt\nplt.plot([1, 2, 3])\nplt.show()");
    const Json *figure = lineOf(plot, "result");
    QVERIFY2(figure, dumpJson(plot).c_str());
    QVERIFY(!boolOr(*figure, "is_main_result", true));
    const auto png = base64Decode(stringOr(*figure, "png"));
    QVERIFY(png && png->starts_with("\x89PNG"));

    const auto shown = execute("from IPython.display import display, HTML\ndisplay(HTML('<i>x</i>'))\n1");
    QCOMPARE(typesOf(shown), std::string("number_of_executions result result end_of_execution"));
    QCOMPARE(stringOr(shown[1], "html"), std::string("<i>x</i>"));
}

void TestKernel::tellsErrors_data()
{
    QTest::addColumn<QString>("code");
    QTest::addColumn<QString>("name");
    QTest::addColumn<QString>("value");
    QTest::newRow("division") << "def f():\n    return 1 / 0\nf()"
                              << "ZeroDivisionError"
                              << "division by zero";
    QTest::newRow("missing colon") << "for i in range(3)\n    print(i)"
                                   << "SyntaxError"
                                   << "expected ':' (3859907720.py, line 1)";
    QTest::newRow("missing module") << "import nonexistent_module"
                                    << "ModuleNotFoundError"
                                    << "No module named 'nonexistent_module'";
    QTest::newRow("sys.exit") << "import sys\nsys.exit(3)"
                              << "SystemExit"
                              << "3";
    QTest::newRow("exit()") << "exit()"
                            << "SystemExit"
                            << "the interpreter of a context cannot be left; restart the context instead";
    QTest::newRow("input") << "input('name? ')"
                           << "StdinNotImplementedError"
                           << "input() was called, but a sandbox's code interpreter has nobody to ask";
}

void TestKernel::tellsErrors()
{
    QFETCH(QString, code);
    const auto lines = execute(code.toStdString());
    const Json *error = lineOf(lines, "error");
    QVERIFY2(error, typesOf(lines).c_str());
    QTEST(QString::fromStdString(stringOr(*error, "name")), "name");
    QFETCH(QString, value);
    const QString told = QString::fromStdString(stringOr(*error, "value"));
    QVERIFY2(told.startsWith(value.section(u'(', 0, 0)) || told == value,
             qPrintable(told)); // the cell's file name varies
    QVERIFY(!stringOr(*error, "traceback").empty());
    QCOMPARE(stringOr(lines.back(), "type"), std::string("end_of_execution"));
    QCOMPARE(stringOr(*lineOf(execute("'alive'"), "result"), "text"), std::string("alive"));
}

void TestKernel::keepsStateAndCounts()
{
    const auto first = execute("counter = 40");
    const auto second = execute("counter += 2\nprint(counter)");
    QCOMPARE(textOf(second, "stdout"), std::string("42\n"));
    QCOMPARE(intOr(second[0], "execution_count"), intOr(first[0], "execution_count") + 1);
    QCOMPARE(textOf(execute("print(_i is not None, In[-1][:5], Out is not None)"), "stdout"),
             std::string("True print True\n"));
}

void TestKernel::keepsTheOrderOfOutput()
{
    const auto lines = execute("import os, subprocess\n"
                               "for i in range(5):\n"
                               "    print('text', i)\n"
                               "    import sys; sys.stdout.flush()\n"
                               "    os.write(1, b'raw %d\\n' % i)\n"
                               "    subprocess.run(['echo', 'child', str(i)])\n");
    std::string expected;
    for (int i = 0; i < 5; ++i)
        expected += "text " + std::to_string(i) + "\nraw " + std::to_string(i) + "\nchild " + std::to_string(i) + "\n";
    QCOMPARE(textOf(lines, "stdout"), expected);
    QCOMPARE(textOf(execute("!echo from a shell"), "stdout"), std::string("from a shell\r\n"));
    QCOMPARE(textOf(execute("print('a\\u20ac\\U0001F600', end='')"), "stdout"), std::string("a€😀"));
    QCOMPARE(textOf(execute("import os\npid = os.fork()\nif pid == 0:\n    print('child'); "
                            "os._exit(0)\nos.waitpid(pid, 0); print('parent')"),
                    "stdout"),
             std::string("child\nparent\n"));
}

void TestKernel::setsVariablesForOneExecution()
{
    const std::string code =
        "import os\nprint(os.environ.get('ONE'), os.environ.get('FROM_SANDBOX'), os.environ.get('HOME'))";
    QCOMPARE(textOf(m_fixture.execute(*m_kernel, code, {{"ONE", "1"}, {"FROM_SANDBOX", "other"}}), "stdout"),
             std::string("1 other /home/user\n"));
    QCOMPARE(textOf(execute(code), "stdout"), std::string("None yes /home/user\n"));
}

void TestKernel::startsInTheDirectory()
{
    const auto kernel = m_fixture.kernel(m_sandbox, "/tmp");
    QVERIFY(kernel);
    QCOMPARE(textOf(m_fixture.execute(*kernel, "import os; print(os.getcwd())"), "stdout"), std::string("/tmp\n"));
    QCOMPARE(kernel->workingDirectory(), std::string("/tmp"));
    QCOMPARE(textOf(execute("import os; print(os.getcwd())"), "stdout"), std::string("/home/user\n"));
    QVERIFY(!m_fixture.kernel(m_sandbox, "/no/such/directory"));
}

void TestKernel::interruptsAnEndlessLoop_data()
{
    QTest::addColumn<QString>("code");
    QTest::addColumn<bool>("keepsVariables");
    QTest::newRow("loop") << "print('up')\nwhile True: pass" << true;
    QTest::newRow("printing loop") << "while True: print('x' * 100)" << true;
    QTest::newRow("sleep") << "import time; print('up'); time.sleep(1000)" << true;
    QTest::newRow("child") << "import subprocess; print('up'); subprocess.run(['sleep', '1000'])" << true;
    QTest::newRow("swallows everything")
        << "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN); print('up')\nwhile True: pass" << false;
}

void TestKernel::interruptsAnEndlessLoop()
{
    QFETCH(QString, code);
    QFETCH(bool, keepsVariables);
    execute("kept = 'kept'");
    bool running = false;
    bool late = false;
    bool cancelled = false;
    Kernel::Execution sink;
    sink.onLine = [&](const std::string &line) {
        running = running || line.find("stdout") != std::string::npos;
        late = late || cancelled;
    };
    const std::uint64_t handle = m_kernel->execute({code.toStdString(), {}}, sink);
    QVERIFY(m_fixture.waitFor([&running] { return running; }));
    m_kernel->cancel(handle);
    cancelled = true;
    const auto after = execute("print('kept' in globals())");
    QCOMPARE(textOf(after, "stdout"), std::string(keepsVariables ? "True\n" : "False\n"));
    QVERIFY(!late);
}

void TestKernel::replacesADeadProcess_data()
{
    QTest::addColumn<QString>("code");
    QTest::newRow("os._exit") << "print('last words', flush=True)\nimport os; os._exit(3)";
    QTest::newRow("crash") << "print('last words', flush=True)\nimport ctypes; ctypes.string_at(0)";
    QTest::newRow("kill") << "print('last words', flush=True)\nimport os; os.kill(os.getpid(), 9)";
}

void TestKernel::replacesADeadProcess()
{
    QFETCH(QString, code);
    const auto lines = execute(code.toStdString());
    QCOMPARE(textOf(lines, "stdout"), std::string("last words\n"));
    const Json *error = lineOf(lines, "error");
    QVERIFY(error);
    QCOMPARE(stringOr(*error, "name"), std::string("UnexpectedEndOfExecution"));
    QCOMPARE(stringOr(lines.back(), "type"), std::string("end_of_execution"));
    QCOMPARE(textOf(execute("print('fresh')"), "stdout"), std::string("fresh\n"));
}

void TestKernel::runsInOrderAndDropsWaiting()
{
    std::string order;
    const auto add = [&](const std::string &code, const std::string &name) {
        Kernel::Execution sink;
        sink.onLine = [&order, name](const std::string &line) {
            if (line.find("end_of_execution") != std::string::npos)
                order += name;
        };
        return m_kernel->execute({code, {}}, sink);
    };
    add("import time; time.sleep(0.05)", "a");
    const std::uint64_t dropped = add("print('never')", "b");
    add("1", "c");
    m_kernel->cancel(dropped);
    QVERIFY(m_fixture.waitFor([&order] { return order.size() == 2; }));
    QCOMPARE(order, std::string("ac"));
}

void TestKernel::restarts()
{
    execute("kept = 1");
    std::vector<Json> lines;
    Kernel::Execution sink;
    sink.onLine = [&lines](const std::string &line) { lines.push_back(Json::parse(line)); };
    m_kernel->execute({"while True: pass", {}}, sink);
    QVERIFY(m_fixture.waitFor([&lines] { return !lines.empty(); }));
    const auto restarted = m_fixture.wait<void>([&](auto then) { m_kernel->restart(std::move(then)); });
    QVERIFY(restarted);
    QCOMPARE(typesOf(lines), std::string("number_of_executions error end_of_execution"));
    QCOMPARE(stringOr(lines[1], "name"), std::string("ContextRestarting"));
    const auto after = execute("print('kept' in globals())");
    QCOMPARE(textOf(after, "stdout"), std::string("False\n"));
    QCOMPARE(intOr(after[0], "execution_count"), std::int64_t{1});
}

void TestKernel::bounds100MegabytesOfOutput()
{
    std::size_t bytes = 0;
    std::int64_t peak = 0;
    bool ended = false;
    [[maybe_unused]] const std::int64_t before = residentKilobytes();
    Kernel::Execution sink;
    sink.onLine = [&](const std::string &line) {
        bytes += static_cast<std::size_t>(std::count(line.begin(), line.end(), 'x'));
        ended = line.starts_with("{\"type\": \"end_of_execution\"");
        peak = std::max(peak, residentKilobytes());
    };
    m_kernel->execute({"line = 'x' * 99\nfor i in range(1_000_000): print(line)", {}}, sink);
    QVERIFY(m_fixture.waitFor([&ended] { return ended; }, std::chrono::seconds(120)));
    QVERIFY2(bytes >= 99'000'000, qPrintable(QString::number(bytes)));
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) // they keep freed memory
    QVERIFY2(peak - before < 32 * 1024, qPrintable(QString::number(peak - before)));
#endif

    const auto raw = execute(
        "import subprocess\nsubprocess.run('head -c 2000000 /dev/zero | tr \"\\\\0\" y', shell=True)\nprint('done')");
    QCOMPARE(textOf(raw, "stdout").size(), std::size_t{2'000'000 + 5});
}

void TestKernel::stopsReadingForASlowListener_data()
{
    QTest::addColumn<QString>("language");
    QTest::addColumn<QString>("code");
    QTest::newRow("python") << "python"
                            << "for i in range(100_000): print('z' * 99)";
    QTest::newRow("javascript") << "javascript"
                                << "for (let i = 0; i < 100_000; ++i) console.log('z'.repeat(99))";
    QTest::newRow("bash") << "bash"
                          << "head -c 10100000 /dev/zero | tr '\\0' z";
}

void TestKernel::stopsReadingForASlowListener()
{
    QFETCH(QString, language);
    QFETCH(QString, code);
    std::shared_ptr<Kernel> starting;
    const auto kernel = m_fixture.wait<std::shared_ptr<Kernel>>([&](auto then) {
        starting = startKernel(m_sandbox, m_fixture.io(), language.toStdString(), {}, {}, std::move(then));
    });
    if (!kernel && kernel.error().code == "failed_precondition")
        QSKIP(kernel.error().message.c_str());
    QVERIFY(kernel);
    bool open = true;
    bool ended = false;
    std::size_t bytes = 0;
    Kernel::Execution sink;
    sink.onLine = [&](const std::string &line) {
        bytes += line.size();
        if (bytes > 200'000 && !ended && open)
            open = false;
        ended = ended || line.find("end_of_execution") != std::string::npos;
    };
    bool slow = true;
    sink.canTakeMore = [&] { return open || !slow; };
    (*kernel)->execute({code.toStdString(), {}}, sink);
    QVERIFY(m_fixture.waitFor([&open] { return !open; }));
    // Another sandbox round trip passes while this listener takes nothing.
    const std::size_t stopped = bytes;
    QCOMPARE(m_fixture.run(*m_sandbox, "echo through").out, std::string("through\n"));
    QVERIFY2(bytes < stopped + 200'000, qPrintable(QString::number(bytes)));
    QVERIFY(!ended);
    slow = false;
    (*kernel)->resumeReading();
    QVERIFY(m_fixture.waitFor([&ended] { return ended; }));
    QVERIFY2(bytes > 10'000'000, qPrintable(QString::number(bytes)));
}

void TestKernel::refusesOtherLanguages()
{
    std::shared_ptr<Kernel> starting;
    const auto kernel = m_fixture.wait<std::shared_ptr<Kernel>>(
        [&](auto then) { starting = startKernel(m_sandbox, m_fixture.io(), "cobol", {}, {}, std::move(then)); });
    QVERIFY(!kernel);
    QCOMPARE(kernel.error().code, std::string("unimplemented"));
}

/// As where IPython is not installed: the import fails in the same words.
void TestKernel::namesTheMissingPackage()
{
    std::shared_ptr<Kernel> starting;
    const CommandResult shadowed = m_fixture.run(
        *m_sandbox,
        "mkdir -p /tmp/shadow/IPython && "
        "echo \"raise ModuleNotFoundError(\\\"No module named 'IPython'\\\")\" > /tmp/shadow/IPython/__init__.py");
    QCOMPARE(shadowed.err, std::string());
    const auto kernel = m_fixture.wait<std::shared_ptr<Kernel>>([&](auto then) {
        starting =
            startKernel(m_sandbox, m_fixture.io(), "python", {}, {{"PYTHONPATH", "/tmp/shadow"}}, std::move(then));
    });
    QVERIFY(!kernel);
    QCOMPARE(kernel.error().message,
             std::string("the Python kernel needs the Debian package python3-ipython: apt install python3-ipython"));
    QCOMPARE(kernel.error().code, std::string("failed_precondition"));
}

QTEST_GUILESS_MAIN(TestKernel)
#include "tst_kernel.moc"
