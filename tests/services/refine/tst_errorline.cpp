#include "services/refine/errorline.h"

#include <QTest>

using namespace sandglass;
using namespace sandglass::refine;

class TestErrorLine final : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void finds_data();
    void finds();
    void survivesAnything();
    void stripsTerminalCodes();
};

void TestErrorLine::finds_data()
{
    QTest::addColumn<QByteArray>("name");
    QTest::addColumn<QByteArray>("traceback");
    QTest::addColumn<int>("line");   // 0: none
    QTest::addColumn<int>("column"); // 0: none
    QTest::newRow("IPython 8.5: missing colon")
        << QByteArray("SyntaxError")
        << QByteArray("\033[0;36m  File \033[0;32m<ipython-input-1-5ec33e643906>:1\033[0;36m\033[0m\n"
                      "\033[0;31m    def f(n)\033[0m\n"
                      "\033[0m            ^\033[0m\n"
                      "\033[0;31mSyntaxError\033[0m\033[0;31m:\033[0m expected ':'\n"
                      "\n")
        << 1 << 9;
    QTest::newRow("IPython 8.5: missing module")
        << QByteArray("ModuleNotFoundError")
        << QByteArray("\033[0;31m---------------------------------------------------------------------------\033[0m\n"
                      "\033[0;31mModuleNotFoundError\033[0m                       Traceback (most recent call last)\n"
                      "File \033[0;32m<ipython-input-2-696f280e00ee>:1\033[0m\n"
                      "\033[0;32m----> 1\033[0m \033[38;5;28;01mimport\033[39;00m "
                      "\033[38;5;21;01mnonexistent_module\033[39;00m\n"
                      "\n"
                      "\033[0;31mModuleNotFoundError\033[0m: No module named 'nonexistent_module'\n")
        << 1 << 0;
    QTest::newRow("IPython 8.5: in a function")
        << QByteArray("ZeroDivisionError")
        << QByteArray(
               "\033[0;31m---------------------------------------------------------------------------\033[0m\n"
               "\033[0;31mZeroDivisionError\033[0m                         Traceback (most recent call last)\n"
               "File \033[0;32m<ipython-input-3-339392f2de4b>:5\033[0m\n"
               "\033[1;32m      2\033[0m     \033[38;5;28;01mreturn\033[39;00m "
               "\033[38;5;241m1\033[39m\033[38;5;241m/\033[39mx\n"
               "\033[1;32m      4\033[0m "
               "\033[38;5;28mprint\033[39m(\033[38;5;124m'\033[39m\033[38;5;124mhi\033[39m\033[38;5;124m'\033[39m)\n"
               "\033[0;32m----> 5\033[0m "
               "\033[43ma\033[49m\033[43m(\033[49m\033[38;5;241;43m0\033[39;49m\033[43m)\033[49m\n"
               "\n"
               "File \033[0;32m<ipython-input-3-339392f2de4b>:2\033[0m, in \033[0;36ma\033[0;34m(x)\033[0m\n"
               "\033[1;32m      1\033[0m \033[38;5;28;01mdef\033[39;00m \033[38;5;21ma\033[39m(x):\n"
               "\033[0;32m----> 2\033[0m     \033[38;5;28;01mreturn\033[39;00m "
               "\033[38;5;241;43m1\033[39;49m\033[38;5;241;43m/\033[39;49m\033[43mx\033[49m\n"
               "\n"
               "\033[0;31mZeroDivisionError\033[0m: division by zero\n")
        << 2 << 0;
    QTest::newRow("IPython 8.5: never closed")
        << QByteArray("SyntaxError")
        << QByteArray("\033[0;36m  File \033[0;32m<ipython-input-4-8bba4edff1ba>:1\033[0;36m\033[0m\n"
                      "\033[0;31m    x = [1,\033[0m\n"
                      "\033[0m        ^\033[0m\n"
                      "\033[0;31mSyntaxError\033[0m\033[0;31m:\033[0m '[' was never closed\n"
                      "\n")
        << 1 << 5;
    QTest::newRow("IPython 8.5: indentation")
        << QByteArray("IndentationError")
        << QByteArray("\033[0;36m  File \033[0;32m<ipython-input-5-ed6f1b645cbd>:2\033[0;36m\033[0m\n"
                      "\033[0;31m    print(1)\033[0m\n"
                      "\033[0m    ^\033[0m\n"
                      "\033[0;31mIndentationError\033[0m\033[0;31m:\033[0m expected an indented block after 'if' "
                      "statement on line 1\n"
                      "\n")
        << 2 << 1;
    QTest::newRow("IPython 8.5: in a library")
        << QByteArray("JSONDecodeError")
        << QByteArray("\033[0;31m---------------------------------------------------------------------------\033[0m\n"
                      "\033[0;31mJSONDecodeError\033[0m                           Traceback (most recent call last)\n"
                      "File \033[0;32m<ipython-input-6-9807d8c3f827>:2\033[0m\n"
                      "\033[1;32m      1\033[0m \033[38;5;28;01mimport\033[39;00m \033[38;5;21;01mjson\033[39;00m\n"
                      "\033[0;32m----> 2\033[0m "
                      "\033[43mjson\033[49m\033[38;5;241;43m.\033[39;49m\033[43mloads\033[49m\033[43m(\033[49m\033[38;"
                      "5;124;43m'\033[39;49m\033[38;5;124;43m{\033[39;49m\033[38;5;124;43mbad\033[39;49m\033[38;5;124;"
                      "43m'\033[39;49m\033[43m)\033[49m\n"
                      "\n"
                      "File \033[0;32m/usr/lib/python3.11/json/__init__.py:346\033[0m, in \033[0;36mloads\033[0;34m(s, "
                      "cls, object_hook, parse_float, parse_int, parse_constant, object_pairs_hook, **kw)\033[0m\n"
                      "\033[1;32m    341\033[0m     s \033[38;5;241m=\033[39m "
                      "s\033[38;5;241m.\033[39mdecode(detect_encoding(s), "
                      "\033[38;5;124m'\033[39m\033[38;5;124msurrogatepass\033[39m\033[38;5;124m'\033[39m)\n"
                      "\033[1;32m    343\033[0m \033[38;5;28;01mif\033[39;00m (\033[38;5;28mcls\033[39m "
                      "\033[38;5;129;01mis\033[39;00m \033[38;5;28;01mNone\033[39;00m \033[38;5;129;01mand\033[39;00m "
                      "object_hook \033[38;5;129;01mis\033[39;00m \033[38;5;28;01mNone\033[39;00m "
                      "\033[38;5;129;01mand\033[39;00m\n"
                      "\033[1;32m    344\033[0m         parse_int \033[38;5;129;01mis\033[39;00m "
                      "\033[38;5;28;01mNone\033[39;00m \033[38;5;129;01mand\033[39;00m parse_float "
                      "\033[38;5;129;01mis\033[39;00m \033[38;5;28;01mNone\033[39;00m \033[38;5;129;01mand\033[39;00m\n"
                      "\033[1;32m    345\033[0m         parse_constant \033[38;5;129;01mis\033[39;00m "
                      "\033[38;5;28;01mNone\033[39;00m \033[38;5;129;01mand\033[39;00m object_pairs_hook "
                      "\033[38;5;129;01mis\033[39;00m \033[38;5;28;01mNone\033[39;00m \033[38;5;129;01mand\033[39;00m "
                      "\033[38;5;129;01mnot\033[39;00m kw):\n"
                      "\033[0;32m--> 346\033[0m     \033[38;5;28;01mreturn\033[39;00m "
                      "\033[43m_default_decoder\033[49m\033[38;5;241;43m.\033[39;49m\033[43mdecode\033[49m\033[43m("
                      "\033[49m\033[43ms\033[49m\033[43m)\033[49m\n"
                      "\033[1;32m    347\033[0m \033[38;5;28;01mif\033[39;00m \033[38;5;28mcls\033[39m "
                      "\033[38;5;129;01mis\033[39;00m \033[38;5;28;01mNone\033[39;00m:\n"
                      "\033[1;32m    348\033[0m     \033[38;5;28mcls\033[39m \033[38;5;241m=\033[39m JSONDecoder\n"
                      "\n"
                      "\033[0;31mJSONDecodeError\033[0m: Expecting property name enclosed in double quotes: line 1 "
                      "column 2 (char 1)\n")
        << 2 << 0;
    QTest::newRow("IPython 8.5: deep in the line")
        << QByteArray("SyntaxError")
        << QByteArray("\033[0;36m  File \033[0;32m<ipython-input-7-a42079114ff9>:2\033[0;36m\033[0m\n"
                      "\033[0;31m    z = (1 +* 2)\033[0m\n"
                      "\033[0m            ^\033[0m\n"
                      "\033[0;31mSyntaxError\033[0m\033[0;31m:\033[0m invalid syntax\n"
                      "\n")
        << 2 << 9;
    QTest::newRow("IPython 8.10 and later")
        << QByteArray("ZeroDivisionError")
        << QByteArray("ZeroDivisionError                         Traceback (most recent call last)\n"
                      "Cell In[3], line 6\n      3     return 1 / x\n----> 6 a(0)\n\n"
                      "Cell In[3], line 3, in a(x)\n----> 3     return 1 / x\n\nZeroDivisionError: division by zero")
        << 3 << 0;
    QTest::newRow("IPython 8.0")
        << QByteArray("NameError")
        << QByteArray("NameError                                 Traceback (most recent call last)\n"
                      "Input In [2], in <cell line: 1>()\n      1 if True:\n----> 2     foo\n\nNameError: name 'foo'")
        << 2 << 0;
    QTest::newRow("IPython 7")
        << QByteArray("NameError")
        << QByteArray("NameError                                 Traceback (most recent call last)\n"
                      "<ipython-input-1-f1d2d2f924e9> in <module>\n      6 \n----> 7 foo\n\nNameError: name 'foo'")
        << 7 << 0;
    QTest::newRow("plain Python")
        << QByteArray("ValueError")
        << QByteArray("Traceback (most recent call last):\n  File \"<string>\", line 9, in <module>\n"
                      "  File \"/usr/lib/python3.11/json/__init__.py\", line 346, in loads\nValueError: bad")
        << 9 << 0;
    QTest::newRow("only libraries")
        << QByteArray("ImportError")
        << QByteArray(
               "Traceback (most recent call last):\n  File \"<frozen importlib._bootstrap>\", line 1178, in _find\n"
               "  File \"/usr/lib/x.py\", line 3\nImportError: x")
        << 0 << 0;
    QTest::newRow("nothing") << QByteArray("E") << QByteArray() << 0 << 0;
}

