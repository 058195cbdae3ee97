// kill -9 of the engine at any moment of its work, fifty times on one state directory: nothing of a sandbox is left
// behind, no event is lost on its way to a webhook, and what was kept can be used.

#include "tests/services/engine/engine_process.h"
#include "tests/services/engine/hook_receiver.h"

#include <QDir>
#include <QFile>
#include <QJsonArray>
#include <QNetworkReply>
#include <QPointer>
#include <QRandomGenerator>
#include <QSet>
#include <QTest>

#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace Qt::Literals::StringLiterals;

namespace {

constexpr int rounds = 50;

/// Of every process below this one that is not this one's own child by QProcess.
QStringList descendants()
{
    QHash<int, std::pair<int, QByteArray>> all; // pid: parent, name
    for (const QString &entry : QDir(u"/proc"_s).entryList(QDir::Dirs)) {
        QFile stat(u"/proc/%1/stat"_s.arg(entry));
        if (!stat.open(QIODevice::ReadOnly))
            continue;
        const QByteArray text = stat.readAll();
        const auto fields = text.mid(text.lastIndexOf(')') + 2).split(' ');
        if (fields.size() > 1)
            all.insert(entry.toInt(), {fields[1].toInt(), text.left(text.lastIndexOf(')') + 1)});
    }
    QStringList found;
    for (auto it = all.cbegin(); it != all.cend(); ++it) {
        int pid = it.value().first;
        while (pid > 1 && pid != ::getpid())
            pid = all.value(pid).first;
        if (pid == ::getpid())
            found << QString::fromUtf8(it.value().second);
    }
    return found;
}

QByteArray textOf(const QString &path)
{
    QFile file(path);
    return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
}

/// Directories below this process's control groups.
QStringList controlGroups()
{
    QStringList found;
    for (const QByteArray &line : textOf(u"/proc/self/cgroup"_s).split('\n')) {
        const QString own = u"/sys/fs/cgroup"_s + QString::fromUtf8(line.mid(line.lastIndexOf(':') + 1));
        if (!line.isEmpty())
            found << QDir(own).entryList(QDir::Dirs | QDir::NoDotAndDotDot);
    }
    return found;
}

} // namespace

class TestEngineCrash final : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void initTestCase();
    void killedFiftyTimes();

private:
    /// Many things at once; what the engine acknowledges is noted. They are not waited for.
    void keepBusy(EngineProcess &engine);
    void createOne(EngineProcess &engine);
    void created(EngineProcess &engine, const QString &id, const QByteArray &token);
    template<typename Then>
    void post(EngineProcess &engine, const QByteArray &method, const QString &path, const QByteArray &body, Then then);
    void buildOne(EngineProcess &engine, int round);
    [[nodiscard]] QJsonArray eventsOf(EngineProcess &engine, const QString &id);

    // What must hold after the last crash.
    void everyEventCame(EngineProcess &engine);
    void snapshotsCanBeUsed(EngineProcess &engine);
    void buildsAreWholeOrSayWhy(EngineProcess &engine);
    void databaseIsWhole();

    struct Build
    {
        QString name, path;
    };
    QTemporaryDir m_state{u"/var/tmp/enginecrash-XXXXXX"_s}; // overlays want a real file system below
    HookReceiver m_receiver;
    QStringList m_created;
    QSet<QString> m_killed;
    QStringList m_snapshots;
    QList<Build> m_builds; ///< those whose start was acknowledged
    int m_executed = 0;
};

