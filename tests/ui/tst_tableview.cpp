#include "ui/widgets/tableview.h"

#include <QApplication>
#include <QHeaderView>
#include <QStandardItemModel>
#include <QTest>

using namespace Qt::Literals::StringLiterals;
using namespace sandglass;

/// Columns of a table that is narrower or wider than they are.
class TestTableView final : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void init();
    void cleanup() { m_table.reset(); }
    void takesWhatIsLeft();
    void wideColumnsGiveWay();
    void scrollsWhenNothingGives();
    void keepsWhatAHandHasSet();
    void optionalColumnsGoFirst();

private:
    [[nodiscard]] QList<int> widthsAt(int width)
    {
        m_table->resize(width, 200);
        m_table->grab();
        QList<int> widths;
        for (int column = 0; column < m_model.columnCount(); ++column)
            widths << m_table->columnWidth(column);
        return widths;
    }
    QStandardItemModel m_model{1, 3};
    std::unique_ptr<ui::TableView> m_table;
};

void TestTableView::init()
{
    m_table = std::make_unique<ui::TableView>(u"table"_s);
    m_table->setVerticalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    m_table->setModel(&m_model);
    m_table->setColumnWidths({100, 150, -1}, {0, 80, 120});
    m_table->show();
}

void TestTableView::takesWhatIsLeft()
{
    QCOMPARE(widthsAt(600), (QList<int>{100, 150, 350}));
    QCOMPARE(widthsAt(370), (QList<int>{100, 150, 120}));
}

void TestTableView::wideColumnsGiveWay()
{
    QCOMPARE(widthsAt(340), (QList<int>{100, 120, 120}));
    QCOMPARE(widthsAt(600), (QList<int>{100, 150, 350})); // and come back
}

void TestTableView::scrollsWhenNothingGives()
{
    QCOMPARE(widthsAt(200), (QList<int>{100, 80, 120}));
}

void TestTableView::keepsWhatAHandHasSet()
{
    (void)widthsAt(600);
    m_table->horizontalHeader()->resizeSection(1, 200);
    QCOMPARE(widthsAt(700), (QList<int>{100, 200, 400}));
    (void)widthsAt(340); // what a small window makes of it is not kept
    const QByteArray state = m_table->saveColumns();
    QCOMPARE(m_table->columnWidth(1), 120);

    init();
    m_table->restoreColumns(state);
    QCOMPARE(widthsAt(700), (QList<int>{100, 200, 400}));
}

void TestTableView::optionalColumnsGoFirst()
{
    m_table->setOptionalColumns({2, 1});
    QCOMPARE(widthsAt(340), (QList<int>{100, 120, 120}));
    QCOMPARE(widthsAt(310), (QList<int>{100, 90, 120}));
    QCOMPARE(widthsAt(290), (QList<int>{100, 150, 0}));
    QVERIFY(m_table->isColumnHidden(2));
    QCOMPARE(widthsAt(150), (QList<int>{100, 0, 0}));
    const QByteArray state = m_table->saveColumns(); // hidden by this window's size, not by a hand
    QCOMPARE(widthsAt(600), (QList<int>{100, 150, 350}));

    init();
    m_table->restoreColumns(state);
    QCOMPARE(widthsAt(600), (QList<int>{100, 150, 350}));
}

QTEST_MAIN(TestTableView)
#include "tst_tableview.moc"
