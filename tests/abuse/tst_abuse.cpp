#include "tests/services/engine/engine_process.h"

#include <QDir>
#include <QFile>
#include <QJsonArray>
#include <QJsonObject>
#include <QNetworkReply>
#include <QRegularExpression>
#include <QTcpServer>
#include <QTest>
#include <QtEndian>

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

using namespace Qt::Literals::StringLiterals;

namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool keepsFreedMemory = true;
#else
constexpr bool keepsFreedMemory = false;
#endif

constexpr const char *canary = "canary-5f1d9c07";
constexpr uid_t ordinaryUser = 54'321;

/// Of the engine, in kB.
qint64 resident(qint64 pid)
{
    QFile status(u"/proc/%1/status"_s.arg(pid));
    if (!status.open(QIODevice::ReadOnly))
        return 0;
    const auto match = QRegularExpression(u"VmRSS:\\s+(\\d+)"_s).match(QString::fromLatin1(status.readAll()));
    return match.captured(1).toLongLong();
}

/// Processes of this machine whose command line holds `text`.
int processesWith(const QByteArray &text)
{
    int count = 0;
    for (const QString &pid : QDir(u"/proc"_s).entryList({u"[0-9]*"_s}, QDir::Dirs)) {
        QFile line(u"/proc/%1/cmdline"_s.arg(pid));
        count += line.open(QIODevice::ReadOnly) && line.readAll().contains(text) ? 1 : 0;
    }
    return count;
}

/// `code` by Python, as a command of the sandbox's root.
EngineProcess::Answer runAsRoot(EngineProcess &engine, const EngineProcess::Created &sandbox, const QByteArray &code)
{
    const QByteArray whole = "import os\nassert os.getuid() == 0\n" + code;
    const auto stored =
        engine.execute(sandbox.id, sandbox.token, // not as an argument: one attack looks for its own words
                       u"import base64\nopen('/tmp/attack.py', 'wb').write(base64.b64decode('%1'))"_s.arg(
                           QString::fromLatin1(whole.toBase64())));
    if (stored.body.contains("\"error\""))
        return stored;
    const QJsonObject process{{u"cmd"_s, u"/usr/bin/python3"_s}, {u"args"_s, QJsonArray{u"-u"_s, u"/tmp/attack.py"_s}}};
    const QByteArray message =
        QJsonDocument(QJsonObject{{u"process"_s, process}, {u"stdin"_s, false}}).toJson(QJsonDocument::Compact);
    QByteArray envelope(5, 0);
    qToBigEndian(static_cast<quint32>(message.size()), envelope.data() + 1);
    const EngineProcess::Headers headers{{"Content-Type", "application/connect+json"},
                                         {"Authorization", "Basic " + QByteArray("root:").toBase64()}};
    return engine.sandbox(sandbox.id, sandbox.token, 49983, "POST", u"/process.Process/Start"_s, envelope + message,
                          headers);
}

/// What such a command wrote, and how it ended.
QByteArray outputOf(const QByteArray &envelopes)
{
    QByteArray text;
    for (qsizetype at = 0; at + 5 <= envelopes.size();) {
        const auto size = static_cast<qsizetype>(qFromBigEndian<quint32>(envelopes.constData() + at + 1));
        const QJsonObject event = QJsonDocument::fromJson(envelopes.mid(at + 5, size)).object()[u"event"_s].toObject();
        for (const QString &stream : {u"stdout"_s, u"stderr"_s})
            text += QByteArray::fromBase64(event[u"data"_s].toObject()[stream].toString().toLatin1());
        text += event[u"end"_s].toObject()[u"error"_s].toString().toUtf8();
        at += 5 + size;
    }
    return text;
}

} // namespace

/// Each attack runs in a sandbox of its own and names the limit that stops it. Afterwards the sandbox beside it, and
/// the engine, are as they were.
class TestAbuse final : public QObject
{
    Q_OBJECT

private:
    struct Ground
    {
        std::unique_ptr<EngineProcess> engine;
        EngineProcess::Created neighbour;
    };
    std::map<QString, Ground> m_grounds; ///< by who started the engine
    QTcpServer m_hostServer;
    int m_abstractSocket = -1;

    [[nodiscard]] static QString starter()
    {
        return QString::fromLatin1(QTest::currentDataTag()).section(u": "_s, 0, 0);
    }
    [[nodiscard]] Ground &ground() { return m_grounds.at(starter()); }

