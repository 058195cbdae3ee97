// At the provider's limit starts wait in line, over a loopback service that counts: never more than it allows, first
// come, first served, and a way out at any time.

#include "models/templates/newsandboxsession.h"
#include "models/templates/startqueue.h"
#include "services/core/json.h"
#include "services/e2b/client.h"
#include "tests/support/fakee2bserver.h"
#include "ui/sandboxes/startstrip.h"
#include "ui/theme/theme.h"
#include "ui/widgets/elidedlabel.h"

#include <QPushButton>
#include <QSignalSpy>
#include <QTest>

#include <memory>
#include <set>

using namespace sandglass;
using namespace Qt::Literals::StringLiterals;
using namespace std::chrono_literals;
using models::NewSandboxSession;
using models::StartQueue;
using testsupport::FakeE2bServer;
using testsupport::FakeReply;
using testsupport::FakeRequest;

class TestStartQueue final : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void initTestCase();
    void init();
    void cleanup();
    void startsWaitAndGoOn();
    void cancelledOnesAreNeverSent();
    void cancelledWhileAskedForIsKilled();
    void anotherRefusalGivesUp();
    void anotherConnectionGivesUp();
    void fullQueueIsSaid();
    void stripTellsAndCancels();

private:
    /// A start as the dialog makes it, until it is decided.
    NewSandboxSession::State start(const char *templateId);
    void end(const std::string &id)
    {
        m_running.erase(id);
        m_queue->tryNow();
    }
    [[nodiscard]] QStringList waiting() const
    {
        QStringList names;
        for (const auto &entry : m_queue->entries())
            names << QString::fromStdString(entry.spec.templateId);
        return names;
    }

    std::unique_ptr<FakeE2bServer> m_server;
    std::unique_ptr<e2b::Client> m_client;
    std::unique_ptr<StartQueue> m_queue;
    std::unique_ptr<NewSandboxSession> m_session;
    std::size_t m_limit = 2, m_most = 0;
    std::set<std::string> m_running; ///< ids are those of the templates
    QStringList m_order;             ///< of the starts
    int m_delayMs = 0;
    int m_failWith = 0;
};

void TestStartQueue::initTestCase()
{
    Q_INIT_RESOURCE(resources); // lies in a static library
    new ui::Theme(*qApp);
}

void TestStartQueue::init()
{
    m_limit = 2;
    m_most = 0;
    m_delayMs = m_failWith = 0;
    m_running.clear();
    m_order.clear();
    m_server = std::make_unique<FakeE2bServer>();
    m_server->script("POST /sandboxes", [this](const FakeRequest &request) {
        if (m_failWith != 0)
            return FakeReply::error(m_failWith, "no such template");
        if (m_running.size() >= m_limit)
            return FakeReply::error(429, "you have reached the maximum number of concurrent sandboxes (2)");
        const std::string id = Json::parse(request.body.toStdString())["templateID"];
        m_running.insert(id);
        m_order << QString::fromStdString(id);
        m_most = std::max(m_most, m_running.size());
        FakeReply reply = FakeReply::json(201, QByteArray::fromStdString(dumpJson({{"sandboxID", id}})));
        reply.delayMs = m_delayMs;
        return reply;
    });
    m_server->scriptAll("/sandboxes/", [this](const FakeRequest &request) {
        m_running.erase(request.target.mid(11).toStdString());
        return FakeReply{204, {}, {}, {}, FakeReply::Fault::None, 0};
    });
    e2b::Connection connection;
    connection.apiUrl = m_server->url();
    connection.apiKey = "e2b_0123456789abcdef";
    m_client = std::make_unique<e2b::Client>(connection);
    const auto create = [this](const e2b::SandboxSpec &spec) { return m_client->createSandbox(spec); };
    const auto kill = [this](const std::string &id) { return m_client->killSandbox(id); };
    m_queue = std::make_unique<StartQueue>(create, kill);
    m_session = std::make_unique<NewSandboxSession>(create, kill);
    m_session->setQueue(m_queue.get());
}

void TestStartQueue::cleanup()
{
    m_session.reset();
    m_queue.reset();
    m_client.reset();
    m_server.reset();
}

NewSandboxSession::State TestStartQueue::start(const char *templateId)
{
    e2b::SandboxSpec spec;
    spec.templateId = templateId;
    m_session->create(spec);
    (void)QTest::qWaitFor([this] { return !m_session->isBusy(); });
    return m_session->state();
}

