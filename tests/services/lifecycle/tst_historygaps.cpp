#include "services/lifecycle/historygaps.h"
#include "tests/services/lifecycle/events.h"

#include <QFile>
#include <QTemporaryDir>
#include <QTest>

using namespace sandglass;
using namespace sandglass::lifecycle;
using sandglass::lifecycle::sample::at;

class TestHistoryGaps final : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void joinsAndKeeps();
    void damagedFileIsEmpty();
    void isBounded();

private:
    [[nodiscard]] std::filesystem::path file() const
    {
        return m_dir.filePath(QStringLiteral("gaps.json")).toStdString();
    }
    QTemporaryDir m_dir;
};

void TestHistoryGaps::joinsAndKeeps()
{
    HistoryGaps gaps(file());
    QVERIFY(gaps.add({at(500), at(600)}));
    QVERIFY(gaps.add({at(100), at(200)}));
    QVERIFY(gaps.add({at(300), at(300)})); // empty
    QVERIFY(gaps.add({at(200), at(250)})); // touches the one before
    const std::vector<HistoryGap> expected = {{at(100), at(250)}, {at(500), at(600)}};
    QVERIFY(gaps.all() == expected);
    QVERIFY(HistoryGaps(file()).all() == expected);
    QVERIFY(isCovered(gaps.all(), at(100), at(250)));
    QVERIFY(!isCovered(gaps.all(), at(240), at(510)));
}

void TestHistoryGaps::damagedFileIsEmpty()
{
    QFile bad(QString::fromStdString(file().string()));
    QVERIFY(bad.open(QIODevice::WriteOnly) && bad.write(R"([{"from":"then","to":7},3,{"from":)") > 0);
    bad.close();
    QVERIFY(HistoryGaps(file()).all().empty());
}

void TestHistoryGaps::isBounded()
{
    HistoryGaps gaps(file());
    std::vector<HistoryGap> many;
    for (std::size_t i = 0; i < HistoryGaps::mostGaps + 5; ++i)
        QVERIFY(gaps.add({at(static_cast<double>(10 * i)), at(static_cast<double>(10 * i + 1))}));
    QCOMPARE(gaps.all().size(), HistoryGaps::mostGaps);
    QVERIFY(gaps.all().front().from == at(50));
}

QTEST_GUILESS_MAIN(TestHistoryGaps)
#include "tst_historygaps.moc"
