// Files before a pause and after the resume: compared, kept, and never in the way. The service is a loopback server.

#include "models/sandboxes/filecheck.h"
#include "models/sandboxes/sandboxactions.h"
#include "services/e2b/client.h"
#include "tests/support/fakee2bserver.h"

#include <QDir>
#include <QFile>
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QTest>

using namespace sandglass;
using namespace Qt::Literals::StringLiterals;
using namespace std::chrono_literals;
using models::FileCheck;
using models::SandboxActions;
using testsupport::FakeE2bServer;
using testsupport::FakeReply;

namespace {

const QByteArray pausing = "POST /sandboxes/iabc/pause";
const QByteArray listing = "POST /filesystem.Filesystem/ListDir";
const QString id = u"iabc"_s;

QByteArray entry(const QByteArray &name, int size)
{
    return R"({"path":"/home/user/)" + name + R"(","type":"FILE_TYPE_FILE","size":")" + QByteArray::number(size)
        + R"(","modifiedTime":"2026-08-20T10:00:00Z"})";
}

FakeReply listOf(const QByteArrayList &entries)
{
    return FakeReply::json(200, R"({"entries":[)" + entries.join(',') + "]}");
}

} // namespace

class TestFileCheck final : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void init()
    {
        m_directory = std::make_unique<QTemporaryDir>();
        m_server = std::make_unique<FakeE2bServer>();
        m_server->script(
            "GET /sandboxes/iabc",
            {FakeReply::json(200, R"({"sandboxID":"iabc","envdVersion":"0.6.4","envdAccessToken":"tok"})")});
        m_server->script(pausing, {FakeReply::json(204, {})});
        m_server->script("POST /sandboxes/iabc/connect", {FakeReply::json(200, R"({"sandboxID":"iabc"})")});
        m_server->script(listing,
                         {listOf({entry("a", 1), entry("b", 2), entry("c", 3)}),
                          listOf({entry("a", 1), entry("c", 4), entry("new", 5)})});
        e2b::Connection connection;
        connection.apiUrl = connection.sandboxUrl = m_server->url();
        connection.apiKey = "e2b_0123456789abcdef0123456789abcdef01234567";
        m_client = std::make_unique<e2b::Client>(connection);
        m_actions = std::make_unique<models::ClientSandboxActions>(*m_client);
        open();
    }
    void cleanup()
    {
        m_check.reset();
        m_actions.reset();
        m_client.reset();
    }

    void lostFilesAreShown()
    {
        QSignalSpy compared(m_check.get(), &FileCheck::compared);
        pause();
        QCOMPARE(order(), (QByteArrayList{"GET /sandboxes/iabc", listing, pausing})); // listed first
        const QByteArray token = m_server->requests().at(1).headers.value("x-access-token");
        QCOMPARE(token, "tok");
        QVERIFY(m_server->requests().at(1).body.contains("\"~\""));
        auto record = m_check->record(id);
        QVERIFY(record && record->before.list.files.size() == 3 && !record->after);
        resume();
        QTRY_COMPARE(compared.count(), 1);
        record = m_check->record(id);
        QVERIFY(record && record->after && record->difference);
        QCOMPARE(record->difference->removed, std::vector<std::string>{"/home/user/b"});
        QCOMPARE(record->difference->changed, std::vector<std::string>{"/home/user/c"});
        QCOMPARE(record->difference->added, std::vector<std::string>{"/home/user/new"});
        QCOMPARE(record->difference->same, std::size_t(1));
        resume(); // of one that runs: nothing new to compare with
        QTest::qWait(200);
        QCOMPARE(compared.count(), 1);
        QCOMPARE(m_server->count(listing), 2);
    }

    void bothSidesOutliveTheProgram()
    {
        pause();
        open(); // another program on the same folder
        QVERIFY(m_check->record(id) == nullptr);
        QSignalSpy changed(m_check.get(), &FileCheck::changed);
        QTRY_COMPARE(changed.count(), 1);
        QCOMPARE(m_check->record(id)->before.list.files.size(), std::size_t(3));
        open(); // and it resumes without having looked
        QSignalSpy compared(m_check.get(), &FileCheck::compared);
        resume();
        QTRY_COMPARE(compared.count(), 1);
        open();
        (void)m_check->record(id);
        QTRY_VERIFY(m_check->record(id) != nullptr);
        QVERIFY(m_check->record(id)->after);
        QCOMPARE(m_check->record(id)->difference->removed.size(), std::size_t(1));
        const QFile::Permissions others = QFile::ReadGroup | QFile::ReadOther;
        QVERIFY(!(QFile::permissions(m_directory->filePath(u"checks/iabc.json"_s)) & others));
    }

    void failuresHoldUpNothing_data()
    {
        QTest::addColumn<int>("route"); // 0: the sandbox, 1: its files
        QTest::addColumn<int>("status");
        QTest::addColumn<QString>("says");
        QTest::newRow("sandbox is unknown") << 0 << 404 << u"gone"_s;
        QTest::newRow("files cannot be listed") << 1 << 500 << u"gone"_s;
        QTest::newRow("no such service") << 1 << 404 << u"gone"_s;
        QTest::newRow("answers nonsense") << 1 << 200 << u"entries"_s;
        QTest::newRow("never answers about the sandbox") << 0 << 0 << u"300 ms"_s;
        QTest::newRow("never answers about the files") << 1 << 0 << u"300 ms"_s;
    }
    void failuresHoldUpNothing()
    {
        QFETCH(int, route);
        QFETCH(int, status);
        QFETCH(QString, says);
        const FakeReply bad = status == 0 ? FakeReply::failing(FakeReply::Fault::Silent)
            : status == 200               ? FakeReply::json(200, R"({"entries":7})")
                                          : FakeReply::error(status, "gone");
        m_server->script(route == 0 ? QByteArray("GET /sandboxes/iabc") : listing, {bad});
        m_check->setLimit(300ms);
        QElapsedTimer clock;
        clock.start();
        pause();
        QVERIFY(clock.elapsed() < 3'000);
        QCOMPARE(m_server->count(pausing), 1);
        const auto record = m_check->record(id);
        QVERIFY(record && !record->before.trouble.empty());
        const QString trouble = QString::fromStdString(record->before.trouble);
        // An unanswered request may be said by the network before the watch of the whole.
        QVERIFY2(trouble.contains(says) || (status == 0 && !trouble.isEmpty()), qPrintable(trouble));
        resume();
        QTest::qWait(100);
        QVERIFY(!m_check->record(id)->after);
    }

    void failureAfterTheResumeIsKept()
    {
        pause();
        m_server->script(listing, {FakeReply::error(500, "no disk")});
        resume();
        QTRY_VERIFY(m_check->record(id)->after);
        QVERIFY(m_check->record(id)->after->trouble.find("no disk") != std::string::npos);
        QVERIFY(!m_check->record(id)->difference);
    }

    void switchedOff()
    {
        m_check->setEnabled(false);
        pause();
        resume();
        QTest::qWait(100);
        QCOMPARE(m_server->count(listing), 0);
        QVERIFY(!QDir(m_directory->filePath(u"checks"_s)).exists());
    }

    void refusedPauseIsNone()
    {
        m_server->script(pausing, {FakeReply::error(409, "busy")});
        pause();
        QTest::qWait(100);
        QVERIFY(m_check->record(id) == nullptr);
    }

    void nobodyWaitsWhenTheProgramEnds()
    {
        m_server->script("GET /sandboxes/iabc", {FakeReply::failing(FakeReply::Fault::Silent)});
        m_actions->pause({id});
        QTRY_COMPARE(m_server->count("GET /sandboxes/iabc"), 1);
        QCOMPARE(m_server->count(pausing), 0);
        QCOMPARE(m_actions->openCount(), 1);
        QVERIFY(m_check->isListing(id));
        m_check->letGo();
        QTRY_COMPARE(m_server->count(pausing), 1);
        QTRY_COMPARE(m_actions->openCount(), 0);
        QVERIFY(!m_check->isListing(id));
    }

    void damagedRecordIsNone()
    {
        pause();
        m_check.reset();
        QFile file(m_directory->filePath(u"checks/iabc.json"_s));
        QVERIFY(file.open(QIODevice::ReadWrite) && file.resize(file.size() / 2));
        file.close();
        open();
        resume();
        QTest::qWait(200);
        QVERIFY(m_check->record(id) == nullptr);
        QCOMPARE(m_server->count(listing), 1);
    }

    void oldRecordsGo()
    {
        QDir().mkpath(m_directory->filePath(u"checks"_s));
        for (int i = 0; i < FileCheck::mostKept + 20; ++i) {
            QFile file(m_directory->filePath(u"checks/old%1.json"_s.arg(i)));
            QVERIFY(file.open(QIODevice::WriteOnly));
        }
        pause();
        m_check.reset(); // has written
        const QDir folder(m_directory->filePath(u"checks"_s));
        QCOMPARE(folder.entryList(QDir::Files).size(), FileCheck::mostKept);
        QVERIFY(folder.exists(u"iabc.json"_s));
    }

private:
    void open()
    {
        m_check.reset();
        m_actions->disconnect(this);
        m_check = std::make_unique<FileCheck>(*m_client, m_directory->filePath(u"checks"_s).toStdString());
        m_actions->setBeforePause(
            [this](const QString &what, std::function<void()> goOn) { m_check->beforePause(what, std::move(goOn)); });
        connect(m_actions.get(), &SandboxActions::done, this,
                [this](SandboxActions::Verb verb, const QString &what, const Result<> &outcome) {
                    if (verb == SandboxActions::Verb::Pause)
                        m_check->pauseAnswered(what, outcome.has_value());
                    else if (outcome)
                        m_check->resumed(what);
                });
    }
    void pause()
    {
        QSignalSpy done(m_actions.get(), &SandboxActions::done);
        m_actions->pause({id});
        QTRY_COMPARE(done.count(), 1);
    }
    void resume()
    {
        QSignalSpy done(m_actions.get(), &SandboxActions::done);
        m_actions->resume({id}, 60);
        QTRY_COMPARE(done.count(), 1);
    }
    [[nodiscard]] QByteArrayList order() const
    {
        QByteArrayList lines;
        for (const auto &request : m_server->requests())
            lines << request.method + ' ' + request.target;
        return lines;
    }

    std::unique_ptr<QTemporaryDir> m_directory;
    std::unique_ptr<FakeE2bServer> m_server;
    std::unique_ptr<e2b::Client> m_client;
    std::unique_ptr<models::ClientSandboxActions> m_actions;
    std::unique_ptr<FileCheck> m_check;
};

QTEST_GUILESS_MAIN(TestFileCheck)
#include "tst_filecheck.moc"