void TestErrorLine::finds()
{
    QFETCH(QByteArray, name);
    QFETCH(QByteArray, traceback);
    QFETCH(int, line);
    QFETCH(int, column);
    const auto found = findErrorLine({name.toStdString(), "\033[31mwhy\033[0m", traceback.toStdString()});
    QCOMPARE(found.has_value(), line != 0);
    if (!found)
        return;
    QCOMPARE(found->line, line);
    QCOMPARE(found->column.value_or(0), column);
    QCOMPARE(QByteArray::fromStdString(found->name), name);
    QCOMPARE(found->message, "why");
}

void TestErrorLine::survivesAnything()
{
    const std::string hostile[] = {"\033",
                                   "\033[",
                                   "\033]",
                                   "Cell In[",
                                   "File <",
                                   "File <x>:",
                                   "File \"<x>\", line ",
                                   "Cell In[1], line 99999999999999999999",
                                   std::string(3'000'000, '\n'),
                                   "Input In [1]\n--",
                                   "Cell In[1], line -4",
                                   std::string("\0\0", 2)};
    for (const std::string &text : hostile)
        QVERIFY(!findErrorLine({"SyntaxError", text, text}));
}

void TestErrorLine::stripsTerminalCodes()
{
    QCOMPARE(withoutAnsi("a\033[0;31mb\033[m\033]0;title\ac\033]8;;x\033\\d"), "abcd");
}

QTEST_GUILESS_MAIN(TestErrorLine)
#include "tst_errorline.moc"