    static QList<QByteArray> starters()
    {
        return geteuid() == 0 ? QList<QByteArray>{"root", "user"} : QList<QByteArray>{"user"};
    }
    enum class Cost { Small, Large }; ///< large: once is enough, the limit is the same
    static void addAttack(const char *name, const QByteArray &code, const char *expected, Cost cost = Cost::Small)
    {
        for (const QByteArray &each : cost == Cost::Small ? starters() : QList<QByteArray>{"user"})
            QTest::newRow(QByteArray(each + ": " + name).constData()) << code << QByteArray(expected) << false;
        // The sandbox's own root is a name for the same account.
        if (cost == Cost::Small)
            QTest::newRow(QByteArray("user: as the sandbox's root: ").append(name).constData())
                << code << QByteArray(expected) << true;
    }
    static void addStarters()
    {
        QTest::addColumn<bool>("isRoot");
        for (const QByteArray &each : starters())
            QTest::newRow(each.constData()) << (each == "root");
    }

    void prepare(const QString &name)
    {
        Ground ground;
        ground.engine = std::make_unique<EngineProcess>();
        if (name == u"user"_s && geteuid() == 0)
            ground.engine->runAs(ordinaryUser);
        QVERIFY(ground.engine->start());
        if (!ground.engine->canRunSandboxes())
            QSKIP("no isolation on this machine");
        ground.neighbour = ground.engine->create(R"({"templateID":"code-interpreter-v1","timeout":3600})");
        const auto made = ground.engine->execute(
            ground.neighbour.id, ground.neighbour.token,
            u"state = 41\nopen('/home/user/secret', 'w').write('%1')"_s.arg(QLatin1StringView(canary)));
        QCOMPARE(made.status, 200);
        m_grounds.emplace(name, std::move(ground));
    }

private Q_SLOTS:
    void initTestCase()
    {
        qputenv("ABUSE_CANARY", canary); // of the host's environment
        QVERIFY(m_hostServer.listen(QHostAddress::LocalHost));
        m_abstractSocket = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::memcpy(address.sun_path + 1, canary, std::strlen(canary));
        const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + std::strlen(canary));
        QVERIFY(::bind(m_abstractSocket, reinterpret_cast<const sockaddr *>(&address), length) == 0);
        QVERIFY(::listen(m_abstractSocket, 1) == 0);
        prepare(u"user"_s);
        if (geteuid() == 0)
            prepare(u"root"_s);
    }
    void cleanupTestCase()
    {
        ::close(m_abstractSocket);
        m_grounds.clear();
    }

    void attack_data();
    void attack();
    void outputFlood_data() { addStarters(); }
    void outputFlood();
    void forkBomb_data() { addStarters(); }
    void forkBomb();
    void pathsThroughTheApi_data() { addStarters(); }
    void pathsThroughTheApi();
};

