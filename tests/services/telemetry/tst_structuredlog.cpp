// The log as JSON lines: their shape, what they must not hold, and the file they go to.

#include "services/core/ids.h"
#include "services/telemetry/log.h"
#include "services/telemetry/redactor.h"
#include "services/telemetry/span.h"

#include <QDir>
#include <QFile>
#include <QLoggingCategory>
#include <QTemporaryDir>
#include <QTest>

#include <thread>

using namespace sandglass;
using namespace sandglass::telemetry;
using namespace Qt::Literals::StringLiterals;

namespace {

Q_LOGGING_CATEGORY(logTest, "sandglass.test")

struct NoSink final : SpanSink
{
    void take(SpanRecord) override {}
};

QList<Json> linesOf(const QString &path)
{
    QFile file(path);
    QList<Json> lines;
    if (!file.open(QIODevice::ReadOnly))
        return lines;
    const auto parts = file.readAll().split('\n');
    for (const QByteArray &line : parts) {
        if (!line.isEmpty())
            lines << Json::parse(line.toStdString(), nullptr, false);
    }
    return lines;
}

} // namespace

class TestStructuredLog final : public QObject
{
    Q_OBJECT

    std::unique_ptr<QTemporaryDir> m_dir;
    [[nodiscard]] QString file(const QString &name = u"sandglass.jsonl"_s) const { return m_dir->filePath(name); }
    [[nodiscard]] std::filesystem::path folder() const { return m_dir->path().toStdString(); }

private Q_SLOTS:
    void init()
    {
        m_dir = std::make_unique<QTemporaryDir>();
        Log::instance().install();
    }
    void cleanup()
    {
        Log::instance().uninstall();
        setSpanSink(nullptr);
    }
    void aLineIsAnObject();
    void messagesCannotBreakOut();
    void secretsStayOut();
    void textIsRedactedToo();
    void spansAreNamed();
    void fieldsAreKept();
    void filesRotateAndAreBounded();
    void reopeningGoesOn();
    void unusableFolderIsAnError();
    void threadsShareTheFile();
};

void TestStructuredLog::aLineIsAnObject()
{
    QVERIFY(Log::instance().openFile(folder(), "sandglass"));
    qCWarning(logTest, "one %d", 1);
    qCCritical(logTest, "two");
    const auto lines = linesOf(file());
    QCOMPARE(lines.size(), 2);
    QCOMPARE(stringOr(lines[0], "level"), "warning");
    QCOMPARE(stringOr(lines[0], "category"), "sandglass.test");
    QCOMPARE(stringOr(lines[0], "message"), "one 1");
    QCOMPARE(stringOr(lines[1], "level"), "error");
    const std::string time = stringOr(lines[0], "time");
    QVERIFY2(time.size() == 24 && time.ends_with('Z') && time[19] == '.', time.c_str());
    const auto parsed = parseRfc3339(time);
    QVERIFY(parsed && systemNow() - *parsed < std::chrono::minutes(1));
    QVERIFY(!lines[0].contains("trace_id"));
    QCOMPARE(QFile::permissions(file()) & (QFile::ReadGroup | QFile::ReadOther), QFile::Permissions());
}