void TestEngineCrash::initTestCase()
{
    // Mounts of its own: other tests, which may run beside this one, mount file systems as root. Nobody else can.
    if (::unshare(CLONE_NEWNS) == 0)
        QCOMPARE(::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr), 0);
    // What loses its parent becomes a child of this program: nothing can hide.
    QVERIFY(::prctl(PR_SET_CHILD_SUBREAPER, 1) == 0);
    QVERIFY(m_receiver.listen(QHostAddress::LocalHost));
    EngineProcess engine(m_state.path());
    QVERIFY(engine.start());
    if (!engine.canRunSandboxes())
        QSKIP("no isolation on this machine");
    QCOMPARE(engine
                 .api("POST", u"/events/webhooks"_s,
                      R"({"name":"t","url":")" + m_receiver.url()
                          + R"(","signatureSecret":"0123456789abcdef0123456789abcdef",)"
                            R"("events":["sandbox.lifecycle.created","sandbox.lifecycle.updated",)"
                            R"("sandbox.lifecycle.checkpointed","sandbox.lifecycle.paused",)"
                            R"("sandbox.lifecycle.resumed","sandbox.lifecycle.killed"]})")
                 .status,
             201);
    QCOMPARE(engine.terminate(), 0);
}

template<typename Then>
void TestEngineCrash::post(EngineProcess &engine, const QByteArray &method, const QString &path, const QByteArray &body,
                           Then then)
{
    QNetworkReply *reply =
        engine.send(QUrl(engine.apiUrl().toString() + path), method, body, {{"X-API-KEY", engine.key()}});
    connect(reply, &QNetworkReply::finished, this, [reply, then] {
        reply->deleteLater();
        const int status = reply->attribute(QNetworkRequest::HttpStatusCodeAttribute).toInt();
        if (status / 100 == 2 && reply->error() == QNetworkReply::NoError)
            then(QJsonDocument::fromJson(reply->readAll()).object());
    });
}

void TestEngineCrash::keepBusy(EngineProcess &engine)
{
    for (int i = 0; i < 4; ++i)
        createOne(engine);
}

void TestEngineCrash::buildOne(EngineProcess &engine, int round)
{
    const QString name = u"made-%1"_s.arg(round);
    post(engine, "POST", u"/v3/templates"_s, R"({"name":")" + name.toUtf8() + R"("})",
         [this, &engine, name](const QJsonObject &asked) {
             const QString path =
                 u"/templates/%1/builds/%2"_s.arg(asked[u"templateID"_s].toString(), asked[u"buildID"_s].toString());
             const QByteArray steps = R"({"steps":[{"type":"RUN","args":["echo all > shared"]},)"
                                      R"({"type":"RUN","args":["echo )"
                 + name.toUtf8() + R"( > own; sleep 0.2; echo end >> own"]}]})";
             post(engine, "POST", u"/v2"_s + path, steps, [this, name, path](const QJsonObject &) {
                 m_builds << Build{name, path};
             });
         });
}

void TestEngineCrash::createOne(EngineProcess &engine)
{
    post(engine, "POST", u"/sandboxes"_s, R"({"templateID":"base","timeout":300})",
         [this, &engine](const QJsonObject &made) {
             const QString id = made[u"sandboxID"_s].toString();
             m_created << id;
             created(engine, id, made[u"envdAccessToken"_s].toString().toUtf8());
         });
}

void TestEngineCrash::created(EngineProcess &engine, const QString &id, const QByteArray &token)
{
    const auto choice = m_created.size() % 5;
    const QString path = u"/sandboxes/"_s + id;
    if (choice == 0) { // its end, and another one
        post(engine, "DELETE", path, {}, [this, id](const QJsonObject &) { m_killed << id; });
        createOne(engine);
    } else if (choice == 1) {
        post(engine, "POST", path + u"/timeout"_s, R"({"timeout":600})", [](const QJsonObject &) {});
    } else if (choice == 2) {
        post(engine, "POST", path + u"/snapshots"_s, "{}",
             [this](const QJsonObject &saved) { m_snapshots << saved[u"snapshotID"_s].toString(); });
    } else { // a program that leaves its session, and one that never ends
        const QByteArray code = R"({"code":"import subprocess\nsubprocess.Popen(['setsid', 'sleep', '1000'])\n)"
                                R"(print('on', flush=True)\nwhile True: pass"})";
        QNetworkReply *reply =
            engine.send(QUrl(engine.sandboxUrl().toString() + u"/execute"_s), "POST", code,
                        {{"E2b-Sandbox-Id", id.toUtf8()}, {"E2b-Sandbox-Port", "49999"}, {"X-Access-Token", token}});
        connect(reply, &QNetworkReply::readyRead, this,
                [this, reply] { m_executed += reply->readAll().count("on\\n"); });
        connect(reply, &QNetworkReply::finished, reply, &QObject::deleteLater);
    }
}

