// The page of sandboxes over a real journal and tracker; its actions go to a loopback API.

#include "models/events/eventlistmodel.h"
#include "models/sandboxes/sandboxactions.h"
#include "models/sandboxes/sandboxlistmodel.h"
#include "services/e2b/client.h"
#include "services/lifecycle/tracker.h"
#include "tests/models/miniapi.h"
#include "tests/services/lifecycle/events.h"
#include "ui/costs/costformula.h"
#include "ui/events/eventtext.h"
#include "ui/sandboxes/endtext.h"
#include "ui/sandboxes/sandboxespage.h"
#include "ui/theme/theme.h"
#include "ui/widgets/emptystate.h"

#include <QClipboard>
#include <QComboBox>
#include <QDialog>
#include <QGuiApplication>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QSignalSpy>
#include <QSpinBox>
#include <QTableView>
#include <QTemporaryDir>
#include <QTest>

#include <memory>

using namespace sandglass;
using namespace Qt::Literals::StringLiterals;
using lifecycle::EventType;
namespace sample = lifecycle::sample;
using models::SandboxListModel;

class TestSandboxesPage final : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void initTestCase();
    void init();
    void cleanup();
    void emptyStateLeadsToTheFirst();
    void rowsFollowTheEvents();
    void searchAndStatesFilter();
    void undoneKillSendsNothing();
    void killSendsOneRequestPerLiveSandbox_data();
    void killSendsOneRequestPerLiveSandbox();
    void secondKillKeepsTheFirst();
    void refusedKillIsTold();
    void selectionSurvivesUpdates();
    void copiesIds();
    void earlyEndIsMarked_data();
    void earlyEndIsMarked();
    void resumeAsksForTheTimeout();
    void extendTellsItsWorstCase();
    void resumeTellsItsWorstCase();
    void formulaOfTheSelectedOne();

private:
    void record(const std::vector<lifecycle::Event> &events);
    void recordThree(); ///< a and b run, c has paused; youngest first: c, b, a
    void select(const QStringList &ids);
    [[nodiscard]] QStringList selected() const;
    [[nodiscard]] QPushButton *button(const QString &name) const { return m_page->findChild<QPushButton *>(name); }
    [[nodiscard]] QPushButton *undo() const
    {
        return m_page->findChild<QWidget *>(u"toast"_s)->findChild<QPushButton *>(u"toastAction"_s);
    }
    [[nodiscard]] QStringList kills() const { return m_api->requests.filter(u"DELETE "_s); }

    std::unique_ptr<QTemporaryDir> m_directory;
    std::unique_ptr<lifecycle::Journal> m_journal;
    std::unique_ptr<lifecycle::Tracker> m_tracker;
    std::unique_ptr<SandboxListModel> m_model;
    std::unique_ptr<test::MiniApi> m_api;
    std::unique_ptr<e2b::Client> m_client;
    std::unique_ptr<models::ClientSandboxActions> m_actions;
    std::unique_ptr<ui::SandboxesPage> m_page;
    QTableView *m_table = nullptr;
};

void TestSandboxesPage::initTestCase()
{
    Q_INIT_RESOURCE(resources); // lies in a static library
    new ui::Theme(*qApp);
}