void TestAbuse::attack_data()
{
    QTest::addColumn<QByteArray>("code");
    QTest::addColumn<QByteArray>("expected");
    QTest::addColumn<bool>("asSandboxRoot");

    addAttack("memory, one process", "data = []\nwhile True: data.append(bytearray(20_000_000))",
              "MemoryError|memory limit");
    addAttack("memory, eight processes",
              "import os, time\npids = []\nfor i in range(8):\n  pid = os.fork()\n  if pid == 0:\n    data = []\n"
              "    while True:\n      data.append(bytearray(b'x') * 4_000_000)\n      time.sleep(0.005)\n"
              "  pids.append(pid)\nprint([os.waitpid(pid, 0)[1] for pid in pids])",
              "^\\[[0-9, ]*\\b9\\b[0-9, ]*\\]|MemoryError|memory limit"); // killed, or out of memory themselves
    addAttack("disk",
              "import os\ntry:\n  f = open('fill', 'wb', 0)\n  while True: f.write(b'x' * 4_000_000)\n"
              "except OSError as e: print(e.strerror)",
              "No space left on device|File too large", Cost::Large);
    addAttack("inodes",
              "try:\n  for i in range(10_000_000): open('/tmp/i%d' % i, 'w').close()\n"
              "except OSError as e: print(e.strerror)",
              "No space left on device", Cost::Large);
    addAttack("sparse file",
              "import signal\nsignal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
              "try: open('sparse', 'wb').truncate(1 << 40)\nexcept OSError as e: print(e.strerror)",
              "File too large");
    addAttack("descriptors",
              "files = []\ntry:\n  while True: files.append(open('/dev/null'))\n"
              "except OSError as e: print(e.strerror, len(files) < 4096)",
              "Too many open files True");
    addAttack("shared memory",
              "try: open('/dev/shm/fill', 'wb').write(b'x' * 2_000_000_000)\n"
              "except (OSError, MemoryError) as e: print(type(e).__name__)",
              "OSError|MemoryError|memory limit", Cost::Large);
    addAttack("deep folders",
              "import os\nfor i in range(5_000):\n  os.mkdir('d'); os.chdir('d')\nprint('at the bottom')",
              "at the bottom");
    addAttack("kill everything",
              "import os, signal\nos.kill(1, signal.SIGKILL)\ntry: os.kill(-1, signal.SIGKILL)\n"
              "except OSError as e: pass\nprint('still here')",
              "still here");
    addAttack("host files",
              "import glob, os\nfound = []\nfor path in ['/etc/shadow', '/root', '/home', '/var/lib', "
              "'/proc/1/root/etc/shadow', "
              "'/proc/1/cwd']:\n  try:\n    for each in ([path] if os.path.isfile(path) else glob.glob(path + '/**', "
              "recursive=True)):\n"
              "      if os.path.isfile(each) and b'canary-' in open(each, 'rb').read(1_000_000): found.append(each)\n"
              "  except OSError: pass\nprint('canaries:', found)",
              "^canaries: \\[\\]$");
    addAttack(
        "environments",
        "import glob\nseen = ''\nfor path in glob.glob('/proc/[0-9]*/environ') + glob.glob('/proc/[0-9]*/cmdline'):\n"
        "  try: seen += open(path).read()\n  except OSError: pass\nprint('ABUSE' in seen, 'E2B_' in seen)",
        "^False False$");
    addAttack("descriptors of others",
              "import os\nkinds = set()\nfor fd in os.listdir('/proc/self/fd'):\n  try: "
              "kinds.add(os.readlink('/proc/self/fd/' + "
              "fd).split(':')[0])\n  except OSError: pass\nprint(sorted(k for k in kinds if k.startswith('/') and not "
              "k.startswith(('/proc', '/dev/', '/home', '/tmp', '/usr'))))",
              "^\\[\\]$");
    addAttack(
        "network",
        "import socket\nfor host, port in [('127.0.0.1', PORT), ('8.8.8.8', 53), ('169.254.169.254', 80)]:\n"
        "  s = socket.socket()\n  s.settimeout(2)\n  try: s.connect((host, port)); print('reached', host)\n"
        "  except OSError as e: pass\nfor family, kind in [(socket.AF_VSOCK, socket.SOCK_STREAM), (socket.AF_PACKET, "
        "socket.SOCK_RAW), (socket.AF_INET, socket.SOCK_RAW)]:\n  try: socket.socket(family, kind); print('made', "
        "family)\n"
        "  except OSError: pass\ns = socket.socket(socket.AF_UNIX)\ntry: s.connect('\\0canary-5f1d9c07'); "
        "print('abstract')\nexcept OSError: pass\nprint('end')",
        "^end$");
    addAttack(
        "system calls",
        "import ctypes\nlibc = ctypes.CDLL(None, use_errno=True)\n"
        "calls = {'ptrace': (101, 16, 1, 0, 0), 'io_uring_setup': (425, 8, 0), 'unshare': (272, 0x10000000), 'mount': "
        "(165, "
        "0, b'/', 0, 4096, 0), 'setns': (308, 0, 0), 'bpf': (321, 0, 0, 0), 'keyctl': (250, 0, -3, 1), 'chroot': (161, "
        "b'/'), 'pivot_root': (155, b'/', b'/'), 'personality': (135, 0x0040000), 'perf_event_open': (298, 0, 0, 0, 0, "
        "0), "
        "'userfaultfd': (323, 0), 'kexec_load': (246, 0, 0, 0, 0), 'init_module': (175, 0, 0, b''), 'reboot': (169, 0, "
        "0, 0), "
        "'setuid': (105, 0), 'mknod': (133, b'/tmp/dev', 0x2180, 0x101), 'sethostname': (170, b'x', 1)}\n"
        "print([name for name, call in calls.items() if libc.syscall(*call) >= 0])",
        "^\\[('setuid', 'mknod')?\\]$"); // number 0 may become what it is, and seems to make a device
    addAttack(
        "accounts and devices that are not its own",
        "import ctypes, os, stat\nlibc = ctypes.CDLL(None, use_errno=True)\nbefore = os.getresuid(), os.getgroups()\n"
        "open('/tmp/mine', 'w').close()\n"
        "for call in ((105, 4), (106, 4), (116, 1, b'\\x04\\0\\0\\0'), (117, 4, 4, 4), (92, b'/tmp/mine', 4, 4), "
        "(133, b'/tmp/dev', 0x2180, 0x101), (259, -100, b'/tmp/dev', 0x6180, 0x800)): libc.syscall(*call)\n"
        "print(before == (os.getresuid(), os.getgroups()), os.stat('/tmp/mine').st_uid == os.getuid(), "
        "os.path.lexists('/tmp/dev'))",
        "^True True False$");
    addAttack(
        "kernel settings",
        "import glob\ndone = []\nfor path in ['/proc/sys/kernel/core_pattern', '/proc/sysrq-trigger', "
        "'/proc/sys/vm/drop_caches', '/sys/fs/cgroup/cgroup.procs', '/dev/mem', '/dev/kmsg', '/proc/1/mem', "
        "'/proc/1/oom_score_adj', '/usr/bin/bash', '/usr/lib/os-release']:\n  try: open(path, 'r+b').write(b'1'); "
        "done.append(path)\n  except OSError: pass\nprint(done)",
        "^\\[\\]$");
    addAttack(
        "set-user-id",
        "import glob, os, subprocess\nprint(subprocess.run(['su', '-c', 'id -u'], stdin=subprocess.DEVNULL, "
        "capture_output=True).stdout == b'0\\n', 'CapEff:\\t0000000000000000' in open('/proc/self/status').read(), "
        "'NoNewPrivs:\\t1' in open('/proc/self/status').read())",
        "^False True True$");
    addAttack("busy loop of eight",
              "import os, time\nfor i in range(8):\n  if os.fork() == 0:\n    while True: pass\nprint('begun')",
              "^begun$");
}

