// What the page of sandboxes shows of the inside of the selected one; the service is a loopback server with scripted
// answers.

#include "models/sandboxes/sandboxactions.h"
#include "models/sandboxes/sandboxlistmodel.h"
#include "models/sandboxes/sandboxlogmodel.h"
#include "models/sandboxes/sandboxuse.h"
#include "services/e2b/client.h"
#include "services/lifecycle/tracker.h"
#include "tests/services/lifecycle/events.h"
#include "tests/support/fakee2bserver.h"
#include "ui/sandboxes/sandboxespage.h"
#include "ui/sandboxes/sandboxinspector.h"
#include "ui/theme/theme.h"
#include "ui/widgets/sparkline.h"

#include <QCheckBox>
#include <QClipboard>
#include <QFileDialog>
#include <QGuiApplication>
#include <QLabel>
#include <QLineEdit>
#include <QPlainTextEdit>
#include <QPushButton>
#include <QScrollBar>
#include <QSignalSpy>
#include <QSplitter>
#include <QTableView>
#include <QTemporaryDir>
#include <QTest>
#include <QUrlQuery>

#include <memory>

using namespace sandglass;
using namespace Qt::Literals::StringLiterals;
using namespace std::chrono_literals;
using lifecycle::EventType;
using testsupport::FakeE2bServer;
using testsupport::FakeReply;
using testsupport::FakeRequest;
namespace sample = lifecycle::sample;

namespace {

QByteArray metric(double seconds, double cpu)
{
    const Timestamp time = sample::at(seconds);
    return R"({"timestamp":")" + QByteArray::fromStdString(formatRfc3339(time)) + R"(","timestampUnix":)"
        + QByteArray::number(qlonglong(toUnixMs(time) / 1000)) + R"(,"cpuCount":2,"cpuUsedPct":)"
        + QByteArray::number(cpu)
        + R"(,"memUsed":134217728,"memTotal":536870912,"memCache":0,"diskUsed":1048576,"diskTotal":1073741824})";
}

/// One entry, `number` milliseconds after the start; the message is its number unless there is another.
QByteArray entry(int number, const QByteArray &type = "stdout", const QByteArray &level = "info",
                 QByteArray message = {})
{
    if (message.isEmpty())
        message = "line " + QByteArray::number(number);
    return R"({"timestamp":")"
        + QByteArray::fromStdString(formatRfc3339(sample::epoch + std::chrono::milliseconds(number), 9))
        + R"(","level":")" + level + R"(","message":")" + message + R"(","fields":{"logger":"process","event_type":")"
        + type + R"("}})";
}

FakeReply logs(const QByteArrayList &entries)
{
    return FakeReply::json(200, R"({"logs":[)" + entries.join(',') + "]}");
}

/// A service that holds the entries 0 to `count` - 1 and answers as the specification says.
FakeReply logsOf(const FakeRequest &request, int count)
{
    const QUrlQuery query(QString::fromLatin1(request.target).section(u'?', 1));
    const bool isForward = query.queryItemValue(u"direction"_s) == u"forward";
    const int limit = query.queryItemValue(u"limit"_s).toInt();
    const QString cursor = query.queryItemValue(u"cursor"_s);
    const auto at = static_cast<int>(cursor.toLongLong() - toUnixMs(sample::epoch));
    int next = !cursor.isEmpty() ? at : isForward ? 0 : count - 1;
    QByteArrayList entries;
    for (; next >= 0 && next < count && entries.size() < limit; next += isForward ? 1 : -1)
        entries << entry(next);
    return logs(entries);
}

} // namespace

class TestSandboxInspector final : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void initTestCase();
    void init();
    void cleanup();
    void figuresOfTheSelected();
    void askedOnlyWhileShown();
    void pausedIsAskedOnce();
    void hiddenUnlessOneIsSelected();
    void anotherServiceBeginsAnew();
    void withoutFigures_data();
    void withoutFigures();
    void logIsFollowed();
    void logIsSearchedByTheService();
    void olderLinesComeAtTheTop();
    void logIsBounded();
    void logIsCopiedAndSaved();
    void endedSandboxIsAskedOnce();
    void withoutLog_data();
    void withoutLog();

