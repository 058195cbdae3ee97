#include "models/costs/coldcosts.h"
#include "models/costs/costtablemodel.h"
#include "models/costs/liveseries.h"
#include "models/costs/timewindow.h"
#include "tests/models/livefixture.h"
#include "ui/costs/costspage.h"
#include "ui/theme/theme.h"

#include <QApplication>
#include <QComboBox>
#include <QLabel>
#include <QTableView>
#include <QTest>

#include <memory>

using namespace sandglass;
using namespace Qt::Literals::StringLiterals;
using Grouping = models::CostTableModel::Grouping;
namespace sample = lifecycle::sample;

class TestCostsPage final : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void initTestCase();
    void init();
    void cleanup();
    void figuresStandApart();
    void groupsByAMetadataKey();
    void rememberedKeyComesBack();
    void groupsByDay();

private:
    struct Program
    {
        explicit Program(test::LiveFixture &live)
            : window([&live] { return live.now; })
            , cold(live.journal().file())
            , series(live.tracker(), window)
            , byTemplate(live.tracker(), window, Grouping::Template, &cold)
            , bySandbox(live.tracker(), window, Grouping::Sandbox, &cold)
            , byMetadata(live.tracker(), window, Grouping::Metadata, &cold)
            , byDay(live.tracker(), window, Grouping::Day, &cold)
            , page(window, series, byTemplate, bySandbox)
        {
            page.offerDays(byDay);
            page.offerMetadata(byMetadata);
            page.resize(1024, 600);
            page.show();
        }
        models::TimeWindow window;
        models::ColdCosts cold;
        models::LiveSeries series;
        models::CostTableModel byTemplate, bySandbox, byMetadata, byDay;
        ui::CostsPage page;
    };
    [[nodiscard]] QComboBox *grouping() const { return m_program->page.findChild<QComboBox *>(u"costGrouping"_s); }
    [[nodiscard]] QTableView *table() const { return m_program->page.findChild<QTableView *>(u"costByTemplate"_s); }

    test::LiveFixture m_live;
    std::unique_ptr<Program> m_program;
};

void TestCostsPage::initTestCase()
{
    Q_INIT_RESOURCE(resources); // lies in a static library
    new ui::Theme(*qApp);
}

void TestCostsPage::init()
{
    QVERIFY(m_live.open());
    lifecycle::Event open = sample::observedRunning(1, 0);
    open.sandboxId = "open";
    open.metadata = {{"customer", "acme"}, {"team", "blue"}};
    open.newEnd = sample::at(1'200);
    lifecycle::Event over = sample::ended(lifecycle::EventType::Killed, 100, "e1", 0, "over");
    over.metadata = {{"customer", "umbra"}};
    QVERIFY(m_live.record({open, over, sample::ended(lifecycle::EventType::Killed, 400, "e2", 100, "plain")}));
    m_program = std::make_unique<Program>(m_live);
}

void TestCostsPage::cleanup()
{
    m_program.reset();
    m_live.close();
}

void TestCostsPage::figuresStandApart()
{
    const auto *words = m_program->page.findChild<QLabel *>(u"costFigures"_s);
    QTRY_COMPARE(words->text(),
                 u"Confirmed $0.0121 · estimated $0.0182 · reserved until the timeouts of 1 running: at most $0.0182 "
                 "more"_s);
}

void TestCostsPage::groupsByAMetadataKey()
{
    QTRY_COMPARE(grouping()->count(), 4);
    QCOMPARE(grouping()->itemText(0), u"Template"_s);
    grouping()->setCurrentIndex(grouping()->findText(u"customer"_s));
    QTRY_COMPARE(table()->model()->rowCount(), 3);
    QStringList names;
    for (int row = 0; row < 3; ++row)
        names << table()->model()->index(row, 0).data().toString();
    QCOMPARE(names, QStringList({u"acme"_s, u"no “customer”"_s, u"umbra"_s})); // 600, 300 and 100 s
    QCOMPARE(m_program->byMetadata.total(), m_program->byTemplate.total());
    QCOMPARE(table()->accessibleName(), u"By customer"_s);
    grouping()->setCurrentIndex(0);
    QCOMPARE(table()->model(), &m_program->byTemplate);
}

void TestCostsPage::groupsByDay()
{
    QTRY_COMPARE(grouping()->count(), 4);
    grouping()->setCurrentIndex(grouping()->findText(u"Day"_s));
    QCOMPARE(table()->model(), &m_program->byDay);
    QTRY_COMPARE(table()->model()->rowCount(), 1);
    QCOMPARE(table()->model()->index(0, 0).data().toString(), u"2026-08-20"_s);
    QCOMPARE(table()->model()->headerData(0, Qt::Horizontal).toString(), u"Day"_s);
    QCOMPARE(table()->accessibleName(), u"By day"_s);
    QTRY_COMPARE(m_program->byDay.total(), m_program->byTemplate.total());
    QVERIFY(!m_program->byDay.total().isZero());

    const QByteArray state = m_program->page.saveState();
    m_program = std::make_unique<Program>(m_live);
    m_program->page.restoreState(state);
    QCOMPARE(grouping()->currentText(), u"Day"_s);
    QTRY_COMPARE(table()->model()->rowCount(), 1);
    QTRY_COMPARE(grouping()->count(), 4); // the keys are offered beside it
    grouping()->setCurrentIndex(grouping()->findText(u"team"_s));
    QCOMPARE(table()->model(), &m_program->byMetadata);
}

void TestCostsPage::rememberedKeyComesBack()
{
    QTRY_COMPARE(grouping()->count(), 4);
    grouping()->setCurrentIndex(grouping()->findText(u"team"_s));
    const QByteArray state = m_program->page.saveState();
    m_program = std::make_unique<Program>(m_live);
    m_program->page.restoreState(state);
    QTRY_COMPARE(grouping()->currentText(), u"team"_s);
    QTRY_COMPARE(table()->model()->rowCount(), 2);
}

QTEST_MAIN(TestCostsPage)
#include "tst_costspage.moc"