QJsonArray TestEngineCrash::eventsOf(EngineProcess &engine, const QString &id)
{
    return engine.api("GET", u"/events/sandboxes/"_s + id + u"?limit=100&orderAsc=true"_s).json().toArray();
}

void TestEngineCrash::killedFiftyTimes()
{
    const QByteArray mounts = textOf(u"/proc/self/mountinfo"_s);
    const QStringList groups = controlGroups();
    qsizetype mostAtOnce = 0;
    for (int round = 0; round < rounds; ++round) {
        {
            EngineProcess engine(m_state.path());
            QVERIFY2(engine.start(), qPrintable(u"round %1"_s.arg(round)));
            const int before = m_executed;
            keepBusy(engine);
            buildOne(engine, round);
            // Every third time nobody takes the deliveries: they are owed over the crash.
            m_receiver.statuses = {round % 3 == 0 ? 503 : 200};
            QTest::qWait(static_cast<int>(QRandomGenerator::global()->bounded(round % 2 == 0 ? 500 : 2500)));
            // Kernels take a while when everything starts at once on a busy machine.
            if (round % 10 == 9)
                QTRY_VERIFY_WITH_TIMEOUT(m_executed > before, 30'000);
            mostAtOnce = std::max(mostAtOnce, descendants().size());
            engine.kill();
        }
        const bool isGone = QTest::qWaitFor(
            [] {
                while (::waitpid(-1, nullptr, WNOHANG) > 0) {
                }
                return descendants().isEmpty();
            },
            10'000);
        QVERIFY2(isGone, qPrintable(u"round %1: "_s.arg(round) + descendants().join(u", "_s)));
        QCOMPARE(textOf(u"/proc/self/mountinfo"_s), mounts);
        QCOMPARE(controlGroups(), groups);
    }
    m_receiver.statuses = {200};
    qInfo() << "acknowledged:" << m_created.size() << "created," << m_killed.size() << "killed," << m_snapshots.size()
            << "snapshots," << m_builds.size() << "builds," << m_executed << "running programs";
    QVERIFY2(m_created.size() > rounds && m_executed > 0 && m_builds.size() > rounds / 2 && mostAtOnce > 10,
             "the engine was hardly at work when it was killed");

    EngineProcess engine(m_state.path());
    QVERIFY(engine.start({u"--webhook-retry-ms"_s, u"100"_s}));
    QCOMPARE(engine.api("GET", u"/v2/sandboxes"_s).json().toArray().size(), 0);
    for (const auto check : {&TestEngineCrash::everyEventCame, &TestEngineCrash::snapshotsCanBeUsed,
                             &TestEngineCrash::buildsAreWholeOrSayWhy}) {
        (this->*check)(engine);
        if (QTest::currentTestFailed())
            return;
    }
    QVERIFY2(engine.execute(engine.create().id, {}, u"1"_s).status != 0, "it serves");
    QCOMPARE(engine.terminate(), 0);
    databaseIsWhole();
}

void TestEngineCrash::everyEventCame(EngineProcess &engine)
{
    QSet<QString> told;
    for (const QString &id : std::as_const(m_created)) {
        QStringList types;
        QString reason;
        for (const QJsonValue &event : eventsOf(engine, id)) {
            told << event[u"id"_s].toString();
            types << event[u"type"_s].toString().section(u'.', 2);
            if (types.last() == u"killed")
                reason = event[u"eventData"_s][u"kill_reason"_s].toString();
        }
        QVERIFY2(!types.isEmpty() && types.first() == u"created" && types.count(u"killed"_s) == 1,
                 qPrintable(id + u": "_s + types.join(u' ')));
        QVERIFY2(reason == (m_killed.contains(id) ? u"request"_s : u"orphaned"_s)
                     || (reason == u"request" && !m_killed.contains(id)), // its answer did not get through
                 qPrintable(id + u": "_s + reason));
    }
    const auto missing = [&] {
        QSet<QString> rest = told;
        for (const auto &delivery : std::as_const(m_receiver.deliveries))
            rest.remove(delivery.event()[u"id"_s].toString());
        return rest;
    };
    QTRY_COMPARE_WITH_TIMEOUT(missing().size(), 0, 60'000);
}

void TestEngineCrash::snapshotsCanBeUsed(EngineProcess &engine)
{
    const auto layers = QDir(m_state.filePath(u"layers"_s)).entryList({u"saved-*"_s}, QDir::Dirs);
    QCOMPARE(layers.size(), engine.api("GET", u"/snapshots?limit=100"_s).json().toArray().size());
    for (const QString &snapshot : std::as_const(m_snapshots)) {
        const auto made = engine.create(R"({"timeout":60,"templateID":")" + snapshot.toUtf8() + R"("})");
        QVERIFY2(!made.id.isEmpty(), qPrintable(snapshot));
        QCOMPARE(engine.api("DELETE", u"/sandboxes/"_s + made.id).status, 204);
    }
}

void TestEngineCrash::buildsAreWholeOrSayWhy(EngineProcess &engine)
{
    int ready = 0;
    int interrupted = 0;
    for (const Build &build : std::as_const(m_builds)) {
        const auto status = engine.api("GET", build.path + u"/status"_s);
        if (status.json(u"status"_s).toString() != u"ready") {
            QVERIFY2(status.json(u"status"_s).toString() == u"error" && status.body.contains("the engine ended while"),
                     status.body.constData());
            ++interrupted;
            continue;
        }
        ++ready;
        const auto made = engine.create(R"({"timeout":60,"templateID":")" + build.name.toUtf8() + R"("})");
        QCOMPARE(engine.sandbox(made.id, made.token, 49983, "GET", u"/files?path=own"_s).body,
                 build.name.toUtf8() + "\nend\n");
        QCOMPARE(engine.api("DELETE", u"/sandboxes/"_s + made.id).status, 204);
    }
    qInfo() << "builds:" << ready << "ready," << interrupted << "interrupted";
    QVERIFY2(ready > 0 && interrupted > 0, "too early or too late each time");
    QCOMPARE(engine.api("POST", u"/v3/templates"_s, R"({"name":"after"})").status, 202);
}

void TestEngineCrash::databaseIsWhole()
{
    const auto ask = [this](const QByteArray &question) {
        QProcess check;
        check.start(
            u"python3"_s,
            {u"-c"_s,
             u"import sqlite3, sys; [print(*row) for row in sqlite3.connect(sys.argv[1]).execute(sys.argv[2])]"_s,
             m_state.filePath(u"engine.db"_s), QString::fromUtf8(question)});
        return check.waitForFinished() ? check.readAllStandardOutput().trimmed()
                                       : "python3: " + check.errorString().toUtf8();
    };
    QCOMPARE(ask("PRAGMA integrity_check"), QByteArray("ok"));
    // No layer that nobody remembers, and none remembered that is not there.
    QStringList kept = QString::fromUtf8(ask("SELECT layer FROM layer_cache")).split(u'\n', Qt::SkipEmptyParts);
    kept.sort();
    QCOMPARE(QDir(m_state.filePath(u"layers"_s)).entryList({u"built-*"_s}, QDir::Dirs, QDir::Name), kept);
}

QTEST_GUILESS_MAIN(TestEngineCrash)
#include "tst_engine_crash.moc"