private:
    void record(const std::vector<lifecycle::Event> &events);
    void select(const QStringList &ids);
    [[nodiscard]] QString text(const QString &parent, int label) const
    {
        return m_page->findChild<QWidget *>(parent)->findChildren<QLabel *>().at(label)->text();
    }
    [[nodiscard]] QString words() const { return m_page->findChild<QLabel *>(u"useWords"_s)->text(); }
    void showLog() { m_page->findChild<QPushButton *>(u"inspectorViews1"_s)->click(); }
    [[nodiscard]] QPlainTextEdit *logView() const { return m_page->findChild<QPlainTextEdit *>(u"logView"_s); }
    [[nodiscard]] QStringList lines() const { return logView()->toPlainText().split(u'\n'); }
    [[nodiscard]] QUrlQuery lastLogQuery() const
    {
        for (auto it = m_server->requests().crbegin(); it != m_server->requests().crend(); ++it) {
            if (it->target.startsWith("/v2/"))
                return QUrlQuery(QString::fromLatin1(it->target).section(u'?', 1));
        }
        return {};
    }
    [[nodiscard]] QWidget *inspector() const { return m_page->findChild<QWidget *>(u"sandboxInspector"_s); }

    std::unique_ptr<QTemporaryDir> m_directory;
    std::unique_ptr<lifecycle::Journal> m_journal;
    std::unique_ptr<lifecycle::Tracker> m_tracker;
    std::unique_ptr<models::SandboxListModel> m_model;
    std::unique_ptr<FakeE2bServer> m_server;
    std::unique_ptr<e2b::Client> m_client;
    std::unique_ptr<models::ClientSandboxActions> m_actions;
    std::unique_ptr<models::SandboxUse> m_use;
    std::unique_ptr<models::SandboxLogModel> m_log;
    std::unique_ptr<ui::SandboxesPage> m_page;
    QTableView *m_table = nullptr;
};

void TestSandboxInspector::initTestCase()
{
    Q_INIT_RESOURCE(resources); // lies in a static library
    new ui::Theme(*qApp);
}

void TestSandboxInspector::init()
{
    m_directory = std::make_unique<QTemporaryDir>();
    auto journal = lifecycle::Journal::open(m_directory->filePath(u"journal.db"_s).toStdString());
    QVERIFY(journal);
    m_journal = std::move(*journal);
    m_tracker = std::make_unique<lifecycle::Tracker>(*m_journal, cost::RateCard(), [] { return sample::at(600); });
    m_tracker->start();
    QTRY_VERIFY(m_tracker->isReplayed());
    m_model = std::make_unique<models::SandboxListModel>(*m_tracker);
    m_server = std::make_unique<FakeE2bServer>();
    e2b::Connection connection;
    connection.apiUrl = m_server->url();
    connection.apiKey = "e2b_0123456789abcdef0123456789abcdef01234567";
    m_client = std::make_unique<e2b::Client>(connection);
    m_actions = std::make_unique<models::ClientSandboxActions>(*m_client);
    m_use = std::make_unique<models::SandboxUse>(*m_client, [] { return sample::at(600); });
    m_use->setInterval(30ms);
    m_log = std::make_unique<models::SandboxLogModel>(*m_client);
    m_log->setInterval(30ms);
    m_page = std::make_unique<ui::SandboxesPage>(*m_model, *m_actions);
    m_page->setInspector(new ui::SandboxInspector(*m_use, *m_log));
    m_page->resize(816, 480); // what a window of 1024×600 leaves
    m_page->show();
    QVERIFY(QTest::qWaitForWindowExposed(m_page.get()));
    m_table = m_page->findChild<QTableView *>(u"sandboxTable"_s);
    record({sample::created(0, "e1", "a"), sample::created(10, "e2", "b"), sample::created(20, "e3", "c"),
            sample::ended(EventType::Paused, 60, "e3", 20, "c")});
    QTRY_COMPARE(m_table->model()->rowCount(), 3);
}

void TestSandboxInspector::cleanup()
{
    m_page.reset();
    m_log.reset();
    m_use.reset();
    m_actions.reset();
    m_client.reset();
    m_server.reset();
    m_model.reset();
    m_tracker.reset();
    m_journal.reset();
    m_directory.reset();
}

