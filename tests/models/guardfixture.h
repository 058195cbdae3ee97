#pragma once

#include "models/budgets/auditmodel.h"
#include "models/budgets/guarddesk.h"
#include "services/e2b/client.h"
#include "tests/models/livefixture.h"
#include "tests/support/fakee2bserver.h"

#include <QTest>

#include <atomic>

namespace sandglass::test {

/// The list names it: connection and size become known.
inline lifecycle::Event observed(const std::string &id, double seconds, double startedAt)
{
    lifecycle::Event event = lifecycle::sample::observedRunning(seconds, startedAt);
    event.sandboxId = id;
    event.id = id + "/observed/" + std::to_string(seconds);
    event.templateId = "tpl";
    return event;
}

inline cost::Budget moneyBudget(const char *dollars)
{
    cost::Budget budget;
    budget.id = "b1";
    budget.name = "Daily";
    budget.moneyLimit = Money::parse(dollars).value();
    budget.timeZone = "UTC";
    budget.thresholds = {50, 100};
    return budget;
}

inline cost::Budget countBudget(cost::Budget::Measure measure, std::int64_t limit)
{
    cost::Budget budget = moneyBudget("1");
    budget.measure = measure;
    budget.countLimit = limit;
    return budget;
}

/// A guard desk over a real journal and tracker, made anew for each test; actions go to a loopback API by HTTP.
class GuardFixture : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void init()
    {
        m_directory = std::make_unique<QTemporaryDir>();
        QVERIFY(m_live.open());
        m_nowNs = toUnixNs(m_live.now);
        m_server = std::make_unique<testsupport::FakeE2bServer>();
        e2b::Connection connection;
        connection.apiUrl = m_server->url();
        connection.apiKey = "e2b_0123456789abcdef0123456789abcdef01234567";
        m_client = std::make_unique<e2b::Client>(connection);
        m_actions = std::make_unique<models::ClientSandboxActions>(*m_client);
        openDesk();
    }

    void cleanup()
    {
        m_audit.reset();
        m_desk.reset();
        m_actions.reset();
        m_client.reset();
        m_server.reset();
        m_live.close();
        m_directory.reset();
    }

protected:
    /// Anew over the same files: what a restart of the program does.
    void openDesk()
    {
        m_alerts.clear();
        m_audit.reset();
        m_desk.reset();
        const auto file = [this](const char *name) {
            return std::filesystem::path(m_directory->filePath(QString::fromLatin1(name)).toStdString());
        };
        m_desk = std::make_unique<models::GuardDesk>(
            m_live.tracker(), *m_actions,
            models::GuardFiles{file("budgets.json"), file("guard.json"), file("audit.jsonl"), m_live.journal().file()},
            [this] { return fromUnixNs(m_nowNs); });
        m_audit = std::make_unique<models::AuditModel>(*m_desk);
        m_desk->setConnection(QStringLiteral("Fake"));
        connect(m_desk.get(), &models::GuardDesk::alertRaised, this,
                [this](const models::GuardAlert &alert) { m_alerts.push_back(alert); });
        QTRY_VERIFY(m_desk->isCurrent());
    }

    /// The clock; then one evaluation.
    void moveTo(double seconds)
    {
        m_live.now = lifecycle::sample::at(seconds);
        QTRY_VERIFY(m_desk->isCurrent());
        m_nowNs = toUnixNs(m_live.now);
        m_desk->confirmFacts();
        m_desk->evaluateNow();
        QTRY_VERIFY(m_desk->isCurrent() && m_desk->report()->at == m_live.now);
    }

    /// Waits for an evaluation that begins now.
    void settle()
    {
        QTRY_VERIFY(m_desk->isCurrent());
        const Timestamp now = fromUnixNs(++m_nowNs); // to know the report by
        m_desk->evaluateNow();
        QTRY_COMPARE(m_desk->report()->at, now);
    }

    /// a and b since 0 s, known to the connection "Fake".
    void runTwo()
    {
        QVERIFY(m_live.record({lifecycle::sample::created(0, "e1", "a"), lifecycle::sample::created(0, "e2", "b"),
                               observed("a", 1, 0), observed("b", 1, 0)}));
        QTest::qWait(0);
        settle();
    }

    void stopAt(cost::Budget::Action action, bool isDryRun)
    {
        cost::Budget budget = moneyBudget("0.02"); // two cost $0.0363 in ten minutes
        budget.action = action;
        budget.isDryRun = isDryRun;
        budget.grace = std::chrono::seconds(30);
        QVERIFY(m_desk->setBudget(budget));
        settle();
    }

    [[nodiscard]] QStringList audit(models::AuditModel::Column column) const
    {
        QStringList texts;
        for (int row = 0; row < m_audit->rowCount(); ++row)
            texts << m_audit->index(row, column).data().toString();
        return texts;
    }

    [[nodiscard]] int sent(const QByteArray &request) const { return m_server->count(request); }
    [[nodiscard]] const cost::BudgetUsage &usage() const { return m_desk->report()->usages.front(); }

    LiveFixture m_live;
    std::atomic<std::int64_t> m_nowNs = 0; ///< for the worker's thread
    std::unique_ptr<QTemporaryDir> m_directory;
    std::unique_ptr<testsupport::FakeE2bServer> m_server;
    std::unique_ptr<e2b::Client> m_client;
    std::unique_ptr<models::ClientSandboxActions> m_actions;
    std::unique_ptr<models::GuardDesk> m_desk;
    std::unique_ptr<models::AuditModel> m_audit;
    std::vector<models::GuardAlert> m_alerts;
};

} // namespace sandglass::test
