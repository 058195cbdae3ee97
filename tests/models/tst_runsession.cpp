#include "models/runs/codedocument.h"
#include "models/runs/linediff.h"
#include "models/runs/outputmodel.h"
#include "models/runs/runsession.h"
#include "services/e2b/client.h"
#include "tests/models/miniapi.h"

#include <QAbstractItemModelTester>
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QTest>

using namespace sandglass;
using namespace sandglass::models;
using namespace Qt::Literals::StringLiterals;
using Verdict = AttemptRow::Verdict;
using Kind = OutputModel::Kind;

namespace {

e2b::Connection connectionTo(const std::string &url)
{
    e2b::Connection connection;
    connection.id = "local";
    connection.apiUrl = url;
    connection.sandboxUrl = url;
    connection.apiKey = "e2b_0123456789abcdef0123456789abcdef01234567";
    return connection;
}

cost::RateCard listPrices()
{
    return *cost::RateCard::fromJson(R"({"currency":"USD","rates":[{"valid_from":"2020-01-01T00:00:00Z",
        "usd_per_vcpu_second":"0.000014","usd_per_gib_second":"0.0000045","source":"test"}]})");
}

const QByteArray good =
    "{\"type\":\"stdout\",\"text\":\"Fibonacci(10) \"}\n{\"type\":\"stdout\",\"text\":\"= 55\\n\"}\n"
    "{\"type\":\"number_of_executions\",\"execution_count\":1}\n{\"type\":\"end_of_execution\"}\n";
const QByteArray raising =
    "{\"type\":\"stdout\",\"text\":\"before\\n\"}\n"
    "{\"type\":\"error\",\"name\":\"ModuleNotFoundError\",\"value\":\"No module named 'x'\","
    "\"traceback\":\"Traceback\\nCell In[1], line 6\\n----> 6 import x\\nModuleNotFoundError: No module named 'x'\"}\n"
    "{\"type\":\"end_of_execution\"}\n";

} // namespace