void TestSandboxInspector::record(const std::vector<lifecycle::Event> &events)
{
    for (const lifecycle::Event &event : events)
        m_journal->append(event, [](lifecycle::Journal::Outcome) {});
}

void TestSandboxInspector::select(const QStringList &ids)
{
    m_table->clearSelection();
    for (const QString &id : ids)
        m_table->selectionModel()->select(m_model->index(m_model->rowOf(id), 0),
                                          QItemSelectionModel::Select | QItemSelectionModel::Rows);
}

void TestSandboxInspector::figuresOfTheSelected()
{
    m_server->script("GET /sandboxes/a/metrics",
                     {FakeReply::json(200, "[" + metric(300, 10) + "," + metric(305, 37.4) + "]"),
                      FakeReply::json(200, "[" + metric(305, 37.4) + "," + metric(310, 62.2) + "]")});
    select({u"a"_s});
    QTRY_VERIFY(inspector()->isVisible());
    QTRY_COMPARE(text(u"cpuUsed"_s, 1), u"62 %"_s);
    QCOMPARE(text(u"cpuUsed"_s, 2), u"of 2 vCPU"_s);
    QCOMPARE(text(u"memoryUsed"_s, 1), u"128.0 MiB"_s);
    QCOMPARE(text(u"memoryUsed"_s, 2), u"of 512.0 MiB"_s);
    QCOMPARE(text(u"diskUsed"_s, 1), u"1.0 MiB"_s);
    const auto *cpu = m_page->findChild<QWidget *>(u"cpuUsed"_s);
    QCOMPARE(cpu->accessibleName(), u"Processors used"_s);
    QCOMPARE(cpu->accessibleDescription(), u"62 % of 2 vCPU"_s);
    const auto points = cpu->findChild<ui::Sparkline *>()->points();
    QCOMPARE(points.size(), 3); // the one that came twice counts once
    QCOMPARE(points.last(), QPointF(1, 0.622));
    QVERIFY(qFuzzyCompare(points.first().x(), 1 - 10.0 / 300));
    // First the last hour, then from the newest sample on.
    const auto start = [this](int request) {
        return QUrlQuery(QString::fromLatin1(m_server->requests().at(request).target).section(u'?', 1))
            .queryItemValue(u"start"_s)
            .toLongLong();
    };
    QCOMPARE(start(0), toUnixMs(sample::at(600 - 3600)) / 1000);
    QCOMPARE(start(1), toUnixMs(sample::at(305)) / 1000);
}

void TestSandboxInspector::askedOnlyWhileShown()
{
    m_server->script("GET /sandboxes/a/metrics", {FakeReply::json(200, "[" + metric(300, 10) + "]")});
    select({u"a"_s});
    QTRY_VERIFY(m_server->count("GET /sandboxes/a/metrics") > 3); // again and again
    m_page->hide();
    QTest::qWait(100); // an answer that was under way
    const int asked = m_server->count("GET /sandboxes/a/metrics");
    QTest::qWait(300);
    QCOMPARE(m_server->count("GET /sandboxes/a/metrics"), asked);
    m_page->show();
    QTRY_VERIFY(m_server->count("GET /sandboxes/a/metrics") > asked);
    m_table->clearSelection();
    QTest::qWait(100);
    const int then = m_server->count("GET /sandboxes/a/metrics");
    QTest::qWait(300);
    QCOMPARE(m_server->count("GET /sandboxes/a/metrics"), then);
}

void TestSandboxInspector::pausedIsAskedOnce()
{
    m_server->script("GET /sandboxes/c/metrics", {FakeReply::json(200, "[" + metric(55, 10) + "]")});
    select({u"c"_s});
    QTRY_VERIFY2(words().startsWith(u"It does not run: figures of 10:00:55"_s), qPrintable(words()));
    QTest::qWait(300);
    QCOMPARE(m_server->count("GET /sandboxes/c/metrics"), 1);
}