void TestAbuse::attack()
{
    QFETCH(QByteArray, code);
    QFETCH(QByteArray, expected);
    QFETCH(bool, asSandboxRoot);
    EngineProcess &engine = *ground().engine;
    const qint64 before = resident(engine.pid());
    const auto sandbox = engine.create();
    QVERIFY(!sandbox.id.isEmpty());
    code.replace("PORT", QByteArray::number(m_hostServer.serverPort()));
    const auto answer = asSandboxRoot ? runAsRoot(engine, sandbox, code)
                                      : engine.execute(sandbox.id, sandbox.token, QString::fromUtf8(code));
    const QByteArray said = asSandboxRoot ? outputOf(answer.body)
                                          : executionText(answer.body, "stdout", "text")
            + executionText(answer.body, "error", "name") + executionText(answer.body, "error", "value");
    const QRegularExpression pattern(QString::fromLatin1(expected), QRegularExpression::MultilineOption);
    QVERIFY2(QString::fromUtf8(said).contains(pattern), QByteArray(said + " | " + answer.body.left(600)));
    QVERIFY(!m_hostServer.hasPendingConnections());

    const auto beside = engine.execute(ground().neighbour.id, ground().neighbour.token,
                                       u"state += 1\nprint(state > 41, open('/home/user/secret').read())"_s);
    QCOMPARE(executionText(beside.body, "stdout", "text"), QByteArray("True ") + canary + "\n");
    QCOMPARE(engine.api("DELETE", u"/sandboxes/"_s + sandbox.id).status, 204);
    QVERIFY(keepsFreedMemory || resident(engine.pid()) < before + 100'000);
}

void TestAbuse::outputFlood()
{
    EngineProcess &engine = *ground().engine;
    const qint64 before = resident(engine.pid());
    const auto sandbox = engine.create();
    QFETCH(bool, isRoot);
    const int megabytes = isRoot ? 50 : 1'000; // the whole gigabyte once
    QByteArray flood = R"json({"code":"import sys\nfor i in range(COUNT): sys.stdout.write('x' * 1_000_000)"})json";
    flood.replace("COUNT", QByteArray::number(megabytes));
    QNetworkReply *reply = engine.send(
        QUrl(engine.sandboxUrl().toString() + u"/execute"_s), "POST", flood,
        {{"E2b-Sandbox-Id", sandbox.id.toLatin1()}, {"E2b-Sandbox-Port", "49999"}, {"X-Access-Token", sandbox.token}});
    qint64 taken = 0, most = 0;
    reply->setReadBufferSize(1 << 20);
    const bool isOver = QTest::qWaitFor(
        [&] {
            taken += reply->readAll().size();
            most = std::max(most, resident(engine.pid()));
            return reply->isFinished() && reply->bytesAvailable() == 0;
        },
        120'000);
    reply->deleteLater();
    QVERIFY(isOver);
    QVERIFY2(taken < megabytes * 1'100'000LL, QByteArray::number(taken));
    // kB: the flood waits where it comes from.
    QVERIFY2(keepsFreedMemory || most < before + 100'000, QByteArray::number(most));
    const auto next = engine.execute(sandbox.id, sandbox.token, u"print(6 * 7)"_s);
    QVERIFY2(executionText(next.body, "stdout", "text") == "42\n", next.body);
}

void TestAbuse::forkBomb()
{
    EngineProcess &engine = *ground().engine;
    const auto sandbox = engine.create();
    const QByteArray mark = "fork-bomb-" + starter().toLatin1();
    const auto begun = engine.execute(
        sandbox.id, sandbox.token,
        u"import subprocess\nsubprocess.Popen(['bash', '-c', 'b() { b | b & }; b; sleep 1000', '%1'])\nprint('begun')"_s
            .arg(QString::fromLatin1(mark)));
    QCOMPARE(executionText(begun.body, "stdout", "text"), QByteArray("begun\n"));
    int most = 0;
    QVERIFY(QTest::qWaitFor(
        [&] {
            most = std::max(most, processesWith(mark));
            return most > 50;
        },
        20'000));
    const auto beside = engine.execute(ground().neighbour.id, ground().neighbour.token, u"print(state > 0)"_s);
    QCOMPARE(executionText(beside.body, "stdout", "text"), QByteArray("True\n"));
    most = std::max(most, processesWith(mark));
    QVERIFY2(most <= 256, QByteArray::number(most)); // the sandbox's number of processes
    QCOMPARE(engine.api("DELETE", u"/sandboxes/"_s + sandbox.id).status, 204);
    QTRY_COMPARE(processesWith(mark), 0);
}

void TestAbuse::pathsThroughTheApi()
{
    EngineProcess &engine = *ground().engine;
    const auto sandbox = engine.create();
    const auto ready =
        engine.execute(sandbox.id, sandbox.token,
                       u"import os\nos.symlink('/../../../../../../../etc/shadow', '/home/user/climb')\n"
                       "os.symlink('/proc/1/root', '/home/user/root')\nos.mkfifo('/home/user/pipe')\n"
                       "os.symlink('/proc/1/fd', '/home/user/fds')\nos.symlink('loop', '/home/user/loop')"_s);
    QCOMPARE(ready.status, 200);
    const QString state = QString::fromLatin1(QUrl::toPercentEncoding(engine.stateDirectory() + u"/api-key"_s));
    const QString longest = u"/"_s + QString(8'000, u'a');
    for (const QString &path :
         {u"../../../../../../../../etc/shadow"_s, u"climb"_s, u"root/etc/shadow"_s, state, u"/proc/1/environ"_s,
          u"/proc/1/mem"_s, u"loop"_s, u"pipe"_s, u"fds/0"_s, u"/home/user/%00"_s, longest}) {
        const auto answer = engine.sandbox(sandbox.id, sandbox.token, 49983, "GET", u"/files?path="_s + path);
        QVERIFY2(answer.status >= 400 && answer.status < 600 && answer.body.size() < 10'000,
                 QByteArray(path.left(80).toUtf8() + ": " + QByteArray::number(answer.status) + " "
                            + answer.body.left(200)));
        QVERIFY(!answer.body.contains("root:") && !answer.body.contains("e2b_") && !answer.body.contains(canary));
    }
    for (const QString &path : {u"/usr/bin/own"_s, u"/proc/self/oom_score_adj"_s, u"/dev/null/x"_s, u"loop"_s}) {
        const auto answer = engine.sandbox(sandbox.id, sandbox.token, 49983, "POST", u"/files?path="_s + path, "x",
                                           {{"Content-Type", "application/octet-stream"}});
        QVERIFY2(answer.status >= 400, QByteArray(path.toUtf8() + ": " + QByteArray::number(answer.status)));
    }
    QVERIFY(!QFile::exists(u"/usr/bin/own"_s));
    QVERIFY(engine.execute(sandbox.id, sandbox.token, u"print(1)"_s).body.contains("1\\n"));
}

QTEST_GUILESS_MAIN(TestAbuse)
#include "tst_abuse.moc"
