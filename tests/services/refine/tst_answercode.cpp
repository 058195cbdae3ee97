#include "services/refine/answercode.h"

#include <QTest>

using namespace sandglass;
using namespace sandglass::refine;
using Stop = ModelAnswer::Stop;

class TestAnswerCode final : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void programs_data();
    void programs();
    void faults_data();
    void faults();
};

void TestAnswerCode::programs_data()
{
    QTest::addColumn<QByteArray>("answer");
    QTest::addColumn<QByteArray>("code");
    const QByteArray code = "print(1)\n";
    QTest::newRow("one block") << QByteArray("Here:\n```python\nprint(1)\n```\nDone.") << code;
    QTest::newRow("no language") << QByteArray("```\nprint(1)\n```") << code;
    QTest::newRow("other names") << QByteArray("```Py title=\"x\"\nprint(1)\n```") << code;
    QTest::newRow("python3") << QByteArray("~~~ {.python3}\nprint(1)\n~~~") << code;
    QTest::newRow("CR LF") << QByteArray("```python\r\nprint(1)\r\n```\r\n") << code;
    QTest::newRow("among others") << QByteArray(
        "```bash\npip install a-very-long-package-name\n```\n```python\nprint(1)\n```")
                                  << code;
    QTest::newRow("marked before unmarked")
        << QByteArray("```\na much longer output\n```\n```python\nprint(1)\n```") << code;
    QTest::newRow("the longest") << QByteArray("```python\nx\n```\n```python\nprint(1)\n```\n```python\ny\n```")
                                 << code;
    QTest::newRow("the last of equals") << QByteArray("```python\nprint(0)\n```\n```python\nprint(1)\n```") << code;
    QTest::newRow("fence forgotten") << QByteArray("```python\nprint(1)\n") << code;
    QTest::newRow("longer fence") << QByteArray("````python\ns = '''\n```\n'''\n````")
                                  << QByteArray("s = '''\n```\n'''\n");
    QTest::newRow("in a list") << QByteArray("1. So:\n   ```python\n   if a:\n       b()\n   ```")
                               << QByteArray("if a:\n    b()\n");
    QTest::newRow("thoughts") << QByteArray(
        "<think>\n```python\nwrong, but far longer(1)\n```\n</think>\n```python\nprint(1)\n```")
                              << code;
    QTest::newRow("backticks within a line") << QByteArray("Use ```x``` so:\n```python\nprint(1)\n```") << code;
}

void TestAnswerCode::programs()
{
    QFETCH(QByteArray, answer);
    const auto code = codeFrom({answer.toStdString(), Stop::Complete, "stop", {}, {}});
    QVERIFY2(code, code ? "" : code.error().message.c_str());
    QTEST(QByteArray::fromStdString(*code), "code");
}

void TestAnswerCode::faults_data()
{
    QTest::addColumn<QByteArray>("answer");
    QTest::addColumn<int>("stop");
    QTest::addColumn<QByteArray>("code");
    QTest::addColumn<QByteArray>("words");
    QTest::addColumn<bool>("mayBeBetterNext");
    const int complete = static_cast<int>(Stop::Complete), length = static_cast<int>(Stop::Length);
    QTest::newRow("prose") << QByteArray("I would use a loop.") << complete << QByteArray("no_code")
                           << QByteArray("no program") << true;
    QTest::newRow("another language") << QByteArray("```bash\nls\n```") << complete << QByteArray("no_code")
                                      << QByteArray("only bash") << true;
    QTest::newRow("an empty block") << QByteArray("```python\n\n```") << complete << QByteArray("no_code")
                                    << QByteArray("no program") << true;
    QTest::newRow("nothing") << QByteArray(" \n") << complete << QByteArray("empty") << QByteArray("empty") << true;
    QTest::newRow("cut within the program")
        << QByteArray("```python\nprint(") << length << QByteArray("truncated") << QByteArray("max_tokens") << true;
    QTest::newRow("cut before it") << QByteArray("First I think") << length << QByteArray("truncated")
                                   << QByteArray("cut off") << true;
    QTest::newRow("cut within thoughts") << QByteArray("<think>hm") << length << QByteArray("truncated")
                                         << QByteArray("cut off") << true;
    QTest::newRow("refused") << QByteArray("I can't help with that.") << static_cast<int>(Stop::Refused)
                             << QByteArray("refused") << QByteArray("I can't help") << false;
}

void TestAnswerCode::faults()
{
    QFETCH(QByteArray, answer);
    QFETCH(int, stop);
    QFETCH(QByteArray, words);
    const auto code = codeFrom({answer.toStdString(), static_cast<Stop>(stop), "max_tokens", {}, {}});
    QVERIFY(!code);
    QTEST(QByteArray::fromStdString(code.error().code), "code");
    QVERIFY2(QByteArray::fromStdString(code.error().message).contains(words), code.error().message.c_str());
    QTEST(isFaultOfAnswer(code.error()), "mayBeBetterNext");
    // What was cut off behind a whole program does no harm.
    QVERIFY(codeFrom({"```python\nprint(1)\n```\nIt pri", Stop::Length, "length", {}, {}}));
}

QTEST_GUILESS_MAIN(TestAnswerCode)
#include "tst_answercode.moc"