void TestSandboxInspector::hiddenUnlessOneIsSelected()
{
    QVERIFY(!inspector()->isVisible());
    select({u"a"_s});
    QVERIFY(inspector()->isVisible());
    const auto hole = [this] {
        const auto *both = m_page->findChild<QSplitter *>();
        return both->height() - inspector()->geometry().bottom();
    };
    showLog(); // takes more, and gives it back
    QTRY_VERIFY(inspector()->height() > 200);
    m_page->findChild<QPushButton *>(u"inspectorViews0"_s)->click();
    QTRY_VERIFY(inspector()->height() <= 160);
    QTRY_VERIFY(hole() < 40);
    select({u"a"_s, u"b"_s});
    QVERIFY(!inspector()->isVisible());
    select({u"b"_s});
    QVERIFY(inspector()->isVisible());
    m_page->setReadOnly(u"in the past"_s); // nobody can tell what it used then
    QVERIFY(!inspector()->isVisible());
}

void TestSandboxInspector::anotherServiceBeginsAnew()
{
    m_server->script("GET /sandboxes/a/metrics", {FakeReply::json(200, "[" + metric(300, 10) + "]")});
    select({u"a"_s});
    QTRY_COMPARE(m_use->state(), models::SandboxUse::State::Known);
    FakeE2bServer other;
    other.script("GET /sandboxes/a/metrics", {FakeReply::error(404, "no such sandbox")});
    e2b::Connection connection = m_client->connection();
    connection.apiUrl = other.url();
    m_client->setConnection(connection);
    m_use->forget();
    QTRY_COMPARE(m_use->state(), models::SandboxUse::State::Failed);
    QVERIFY(m_use->samples().empty());
    QVERIFY2(words().contains(u"another connection"_s), qPrintable(words()));
}

void TestSandboxInspector::withoutFigures_data()
{
    QTest::addColumn<int>("status");
    QTest::addColumn<QByteArray>("body");
    QTest::addColumn<QString>("says");
    QTest::newRow("none yet") << 200 << QByteArray("[]") << u"No figures yet"_s;
    QTest::newRow("not its sandbox") << 404 << QByteArray(R"({"code":404,"message":"sandbox not found"})")
                                     << u"does not know this sandbox"_s;
    QTest::newRow("no such route") << 404 << QByteArray("404 page not found") << u"does not tell what a sandbox uses"_s;
    QTest::newRow("not offered") << 501 << QByteArray(R"({"code":501,"message":"no"})")
                                 << u"does not tell what a sandbox uses"_s;
    QTest::newRow("refused") << 401 << QByteArray(R"({"code":401,"message":"the key was withdrawn"})")
                             << u"could not be read: the key was withdrawn"_s;
    QTest::newRow("nonsense") << 200 << QByteArray(R"([{"cpuUsedPct":"much"}])") << u"$[0].cpuUsedPct"_s;
}

void TestSandboxInspector::withoutFigures()
{
    QFETCH(int, status);
    QFETCH(QByteArray, body);
    QFETCH(QString, says);
    m_server->script("GET /sandboxes/a/metrics", {FakeReply{status, body, {}, {}, FakeReply::Fault::None, 0}});
    select({u"a"_s});
    QTRY_VERIFY2(words().contains(says), qPrintable(words()));
    QVERIFY(!m_page->findChild<QWidget *>(u"cpuUsed"_s)->isVisible());
}

