#include "services/refine/check.h"
#include "services/refine/outputbuffer.h"

#include <QTest>

using namespace sandglass::refine;

class TestOutputBuffer final : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void keepsBeginningAndEnd()
    {
        OutputBuffer buffer(4, 6);
        for (char c = 'a'; c <= 'z'; ++c)
            buffer.append(std::string(1, c));
        buffer.settle();
        QCOMPARE(buffer.totalBytes(), std::uint64_t{26});
        QCOMPARE(buffer.text(), "abcd\n[16 bytes left out]\nuvwxyz");
    }
    void smallOutputIsWhole()
    {
        OutputBuffer buffer;
        buffer.append("a\nb");
        QCOMPARE(buffer.text(), "a\nb");
        QCOMPARE(buffer.omittedBytes(), std::uint64_t{0});
    }
    void cutsNoCharacter()
    {
        OutputBuffer buffer(3, 5);
        for (int i = 0; i < 20; ++i)
            buffer.append("\xC3\xA4"); // two bytes each
        buffer.settle();
        QCOMPARE(buffer.head(), "\xC3\xA4");
        QCOMPARE(std::string(buffer.tail()), "\xC3\xA4\xC3\xA4");
        QCOMPARE(buffer.omittedBytes(), std::uint64_t{34});
    }
    void memoryStaysBounded()
    {
        OutputBuffer buffer;
        const std::string piece(60'000, 'x');
        std::size_t most = 0;
        for (int i = 0; i < 1800; ++i) {
            buffer.append(piece);
            most = std::max(most, buffer.memoryBytes());
        }
        QCOMPARE(buffer.totalBytes(), std::uint64_t{108'000'000});
        QVERIFY2(most < 10U << 20, std::to_string(most).c_str());
    }
    void checkFindsTextAcrossPieces()
    {
        CheckRun run(Check::outputContains("= 55"));
        for (const char c : std::string("Fibonacci(10) = 55\n"))
            run.addStdout(std::string_view(&c, 1));
        QVERIFY(run.outcome().isChecked && run.outcome().isPassed);
    }
    void checkSaysWhatCame()
    {
        CheckRun run(Check::outputContains("55"));
        run.addStdout("hello\nFibonacci(10) = 6\n\n  \n");
        const CheckOutcome outcome = run.outcome();
        QVERIFY(!outcome.isPassed);
        QCOMPARE(outcome.expected, "55");
        QCOMPARE(outcome.got, "Fibonacci(10) = 6");
    }
    void noCheckPassesUnchecked()
    {
        CheckRun run(Check{});
        run.addStdout("x");
        QVERIFY(run.outcome().isPassed && !run.outcome().isChecked);
    }
};

QTEST_GUILESS_MAIN(TestOutputBuffer)
#include "tst_outputbuffer.moc"
