#pragma once

#include "models/budgets/auditmodel.h"
#include "models/budgets/budgetlistmodel.h"
#include "models/budgets/guarddesk.h"
#include "models/budgets/plannedmodel.h"
#include "models/budgets/spendforecast.h"
#include "services/e2b/client.h"
#include "tests/models/livefixture.h"
#include "tests/support/fakee2bserver.h"
#include "ui/budgets/budgetspage.h"
#include "ui/budgets/guardnotice.h"
#include "ui/theme/theme.h"

#include <QApplication>
#include <QLineEdit>
#include <QPushButton>
#include <QTableView>
#include <QTest>

#include <atomic>

/// They lie in a static library; the macro does not work inside a namespace.
inline void initResources()
{
    Q_INIT_RESOURCE(resources);
}

namespace sandglass::test {

/// The budgets page in a window, over a real desk, journal and client; only the cloud is a fake.
class BudgetsFixture : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void initTestCase()
    {
        initResources();
        new ui::Theme(*qApp);
    }

    void init()
    {
        m_directory = std::make_unique<QTemporaryDir>();
        QVERIFY(m_live.open());
        m_live.now = lifecycle::sample::at(600);
        m_nowNs = toUnixNs(m_live.now);
        m_server = std::make_unique<testsupport::FakeE2bServer>();
        m_server->scriptAll("/sandboxes/", [](const testsupport::FakeRequest &request) {
            return request.target.endsWith("/connect") ? testsupport::FakeReply::json(
                       201, R"({"sandboxID":"a","templateID":"tpl","clientID":"c","envdVersion":"0.4.0"})")
                                                       : testsupport::FakeReply::json(204, {});
        });
        e2b::Connection connection;
        connection.apiUrl = m_server->url();
        connection.apiKey = "e2b_0123456789abcdef0123456789abcdef01234567";
        m_client = std::make_unique<e2b::Client>(connection);
        m_actions = std::make_unique<models::ClientSandboxActions>(*m_client);
        const auto file = [this](const char *name) {
            return std::filesystem::path(m_directory->filePath(QString::fromLatin1(name)).toStdString());
        };
        m_desk = std::make_unique<models::GuardDesk>(
            m_live.tracker(), *m_actions,
            models::GuardFiles{file("budgets.json"), file("guard.json"), file("audit.jsonl"), m_live.journal().file()},
            [this] { return fromUnixNs(m_nowNs); });
        m_budgets = std::make_unique<models::BudgetListModel>(*m_desk);
        m_planned = std::make_unique<models::PlannedModel>(*m_desk);
        m_audit = std::make_unique<models::AuditModel>(*m_desk);
        m_forecast = std::make_unique<models::SpendForecast>(m_live.tracker(), *m_desk);
        m_window = std::make_unique<QWidget>();
        m_window->resize(1200, 900);
        m_page = new ui::BudgetsPage(
            {*m_desk, *m_budgets, *m_planned, *m_audit, *m_forecast}, [] { return QStringList{QStringLiteral("ml")}; },
            [] { return QStringList{QStringLiteral("Cloud")}; }, m_window.get());
        m_page->setGeometry(0, 60, 1200, 840);
        m_page->headerTools()->setParent(m_window.get());
        m_page->headerTools()->setGeometry(600, 0, 600, 56);
        m_notice = new ui::GuardNotice(*m_desk, *m_planned, m_window.get());
        m_window->show();
        m_window->activateWindow();
        QVERIFY(QTest::qWaitForWindowActive(m_window.get()));
        m_table = child<QTableView>("budgetTable");
        QTRY_VERIFY(m_desk->isCurrent());
    }

    void cleanup()
    {
        m_window.reset();
        m_forecast.reset();
        m_audit.reset();
        m_planned.reset();
        m_budgets.reset();
        m_desk.reset();
        m_actions.reset();
        m_client.reset();
        m_server.reset();
        m_live.close();
        m_directory.reset();
    }

protected:
    template<typename Widget>
    [[nodiscard]] Widget *child(const char *name) const
    {
        Widget *found = m_window->findChild<Widget *>(QString::fromLatin1(name));
        Q_ASSERT(found != nullptr);
        return found;
    }
    void click(const char *name) { QTest::mouseClick(child<QPushButton>(name), Qt::LeftButton); }
    void type(const char *name, const QString &text)
    {
        auto *edit = child<QLineEdit>(name);
        edit->setFocus();
        edit->selectAll();
        QTest::keyClick(edit, Qt::Key_Backspace);
        QTest::keyClicks(edit, text);
    }

    /// The clock; then one evaluation.
    void moveTo(double seconds)
    {
        QTRY_VERIFY(m_desk->isCurrent());
        m_live.now = lifecycle::sample::at(seconds);
        m_nowNs = toUnixNs(m_live.now);
        m_desk->confirmFacts();
        m_desk->evaluateNow();
        QTRY_VERIFY(m_desk->isCurrent() && m_desk->report()->at == m_live.now);
    }

    /// "a" since 0 s: $0.01815 in ten minutes.
    void runOne()
    {
        lifecycle::Event size = lifecycle::sample::observedRunning(1, 0);
        size.sandboxId = "a";
        size.id = "a/observed";
        QVERIFY(m_live.record({lifecycle::sample::created(0, "e1", "a"), size}));
        m_desk->confirmFacts();
    }

    /// "a" is to be killed 30 s later.
    void planKill()
    {
        runOne();
        cost::Budget budget;
        budget.id = "b1";
        budget.name = "Daily";
        budget.moneyLimit = Money::parse("0.01").value();
        budget.timeZone = "UTC";
        budget.action = cost::Budget::Action::Kill;
        budget.isDryRun = false;
        budget.grace = std::chrono::seconds(30);
        QVERIFY(m_desk->setBudget(budget));
        QTRY_COMPARE(m_planned->rowCount(), 1);
    }

    LiveFixture m_live;
    std::atomic<std::int64_t> m_nowNs = 0;
    std::unique_ptr<QTemporaryDir> m_directory;
    std::unique_ptr<testsupport::FakeE2bServer> m_server;
    std::unique_ptr<e2b::Client> m_client;
    std::unique_ptr<models::ClientSandboxActions> m_actions;
    std::unique_ptr<models::GuardDesk> m_desk;
    std::unique_ptr<models::BudgetListModel> m_budgets;
    std::unique_ptr<models::PlannedModel> m_planned;
    std::unique_ptr<models::AuditModel> m_audit;
    std::unique_ptr<models::SpendForecast> m_forecast;
    std::unique_ptr<QWidget> m_window;
    ui::BudgetsPage *m_page = nullptr;
    ui::GuardNotice *m_notice = nullptr;
    QTableView *m_table = nullptr;
};

} // namespace sandglass::test