void TestSandboxesPage::init()
{
    m_directory = std::make_unique<QTemporaryDir>();
    auto journal = lifecycle::Journal::open(m_directory->filePath(u"journal.db"_s).toStdString());
    QVERIFY(journal);
    m_journal = std::move(*journal);
    const auto card = cost::RateCard::fromJson(
        R"({"currency":"USD","rates":[{"valid_from":"2020-01-01T00:00:00Z","usd_per_vcpu_second":"0.000014",
            "usd_per_gib_second":"0.0000045","source":"test"}]})");
    QVERIFY(card);
    m_tracker = std::make_unique<lifecycle::Tracker>(*m_journal, *card, [] { return sample::at(600); });
    m_tracker->start();
    QTRY_VERIFY(m_tracker->isReplayed());
    m_model = std::make_unique<SandboxListModel>(*m_tracker);
    m_api = std::make_unique<test::MiniApi>();
    e2b::Connection connection;
    connection.apiUrl = m_api->url();
    connection.apiKey = "e2b_0123456789abcdef0123456789abcdef01234567";
    m_client = std::make_unique<e2b::Client>(connection);
    m_actions = std::make_unique<models::ClientSandboxActions>(*m_client);
    m_page = std::make_unique<ui::SandboxesPage>(*m_model, *m_actions);
    m_page->resize(1200, 600);
    m_page->show();
    m_page->activateWindow();
    QVERIFY(QTest::qWaitForWindowActive(m_page.get()));
    m_table = m_page->findChild<QTableView *>(u"sandboxTable"_s);
    QVERIFY(m_table != nullptr);
}

void TestSandboxesPage::cleanup()
{
    m_page.reset();
    m_actions.reset();
    m_client.reset();
    m_api.reset();
    m_model.reset();
    m_tracker.reset();
    m_journal.reset();
    m_directory.reset();
}

void TestSandboxesPage::record(const std::vector<lifecycle::Event> &events)
{
    std::int64_t heard = 0;
    const auto connection = connect(m_tracker.get(), &lifecycle::Tracker::eventsRecorded, this,
                                    [&heard](const auto &fresh) { heard += static_cast<std::int64_t>(fresh.size()); });
    for (const lifecycle::Event &event : events)
        m_journal->append(event, [](lifecycle::Journal::Outcome) {});
    QTRY_COMPARE(heard, static_cast<std::int64_t>(events.size()));
    disconnect(connection);
}

void TestSandboxesPage::recordThree()
{
    record({sample::created(0, "e1", "a"), sample::created(10, "e2", "b"), sample::created(20, "e3", "c"),
            sample::ended(EventType::Paused, 60, "e3", 20, "c")});
    QTRY_COMPARE(m_table->model()->rowCount(), 3);
}

void TestSandboxesPage::select(const QStringList &ids)
{
    m_table->clearSelection();
    for (const QString &id : ids)
        m_table->selectionModel()->select(m_model->index(m_model->rowOf(id), 0),
                                          QItemSelectionModel::Select | QItemSelectionModel::Rows);
    m_table->setFocus();
}

QStringList TestSandboxesPage::selected() const
{
    QStringList ids;
    const QModelIndexList rows = m_table->selectionModel()->selectedRows();
    for (const QModelIndex &row : rows)
        ids << row.data(SandboxListModel::IdRole).toString();
    ids.sort();
    return ids;
}

void TestSandboxesPage::emptyStateLeadsToTheFirst()
{
    auto *empty = m_page->findChild<ui::EmptyState *>();
    QVERIFY(empty->isVisible() && !m_table->isVisible());
    QSignalSpy asked(m_page.get(), &ui::SandboxesPage::newSandboxRequested);
    QTest::mouseClick(button(u"emptyStateAction"_s), Qt::LeftButton);
    QCOMPARE(asked.size(), 1);
    for (const char *name : {"pauseSandboxes", "resumeSandboxes", "extendSandboxes", "killSandboxes"})
        QVERIFY(!button(QString::fromLatin1(name))->isEnabled());
    QTest::keyClick(m_page.get(), Qt::Key_Delete); // nothing to kill
    QVERIFY(!undo()->isVisible());
}

void TestSandboxesPage::rowsFollowTheEvents()
{
    QSignalSpy badge(m_page.get(), &ui::Page::badgeChanged);
    recordThree();
    QVERIFY(m_table->isVisible());
    QTRY_COMPARE(badge.last().value(0).toString(), u"3"_s);
    QCOMPARE(m_page->subtitle(), u"3 of 3"_s);
    record({sample::ended(EventType::Killed, 70, "e1", 0, "a")});
    QTRY_COMPARE(m_table->model()->rowCount(), 2);
    QTRY_COMPARE(badge.last().value(0).toString(), u"2"_s);
    QCOMPARE(m_page->subtitle(), u"2 of 3"_s);
}