void TestStructuredLog::messagesCannotBreakOut()
{
    QVERIFY(Log::instance().openFile(folder(), "sandglass"));
    const QString nasty = u"a \"quote\"\n{\"level\":\"forged\"}\r\t\\ ü \u2028"_s;
    qCWarning(logTest).noquote() << nasty;
    qCWarning(logTest, "\xff\xfe not utf-8");
    qCWarning(logTest).noquote() << QString(100'000, u'x');
    const auto lines = linesOf(file());
    QCOMPARE(lines.size(), 3);
    QCOMPARE(stringOr(lines[0], "message"), nasty.toStdString());
    QVERIFY(lines[1].is_object());
    QCOMPARE(stringOr(lines[2], "message").size(), std::size_t{8} << 10);
}

void TestStructuredLog::secretsStayOut()
{
    const std::string secret = newWebhookSecret();
    redactor().learn(secret);
    QVERIFY(Log::instance().openFile(folder(), "sandglass"));
    qCWarning(logTest, "key %s, secret %s, Authorization: Bearer %s", newApiKey().c_str(), secret.c_str(), "tok.en");
    note(logTest(), QtWarningMsg, "fields",
         {{"key", newApiKey()},
          {"deep", {{"list", {"x", secret}}}},
          {"url", "https://x/?e2b-traffic-access-token=abc"}});
    QFile plain(file());
    QVERIFY(plain.open(QIODevice::ReadOnly));
    const QByteArray all = plain.readAll();
    QVERIFY2(!all.contains(secret.c_str()) && !all.contains("tok.en") && !all.contains("=abc"), all.constData());
    QCOMPARE(all.count("e2b_***"), 2);
}

void TestStructuredLog::textIsRedactedToo()
{
    static QByteArrayList seen;
    seen.clear();
    Log::instance().uninstall();
    const QtMessageHandler before = qInstallMessageHandler(
        [](QtMsgType, const QMessageLogContext &, const QString &message) { seen << message.toUtf8(); });
    Log::instance().install(); // stands before that one now
    qCWarning(logTest, "refused e2b_0123456789abcdef");
    Log::instance().uninstall();
    qInstallMessageHandler(before);
    Log::instance().install();
    QCOMPARE(seen, QByteArrayList{"refused e2b_***"});
}

void TestStructuredLog::spansAreNamed()
{
    QVERIFY(Log::instance().openFile(folder(), "sandglass"));
    setSpanSink(std::make_shared<NoSink>());
    const Span span = startSpan("work");
    {
        const Scope scope(span);
        qCWarning(logTest, "inside");
    }
    qCWarning(logTest, "outside");
    const auto lines = linesOf(file());
    QCOMPARE(stringOr(lines.at(0), "trace_id"), span.context().traceId);
    QCOMPARE(stringOr(lines.at(0), "span_id"), span.context().spanId);
    QVERIFY(!lines.at(1).contains("trace_id"));
}

void TestStructuredLog::fieldsAreKept()
{
    QVERIFY(Log::instance().openFile(folder(), "sandglass"));
    note(logTest(), QtWarningMsg, "attempt finished", {{"attempt", 3}, {"verdict", "passed"}});
    const auto lines = linesOf(file());
    QCOMPARE(stringOr(lines.at(0), "message"), "attempt finished");
    QCOMPARE(intOr(memberOr(lines[0], "fields"), "attempt"), 3);
    QCOMPARE(stringOr(memberOr(lines[0], "fields"), "verdict"), "passed");
    QLoggingCategory::setFilterRules(u"sandglass.test.info=false"_s);
    note(logTest(), QtInfoMsg, "quiet", {{"attempt", 4}});
    QLoggingCategory::setFilterRules({});
    QCOMPARE(linesOf(file()).size(), 1);
}

void TestStructuredLog::filesRotateAndAreBounded()
{
    constexpr std::uintmax_t bytes = 4'000;
    constexpr int files = 3;
    QVERIFY(Log::instance().openFile(folder(), "sandglass", {bytes, files}));
    for (int i = 0; i < 400; ++i)
        qCWarning(logTest, "line %d of many that fill the file", i);
    QDir dir(m_dir->path());
    QCOMPARE(dir.entryList(QDir::Files, QDir::Name),
             (QStringList{u"sandglass.1.jsonl"_s, u"sandglass.2.jsonl"_s, u"sandglass.jsonl"_s}));
    int last = -1;
    for (const QString &name : {u"sandglass.2.jsonl"_s, u"sandglass.1.jsonl"_s, u"sandglass.jsonl"_s}) {
        QVERIFY(QFileInfo(file(name)).size() <= qint64(bytes));
        const auto lines = linesOf(file(name));
        for (const Json &line : lines) { // whole lines in order, none missing between the files
            const std::string message = stringOr(line, "message");
            QVERIFY2(message.starts_with("line "), message.c_str());
            const int number = std::atoi(message.c_str() + 5);
            QVERIFY(last < 0 || number == last + 1);
            last = number;
        }
    }
    QCOMPARE(last, 399);
}

void TestStructuredLog::reopeningGoesOn()
{
    for (int i = 0; i < 3; ++i) {
        QVERIFY(Log::instance().openFile(folder(), "sandglass"));
        qCWarning(logTest, "start %d", i);
        Log::instance().closeFile();
        qCWarning(logTest, "nobody keeps this");
    }
    QCOMPARE(linesOf(file()).size(), 3);
}

void TestStructuredLog::unusableFolderIsAnError()
{
    QFile blocker(file(u"blocker"_s));
    QVERIFY(blocker.open(QIODevice::WriteOnly));
    const auto opened = Log::instance().openFile(folder() / "blocker", "sandglass");
    QVERIFY(!opened && opened.error().message.find("blocker") != std::string::npos);
}

void TestStructuredLog::threadsShareTheFile()
{
    QVERIFY(Log::instance().openFile(folder(), "sandglass", {20'000, 20}));
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t)
        threads.emplace_back([t] {
            for (int i = 0; i < 200; ++i)
                qCWarning(logTest, "thread %d line %d", t, i);
        });
    for (std::thread &thread : threads)
        thread.join();
    qsizetype lines = 0;
    const auto names = QDir(m_dir->path()).entryList(QDir::Files);
    for (const QString &name : names) {
        for (const Json &line : linesOf(file(name))) {
            QVERIFY(line.is_object());
            ++lines;
        }
    }
    QCOMPARE(lines, 800);
}

QTEST_GUILESS_MAIN(TestStructuredLog)
#include "tst_structuredlog.moc"
