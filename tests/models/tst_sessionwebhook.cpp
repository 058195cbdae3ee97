// A session's own webhook against E2B's webhook API (a fake with real state): nobody is held up by it, and it goes
// whatever happens.

#include "models/webhooks/sessionwebhook.h"

#include "tests/models/webhookfixture.h"

#include <QElapsedTimer>
#include <QSignalSpy>
#include <QTest>

using namespace sandglass;
using namespace Qt::Literals::StringLiterals;
using models::SessionWebhook;
using State = SessionWebhook::State;
using testsupport::FakeReply;

class TestSessionWebhook final : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void init()
    {
        m_fixture = std::make_unique<test::WebhookFixture>();
        m_file = std::make_unique<e2b::RegistrationFile>(m_fixture->dir.filePath(u"r.json"_s).toStdString());
        m_webhook = std::make_unique<SessionWebhook>(*m_file);
        m_calls = 0;
    }
    void cleanup()
    {
        m_webhook.reset();
        m_file.reset();
        m_fixture.reset();
    }
    void thereBeforeTheRunGoesOn();
    void refusedByTheService();
    void slowServiceHoldsNobodyUp();
    void endedBeforeItWasMade();
    void leavesAfterTheLastNews();
    void otherTargetTakesItsPlace();
    void sweepTakesWhatIsLeftAndNothingInUse();

private:
    void ask(const std::string &session = "run-7", const std::string &url = "https://here.example/webhooks/e2b")
    {
        m_webhook->ask({m_fixture->connection(), session, url, test::receiverSecret}, [this] { ++m_calls; });
    }
    [[nodiscard]] QString only(const char *member) const
    {
        const auto &all = m_fixture->api.webhooks;
        return all.size() == 1 ? all.first().value(QLatin1String(member)).toString() : u"%1 webhooks"_s.arg(all.size());
    }

    std::unique_ptr<test::WebhookFixture> m_fixture;
    std::unique_ptr<e2b::RegistrationFile> m_file;
    std::unique_ptr<SessionWebhook> m_webhook;
    int m_calls = 0;
};

void TestSessionWebhook::thereBeforeTheRunGoesOn()
{
    ask();
    QCOMPARE(m_webhook->state(), State::Pending);
    ask(); // both wait for the same one
    QCOMPARE(m_calls, 0);
    QTRY_COMPARE(m_calls, 2);
    QCOMPARE(m_webhook->state(), State::Done);
    QVERIFY(only("name").startsWith(u"Refine run-7 "_s));
    QCOMPARE(only("url"), u"https://here.example/webhooks/e2b/run-7"_s);
    QCOMPARE(only("signatureSecret").toStdString(), test::receiverSecret);
    QCOMPARE(m_fixture->api.webhooks.first().value(u"events"_s).toArray().size(), 6);
    ask();
    QCOMPARE(m_calls, 3); // at once
    m_webhook->end();
    QVERIFY(!m_webhook->isSettled());
    QTRY_VERIFY(m_webhook->isSettled());
    QVERIFY(m_fixture->api.webhooks.isEmpty() && m_file->all().empty());
}

void TestSessionWebhook::refusedByTheService()
{
    m_fixture->api.failNext("POST", FakeReply::error(403, "no webhooks on this plan"), -1);
    ask();
    QTRY_COMPARE(m_calls, 1);
    QCOMPARE(m_webhook->state(), State::Failed);
    QCOMPARE(QString::fromStdString(m_webhook->error().message), u"no webhooks on this plan"_s);
    QVERIFY(m_webhook->isSettled() && m_file->all().empty());
    ask(); // the next sandbox tries again
    QTRY_COMPARE(m_calls, 2);
    QCOMPARE(m_webhook->state(), State::Failed);
}

void TestSessionWebhook::slowServiceHoldsNobodyUp()
{
    m_fixture->api.answerDelayMs = 7'000;
    QElapsedTimer clock;
    clock.start();
    ask();
    QTRY_COMPARE_WITH_TIMEOUT(m_calls, 1, 6'900);
    QVERIFY(clock.elapsed() > 4'500);
    QCOMPARE(m_webhook->state(), State::Pending);
    QTRY_COMPARE_WITH_TIMEOUT(m_webhook->state(), State::Done, 20'000); // late is better than never
    QCOMPARE(m_calls, 1);
}

void TestSessionWebhook::endedBeforeItWasMade()
{
    m_fixture->api.answerDelayMs = 300;
    ask();
    QTRY_COMPARE(m_fixture->api.webhooks.size(), 1); // made there, not yet heard of here
    m_webhook->end();
    QCOMPARE(m_calls, 1); // whoever waited goes on
    m_fixture->api.answerDelayMs = 0;
    QTRY_VERIFY(m_webhook->isSettled());
    QVERIFY(m_fixture->api.webhooks.isEmpty() && m_file->all().empty());
}

void TestSessionWebhook::leavesAfterTheLastNews()
{
    ask();
    QTRY_COMPARE(m_calls, 1);
    QVERIFY(m_webhook->isThere());
    QElapsedTimer clock;
    clock.start();
    m_webhook->leave();
    QVERIFY(!m_webhook->isThere());
    QTRY_VERIFY_WITH_TIMEOUT(m_fixture->api.webhooks.isEmpty(), 10'000);
    QVERIFY(clock.elapsed() > 1'500);
    QTRY_VERIFY(m_webhook->isSettled());
    QCOMPARE(m_webhook->state(), State::None);
}

void TestSessionWebhook::otherTargetTakesItsPlace()
{
    ask();
    QTRY_COMPARE(m_calls, 1);
    ask("run-7", "https://there.example/webhooks/e2b");
    QTRY_COMPARE(m_calls, 2);
    QTRY_COMPARE(only("url"), u"https://there.example/webhooks/e2b/run-7"_s);
    m_webhook->refuse({.kind = Error::Kind::Local, .message = "no receiver listens"});
    QCOMPARE(m_webhook->state(), State::Failed);
    QTRY_VERIFY(m_fixture->api.webhooks.isEmpty());
}

void TestSessionWebhook::sweepTakesWhatIsLeftAndNothingInUse()
{
    ask();
    QTRY_COMPARE(m_calls, 1);
    e2b::WebhookRegistrar another(m_fixture->client.webhooks(), *m_file, "cloud");
    QSignalSpy swept(&another, &e2b::WebhookRegistrar::swept);
    another.sweep();
    QTRY_COMPARE(swept.size(), 1);
    QCOMPARE(m_fixture->api.webhooks.size(), 1);
    m_webhook.reset(); // a crash
    m_file = std::make_unique<e2b::RegistrationFile>(m_fixture->dir.filePath(u"r.json"_s).toStdString());
    e2b::WebhookRegistrar next(m_fixture->client.webhooks(), *m_file, "cloud");
    next.sweep();
    QTRY_VERIFY(m_fixture->api.webhooks.isEmpty());
}

QTEST_GUILESS_MAIN(TestSessionWebhook)
#include "tst_sessionwebhook.moc"
