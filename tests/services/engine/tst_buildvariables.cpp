#include "services/engine/builds/buildplan.h"
#include "services/engine/builds/buildvariables.h"
#include "services/engine/builds/copyscript.h"
#include "services/engine/images/shellquoted.h"

#include <QTest>

using namespace sandglass::engine;

/// Variables and paths in the steps of a build, and what a plan may say.
class TestBuildVariables final : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void expands_data()
    {
        QTest::addColumn<QByteArray>("value");
        QTest::addColumn<QByteArray>("result");
        const auto row = [](const char *value, const char *result) {
            QTest::newRow(value) << QByteArray(value) << QByteArray(result);
        };
        row("plain", "plain");
        row("$A-${A}x$NONE|", "one-onex|");
        row("/opt/bin:$PATH", "/opt/bin:/usr/bin");
        row("${NONE:-else}${A:-else}", "elseone");
        row("${NONE:+there}${A:+there}", "there");
        row("${NONE:-$A}", "one");
        row("\\$A \\\\ $", "$A \\\\ $");
        row("$(id) `id` ${A!} $1", "$(id) `id` ${A!} $1");
        row("${A", "${A");
    }
    void expands()
    {
        QFETCH(QByteArray, value);
        QFETCH(QByteArray, result);
        const std::map<std::string, std::string> variables{{"A", "one"}, {"PATH", "/usr/bin"}};
        QCOMPARE(QByteArray::fromStdString(expandVariables(value.toStdString(), variables)), result);
    }

    void resolves()
    {
        QCOMPARE(resolvePath("a/./b//c", "/x"), std::string("/x/a/b/c"));
        QCOMPARE(resolvePath("../../../y", "/x/z"), std::string("/y"));
        QCOMPARE(resolvePath("/", "/x"), std::string("/"));
        QCOMPARE(shellQuoted("it's $HOME"), std::string("'it'\\''s $HOME'"));
    }

    void copiesFromInsideOnly()
    {
        QVERIFY(copyScript({"src/*.txt", "/to/", "0644"}));
        for (const char *source : {"../x", "/etc", "a/../../b", ".."})
            QVERIFY2(!copyScript({source, "/to", ""}), source);
        QVERIFY(!copyScript({"a", "/to", "0644; id"}));
        const std::string script = *copyScript({"dir/*/x", "/it's", ""});
        QVERIFY(script.starts_with("source='dir'\ndestination='/it'\\''s'\n"));
    }

    void readsTemplates()
    {
        const auto read = parseTemplateRequest(R"({"name":"Team/My-App:v1","tags":["V2","v1"],"cpuCount":4})");
        QVERIFY(read);
        QCOMPARE(read->name, std::string("my-app"));
        QCOMPARE(read->tags, (std::vector<std::string>{"v1", "v2"}));
        QCOMPARE(read->vcpuCount, 4);
        QCOMPARE(read->memoryMb, 1024);
        QCOMPARE(parseTemplateRequest(R"({"alias":"x"})")->tags, std::vector<std::string>{"default"});
    }

    void refusesRequests_data()
    {
        QTest::addColumn<QByteArray>("body");
        QTest::addColumn<QByteArray>("word");
        QTest::newRow("no name") << QByteArray("{}") << QByteArray("name");
        QTest::newRow("name") << QByteArray(R"({"name":"a b"})") << QByteArray("no name");
        QTest::newRow("tag") << QByteArray(R"({"name":"a","tags":["x y"]})") << QByteArray("no tag");
        QTest::newRow("cpu") << QByteArray(R"({"name":"a","cpuCount":0})")
                             << QByteArray("CPU count must be at least 1");
        QTest::newRow("memory") << QByteArray(R"({"name":"a","memoryMB":64})")
                                << QByteArray("Memory must be at least 128 MiB");
        QTest::newRow("odd") << QByteArray(R"({"name":"a","memoryMB":1025})") << QByteArray("divisible by 2");
        QTest::newRow("much") << QByteArray(R"({"name":"a","memoryMB":99999998})") << QByteArray("exceeds");
        QTest::newRow("text") << QByteArray(R"({"name":"a","memoryMB":"512"})") << QByteArray("whole number");
        QTest::newRow("json") << QByteArray("[") << QByteArray("JSON");
    }
    void refusesRequests()
    {
        QFETCH(QByteArray, body);
        QFETCH(QByteArray, word);
        const auto read = parseTemplateRequest(body.toStdString());
        QVERIFY(!read);
        QCOMPARE(read.error().status, 400);
        QVERIFY2(read.error().message.find(word.toStdString()) != std::string::npos, read.error().message.c_str());
    }

    void readsPlans()
    {
        const auto plan = parseBuildPlan(
            R"({"fromImage":"e2bdev/base","force":true,"startCmd":"s","readyCmd":"r","steps":[
                {"type":"RUN","args":["make","root"],"force":true,"gzip":true},
                {"type":"COPY","args":["a","b","",""],"filesHash":"h"},{"type":"ENV","args":["K","v"]}]})");
        QVERIFY(plan);
        QVERIFY(plan->force && plan->steps[0].force && !plan->steps[1].force);
        QCOMPARE(plan->steps[0].text(), std::string("RUN make"));
        QCOMPARE(plan->steps[1].text(), std::string("COPY a b"));
        QCOMPARE(plan->steps[2].text(), std::string("ENV K=v"));
        for (const char *bad :
             {R"({"steps":[{"type":"ADD","args":["a"]}]})", R"({"steps":[{"type":"RUN","args":[]}]})",
              R"({"steps":[{"type":"COPY","args":["a","b"]}]})", R"({"steps":{}})",
              R"({"steps":[{"type":"ENV","args":["A=B","c"]}]})", R"({"fromImage":"a","fromTemplate":"b"})",
              R"({"steps":[{"type":"RUN","args":[1]}]})", R"({"steps":[{"type":"ENV","args":["A"]}]})"})
            QVERIFY2(!parseBuildPlan(bad), bad);
    }

    void readsCredentials()
    {
        const auto read = [](const std::string &credentials) {
            return parseBuildPlan(R"({"fromImage":"a","fromImageRegistry":)" + credentials + "}");
        };
        const auto plain = read(R"({"type":"registry","username":"u","password":"p:w"})");
        QVERIFY(plain && plain->login && plain->login->username == "u" && plain->login->password == "p:w");
        const auto google = read(R"({"type":"gcp","serviceAccountJson":"{}"})");
        QVERIFY(google && google->login && google->login->username == "_json_key" && google->login->password == "{}");
        QVERIFY(!parseBuildPlan(R"({"fromImage":"a"})")->login);
        for (const char *bad : {R"({})", R"({"type":"registry","username":"u"})",
                                R"({"type":"registry","username":"u:v","password":"p"})", R"({"type":"gcp"})",
                                R"({"type":"aws","awsAccessKeyId":"s3cret","awsRegion":"eu"})"}) {
            const auto refused = read(bad);
            QVERIFY2(!refused && refused.error().status == 400, bad);
            QVERIFY2(refused.error().message.find("s3cret") == std::string::npos, bad);
        }
    }
};

QTEST_APPLESS_MAIN(TestBuildVariables)
#include "tst_buildvariables.moc"