void TestSandboxInspector::logIsFollowed()
{
    m_server->script("GET /v2/sandboxes/a/logs",
                     {logs({entry(20, "stderr"), entry(10, "process_start", "info", "Process started: ls")}),
                      logs({entry(20, "stderr"), entry(30, "error", "error", "NameError: x")}),
                      logs({entry(30, "error", "error", "NameError: x"), entry(30)}), logs({entry(30)})});
    select({u"a"_s});
    QCOMPARE(m_server->count("GET /v2/sandboxes/a/logs"), 0); // nobody looks at it yet
    showLog();
    QTRY_COMPARE(lines(),
                 QStringList({u"10:00:00 Process started: ls"_s, u"10:00:00 [stderr] line 20"_s,
                              u"10:00:00 error: NameError: x"_s, u"10:00:00 [stdout] line 30"_s}));
    QTRY_VERIFY(m_server->count("GET /v2/sandboxes/a/logs") > 4);
    QCOMPARE(m_log->rowCount(), 4); // what comes again counts once
    const QUrlQuery query = lastLogQuery();
    QCOMPARE(query.queryItemValue(u"direction"_s), u"forward"_s);
    QCOMPARE(query.queryItemValue(u"cursor"_s).toLongLong(), toUnixMs(sample::at(0.03)));
    m_page->findChild<QCheckBox *>(u"followLog"_s)->click();
    QTest::qWait(100);
    const int asked = m_server->count("GET /v2/sandboxes/a/logs");
    QTest::qWait(200);
    QCOMPARE(m_server->count("GET /v2/sandboxes/a/logs"), asked);
    m_page->findChild<QCheckBox *>(u"followLog"_s)->click();
    QTRY_VERIFY(m_server->count("GET /v2/sandboxes/a/logs") > asked);
    m_page->hide();
    QTest::qWait(100);
    const int then = m_server->count("GET /v2/sandboxes/a/logs");
    QTest::qWait(200);
    QCOMPARE(m_server->count("GET /v2/sandboxes/a/logs"), then);
}

void TestSandboxInspector::logIsSearchedByTheService()
{
    m_server->script("GET /v2/sandboxes/a/logs", {logs({entry(10)})});
    select({u"a"_s});
    showLog();
    QTRY_COMPARE(m_log->rowCount(), 1);
    QVERIFY(!lastLogQuery().hasQueryItem(u"search"_s) && !lastLogQuery().hasQueryItem(u"level"_s));
    m_server->script("GET /v2/sandboxes/a/logs", {logs({})});
    auto *search = m_page->findChild<QLineEdit *>(u"logSearch"_s);
    QTest::keyClicks(search, u"a&b c"_s);
    QTRY_COMPARE(lastLogQuery().queryItemValue(u"search"_s, QUrl::FullyDecoded), u"a&b c"_s);
    QTRY_COMPARE(m_log->rowCount(), 0);
    m_page->findChild<QPushButton *>(u"logLevels2"_s)->click();
    QTRY_COMPARE(lastLogQuery().queryItemValue(u"level"_s), u"error"_s);
    m_server->script("GET /v2/sandboxes/a/logs", {logs({entry(10)})});
    QTest::keyClick(search, Qt::Key_Escape);
    QTRY_VERIFY(!lastLogQuery().hasQueryItem(u"search"_s));
    QTRY_COMPARE(m_log->rowCount(), 1);
}

void TestSandboxInspector::olderLinesComeAtTheTop()
{
    m_server->script("GET /v2/sandboxes/a/logs", [](const FakeRequest &request) { return logsOf(request, 1000); });
    select({u"a"_s});
    showLog();
    QTRY_COMPARE(m_log->rowCount(), 400);
    QScrollBar *bar = logView()->verticalScrollBar();
    QTRY_COMPARE(bar->value(), bar->maximum()); // the newest are in view
    bar->setValue(0);
    QTRY_COMPARE(m_log->rowCount(), 799); // the page begins with what is there
    QVERIFY(bar->value() > 390);          // what was in view stays
    bar->setValue(0);
    QTRY_COMPARE(m_log->rowCount(), 1000);
    QVERIFY(!m_log->hasOlder());
    for (int i = 0; i < 1000; ++i)
        QCOMPARE(m_log->at(i).message, "line " + std::to_string(i));
}