void TestStartQueue::startsWaitAndGoOn()
{
    using State = NewSandboxSession::State;
    QVERIFY(start("a") == State::Created);
    QVERIFY(start("b") == State::Created);
    QVERIFY(start("c") == State::Queued);
    QVERIFY(start("d") == State::Queued);
    QVERIFY(start("e") == State::Queued);
    QCOMPARE(waiting(), QStringList({u"c"_s, u"d"_s, u"e"_s}));
    QCOMPARE(m_server->count("POST /sandboxes"), 3); // who stands in line is not asked for
    QSignalSpy started(m_queue.get(), &StartQueue::started);
    m_queue->tryNow(); // nothing has ended
    QTRY_COMPARE(m_server->count("POST /sandboxes"), 4);
    QTest::qWait(100);
    QCOMPARE(waiting().size(), 3);
    end("a");
    QTRY_COMPARE(waiting(), QStringList({u"d"_s, u"e"_s}));
    QCOMPARE(started.last().first().value<e2b::SandboxInfo>().sandboxId, "c");
    m_running.clear(); // two places at once
    m_queue->tryNow();
    QTRY_VERIFY(waiting().isEmpty());
    QCOMPARE(m_order, QStringList({u"a"_s, u"b"_s, u"c"_s, u"d"_s, u"e"_s}));
    QCOMPARE(m_most, std::size_t{2});
    // Without news it asks by itself now and then.
    QVERIFY(start("f") == State::Queued);
    m_queue->setInterval(50ms);
    m_running.clear();
    QTRY_VERIFY(waiting().isEmpty());
    QVERIFY(start("g") == State::Created); // nobody is in line any more
}

void TestStartQueue::cancelledOnesAreNeverSent()
{
    m_limit = 0;
    start("a");
    start("b");
    start("c");
    m_queue->cancel(m_queue->entries()[1].id);
    QCOMPARE(waiting(), QStringList({u"a"_s, u"c"_s}));
    m_limit = 5;
    m_queue->tryNow();
    QTRY_VERIFY(waiting().isEmpty());
    QCOMPARE(m_order, QStringList({u"a"_s, u"c"_s}));
}

void TestStartQueue::cancelledWhileAskedForIsKilled()
{
    m_limit = 0;
    start("a");
    m_limit = 1;
    m_delayMs = 200;
    m_queue->tryNow();
    QTRY_COMPARE(m_running.size(), std::size_t{1}); // the service has made it, and has not answered yet
    m_queue->cancel(m_queue->entries()[0].id);
    QTRY_COMPARE(m_server->count("DELETE /sandboxes/a"), 1);
    QVERIFY(m_running.empty());
}

void TestStartQueue::anotherRefusalGivesUp()
{
    m_limit = 0;
    start("a");
    start("b");
    QSignalSpy givenUp(m_queue.get(), &StartQueue::givenUp);
    m_failWith = 404;
    m_queue->tryNow();
    QTRY_COMPARE(givenUp.size(), 2); // each is asked for once
    QCOMPARE(givenUp.first().value(0).toString(), u"a"_s);
    QCOMPARE(givenUp.first().value(1).toString(), u"no such template"_s);
    QVERIFY(waiting().isEmpty());
}

void TestStartQueue::anotherConnectionGivesUp()
{
    m_limit = 0;
    start("a");
    start("b");
    QSignalSpy givenUp(m_queue.get(), &StartQueue::givenUp);
    m_queue->clear();
    QCOMPARE(givenUp.size(), 2);
    m_limit = 5;
    m_queue->tryNow();
    QTest::qWait(100);
    QVERIFY(m_order.isEmpty());
}

void TestStartQueue::fullQueueIsSaid()
{
    m_limit = 0;
    for (std::size_t i = 0; i < StartQueue::mostWaiting; ++i)
        QVERIFY(start("a") == NewSandboxSession::State::Queued);
    QVERIFY(start("b") == NewSandboxSession::State::Failed);
    QCOMPARE(m_session->error().message, "every place is taken, and 5 starts wait already, which is the most");
    QCOMPARE(m_queue->entries().size(), StartQueue::mostWaiting);
}

void TestStartQueue::stripTellsAndCancels()
{
    ui::StartStrip strip(*m_queue);
    QVERIFY(!strip.isVisible());
    m_limit = 0;
    start("web");
    start("ml");
    QVERIFY(strip.isVisible());
    const auto sentences = [&strip] {
        QStringList texts;
        for (const auto *label : strip.findChildren<ui::ElidedLabel *>(u"waitingStart"_s)) {
            if (label->isVisible())
                texts << label->text();
        }
        return texts;
    };
    QTRY_COMPARE(
        sentences(),
        QStringList({u"web waits for a free place, first in line · the service says: you have reached the maximum "
                     "number of concurrent sandboxes (2)"_s,
                     u"ml waits for a free place, 1 before it"_s}));
    auto *cancel = strip.findChildren<QPushButton *>(u"cancelStart"_s).first();
    QCOMPARE(cancel->accessibleName(), u"Cancel: web waits for a free place, first in line"_s);
    cancel->click();
    QTRY_COMPARE(sentences(), QStringList(u"ml waits for a free place, first in line"_s));
    QTRY_COMPARE(strip.findChildren<QPushButton *>(u"cancelStart"_s).size(), 1);
    strip.findChildren<QPushButton *>(u"cancelStart"_s).first()->click();
    QVERIFY(!strip.isVisible());
}

QTEST_MAIN(TestStartQueue)
#include "tst_startqueue.moc"