class TestRunSession final : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void init()
    {
        m_api = std::make_unique<test::MiniApi>();
        m_client = std::make_unique<e2b::Client>(connectionTo(m_api->url()));
        m_session = std::make_unique<RunSession>(*m_client);
        m_session->setRateCard(listPrices());
    }
    void cleanup()
    {
        m_session.reset();
        m_client.reset();
        m_api.reset();
    }

    void threeAttempts()
    {
        QAbstractItemModelTester tester(m_session->attempts());
        m_api->executions = {raising, good};
        m_session->setExpectedOutput(u"Fibonacci(10) = 55"_s);
        m_session->run(u"a\nimport x\n"_s);
        QCOMPARE(m_session->state(), RunSession::State::CreatingSandbox);
        QTRY_COMPARE(m_session->state(), RunSession::State::Idle);
        const AttemptRow first = m_session->attempts()->at(0);
        QCOMPARE(first.verdict, Verdict::Raised);
        QCOMPARE(m_session->error()->line, 5);
        QCOMPARE(m_session->error()->name, u"ModuleNotFoundError"_s);
        QVERIFY(first.duration && first.cost && !first.cost->isZero());
        QCOMPARE(first.output.back().kind, Kind::Error);

        m_session->run(u"a\n"_s);
        QTRY_COMPARE(m_session->state(), RunSession::State::Idle);
        const AttemptRow second = m_session->attempts()->at(0);
        QCOMPARE(second.number, 2);
        QCOMPARE(second.verdict, Verdict::Passed); // the expected text came in two pieces
        QCOMPARE(second.removed, 1);
        QCOMPARE(second.added, 0);
        QVERIFY(!m_session->error());
        QCOMPARE(m_api->count(u"POST /sandboxes"_s), 1); // the session keeps its sandbox

        m_session->setExpectedOutput(u"56"_s);
        m_session->run(u"a\n"_s);
        QTRY_COMPARE(m_session->state(), RunSession::State::Idle);
        QCOMPARE(m_session->attempts()->at(0).verdict, Verdict::CheckFailed);
        QVERIFY(m_session->attempts()->at(0).diff.empty());
    }

    void stopKeepsTheSandbox()
    {
        m_api->holdsExecutions = true;
        m_api->executions = {"{\"type\":\"stdout\",\"text\":\"on and on\\n\"}\n"};
        m_session->run(u"while True: pass"_s);
        QTRY_COMPARE(m_session->output()->rowCount(), 1);
        m_session->stop();
        QTRY_COMPARE(m_session->state(), RunSession::State::Idle);
        QCOMPARE(m_session->attempts()->at(0).verdict, Verdict::Stopped);
        QVERIFY(!m_session->sandboxId().isEmpty());
    }

    void stopWhileCreatingKillsIt()
    {
        m_session->run(u"1"_s);
        m_session->stop();
        QCOMPARE(m_session->state(), RunSession::State::Idle);
        QTRY_COMPARE(m_api->count(u"DELETE /sandboxes/i77b0e21abcdefghij"_s), 1);
        QVERIFY(m_session->sandboxId().isEmpty());
    }

    void endOfSessionKillsTheSandbox()
    {
        m_api->executions = {good};
        m_session->run(u"1"_s);
        QTRY_COMPARE(m_session->state(), RunSession::State::Idle);
        m_session->endSession();
        QTRY_COMPARE(m_api->count(u"DELETE /sandboxes/i77b0e21abcdefghij"_s), 1);
        QCOMPARE(m_session->attempts()->rowCount(), 1);
    }

    void sandboxEndedMeanwhile()
    {
        m_api->executions = {good};
        m_session->run(u"1"_s);
        QTRY_COMPARE(m_session->state(), RunSession::State::Idle);
        m_api->executeStatus = 502;
        m_session->run(u"2"_s);
        QTRY_COMPARE(m_session->state(), RunSession::State::Idle);
        QCOMPARE(m_session->attempts()->at(0).verdict, Verdict::Ran);
        QCOMPARE(m_api->count(u"POST /sandboxes"_s), 2);
        QCOMPARE(m_session->output()->line(0).kind, Kind::Note);
    }

    void engineIsGone()
    {
        m_client->setConnection(connectionTo("http://127.0.0.1:1"));
        QSignalSpy trouble(m_session.get(), &RunSession::troubleChanged);
        m_session->run(u"1"_s);
        QTRY_COMPARE(m_session->state(), RunSession::State::Idle);
        QCOMPARE(m_session->attempts()->at(0).verdict, Verdict::Broken);
        QCOMPARE(m_session->trouble()->kind, Error::Kind::Transport);
        QCOMPARE(trouble.count(), 1);
    }

    void engineGoesAndComesBack()
    {
        m_api->holdsExecutions = true;
        m_api->executions = {"{\"type\":\"stdout\",\"text\":\"begun\\n\"}\n"};
        m_session->run(u"1"_s);
        QTRY_COMPARE(m_session->output()->rowCount(), 1);
        m_api.reset(); // the connection of the run is closed, nobody listens any more
        QTRY_COMPARE(m_session->state(), RunSession::State::Idle);
        const AttemptRow broken = m_session->attempts()->at(0);
        QCOMPARE(broken.verdict, Verdict::Broken);
        QVERIFY(!broken.reason.isEmpty());
        QCOMPARE(broken.output.front().text, u"begun"_s);
        QVERIFY(m_session->trouble());

        m_api = std::make_unique<test::MiniApi>();
        m_api->executions = {good};
        m_session->endSession();
        m_client->setConnection(connectionTo(m_api->url()));
        m_session->run(u"2"_s);
        QVERIFY(!m_session->trouble());
        QTRY_COMPARE(m_session->state(), RunSession::State::Idle);
        QCOMPARE(m_session->attempts()->at(0).verdict, Verdict::Ran);
        QCOMPARE(m_session->attempts()->rowCount(), 2);
    }

    void outputIsBounded()
    {
        OutputModel model(nullptr, 10, 20, 100);
        QAbstractItemModelTester tester(&model);
        for (int i = 0; i < 5000; ++i) {
            model.append(Kind::Stdout, u"line %1\n"_s.arg(i));
            if (i % 700 == 0)
                model.flush();
        }
        model.flush();
        QCOMPARE(model.rowCount(), 31);
        QCOMPARE(model.line(0).text, u"line 0"_s);
        QCOMPARE(model.line(9).text, u"line 9"_s);
        QCOMPARE(model.line(10).kind, Kind::Gap);
        QCOMPARE(model.line(11).text, u"line 4980"_s);
        QCOMPARE(model.line(30).text, u"line 4999"_s);
        QCOMPARE(model.leftOutLines(), 4970);
    }

    void outputText_data()
    {
        QTest::addColumn<QStringList>("pieces");
        QTest::addColumn<QStringList>("lines");
        QTest::newRow("split line") << QStringList{u"ab"_s, u"c\nd"_s, u"e\n"_s} << QStringList{u"abc"_s, u"de"_s};
        QTest::newRow("empty lines") << QStringList{u"\n\nx\n"_s} << QStringList{u""_s, u""_s, u"x"_s};
        QTest::newRow("CRLF") << QStringList{u"a\r"_s, u"\nb\r\n"_s} << QStringList{u"a"_s, u"b"_s};
        QTest::newRow("progress") << QStringList{u"10%\r"_s, u"20%\r30%"_s} << QStringList{u"30%"_s};
        QTest::newRow("colours, split") << QStringList{u"\x1b[3"_s, u"1mred\x1b[0m\n"_s} << QStringList{u"red"_s};
        QTest::newRow("long line") << QStringList{QString(250, u'x')}
                                   << QStringList{QString(100, u'x'), QString(100, u'x'), QString(50, u'x')};
    }
    void outputText()
    {
        QFETCH(QStringList, pieces);
        QFETCH(QStringList, lines);
        for (const bool flushes : {false, true}) {
            OutputModel model(nullptr, 10, 20, 100);
            QAbstractItemModelTester tester(&model);
            for (const QString &piece : std::as_const(pieces)) {
                model.append(Kind::Stdout, piece);
                if (flushes)
                    model.flush();
            }
            model.flush();
            QCOMPARE(model.plainText(), lines.join(u'\n'));
        }
    }

    void hundredMegabytes()
    {
        OutputModel model;
        const QString piece =
            u"0123456789012345678901234567890123456789012345678901234567890123456789012345678\n"_s.repeated(800);
        for (int i = 0; i < 1600; ++i)
            model.append(Kind::Stdout, piece);
        model.flush();
        QCOMPARE(model.characters(), std::int64_t{1600} * 64'000);
        QCOMPARE(model.rowCount(), 5001);
        QCOMPARE(model.leftOutLines(), std::int64_t{1600} * 800 - 5000);
        qsizetype kept = 0;
        for (const auto &line : model.snapshot())
            kept += line.text.size();
        QVERIFY(kept <= (129 << 10));
    }

    void diff()
    {
        const auto rows = lineDiff(u"a\nb\nc\n"_s, u"a\nB\nc\nd\n"_s);
        const std::vector<DiffRow> expected = {{DiffRow::Kind::Same, u"a"_s},
                                               {DiffRow::Kind::Removed, u"b"_s},
                                               {DiffRow::Kind::Added, u"B"_s},
                                               {DiffRow::Kind::Same, u"c"_s},
                                               {DiffRow::Kind::Added, u"d"_s}};
        QCOMPARE(rows, expected);
        QVERIFY(lineDiff(u"a\n"_s, u"a\n"_s).empty());
        const QString many = u"x\n"_s.repeated(50);
        QCOMPARE(lineDiff(many, many + u"y\n"_s).front().kind, DiffRow::Kind::Skipped);
        QCOMPARE(lineDiff({}, u"y\n"_s).size(), std::size_t{1});
    }

    void documentIsRecovered()
    {
        QTemporaryDir dir;
        const QString autosave = dir.filePath(u"state/editor"_s);
        {
            CodeDocument document(autosave);
            QVERIFY(document.isFirstStart());
            QSignalSpy saved(&document, &CodeDocument::autosaved);
            document.noteText(u"print(1)\n"_s);
            QVERIFY(saved.wait(4000));
        }
        CodeDocument document(autosave);
        QVERIFY(!document.isFirstStart());
        QCOMPARE(document.recover(), u"print(1)\n"_s);
        QSignalSpy saved(&document, &CodeDocument::saved);
        QSignalSpy saveFailed(&document, &CodeDocument::saveFailed);
        QSignalSpy opened(&document, &CodeDocument::opened);
        QSignalSpy openFailed(&document, &CodeDocument::openFailed);
        document.save(dir.filePath(u"ä.py"_s), u"x = 'é'\n"_s);
        QTRY_COMPARE(saved.size(), 1);
        QCOMPARE(document.title(), u"ä.py"_s);
        QVERIFY(!document.isModified());
        document.open(dir.filePath(u"ä.py"_s));
        QTRY_COMPARE(opened.size(), 1);
        QCOMPARE(opened[0][0].toString(), u"x = 'é'\n"_s);
        document.save(dir.filePath(u"no/such/folder.py"_s), u"x = 1\n"_s);
        QTRY_COMPARE(saveFailed.size(), 1);
        QCOMPARE(document.title(), u"ä.py"_s);
        document.save(document.path(), u"x = 2\n"_s);
        document.noteText(u"x = 3\n"_s); // before it is on the disk
        QTRY_COMPARE(saved.size(), 2);
        QVERIFY(document.isModified());
        QFile binary(dir.filePath(u"b"_s));
        QVERIFY(binary.open(QIODevice::WriteOnly) && binary.write("\xff\xfe\x00x", 4) == 4);
        binary.close();
        document.open(binary.fileName());
        document.open(dir.filePath(u"missing"_s));
        QTRY_COMPARE(openFailed.size(), 2);
        QVERIFY(openFailed[0][1].toString().contains(u"UTF-8"));
        QCOMPARE(document.title(), u"ä.py"_s);
    }

private:
    std::unique_ptr<test::MiniApi> m_api;
    std::unique_ptr<e2b::Client> m_client;
    std::unique_ptr<RunSession> m_session;
};

QTEST_GUILESS_MAIN(TestRunSession)
#include "tst_runsession.moc"