void TestSandboxesPage::searchAndStatesFilter()
{
    recordThree();
    m_page->headerTools()->show();
    m_page->focusSearch();
    auto *search = m_page->headerTools()->findChild<QLineEdit *>(u"sandboxSearch"_s);
    QTest::keyClicks(search, u"nothing like it"_s);
    QTRY_COMPARE(m_table->model()->rowCount(), 0);
    QVERIFY(m_page->findChild<ui::EmptyState *>()->isVisible());
    QVERIFY(!button(u"emptyStateAction"_s)->isVisible()); // a search is no reason for a new one
    QTest::keyClick(search, Qt::Key_Escape);
    QTRY_COMPARE(m_table->model()->rowCount(), 3);
    QTest::mouseClick(button(u"sandboxStates2"_s), Qt::LeftButton); // Paused
    QCOMPARE(m_table->model()->rowCount(), 1);
    QCOMPARE(m_table->model()->index(0, 0).data(SandboxListModel::IdRole).toString(), u"c"_s);
}

void TestSandboxesPage::undoneKillSendsNothing()
{
    recordThree();
    select({u"a"_s, u"b"_s});
    QTest::keyClick(m_table, Qt::Key_Delete);
    QVERIFY(undo()->isVisible());
    QTest::mouseClick(undo(), Qt::LeftButton);
    QVERIFY(!undo()->isVisible());
    // A later kill goes out alone: had the former one still been waiting, it would go first.
    select({u"c"_s});
    QTest::keyClick(m_table, Qt::Key_Delete);
    QTRY_COMPARE_WITH_TIMEOUT(kills(), QStringList{u"DELETE /sandboxes/c"_s}, 15'000);
}

void TestSandboxesPage::killSendsOneRequestPerLiveSandbox_data()
{
    QTest::addColumn<QStringList>("ids");
    QTest::addColumn<QStringList>("requests");
    QTest::addColumn<QString>("label");
    QTest::newRow("one") << QStringList{u"b"_s} << QStringList{u"DELETE /sandboxes/b"_s} << u"Kill 1 sandbox"_s;
    QTest::newRow("ended ones are left out")
        << QStringList{u"a"_s, u"b"_s, u"c"_s, u"dead"_s}
        << QStringList{u"DELETE /sandboxes/a"_s, u"DELETE /sandboxes/b"_s, u"DELETE /sandboxes/c"_s}
        << u"Kill 3 sandboxes"_s;
}

void TestSandboxesPage::killSendsOneRequestPerLiveSandbox()
{
    QFETCH(QStringList, ids);
    QFETCH(QStringList, requests);
    recordThree();
    record({sample::created(30, "e4", "dead"), sample::ended(EventType::Killed, 40, "e4", 30, "dead")});
    QTest::mouseClick(button(u"sandboxStates4"_s), Qt::LeftButton); // All
    QTRY_COMPARE(m_table->model()->rowCount(), 4);
    select(ids);
    QTEST(button(u"killSandboxes"_s)->text(), "label");
    QTest::mouseClick(button(u"killSandboxes"_s), Qt::LeftButton);
    QVERIFY(undo()->isVisible());
    QVERIFY(m_api->requests.isEmpty()); // the grace period comes first
    QTRY_VERIFY_WITH_TIMEOUT(kills().size() >= requests.size(), 15'000);
    QVERIFY(!undo()->isVisible());
    QStringList sent = kills();
    sent.sort();
    QCOMPARE(sent, requests);
    QCOMPARE(m_table->model()->rowCount(), 4); // rows change by events, not by wishes
}

void TestSandboxesPage::secondKillKeepsTheFirst()
{
    recordThree();
    select({u"a"_s});
    QTest::keyClick(m_table, Qt::Key_Delete);
    select({u"b"_s});
    QTest::keyClick(m_table, Qt::Key_Delete);
    QTRY_COMPARE(kills(), QStringList{u"DELETE /sandboxes/a"_s});
    QTest::mouseClick(undo(), Qt::LeftButton); // of the second
    QCOMPARE(kills().size(), 1);
}

void TestSandboxesPage::refusedKillIsTold()
{
    recordThree();
    QSignalSpy told(m_page.get(), &ui::Page::toast);
    Q_EMIT m_actions->done(models::SandboxActions::Verb::Kill, u"a"_s,
                           failure(Error::Kind::Service, "no such sandbox", 404));
    QCOMPARE(told.size(), 1);
    QCOMPARE(told.first().value(0).toString(), u"a could not be killed: no such sandbox"_s);
    Q_EMIT m_actions->done(models::SandboxActions::Verb::Kill, u"a"_s, {});
    QCOMPARE(told.size(), 1);
}

void TestSandboxesPage::selectionSurvivesUpdates()
{
    recordThree();
    select({u"a"_s, u"c"_s});
    record({sample::created(90, "e5", "d"), sample::ended(EventType::Killed, 95, "e2", 10, "b")});
    QTRY_COMPARE(m_table->model()->rowCount(), 3);
    QCOMPARE(selected(), (QStringList{u"a"_s, u"c"_s}));
    QTest::mouseClick(button(u"sandboxStates4"_s), Qt::LeftButton); // All: the model is reset
    QCOMPARE(m_table->model()->rowCount(), 4);
    QCOMPARE(selected(), (QStringList{u"a"_s, u"c"_s}));
    record({sample::ended(EventType::Killed, 99, "e1", 0, "a")});
    QTRY_COMPARE(button(u"killSandboxes"_s)->text(), u"Kill 1 sandbox"_s); // a is still selected, but has ended
}

void TestSandboxesPage::copiesIds()
{
    recordThree();
    select({u"c"_s, u"a"_s});
    QSignalSpy told(m_page.get(), &ui::Page::toast);
    QTest::keyClick(m_table, Qt::Key_C, Qt::ControlModifier);
    QStringList copied = QGuiApplication::clipboard()->text().split(u'\n');
    copied.sort();
    QCOMPARE(copied, (QStringList{u"a"_s, u"c"_s}));
    QCOMPARE(told.value(0).value(0).toString(), u"Copied 2 ids"_s);
}

void TestSandboxesPage::earlyEndIsMarked_data()
{
    QTest::addColumn<std::string>("reason");
    QTest::addColumn<double>("plannedEnd");
    QTest::addColumn<QString>("told");
    const QString early = u"planned until 10:05:00, ended 10:02:00, 3 m 00 s early"_s;
    QTest::newRow("for no reason of ours") << std::string("timeout") << 300.0 << early;
    QTest::newRow("on the day after") << std::string("evicted") << 86'400.0
                                      << u"planned until 21 Aug 10:00:00, ended 10:02:00, 23 h 58 m early"_s;
    QTest::newRow("asked for") << std::string("request") << 300.0 << QString();
    QTest::newRow("in time") << std::string("timeout") << 121.0 << QString();
}

void TestSandboxesPage::earlyEndIsMarked()
{
    QFETCH(std::string, reason);
    QFETCH(double, plannedEnd);
    QFETCH(QString, told);
    models::EventListModel events(*m_tracker);
    lifecycle::Event listed = sample::observedRunning(1, 0);
    listed.sandboxId = "a";
    listed.id = "listed";
    listed.newEnd = sample::at(plannedEnd);
    lifecycle::Event killed = sample::ended(EventType::Killed, 120, "e1", 0, "a");
    killed.killReason = reason;
    record({sample::created(0, "e1", "a"), listed, killed});
    QTest::mouseClick(button(u"sandboxStates3"_s), Qt::LeftButton); // Ended
    QTRY_COMPARE(m_table->model()->rowCount(), 1);
    QCOMPARE(m_model->index(0, 0).data(SandboxListModel::EarlyMsRole).isValid(), !told.isEmpty());
    select({u"a"_s});
    auto *line = m_page->findChild<QLabel *>(u"sandboxDetail"_s);
    QCOMPARE(line->isVisible(), !told.isEmpty());
    QCOMPARE(line->text(), told.isEmpty() ? QString() : u"a: "_s + told);
    QTRY_COMPARE(events.rowCount(), 3);
    const QString detail = ui::eventDetail(events.index(0, 0));
    QVERIFY2(told.isEmpty() ? !detail.contains(u"planned"_s) : detail.contains(told), qPrintable(detail));
    QVERIFY2(!ui::eventDetail(events.index(2, 0)).contains(u"planned"_s), "of its beginning there is nothing to say");
}

void TestSandboxesPage::resumeAsksForTheTimeout()
{
    const Timestamp former = systemNow() + std::chrono::hours(1); // later than fifteen minutes from now
    recordThree();
    lifecycle::Event moved = sample::bare(EventType::Updated, 50, "e3", "c");
    moved.newEnd = former;
    record({moved});
    select({u"a"_s, u"c"_s}); // a runs: it is not resumed
    const auto dialog = [this] { return m_page->findChild<QDialog *>(u"resumeDialog"_s); };
    QTest::mouseClick(button(u"resumeSandboxes"_s), Qt::LeftButton);
    QVERIFY(dialog() != nullptr);
    QVERIFY(m_api->requests.isEmpty());
    const auto text = [&](const QString &name) { return dialog()->findChild<QLabel *>(name)->text(); };
    QCOMPARE(text(u"formerEnd"_s), ui::clockBeside(former, systemNow()));
    QVERIFY2(text(u"nextEnd"_s).contains(u"earlier than before"_s), qPrintable(text(u"nextEnd"_s)));
    auto *number = dialog()->findChild<QSpinBox *>(u"resumeTimeout"_s);
    auto *unit = dialog()->findChild<QComboBox *>(u"resumeTimeoutUnit"_s);
    QCOMPARE(number->value(), 15);
    QCOMPARE(unit->currentText(), u"minutes"_s);
    QTest::mouseClick(dialog()->findChild<QPushButton *>(u"cancelResume"_s), Qt::LeftButton);
    QTRY_VERIFY(dialog() == nullptr);

    QTest::mouseClick(button(u"resumeSandboxes"_s), Qt::LeftButton);
    dialog()->findChild<QComboBox *>(u"resumeTimeoutUnit"_s)->setCurrentIndex(2);
    dialog()->findChild<QSpinBox *>(u"resumeTimeout"_s)->setValue(2);
    QVERIFY2(!text(u"nextEnd"_s).contains(u"earlier"_s), qPrintable(text(u"nextEnd"_s)));
    auto *confirm = dialog()->findChild<QPushButton *>(u"confirmResume"_s);
    QCOMPARE(confirm->text(), u"Resume 1 sandbox"_s);
    QTest::mouseClick(confirm, Qt::LeftButton);
    QTRY_COMPARE(m_api->requests, QStringList{u"POST /sandboxes/c/connect"_s});
    QVERIFY2(m_api->lastBody.contains("7200"), m_api->lastBody);
}

void TestSandboxesPage::extendTellsItsWorstCase()
{
    lifecycle::Event sized = sample::observedRunning(0, 0);
    sized.sandboxId = "sized";
    record({sample::created(10, "e1", "unsized"), sized});
    QTRY_COMPARE(m_model->rowCount(), 2);
    const auto *words = m_page->findChild<QLabel *>(u"selectedSandboxes"_s);
    select({u"sized"_s});
    QVERIFY2(words->text().endsWith(u" · 15 min more: at most $0.0272"_s), qPrintable(words->text())); // 900 s
    select({u"unsized"_s});
    QVERIFY2(words->text().endsWith(u" · 15 min more: price unknown"_s), qPrintable(words->text()));
    QVERIFY2(m_page->minimumSizeHint().width() <= 816, "it fits beside the side bar of a window of 1024");
    select({u"sized"_s, u"unsized"_s});
    QVERIFY2(words->text().endsWith(u"at most $0.0272, 1 of unknown size"_s), qPrintable(words->text()));
}

void TestSandboxesPage::resumeTellsItsWorstCase()
{
    lifecycle::Event sized = sample::observedRunning(0, 0);
    sized.sandboxId = "sized";
    record({sample::created(10, "e1", "unsized"), sized, sample::bare(EventType::Paused, 20, "e1", "unsized"),
            sample::ended(EventType::Paused, 30, "e2", 0, "sized")});
    QTRY_COMPARE(m_model->rowCount(), 2);
    const auto dialog = [this] { return m_page->findChild<QDialog *>(u"resumeDialog"_s); };
    const auto cost = [&] { return dialog()->findChild<QLabel *>(u"resumeCost"_s); };
    select({u"sized"_s});
    QTest::mouseClick(button(u"resumeSandboxes"_s), Qt::LeftButton);
    QCOMPARE(cost()->text(), u"at most $0.0272"_s); // 900 s
    QCOMPARE(cost()->toolTip(), u"$0.027225 when all run until then"_s);
    dialog()->findChild<QComboBox *>(u"resumeTimeoutUnit"_s)->setCurrentIndex(2);
    dialog()->findChild<QSpinBox *>(u"resumeTimeout"_s)->setValue(24);
    QCOMPARE(cost()->text(), u"at most $2.61"_s); // features.md: $2.6136
    QTest::mouseClick(dialog()->findChild<QPushButton *>(u"cancelResume"_s), Qt::LeftButton);
    QTRY_VERIFY(dialog() == nullptr);

    select({u"sized"_s, u"unsized"_s});
    QTest::mouseClick(button(u"resumeSandboxes"_s), Qt::LeftButton);
    QCOMPARE(cost()->text(), u"at most $0.0272, 1 of unknown size"_s);
}

void TestSandboxesPage::formulaOfTheSelectedOne()
{
    lifecycle::Event unsized = sample::created(10, "e1", "unsized");
    record({unsized, sample::created(0, "e2", "a"), sample::ended(EventType::Killed, 90, "e2", 0, "a"),
            sample::created(5, "e3", "b"), sample::bare(EventType::Killed, 20, "e1", "unsized")});
    QTest::mouseClick(button(u"sandboxStates3"_s), Qt::LeftButton); // Ended
    QTRY_COMPARE(m_model->rowCount(), 2);
    const auto *formula = m_page->findChild<QLabel *>(u"sandboxFormula"_s);
    QVERIFY(!formula->isVisible());
    select({u"a"_s});
    QVERIFY(formula->isVisible());
    QCOMPARE(formula->text(), u"Cost: 2 vCPU × 90 s × $0.000014 + 0.5 GiB × 90 s × $0.0000045 = $0.0027225"_s);
    select({u"unsized"_s});
    QCOMPARE(formula->text(), u"Cost: unknown, the size has not been told."_s);
    select({u"a"_s, u"unsized"_s});
    QVERIFY(!formula->isVisible());

    // More decimals than are written: said, not cut in silence.
    QCOMPARE(ui::costEquation({{1, 1'000, 1, 14'000'000, 4'500'000}}),
             u"1 vCPU × 0.001 s × $0.000014 + 0.9765625 GiB × 0.001 s × $0.0000045 ≈ $0.000000018395"_s);
}

QTEST_MAIN(TestSandboxesPage)
#include "tst_sandboxespage.moc"
