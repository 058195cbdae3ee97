// A session as one file: what goes in comes out, secrets do not, and no file brings the program down.

#include "services/core/json.h"
#include "services/refine/sessionfile.h"
#include "services/telemetry/keyshapes.h"
#include "services/telemetry/redactor.h"

#include <QDir>
#include <QFile>
#include <QTemporaryDir>
#include <QTest>

#include <numeric>
#include <sys/stat.h>

using namespace sandglass;
using namespace sandglass::refine;
using namespace Qt::Literals::StringLiterals;
using Kind = OutputLines::Kind;

namespace {

// A picture of one pixel: its letters are no text to be cleaned.
constexpr const char *pixel =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg";

SharedAttempt attemptNumber(int number)
{
    SharedAttempt attempt;
    attempt.number = number;
    attempt.author = "you";
    attempt.verdict = Verdict::Raised;
    attempt.reason = "ZeroDivisionError: division by zero";
    attempt.code = "print('größe')\n1/0\n";
    attempt.output = {{Kind::Stdout, {"größe", "", "\ttab"}},
                      {Kind::Stderr, {"Traceback"}},
                      {Kind::Error, {"ZeroDivisionError: division by zero"}},
                      {Kind::Note, {"Stopped."}}};
    attempt.results = {{true, {{"text", "42"}, {"png", pixel}}}, {false, {{"html", "<b>x</b>"}}}};
    attempt.error = e2b::ExecutionError{"ZeroDivisionError", "division by zero", "Traceback\nline 2"};
    attempt.errorLine = 2;
    attempt.sandboxId = "i77b0e21abcdefghij";
    attempt.startedAt = fromUnixNs(1'790'000'000'123'456'789);
    attempt.duration = std::chrono::nanoseconds(1'234'567);
    attempt.cost = Money::parse("0.000000123456");
    attempt.model = ModelUse{"tiny-coder", "openai", TokenUsage{1'000, 200, 3, 300}, Money::parse("0.000345000001"),
                             std::chrono::nanoseconds(2'345'678'901)};
    return attempt;
}

SharedSession sample()
{
    SharedSession session;
    session.title = "fib.py";
    session.code = "print(1)\n";
    session.templateId = "code-interpreter-v1";
    session.requirement = "Divide.";
    session.expectedOutput = "55";
    session.attempts = {attemptNumber(1), attemptNumber(2), attemptNumber(4)};
    session.attempts[1].verdict = Verdict::Passed;
    session.attempts[1].isChecked = true;
    session.attempts[1].error.reset();
    session.attempts[1].errorLine.reset();
    session.attempts[1].model->tokens.reset(); // nobody counted, so nobody knows the cost
    session.attempts[1].model->cost.reset();
    session.attempts[2] = SharedAttempt();
    session.attempts[2].number = 4;
    session.attempts[2].verdict = Verdict::Stopped;
    return session;
}

SessionSource sourceOf(const SharedSession &session)
{
    return {session, session.attempts.size(), [&session](std::size_t i) { return session.attempts[i]; }};
}

void compare(const SharedAttempt &a, const SharedAttempt &b)
{
    QCOMPARE(a.number, b.number);
    QCOMPARE(a.author, b.author);
    QVERIFY(a.verdict == b.verdict && a.isChecked == b.isChecked);
    QCOMPARE(a.reason, b.reason);
    QCOMPARE(a.code, b.code);
    QVERIFY(a.output == b.output);
    QCOMPARE(a.results.size(), b.results.size());
    for (std::size_t i = 0; i < a.results.size(); ++i)
        QVERIFY(a.results[i].isMainResult == b.results[i].isMainResult && a.results[i].formats == b.results[i].formats);
    QCOMPARE(a.error.has_value(), b.error.has_value());
    if (a.error) {
        QCOMPARE(a.error->name, b.error->name);
        QCOMPARE(a.error->value, b.error->value);
        QCOMPARE(a.error->traceback, b.error->traceback);
    }
    QVERIFY(a.errorLine == b.errorLine && a.sandboxId == b.sandboxId && a.startedAt == b.startedAt
            && a.duration == b.duration && a.cost == b.cost && a.model == b.model);
}

} // namespace

class TestSessionFile final : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void init()
    {
        m_dir = std::make_unique<QTemporaryDir>();
        m_file = m_dir->filePath(u"s.sandglass.json"_s).toStdString();
    }

    void roundTripIsEqual()
    {
        const SharedSession session = sample();
        const Timestamp now = fromUnixMs(1'790'000'000'000);
        const auto written = writeSession(m_file, sourceOf(session), now);
        QVERIFY2(written, written ? "" : written.error().message.c_str());
        QCOMPARE(written->attempts, std::size_t(3));
        QCOMPARE(written->placesCleaned, 0);
        QCOMPARE(written->bytes, bytes().size());
        QVERIFY(looksLikeSession(m_file));
        const auto read = readSession(m_file);
        QVERIFY2(read, read ? "" : read.error().message.c_str());
        QCOMPARE(read->title, session.title);
        QCOMPARE(read->code, session.code);
        QCOMPARE(read->templateId, session.templateId);
        QCOMPARE(read->requirement, session.requirement);
        QCOMPARE(read->expectedOutput, session.expectedOutput);
        QVERIFY(read->savedAt == now);
        QCOMPARE(read->attempts.size(), std::size_t(3));
        for (std::size_t i = 0; i < 3; ++i)
            compare(read->attempts[i], session.attempts[i]);
        const std::string first = bytes();
        QVERIFY(writeSession(m_file, sourceOf(*read), now));
        QCOMPARE(bytes(), first);
        QCOMPARE(QDir(m_dir->path()).entryList(QDir::Files).size(), 1); // nothing beside it
    }

    void unknownMembersArePassedOver()
    {
        QVERIFY(writeSession(m_file, sourceOf(sample()), fromUnixMs(0)));
        Json value = Json::parse(bytes());
        value["colour"] = {{"deep", {{"er", {1, 2, {{"x", nullptr}}}}}}};
        value["attempts"][0]["mood"] = {{"good", true}};
        value["attempts"][0]["output"][0]["font"] = "mono";
        const auto read = parseSession(value.dump());
        QVERIFY2(read, read ? "" : read.error().message.c_str());
        compare(read->attempts[0], sample().attempts[0]);
    }

    void secretsStayBehind_data()
    {
        QTest::addColumn<QString>("secret");
        QTest::newRow("e2b") << u"e2b_0123456789abcdef0123456789abcdef01234567"_s;
        QTest::newRow("e2b access") << u"sk_e2b_0123456789abcdef0123fedcba98"_s;
        QTest::newRow("openai") << u"sk-proj-Ab3dEf6hIj9kLm2nOp5qRs8tUv1w"_s;
        QTest::newRow("github") << u"ghp_16C7e42F292c6912E7710c838347Ae178B4a"_s;
        QTest::newRow("aws") << u"AKIAIOSFODNN7EXAMPLE"_s;
        QTest::newRow("web token") << u"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w5N"_s;
        QTest::newRow("known to the key store") << u"correct horse battery staple"_s;
    }
    void secretsStayBehind()
    {
        QFETCH(QString, secret);
        telemetry::redactor().learn("correct horse battery staple");
        const std::string key = secret.toStdString();
        SharedSession session = sample();
        session.title = key;
        session.code = "k = '" + key + "'\n";
        session.requirement = "use " + key;
        session.expectedOutput = key;
        SharedAttempt &attempt = session.attempts[0];
        attempt.code = "client(" + key + ")";
        attempt.reason = "Denied: " + key;
        attempt.output = {{Kind::Stdout, {"key " + key, key}}, {Kind::Error, {"Denied: " + key}}};
        attempt.results = {{true, {{"text", "'" + key + "'"}, {"json", "{\"k\":\"" + key + "\"}"}, {"png", key}}}};
        attempt.error = e2b::ExecutionError{
            "Denied", key, "Traceback\n\x1b[31m" + key.substr(0, 5) + "\x1b[0m" + key.substr(5) + "\n"};
        // A line of output that is folded in the middle of the key.
        const std::size_t before = 1'000 - key.size() / 2;
        const std::string wide = std::string(before - 1, '.') + ' ' + key + " end";
        attempt.output.push_back({Kind::Stdout, {wide.substr(0, 1'000), wide.substr(1'000)}});
        const auto written = writeSession(m_file, sourceOf(session), fromUnixMs(0));
        QVERIFY(written);
        QVERIFY2(written->placesCleaned >= 12, qPrintable(QString::number(written->placesCleaned)));
        const std::string text = bytes();
        const std::string tail = key.substr(key.size() - 8);
        QVERIFY2(text.find(key) == std::string::npos && text.find(tail) == std::string::npos, text.c_str());
        const auto read = parseSession(text);
        QVERIFY2(read, read ? "" : read.error().message.c_str());
        QCOMPARE(read->placesCleaned, written->placesCleaned);
        // Saved once more, it holds none that would be counted again.
        const auto again = writeSession(m_file, sourceOf(*read), fromUnixMs(0));
        QVERIFY(again);
        QCOMPARE(again->placesCleaned, 0);
        const std::vector<std::string> &folded = read->attempts[0].output.back().lines;
        QVERIFY(std::accumulate(folded.begin(), folded.end(), std::string()).ends_with("*** end"));
    }

    void shapes_data()
    {
        QTest::addColumn<QString>("text");
        QTest::addColumn<QString>("clean");
        QTest::newRow("environment") << u"DB_PASSWORD=hunter2hunter"_s << u"DB_PASSWORD=***"_s;
        QTest::newRow("printed environment")
            << u"{'MY_API_KEY': 'abcdef', 'HOME': '/root'}"_s << u"{'MY_API_KEY': '***', 'HOME': '/root'}"_s;
        QTest::newRow("literal") << u"password = \"hunter2 two\""_s << u"password = \"***\""_s;
        QTest::newRow("bearer") << u"curl -H 'Authorization: Bearer abc.def-123456'"_s
                                << u"curl -H 'Authorization: Bearer ***'"_s;
        QTest::newRow("pem") << u"-----BEGIN RSA PRIVATE KEY-----\nMIIB\nxyz\n-----END RSA PRIVATE KEY-----\nrest"_s
                             << u"-----BEGIN RSA PRIVATE KEY-----***-----END RSA PRIVATE KEY-----\nrest"_s;
        QTest::newRow("pem, cut") << u"-----BEGIN PRIVATE KEY-----\nMIIB"_s << u"-----BEGIN PRIVATE KEY-----***"_s;
        for (const auto &text :
             {u"token = tokenizer.next()"_s, u"MAX_TOKENS = 100000"_s, u"API_KEY = os.environ['X']"_s,
              u"API_KEY = load_the_key()"_s, u"author = 'somebody else'"_s, u"task-0123456789abcdef0123"_s,
              u"a ** b *** c"_s, u"for key, value in x.items(): pass"_s, u"sk-short"_s, u"print(risk-aversion)"_s})
            QTest::newRow(qPrintable(text)) << text << text;
    }
    void shapes()
    {
        QFETCH(QString, text);
        QFETCH(QString, clean);
        int places = 0;
        const std::string once =
            telemetry::withoutKeyShapes(telemetry::redactor().clean(text.toStdString(), places), places);
        QCOMPARE(QString::fromStdString(once), clean);
        QCOMPARE(places, text == clean ? 0 : 1);
        places = 0;
        QCOMPARE(telemetry::withoutKeyShapes(telemetry::redactor().clean(once, places), places), once);
        QCOMPARE(places, 0);
    }

    void truncatedAtEveryByte()
    {
        QVERIFY(writeSession(m_file, sourceOf(sample()), fromUnixMs(0)));
        const std::string whole = bytes();
        QVERIFY(parseSession(whole));
        const std::size_t end = whole.find_last_of('}'); // what follows is a newline
        for (std::size_t size = 0; size <= end; ++size) {
            const auto read = parseSession(std::string_view(whole).substr(0, size));
            QVERIFY2(!read, qPrintable(QString::number(size)));
            QVERIFY(read.error().kind == Error::Kind::Decode && !read.error().message.empty());
        }
    }

    void hostile_data()
    {
        QTest::addColumn<QByteArray>("text");
        QTest::addColumn<QString>("says");
        const QByteArray head = R"({"format":"sandglass.session","version":1,)";
        const auto attempt = [head](const QByteArray &members) -> QByteArray {
            return head + R"("attempts":[{"number":1,"verdict":"passed",)" + members + "}]}";
        };
        QTest::newRow("empty") << QByteArray() << u"damaged"_s;
        QTest::newRow("no JSON") << QByteArray("print(1)") << u"damaged"_s;
        QTest::newRow("another document") << QByteArray(R"({"a":1})") << u"no session"_s;
        QTest::newRow("list") << QByteArray("[1]") << u"no session"_s;
        QTest::newRow("number") << QByteArray("7") << u"no session"_s;
        QTest::newRow("format is another")
            << QByteArray(R"({"format":"x","version":1,"attempts":[]})") << u"no session"_s;
        QTest::newRow("later version") << QByteArray(
            R"({"format":"sandglass.session","version":2,"attempts":[{"new":1}]})")
                                       << u"later version"_s;
        QTest::newRow("later version, told last")
            << QByteArray(R"({"format":"sandglass.session","attempts":[],"version":99})") << u"later version"_s;
        QTest::newRow("version 0") << QByteArray(R"({"format":"sandglass.session","version":0})") << u"version"_s;
        QTest::newRow("version is text") << QByteArray(R"({"format":"sandglass.session","version":"1"})")
                                         << u"version"_s;
        QTest::newRow("version is huge") << QByteArray(
            R"({"format":"sandglass.session","version":18446744073709551615})")
                                         << u"later version"_s;
        QTest::newRow("no version") << QByteArray(R"({"format":"sandglass.session"})") << u"version"_s;
        QTest::newRow("more behind it") << QByteArray(head + R"("attempts":[]}{})") << u"damaged"_s;
        QTest::newRow("not UTF-8") << QByteArray(head + "\"title\":\"\xff\"}") << u"damaged"_s;
        QTest::newRow("attempts are text") << QByteArray(head + R"("attempts":"x"})") << u"no list"_s;
        QTest::newRow("attempts are an object") << QByteArray(head + R"("attempts":{}})") << u"no list"_s;
        QTest::newRow("attempt is a number") << QByteArray(head + R"("attempts":[1]})") << u"no object"_s;
        QTest::newRow("attempt is a list") << QByteArray(head + R"("attempts":[[]]})") << u"no object"_s;
        QTest::newRow("title is a list") << QByteArray(head + R"("title":[]})") << u"title"_s;
        QTest::newRow("title is long") << QByteArray(head + "\"title\":\"" + QByteArray(300, 'x') + "\"}")
                                       << u"title"_s;
        QTest::newRow("no number") << QByteArray(head + R"("attempts":[{"verdict":"passed"}]})") << u"number"_s;
        QTest::newRow("number 0") << QByteArray(head + R"("attempts":[{"number":0,"verdict":"passed"}]})")
                                  << u"number"_s;
        QTest::newRow("number is huge") << QByteArray(
            head + R"("attempts":[{"number":18446744073709551615,"verdict":"passed"}]})")
                                        << u"number"_s;
        QTest::newRow("number is a fraction")
            << QByteArray(head + R"("attempts":[{"number":1.5,"verdict":"passed"}]})") << u"number"_s;
        QTest::newRow("numbers fall") << QByteArray(
            head + R"("attempts":[{"number":2,"verdict":"passed"},{"number":2,"verdict":"passed"}]})")
                                      << u"follow"_s;
        QTest::newRow("model is text") << QByteArray(head
                                                     + R"("attempts":[{"number":1,"verdict":"passed","model":"x"}]})")
                                       << u"object"_s;
        QTest::newRow("negative tokens") << QByteArray(
            head + R"("attempts":[{"number":1,"verdict":"passed","model":{"input_tokens":-1}}]})")
                                         << u"input_tokens"_s;
        QTest::newRow("cost of the model is no amount")
            << QByteArray(head + R"("attempts":[{"number":1,"verdict":"passed","model":{"cost_usd":"cheap"}}]})")
            << u"cost_usd"_s;
        QTest::newRow("verdict is unknown")
            << QByteArray(head + R"("attempts":[{"number":1,"verdict":"fine"}]})") << u"verdict"_s;
        QTest::newRow("code is a number") << attempt(R"("code":1)") << u"code"_s;
        QTest::newRow("output of another kind") << attempt(R"("output":[{"kind":"x","text":""}])") << u"kind"_s;
        QTest::newRow("output is a list of texts") << attempt(R"("output":["x"])") << u"object"_s;
        QTest::newRow("result without data") << attempt(R"("results":[{"main":true}])") << u"result"_s;
        QTest::newRow("result of numbers") << attempt(R"("results":[{"data":{"text":1}}])") << u"result"_s;
        QTest::newRow("duration is negative") << attempt(R"("duration_ns":-1)") << u"duration"_s;
        QTest::newRow("duration is huge") << attempt(R"("duration_ns":9223372036854775807)") << u"duration"_s;
        QTest::newRow("time is none") << attempt(R"("started_at":"yesterday")") << u"started_at"_s;
        QTest::newRow("cost is none") << attempt(R"("cost_usd":"NaN")") << u"cost"_s;
        QTest::newRow("error is text") << attempt(R"("error":"x")") << u"error"_s;
        QTest::newRow("line is negative") << attempt(R"("error":{"name":"X","line":-3})") << u"line"_s;
        QTest::newRow("deep") << QByteArray(head + "\"x\":" + QByteArray(2'000'000, '[')) << u"nested"_s;
        QTest::newRow("deep attempt") << attempt("\"x\":" + QByteArray(1'000'000, '[')) << u"nested"_s;
        QTest::newRow("many values") << attempt("\"x\":[1" + QByteArray(",1").repeated(200'000) + "]") << u"values"_s;
        QByteArray many = head + "\"attempts\":[";
        for (int i = 1; i <= 201; ++i)
            many += (i > 1 ? ",{\"number\":" : "{\"number\":") + QByteArray::number(i) + ",\"verdict\":\"passed\"}";
        QTest::newRow("many attempts") << QByteArray(many + "]}") << u"attempts"_s;
        QTest::newRow("many results") << attempt("\"results\":[{\"data\":{}}"
                                                 + QByteArray(",{\"data\":{}}").repeated(100) + "]")
                                      << u"results"_s;
        QTest::newRow("many lines") << attempt("\"output\":[{\"kind\":\"stdout\",\"text\":\""
                                               + QByteArray("\\n").repeated(20'000) + "\"}]")
                                    << u"lines"_s;
    }
    void hostile()
    {
        QFETCH(QByteArray, text);
        QFETCH(QString, says);
        const auto read = parseSession({text.constData(), static_cast<std::size_t>(text.size())});
        QVERIFY(!read);
        QVERIFY2(read.error().message.find(says.toStdString()) != std::string::npos, read.error().message.c_str());
        QCOMPARE(read.error().code == "newer_version", says == u"later version"_s);
    }

    void filesThatAreNone()
    {
        QVERIFY(!readSession(m_file)); // missing
        QVERIFY(!readSession(m_dir->path().toStdString()));
        const std::string pipe = m_dir->filePath(u"pipe"_s).toStdString();
        QCOMPARE(::mkfifo(pipe.c_str(), 0600), 0);
        QVERIFY(!readSession(pipe)); // at once
        QVERIFY(!looksLikeSession(pipe));
        QFile huge(QString::fromStdString(m_file));
        QVERIFY(huge.open(QIODevice::WriteOnly) && huge.resize(static_cast<qint64>(SessionLimits::fileBytes) + 1));
        const auto read = readSession(m_file);
        QVERIFY(!read && read.error().message.find("64 MiB") != std::string::npos);
    }

    void resultsGoFirstWhenItIsTooLarge()
    {
        SharedSession session = sample();
        session.attempts.clear();
        for (int i = 1; i <= 5; ++i) {
            session.attempts.push_back(attemptNumber(i));
            session.attempts.back().results = {{true, {{"png", pixel + std::string(20U << 20, 'A')}}}};
        }
        double last = 0;
        const auto written = writeSession(m_file, sourceOf(session), fromUnixMs(0), [&last](double done) {
            last = done;
            return true;
        });
        QVERIFY(written);
        QCOMPARE(written->attempts, std::size_t(5));
        QCOMPARE(written->resultsLeftOut, std::size_t(2));
        QVERIFY(written->bytes <= SessionLimits::fileBytes);
        QCOMPARE(last, 1.0);
        const auto read = readSession(m_file);
        QVERIFY(read);
        QVERIFY(read->attempts[1].results.empty() && read->attempts[2].results.size() == 1);
    }

    void cancelledWritesNothing()
    {
        QVERIFY(writeSession(m_file, sourceOf(sample()), fromUnixMs(0)));
        const std::string before = bytes();
        const auto written = writeSession(m_file, sourceOf(sample()), fromUnixMs(1), [](double) { return false; });
        QVERIFY(!written && written.error().kind == Error::Kind::Cancelled);
        QCOMPARE(bytes(), before);
        const auto read = readSession(m_file, [](double) { return false; });
        QVERIFY(!read && read.error().kind == Error::Kind::Cancelled);
    }

    void failureToWriteIsSaid()
    {
        const auto written = writeSession("/proc/none/s.json", sourceOf(sample()), fromUnixMs(0));
        QVERIFY(!written && written.error().kind == Error::Kind::Local);
        QVERIFY(written.error().message.find("/proc/none/s.json") != std::string::npos);
    }

private:
    [[nodiscard]] std::string bytes() const
    {
        QFile file(QString::fromStdString(m_file));
        return file.open(QIODevice::ReadOnly) ? file.readAll().toStdString() : std::string();
    }

    std::unique_ptr<QTemporaryDir> m_dir;
    std::string m_file;
};

QTEST_GUILESS_MAIN(TestSessionFile)
#include "tst_sessionfile.moc"