void TestSandboxInspector::logIsBounded()
{
    int count = 500;
    m_server->script("GET /v2/sandboxes/a/logs",
                     [&count](const FakeRequest &request) { return logsOf(request, count); });
    select({u"a"_s});
    showLog();
    QTRY_COMPARE(m_log->rowCount(), 400);
    count = 13'000; // more than one page at once: asked for without a pause
    QTRY_COMPARE_WITH_TIMEOUT(m_log->rowCount(), models::SandboxLogModel::capacity, 20'000);
    QTRY_COMPARE_WITH_TIMEOUT(m_log->at(m_log->rowCount() - 1).message, std::string("line 12999"), 20'000);
    QCOMPARE(m_log->at(0).message, std::string("line 3000"));
    QCOMPARE(m_log->rowCount(), models::SandboxLogModel::capacity);
    QCOMPARE(logView()->blockCount(), models::SandboxLogModel::capacity);
}

void TestSandboxInspector::logIsCopiedAndSaved()
{
    m_server->script("GET /v2/sandboxes/a/logs",
                     {logs({entry(20, "stderr"), entry(10, "process_end", "warn", "Process ended: exit status 3")})});
    select({u"a"_s});
    showLog();
    QTRY_COMPARE(m_log->rowCount(), 2);
    QSignalSpy told(m_page.get(), &ui::Page::toast);
    m_page->findChild<QPushButton *>(u"copyLog"_s)->click();
    const QString whole = u"2026-08-20T10:00:00.010Z warning: Process ended: exit status 3\n"
                          "2026-08-20T10:00:00.020Z [stderr] line 20\n"_s;
    QCOMPARE(QGuiApplication::clipboard()->text(), whole);
    QCOMPARE(told.last().first().toString(), u"Copied 2 lines"_s);
    QTextCursor cursor = logView()->textCursor();
    cursor.movePosition(QTextCursor::End);
    cursor.movePosition(QTextCursor::PreviousWord, QTextCursor::KeepAnchor, 2);
    logView()->setTextCursor(cursor);
    m_page->findChild<QPushButton *>(u"copyLog"_s)->click();
    QCOMPARE(QGuiApplication::clipboard()->text(), u"line 20"_s);
    m_page->findChild<QPushButton *>(u"saveLog"_s)->click();
    QFileDialog *dialog = nullptr;
    QTRY_VERIFY((dialog = m_page->window()->findChild<QFileDialog *>()) != nullptr);
    const QString path = m_directory->filePath(u"a.log"_s);
    dialog->selectFile(path);
    QVERIFY(QMetaObject::invokeMethod(dialog, "accept"));
    QTRY_COMPARE(told.last().first().toString(), u"Saved 2 lines"_s);
    QFile file(path);
    QVERIFY(file.open(QIODevice::ReadOnly));
    QCOMPARE(QString::fromUtf8(file.readAll()), whole);
}

void TestSandboxInspector::endedSandboxIsAskedOnce()
{
    m_server->script("GET /v2/sandboxes/c/logs", {logs({entry(10)})});
    select({u"c"_s}); // has paused
    showLog();
    QTRY_COMPARE(m_log->rowCount(), 1);
    QTest::qWait(200);
    QCOMPARE(m_server->count("GET /v2/sandboxes/c/logs"), 1);
}

void TestSandboxInspector::withoutLog_data()
{
    QTest::addColumn<int>("status");
    QTest::addColumn<QByteArray>("body");
    QTest::addColumn<int>("state");
    const auto failed = static_cast<int>(models::SandboxLogModel::State::Failed);
    const auto unsupported = static_cast<int>(models::SandboxLogModel::State::Unsupported);
    QTest::newRow("not its sandbox") << 404 << QByteArray(R"({"code":404,"message":"gone"})") << failed;
    QTest::newRow("no such route") << 404 << QByteArray("404 page not found") << unsupported;
    QTest::newRow("not offered") << 501 << QByteArray("{}") << unsupported;
    QTest::newRow("nonsense") << 200 << QByteArray(R"({"logs":[{"message":"no time"}]})") << failed;
    QTest::newRow("another shape") << 200 << QByteArray("[]") << failed;
    QTest::newRow("nothing yet") << 200 << QByteArray(R"({"logs":[]})")
                                 << static_cast<int>(models::SandboxLogModel::State::Ready);
}

void TestSandboxInspector::withoutLog()
{
    QFETCH(int, status);
    QFETCH(QByteArray, body);
    QFETCH(int, state);
    m_server->script("GET /v2/sandboxes/a/logs", {FakeReply{status, body, {}, {}, FakeReply::Fault::None, 0}});
    select({u"a"_s});
    showLog();
    QTRY_COMPARE(static_cast<int>(m_log->state()), state);
    QVERIFY(!m_page->findChild<QPushButton *>(u"copyLog"_s)->isEnabled());
    QVERIFY(!m_page->findChild<QPushButton *>(u"saveLog"_s)->isEnabled());
}

QTEST_MAIN(TestSandboxInspector)
#include "tst_sandboxinspector.moc"
