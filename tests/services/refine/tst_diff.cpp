#include "services/refine/diff.h"

#include <QRandomGenerator>
#include <QTest>

#include <algorithm>

using namespace sandglass::refine;

class TestDiff final : public QObject
{
    Q_OBJECT

    /// Applies the hunks of a diff with full context to itself: gives back both texts.
    static std::pair<std::string, std::string> sides(const LineDiff &diff)
    {
        std::pair<std::string, std::string> result;
        for (const DiffHunk &hunk : diff.hunks) {
            for (const DiffLine &line : hunk.lines) {
                if (line.kind != DiffLine::Kind::Added)
                    result.first += line.text + '\n';
                if (line.kind != DiffLine::Kind::Removed)
                    result.second += line.text + '\n';
            }
        }
        return result;
    }

private Q_SLOTS:
    void unified_data();
    void unified();
    void randomTextsComeBack();
    void veryDifferentTextsEnd();
};

void TestDiff::unified_data()
{
    QTest::addColumn<QByteArray>("before");
    QTest::addColumn<QByteArray>("after");
    QTest::addColumn<QByteArray>("expected");
    QTest::newRow("equal") << QByteArray("a\nb\n") << QByteArray("a\nb") << QByteArray();
    QTest::newRow("from nothing") << QByteArray() << QByteArray("a\n") << QByteArray("@@ -1,0 +1,1 @@\n+a\n");
    QTest::newRow("to nothing") << QByteArray("a\n") << QByteArray() << QByteArray("@@ -1,1 +1,0 @@\n-a\n");
    QTest::newRow("colon") << QByteArray("def f(n)\n    return n\n") << QByteArray("def f(n):\n    return n\n")
                           << QByteArray("@@ -1,2 +1,2 @@\n-def f(n)\n+def f(n):\n     return n\n");
    QTest::newRow("two hunks") << QByteArray("1\n2\n3\n4\n5\n6\n7\n8\n9\n")
                               << QByteArray("x\n2\n3\n4\n5\n6\n7\n8\n9\ny\n")
                               << QByteArray("@@ -1,4 +1,4 @@\n-1\n+x\n 2\n 3\n 4\n@@ -7,3 +7,4 @@\n 7\n 8\n 9\n+y\n");
    QTest::newRow("near changes share a hunk")
        << QByteArray("1\n2\n3\n4\n5\n6\n7\n") << QByteArray("x\n2\n3\n4\n5\ny\n7\n")
        << QByteArray("@@ -1,7 +1,7 @@\n-1\n+x\n 2\n 3\n 4\n 5\n-6\n+y\n 7\n");
}

void TestDiff::unified()
{
    QFETCH(QByteArray, before);
    QFETCH(QByteArray, after);
    QFETCH(QByteArray, expected);
    QCOMPARE(QByteArray::fromStdString(diffLines(before.toStdString(), after.toStdString()).unified()), expected);
}

void TestDiff::randomTextsComeBack()
{
    QRandomGenerator random(7);
    for (int round = 0; round < 500; ++round) {
        std::string a;
        std::string b;
        for (int i = random.bounded(30); i > 0; --i)
            a += std::string(1, static_cast<char>('a' + random.bounded(4))) + "\n";
        for (int i = random.bounded(30); i > 0; --i)
            b += std::string(1, static_cast<char>('a' + random.bounded(4))) + "\n";
        const LineDiff diff = diffLines(a, b, 1000);
        if (a == b) {
            QVERIFY(diff.hunks.empty());
            continue;
        }
        const auto [before, after] = sides(diff);
        QCOMPARE(before, a);
        QCOMPARE(after, b);
        QCOMPARE(static_cast<std::ptrdiff_t>(diff.added - diff.removed),
                 std::ranges::count(b, '\n') - std::ranges::count(a, '\n'));
    }
}

void TestDiff::veryDifferentTextsEnd()
{
    std::string a = "same\n";
    std::string b = "same\n";
    for (int i = 0; i < 20'000; ++i) {
        a += "a" + std::to_string(i) + "\n";
        b += "b" + std::to_string(i) + "\n";
    }
    const LineDiff diff = diffLines(a, b);
    QCOMPARE(diff.added, 20'000);
    QCOMPARE(diff.removed, 20'000);
    QCOMPARE(diff.hunks.size(), std::size_t{1});
}

QTEST_GUILESS_MAIN(TestDiff)
#include "tst_diff.moc"
