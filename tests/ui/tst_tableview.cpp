#include "ui/theme/theme.h"
#include "ui/widgets/celldelegate.h"
#include "ui/widgets/tableview.h"

#include <QApplication>
#include <QHeaderView>
#include <QStandardItemModel>
#include <QTest>

#include <tuple>
#include <utility>

using namespace Qt::Literals::StringLiterals;
using namespace sandglass;

namespace {

class PlainCells final : public ui::CellDelegate
{
public:
    using ui::CellDelegate::CellDelegate;

protected:
    void paintCell(QPainter &painter, const QRect &area, const QModelIndex &index) const override
    {
        paintText(painter, area, index.data().toString(), Qt::black,
                  index.column() == 1 ? Qt::AlignRight : Qt::AlignLeft);
    }
};

/// First and last column of pixels in `area` that are not of its corner's colour.
std::pair<int, int> inkIn(const QImage &image, const QRect &area)
{
    int first = -1, last = -1;
    for (int x = area.left(); x <= area.right(); ++x) {
        for (int y = area.top(); y <= area.bottom(); ++y) {
            if (image.pixel(x, y) == image.pixel(area.topLeft()))
                continue;
            first = first < 0 ? x : first;
            last = x;
        }
    }
    return {first, last};
}

} // namespace

/// Columns of a table that is narrower or wider than they are.
class TestTableView final : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void initTestCase() { m_theme = std::make_unique<ui::Theme>(*qApp); }
    void cleanupTestCase() { m_theme.reset(); }
    void init();
    void cleanup() { m_table.reset(); }
    void takesWhatIsLeft();
    void wideColumnsGiveWay();
    void scrollsWhenNothingGives();
    void keepsWhatAHandHasSet();
    void optionalColumnsGoFirst();
    void titlesStandAboveTheirText();

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
    std::unique_ptr<ui::Theme> m_theme;
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

void TestTableView::titlesStandAboveTheirText()
{
    QStandardItemModel model(1, 2);
    for (int column = 0; column < 2; ++column) {
        model.setHeaderData(column, Qt::Horizontal, u"HHH"_s);
        model.setItem(0, column, new QStandardItem(u"HHH"_s));
    }
    model.setHeaderData(1, Qt::Horizontal, static_cast<int>(Qt::AlignRight | Qt::AlignVCenter), Qt::TextAlignmentRole);
    m_table->setModel(&model);
    m_table->setColumnWidths({150, 150});
    m_table->setItemDelegate(new PlainCells(m_table.get()));
    m_table->setFocusPolicy(Qt::NoFocus);
    m_table->resize(310, 200);
    const auto inkOf = [this](int column) {
        const QHeaderView *header = m_table->horizontalHeader();
        const QImage titles = m_table->grab().toImage();
        const QRect title(header->geometry().left() + header->sectionViewportPosition(column) + 1,
                          header->geometry().top() + 1, header->sectionSize(column) - 2, header->height() - 3);
        const QRect row = m_table->visualRect(m_table->model()->index(0, column)).adjusted(1, 1, -1, -2);
        return std::pair(inkIn(titles, title), inkIn(titles, row.translated(m_table->viewport()->pos())));
    };
    for (int column = 0; column < 2; ++column) {
        const auto [title, row] = inkOf(column);
        QVERIFY(row.first > 0);
        QCOMPARE(title, row);
    }
    // The arrow takes its place beside the title, which stays where it is.
    m_table->setSortingEnabled(true);
    m_table->sortByColumn(1, Qt::AscendingOrder);
    auto [title, row] = inkOf(1);
    QCOMPARE(title.second, row.second);
    QVERIFY(title.first < row.first - 8);
    m_table->sortByColumn(0, Qt::DescendingOrder);
    std::tie(title, row) = inkOf(0);
    QCOMPARE(title.first, row.first);
    QVERIFY(title.second > row.second + 8);
}

QTEST_MAIN(TestTableView)
#include "tst_tableview.moc"
