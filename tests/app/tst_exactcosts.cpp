// The bill to the last digit, by real clicks in the real program: the price vectors delivered by webhook, in rows,
// chart and CSV alike, what is not known told as such, and new prices from a date on (acceptance S71).

#include "models/costs/costtablemodel.h"
#include "services/core/money.h"
#include "services/core/qtstring.h"
#include "services/lifecycle/receiver.h"
#include "tests/app/fakeclock.h"
#include "tests/app/programfixture.h"
#include "tests/app/provider.h"
#include "ui/charts/timechart.h"

#include <QFileDialog>
#include <QHeaderView>
#include <QLineEdit>
#include <QPushButton>
#include <QTableView>
#include <QTest>

#include <cmath>
#include <numeric>

using namespace std::chrono_literals;
using namespace Qt::Literals::StringLiterals;
using namespace sandglass;
using models::CostTableModel;

namespace {

Timestamp at(const char *text)
{
    return parseRfc3339(text).value_or(Timestamp{});
}

struct Vector
{
    test::TestRun run;
    qint64 pico; ///< what it costs at list prices, from features.md
};

/// All on the 10th and 11th, before the new prices.
std::vector<Vector> vectors()
{
    const Timestamp start = at("2026-09-10T00:00:00Z");
    return {
        {{.sandbox = "small-5s", .start = start, .length = 5s, .vcpu = 2, .memoryMb = 512}, 151'250'000},
        {{.sandbox = "small-90s", .start = start, .length = 90s, .vcpu = 2, .memoryMb = 512}, 2'722'500'000},
        {{.sandbox = "small-600s", .start = start, .length = 600s, .vcpu = 2, .memoryMb = 512}, 18'150'000'000},
        {{.sandbox = "small-1h", .start = start, .length = 1h, .vcpu = 2, .memoryMb = 512}, 108'900'000'000},
        {{.sandbox = "small-24h", .start = start, .length = 24h, .vcpu = 2, .memoryMb = 512}, 2'613'600'000'000},
        {{.sandbox = "gib-1h", .start = start, .length = 1h, .vcpu = 2, .memoryMb = 1'024}, 117'000'000'000},
        {{.sandbox = "four-gib-1h", .start = start, .length = 1h, .vcpu = 2, .memoryMb = 4'096}, 165'600'000'000},
        {{.sandbox = "large-1h", .start = start, .length = 1h, .vcpu = 8, .memoryMb = 8'192}, 532'800'000'000},
    };
}

constexpr qint64 pausedPico = 27'225'000'000; // 10 min, a pause of 50 min, 5 min
constexpr qint64 crossingOld = 217'800'000'000, crossingNew = 318'600'000'000;
constexpr qint64 laterOld = 108'900'000'000, laterNew = 209'700'000'000;

} // namespace

class TestExactCosts final : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void initTestCase();
    void eachVectorToTheLastDigit();
    void certaintiesAreApart();
    void rowsChartAndFileAgree();
    void newPricesFromADateOn();

private:
    [[nodiscard]] QAbstractItemModel &bySandbox() { return *m_fixture->find<QTableView>("costBySandbox")->model(); }
    [[nodiscard]] QAbstractItemModel &byTemplate() { return *m_fixture->find<QTableView>("costByTemplate")->model(); }
    [[nodiscard]] std::optional<qint64> picoOf(const QString &sandbox);
    [[nodiscard]] QString certaintyOf(const QString &sandbox);
    [[nodiscard]] static qint64 sumOf(const QAbstractItemModel &model);
    [[nodiscard]] QList<QByteArray> exportedRows(const QString &grouping);
    [[nodiscard]] bool editCell(QTableView *table, int row, int column, const QString &text);

    std::unique_ptr<test::ProgramFixture> m_fixture;
    test::Provider m_provider;
    QTemporaryDir m_folder;
};

std::optional<qint64> TestExactCosts::picoOf(const QString &sandbox)
{
    const int row = test::rowWith(bySandbox(), CostTableModel::NameColumn, sandbox);
    const QVariant amount = bySandbox().index(row, 0).data(CostTableModel::AmountPicoRole);
    return row >= 0 && amount.isValid() ? std::optional(amount.toLongLong()) : std::nullopt;
}

QString TestExactCosts::certaintyOf(const QString &sandbox)
{
    const int row = test::rowWith(bySandbox(), CostTableModel::NameColumn, sandbox);
    return bySandbox().index(row, CostTableModel::CertaintyColumn).data().toString();
}

qint64 TestExactCosts::sumOf(const QAbstractItemModel &model)
{
    qint64 sum = 0;
    for (int row = 0; row < model.rowCount(); ++row)
        sum += model.index(row, 0).data(CostTableModel::AmountPicoRole).toLongLong();
    return sum;
}

/// Saves by the button and the dialog, and reads the file.
QList<QByteArray> TestExactCosts::exportedRows(const QString &grouping)
{
    const QString path = m_folder.filePath(u"costs.csv"_s);
    QFile::remove(path);
    constexpr int patienceMs = 30'000; // sanitizers on a busy machine
    const auto dialog = [&] { return m_fixture->find<QFileDialog>("saveDialog"); };
    const auto waitFor = [&](const char *what, const auto &isSo) {
        const bool hasCome = QTest::qWaitFor(isSo, patienceMs);
        if (!hasCome)
            qWarning("waited in vain: %s", what);
        return hasCome;
    };
    if (!m_fixture->input.click(m_fixture->find<QPushButton>("exportCosts"))
        || !waitFor("an active dialog", [&] { return dialog() != nullptr && dialog()->isActiveWindow(); }))
        return {};
    const auto *name = dialog()->findChild<QLineEdit *>(u"fileNameEdit"_s);
    if (name == nullptr || !m_fixture->input.replaceText(name, path)
        || !waitFor("the path in its field", [&] { return name->text() == path; }) || !m_fixture->input.key(u"Return"_s)
        || !waitFor("the file", [&] { return QFile::exists(path); }) || !waitFor("the end of the dialog", [&] {
               return dialog() == nullptr && m_fixture->window().isActiveWindow();
           }))
        return {};
    QFile file(path);
    const QByteArray head = grouping.toUtf8() + ',';
    QList<QByteArray> rows;
    if (file.open(QIODevice::ReadOnly)) {
        for (const QByteArray &line : file.readAll().split('\n')) {
            if (line.startsWith(head))
                rows << line.trimmed();
        }
    }
    return rows;
}

bool TestExactCosts::editCell(QTableView *table, int row, int column, const QString &text)
{
    const QModelIndex cell = table->model()->index(row, column);
    return m_fixture->input.doubleClickAt(table->viewport(), table->visualRect(cell).center())
        && QTest::qWaitFor([&] { return qobject_cast<QLineEdit *>(QApplication::focusWidget()) != nullptr; })
        && m_fixture->input.key(u"ctrl+a"_s) && m_fixture->input.type(text) && m_fixture->input.key(u"Return"_s)
        && QTest::qWaitFor([&] { return qobject_cast<QLineEdit *>(QApplication::focusWidget()) == nullptr; });
}

void TestExactCosts::initTestCase()
{
    test::startClockAt(at("2026-09-16T12:00:00Z"));
    test::Provider::giveSecretToPrograms();
    m_fixture = std::make_unique<test::ProgramFixture>();
    const QByteArray problem = m_fixture->start();
    QVERIFY2(problem.isEmpty(), problem.constData());
    std::vector<test::TestRun> runs;
    for (const Vector &vector : vectors())
        runs.push_back(vector.run);
    const Timestamp noon = at("2026-09-11T12:00:00Z");
    runs.push_back({.sandbox = "paused", .start = noon, .length = 10min, .vcpu = 2, .memoryMb = 512, .isPaused = true});
    runs.push_back({.sandbox = "paused", .start = noon + 1h, .length = 5min, .vcpu = 2, .memoryMb = 512});
    // Its end tells no execution: the times of the events have to do.
    runs.push_back(
        {.sandbox = "by-events", .start = noon, .length = 10min, .vcpu = 2, .memoryMb = 512, .isPaused = true});
    runs.push_back({.sandbox = "by-events", .start = noon + 1h, .length = 5min});
    runs.push_back({.sandbox = "sizeless", .start = noon, .length = 1h, .templateId = "nobody-tells"});
    runs.push_back(
        {.sandbox = "crossing", .start = at("2026-09-13T23:00:00Z"), .length = 2h, .vcpu = 2, .memoryMb = 512});
    runs.push_back({.sandbox = "later", .start = at("2026-09-15T08:00:00Z"), .length = 1h, .vcpu = 2, .memoryMb = 512});
    QVERIFY(m_provider.deliver(m_fixture->program().receiver()->url(), runs));

    QVERIFY(m_fixture->input.click(m_fixture->find<QWidget>("nav-costs")));
    QTRY_VERIFY(m_fixture->find<QPushButton>("costWindow4")->isVisible());
    QVERIFY(m_fixture->input.click(m_fixture->find<QPushButton>("costWindow4"))); // 7 d
    QTRY_COMPARE_WITH_TIMEOUT(bySandbox().rowCount(), static_cast<int>(vectors().size()) + 5, 10'000);
    QTRY_COMPARE(certaintyOf(u"later"_s), u"confirmed"_s); // all ends have come
    QTRY_COMPARE(certaintyOf(u"paused"_s), u"confirmed"_s);
}

void TestExactCosts::eachVectorToTheLastDigit()
{
    for (const Vector &vector : vectors()) {
        const QString name = toQString(vector.run.sandbox);
        QTRY_VERIFY2(picoOf(name) == vector.pico, qPrintable(name));
        QCOMPARE(certaintyOf(name), u"confirmed"_s);
    }
    QCOMPARE(picoOf(u"paused"_s), std::optional(pausedPico));
    QCOMPARE(picoOf(u"crossing"_s), std::optional(crossingOld));
    QCOMPARE(picoOf(u"later"_s), std::optional(laterOld));
}

void TestExactCosts::certaintiesAreApart()
{
    QTRY_COMPARE(picoOf(u"by-events"_s), std::optional(pausedPico));
    QCOMPARE(certaintyOf(u"by-events"_s), u"estimated"_s);
    // Not known is not nothing.
    QVERIFY(test::rowWith(bySandbox(), CostTableModel::NameColumn, u"sizeless"_s) >= 0);
    QCOMPARE(picoOf(u"sizeless"_s), std::optional<qint64>());
    QCOMPARE(certaintyOf(u"sizeless"_s), u"incomplete"_s);
}

void TestExactCosts::rowsChartAndFileAgree()
{
    qint64 all = 2 * pausedPico + crossingOld + laterOld;
    for (const Vector &vector : vectors())
        all += vector.pico;
    QCOMPARE(sumOf(bySandbox()), all);
    QTRY_COMPARE(sumOf(byTemplate()), all);

    const auto *chart = m_fixture->find<ui::TimeChart>("costsChart");
    const auto drawn = [chart] {
        double sum = 0;
        for (const auto &series : chart->data().series)
            sum = std::accumulate(series.values.begin(), series.values.end(), sum);
        return sum;
    };
    QTRY_VERIFY2(std::abs(drawn() - static_cast<double>(all) / 1e12) < 1e-9,
                 qPrintable(QString::number(drawn(), 'g', 15)));

    for (const QString &grouping : {u"template"_s, u"sandbox"_s}) {
        const QList<QByteArray> rows = exportedRows(grouping);
        QVERIFY(!rows.isEmpty());
        Money sum;
        for (const QByteArray &row : rows) {
            const QByteArray amount = row.split(',').value(2);
            if (row.contains("sizeless") || row.contains("nobody-tells"))
                QVERIFY2(amount.isEmpty() && row.endsWith("incomplete"), row.constData());
            else
                sum += Money::parse(amount.toStdString()).value_or(Money{});
        }
        QCOMPARE(sum.toPicoDollars(), all);
    }
}

void TestExactCosts::newPricesFromADateOn()
{
    QVERIFY(m_fixture->input.click(m_fixture->find<QWidget>("nav-settings")));
    auto *add = m_fixture->find<QPushButton>("addRate");
    auto *table = m_fixture->find<QTableView>("rateTable");
    QTRY_VERIFY(add->isVisible());
    QVERIFY(m_fixture->input.scrollTo(add));
    QVERIFY(m_fixture->input.click(add));
    QTRY_COMPARE(table->model()->rowCount(), 2);
    QCOMPARE(table->model()->index(1, 0).data().toString(), u"2026-09-16"_s); // today
    QVERIFY(m_fixture->input.scrollTo(table));
    QVERIFY(editCell(table, 1, 0, u"2026-09-14"_s));
    QTRY_COMPARE(table->model()->index(1, 0).data().toString(), u"2026-09-14"_s);
    QVERIFY(editCell(table, 1, 1, u"0.000028"_s));
    QTRY_COMPARE(table->model()->index(1, 1).data().toString(), u"0.000028"_s);

    QVERIFY(m_fixture->input.click(m_fixture->find<QWidget>("nav-costs")));
    QTRY_COMPARE(picoOf(u"later"_s), std::optional(laterNew));
    QCOMPARE(picoOf(u"crossing"_s), std::optional(crossingNew)); // an hour at each price
    for (const Vector &vector : vectors())                       // what was before the date stays
        QVERIFY2(picoOf(toQString(vector.run.sandbox)) == vector.pico, vector.run.sandbox.c_str());
    QCOMPARE(picoOf(u"paused"_s), std::optional(pausedPico));
}

QTEST_MAIN(TestExactCosts)
#include "tst_exactcosts.moc"
