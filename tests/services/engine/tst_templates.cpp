#include "tests/services/engine/engine_process.h"
#include "tests/services/engine/tar_maker.h"

#include <QDir>
#include <QFile>
#include <QJsonArray>
#include <QJsonObject>
#include <QTcpSocket>
#include <QTest>

using namespace Qt::Literals::StringLiterals;

/// Template builds through the engine's API: what the routes answer, and what survives the engine.
class TestTemplates final : public QObject
{
    Q_OBJECT

private:
    using Created = EngineProcess::Created;
    using Answer = EngineProcess::Answer;
    struct Build
    {
        QString templateId, id;
        [[nodiscard]] QString path() const { return u"/templates/%1/builds/%2"_s.arg(templateId, id); }
    };
    struct Step
    {
        QString type;
        QStringList arguments;
        QString filesHash = {};
        bool force = false;
    };
    std::unique_ptr<QTemporaryDir> m_state;
    std::unique_ptr<EngineProcess> m_engine;
    Build m_last;

    [[nodiscard]] static QByteArray plan(const QList<Step> &steps, QJsonObject rest = {})
    {
        QJsonArray list;
        for (const Step &each : steps) {
            list << QJsonObject{{u"type"_s, each.type},
                                {u"args"_s, QJsonArray::fromStringList(each.arguments)},
                                {u"filesHash"_s, each.filesHash},
                                {u"force"_s, each.force}};
        }
        rest[u"steps"_s] = list;
        return QJsonDocument(rest).toJson(QJsonDocument::Compact);
    }
    [[nodiscard]] static QByteArray run(const QStringList &commands)
    {
        QList<Step> steps;
        for (const QString &each : commands)
            steps << Step{u"RUN"_s, {each}};
        return plan(steps);
    }

    void restart()
    {
        m_engine = std::make_unique<EngineProcess>(m_state->path());
        QVERIFY(m_engine->start());
    }
    [[nodiscard]] Build request(const QByteArray &name)
    {
        const Answer answer = m_engine->api("POST", u"/v3/templates"_s, R"({"name":")" + name + R"("})");
        if (answer.status != 202)
            return {};
        return {answer.json(u"templateID"_s).toString(), answer.json(u"buildID"_s).toString()};
    }
    [[nodiscard]] Answer begin(const Build &build, const QByteArray &plan)
    {
        return m_engine->api("POST", u"/v2"_s + build.path(), plan);
    }
    [[nodiscard]] QString status(const Build &build)
    {
        return m_engine->api("GET", build.path() + u"/status"_s).json(u"status"_s).toString();
    }
    /// "ready", or "error" with the reason.
    [[nodiscard]] QString outcome(const Build &build)
    {
        (void)QTest::qWaitFor([&] { return status(build) != u"building"_s; }, 60'000);
        const Answer answer = m_engine->api("GET", build.path() + u"/status"_s);
        const QJsonObject reason = answer.json(u"reason"_s).toObject();
        return reason.isEmpty()
            ? answer.json(u"status"_s).toString()
            : u"error at %1: %2"_s.arg(reason[u"step"_s].toString(), reason[u"message"_s].toString());
    }
    [[nodiscard]] QString built(const QByteArray &name, const QByteArray &plan)
    {
        const Build build = m_last = request(name);
        const Answer begun = begin(build, plan);
        return begun.status == 202 ? outcome(build) : QString::fromUtf8(begun.body);
    }
    [[nodiscard]] QStringList messages(const Build &build, const QString &query = {})
    {
        QStringList all;
        for (const QJsonValue &each :
             m_engine->api("GET", build.path() + u"/status"_s + query).json(u"logEntries"_s).toArray())
            all << each[u"message"_s].toString();
        return all;
    }
    [[nodiscard]] QByteArray runIn(const QString &from, const QString &code)
    {
        const Created sandbox = m_engine->create(R"({"timeout":60,"templateID":")" + from.toUtf8() + R"("})");
        const Answer answer = m_engine->execute(sandbox.id, sandbox.token, code);
        (void)m_engine->api("DELETE", u"/sandboxes/"_s + sandbox.id);
        return executionText(answer.body, "stdout", "text");
    }
    [[nodiscard]] QByteArray files(const QString &from, const QString &path)
    {
        const Created sandbox = m_engine->create(R"({"timeout":60,"templateID":")" + from.toUtf8() + R"("})");
        const Answer answer = m_engine->sandbox(sandbox.id, sandbox.token, 49983, "GET", u"/files?path="_s + path);
        (void)m_engine->api("DELETE", u"/sandboxes/"_s + sandbox.id);
        return answer.status == 200 ? answer.body : QByteArray::number(answer.status);
    }
    [[nodiscard]] Answer put(const QString &url, const QByteArray &body)
    {
        return EngineProcess::wait(m_engine->send(QUrl(url), "PUT", body, {}));
    }
    [[nodiscard]] Answer link(const Build &build, const QString &hash)
    {
        return m_engine->api("GET", u"/templates/%1/files/%2"_s.arg(build.templateId, hash));
    }
    [[nodiscard]] QStringList layers() const
    {
        return QDir(m_state->filePath(u"layers"_s)).entryList({u"built-*"_s}, QDir::Dirs);
    }
    [[nodiscard]] static bool runsAnywhere(const QByteArray &argument)
    {
        for (const QString &pid : QDir(u"/proc"_s).entryList(QDir::Dirs)) {
            QFile file(u"/proc/%1/cmdline"_s.arg(pid));
            if (file.open(QIODevice::ReadOnly) && file.readAll().split('\0').contains(argument))
                return true;
        }
        return false;
    }

private Q_SLOTS:
    void init()
    {
        m_state = std::make_unique<QTemporaryDir>(u"/var/tmp/templates-XXXXXX"_s);
        restart();
        if (!m_engine->canRunSandboxes())
            QSKIP("no isolation on this machine");
    }
    void cleanup()
    {
        m_engine.reset();
        m_state.reset();
    }

    void requestsAreChecked()
    {
        const Answer answer =
            m_engine->api("POST", u"/v3/templates"_s, R"({"name":"team/My-App:v1","tags":["v2"],"cpuCount":1})");
        QCOMPARE(answer.status, 202);
        QCOMPARE(answer.json(u"names"_s).toArray(), QJsonArray{u"my-app"_s});
        QCOMPARE(answer.json(u"tags"_s).toArray(), (QJsonArray{u"v1"_s, u"v2"_s}));
        QCOMPARE(answer.json(u"public"_s), QJsonValue(false));
        const Build first{answer.json(u"templateID"_s).toString(), answer.json(u"buildID"_s).toString()};
        const Build second = request("my-app");
        QCOMPARE(second.templateId, first.templateId);
        QVERIFY(second.id != first.id);
        QCOMPARE(status(first), u"waiting"_s);
        QCOMPARE(m_engine->api("POST", u"/v3/templates"_s, R"({"name":"base"})").status, 403);
        QCOMPARE(m_engine->api("POST", u"/v3/templates"_s, R"({"name":"a b"})").status, 400);
        QCOMPARE(
            m_engine->api("POST", u"/v2/templates"_s, R"({"alias":"old","cpuCount":2})").json(u"cpuCount"_s).toInt(),
            2);
        QCOMPARE(m_engine->api("GET", first.path() + u"x/status"_s).status, 400);
        QCOMPARE(m_engine->api("GET", u"/templates/none/builds/%1/status"_s.arg(first.id)).status, 404);
        QCOMPARE(begin(first, R"({"steps":[{"type":"ADD","args":["x"]}]})").status, 400);
        QCOMPARE(m_engine->api("POST", u"/sandboxes"_s, R"({"templateID":"my-app","timeout":60})").status, 404);
    }

    void uploads()
    {
        const Build build = request("files");
        const QString hash(64, u'a');
        const Answer absent = link(build, hash);
        QCOMPARE(absent.status, 201);
        QCOMPARE(absent.json(u"present"_s), QJsonValue(false));
        const QString url = absent.json(u"url"_s).toString();
        QVERIFY2(url.startsWith(m_engine->apiUrl().toString()), qPrintable(url));
        const Answer hostile = put(url, TarMaker().file("../x", "y").done());
        QCOMPARE(hostile.status, 400);
        QVERIFY(hostile.body.contains("leads out"));
        QCOMPARE(put(url, "no archive").status, 400);
        QCOMPARE(put(url, QByteArray("\x1f\x8b\x08 no gzip", 11)).status, 400);
        QCOMPARE(link(build, hash).json(u"present"_s), QJsonValue(false));
        QCOMPARE(put(url + u"x"_s, TarMaker().file("a", "b").done()).status, 403);
        QCOMPARE(put(url, TarMaker().file("a", "b").done()).status, 200);
        QCOMPARE(link(build, hash).json(u"present"_s), QJsonValue(true));
        QCOMPARE(link({u"none"_s, {}}, hash).status, 404);
        QCOMPARE(link(build, u"..%2fx"_s).status, 404); // not that route
        QCOMPARE(link(build, u".hidden"_s).status, 400);
        QCOMPARE(QDir(m_state->filePath(u"buildfiles"_s)).entryList(QDir::Files | QDir::Hidden), QStringList{hash});
    }

    void uploadsNeedTheirLength()
    {
        const QUrl url(link(request("files"), u"hash"_s).json(u"url"_s).toString());
        QTcpSocket socket;
        socket.connectToHost(url.host(), quint16(url.port()));
        QVERIFY(socket.waitForConnected());
        socket.write("PUT " + url.path().toUtf8()
                     + " HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
        QTRY_VERIFY(socket.bytesAvailable() > 0);
        QVERIFY(socket.readAll().startsWith("HTTP/1.1 411"));
        // One that ends early leaves nothing.
        QTcpSocket cut;
        cut.connectToHost(url.host(), quint16(url.port()));
        QVERIFY(cut.waitForConnected());
        cut.write("PUT " + url.path().toUtf8() + " HTTP/1.1\r\nHost: x\r\nContent-Length: 9000\r\n\r\n"
                  + TarMaker().file("a", "b").done());
        const QDir folder(m_state->filePath(u"buildfiles"_s));
        QTRY_COMPARE(folder.entryList(QDir::Files | QDir::Hidden).size(), 1);
        cut.abort();
        QTRY_COMPARE(QDir(folder.path()).entryList(QDir::Files | QDir::Hidden).size(), 0);
    }

    void builds()
    {
        const Build build = request("team/app:v1");
        const QString url = link(build, u"hash"_s).json(u"url"_s).toString();
        QCOMPARE(put(url, TarMaker().folder("d").file("d/one", "1").file("d/two", "2").done()).status, 200);
        const QByteArray wish = plan({{u"ENV"_s, {u"A"_s, u"a b"_s, u"B"_s, u"<$A>"_s}},
                                      {u"WORKDIR"_s, {u"/srv/app"_s}},
                                      {u"COPY"_s, {u"d"_s, u"data"_s, u""_s, u"0600"_s}, u"hash"_s},
                                      {u"COPY"_s, {u"d/o*"_s, u"/opt/glob/"_s, u""_s, u""_s}, u"hash"_s},
                                      {u"RUN"_s, {u"echo \"$B $(pwd)\" > note; echo said; echo wrong >&2"_s}},
                                      {u"RUN"_s, {u"echo $HOME > /srv/app/home"_s, u"root"_s}}});
        QCOMPARE(begin(build, wish).status, 202);
        const Answer twice = begin(build, wish);
        QCOMPARE(twice.status, 400);
        QCOMPARE(twice.json(u"message"_s).toString(), u"build is not in waiting state"_s);
        QCOMPARE(outcome(build), u"ready"_s);
        for (const QString &name : {u"app:v1"_s, u"team/APP:V1"_s, u"%1:v1"_s.arg(build.templateId)}) {
            QCOMPARE(runIn(name, u"import os; print(os.environ['A'], os.environ['B'])"_s), QByteArray("a b <a b>\n"));
            QCOMPARE(files(name, u"/srv/app/note"_s), QByteArray("<a b> /srv/app\n"));
        }
        QCOMPARE(files(u"app:v1"_s, u"/srv/app/home"_s), QByteArray("/root\n"));
        QCOMPARE(runIn(u"app:v1"_s,
                       u"import os; print(oct(os.stat('/srv/app/data/two').st_mode), "
                       "os.listdir('/opt/glob'), os.listdir('/tmp'))"_s),
                 QByteArray("0o100600 ['one', 'two'] ['.ipython']\n"));
        QCOMPARE(m_engine->api("POST", u"/sandboxes"_s, R"({"templateID":"app","timeout":60})").status, 404); // no tag

        const QStringList all = messages(build);
        QVERIFY(all.contains(u"[builder 5/6] [stdout]: said"_s) && all.contains(u"[builder 5/6] [stderr]: wrong"_s));
        QCOMPARE(messages(build, u"?logsOffset=3&limit=2"_s), all.mid(3, 2));
        QCOMPARE(messages(build, u"?logsOffset=%1"_s.arg(all.size())), QStringList());
        QCOMPARE(messages(build, u"?level=error"_s), QStringList());
        QCOMPARE(m_engine->api("GET", build.path() + u"/status?limit=101"_s).status, 400);
        const QJsonArray back =
            m_engine->api("GET", build.path() + u"/logs?direction=backward&limit=3"_s).json(u"logs"_s).toArray();
        QCOMPARE(back.size(), 3);
        QCOMPARE(back[0][u"message"_s].toString(), all.last());
        QCOMPARE(back[0][u"step"_s].toString(), u"finalize"_s);
        QCOMPARE(m_engine->api("GET", build.path() + u"/logs?cursor=9999999999999"_s).json(u"logs"_s).toArray().size(),
                 0);
        QCOMPARE(m_engine->api("GET", build.path() + u"/logs?cursor=0"_s).json(u"logs"_s).toArray().size(), all.size());
    }

    void failsWithItsStep()
    {
        const Build build = request("fails");
        QCOMPARE(begin(build, run({u"true"_s, u"echo because >&2; exit 3"_s, u"true"_s})).status, 202);
        const QString why = outcome(build);
        QVERIFY2(why.startsWith(u"error at 2: "_s) && why.contains(u"exit status 3: because"_s), qPrintable(why));
        QCOMPARE(m_engine->api("POST", u"/sandboxes"_s, R"({"templateID":"fails","timeout":60})").status, 404);
        QVERIFY(messages(build).last().startsWith(u"Build failed: "_s));
        QCOMPARE(built("fails", R"({"fromTemplate":"nowhere"})"), u"error at base: template 'nowhere' not found"_s);
        QVERIFY(built("fails", R"({"fromImage":"quay.io/x/y"})").startsWith(u"error at base: "_s));
        QVERIFY(built("fails", plan({{u"COPY"_s, {u"a"_s, u"b"_s}, u"none"_s}})).contains(u"not uploaded"_s));
        QVERIFY(built("fails", plan({{u"USER"_s, {u"nobody-here"_s}}})).contains(u"nobody-here"_s));
        QVERIFY(built("fails", R"({"startCmd":"exit 4","readyCmd":"false"})").contains(u"exit status 4"_s));
    }

    void stepsAreCached()
    {
        const QByteArray clock = run({u"date +%s%N > t"_s, u"cp t u"_s});
        QCOMPARE(built("one", clock), u"ready"_s);
        QCOMPARE(built("two", clock), u"ready"_s); // the cache belongs to all templates
        const QByteArray first = files(u"one"_s, u"t"_s);
        QCOMPARE(files(u"two"_s, u"u"_s), first);
        QCOMPARE(m_engine->terminate(), 0);
        restart();
        QCOMPARE(built("two", clock), u"ready"_s);
        QCOMPARE(files(u"two"_s, u"t"_s), first);
        const QList<Step> steps{{u"RUN"_s, {u"date +%s%N > t"_s}}, {u"RUN"_s, {u"cp t u"_s}}};
        QCOMPARE(built("two", plan(steps, {{u"force"_s, true}})), u"ready"_s);
        const QByteArray second = files(u"two"_s, u"t"_s);
        QVERIFY(second != first);
        QCOMPARE(files(u"two"_s, u"u"_s), second);
        // One forced step takes those after it along, not those before.
        QList<Step> last = steps;
        last[1].force = true;
        QCOMPARE(built("two", plan(last)), u"ready"_s);
        QVERIFY(messages(m_last).contains(u"CACHED [builder 1/2] RUN date +%s%N > t"_s));
        QVERIFY(messages(m_last).contains(u"[builder 2/2] RUN cp t u"_s));
        QCOMPARE(files(u"two"_s, u"u"_s), second);
        QCOMPARE(files(u"one"_s, u"t"_s), first);
    }

    void startCommandRunsInEachSandbox()
    {
        const QByteArray serves = plan({{u"WORKDIR"_s, {u"/srv/www"_s}}, {u"RUN"_s, {u"echo served > page"_s}}},
                                       {{u"startCmd"_s, u"python3 -m http.server 8123"_s},
                                        {u"readyCmd"_s, u"curl -sf http://localhost:8123/page"_s}});
        QCOMPARE(built("serves", serves), u"ready"_s);
        const QByteArray above = plan({{u"RUN"_s, {u"echo above > page"_s}}}, {{u"fromTemplate"_s, u"serves"_s}});
        QCOMPARE(built("above", above), u"ready"_s);
        for (const auto &[name, text] : {std::pair(u"serves"_s, "served\n"), std::pair(u"above"_s, "above\n")}) {
            const Created sandbox = m_engine->create(R"({"timeout":60,"templateID":")" + name.toUtf8() + R"("})");
            QCOMPARE(m_engine->sandbox(sandbox.id, {}, 8123, "GET", u"/page"_s).body, QByteArray(text));
        }
    }

    void tags()
    {
        QCOMPARE(built("tagged", run({u"echo first > t"_s})), u"ready"_s);
        const auto assign = [this](const QByteArray &body) {
            return m_engine->api("POST", u"/templates/tags"_s, body);
        };
        const auto drop = [this](const QByteArray &body) {
            return m_engine->api("DELETE", u"/templates/tags"_s, body);
        };
        const Answer assigned = assign(R"({"target":"tagged","tags":["stable","v1"]})");
        QCOMPARE(assigned.status, 201);
        QCOMPARE(assigned.json(u"tags"_s).toArray(), (QJsonArray{u"stable"_s, u"v1"_s}));
        QCOMPARE(built("tagged", run({u"echo second > t"_s})), u"ready"_s);
        QCOMPARE(files(u"tagged"_s, u"t"_s), QByteArray("second\n"));
        QCOMPARE(files(u"tagged:stable"_s, u"t"_s), QByteArray("first\n"));
        QCOMPARE(m_engine->api("GET", u"/templates/tagged/tags"_s).json().toArray().size(), 3);
        QCOMPARE(assign(R"({"target":"tagged:stable","tags":["default"]})").status, 201); // back to the first
        QCOMPARE(files(u"tagged"_s, u"t"_s), QByteArray("first\n"));
        QCOMPARE(drop(R"({"name":"tagged","tags":["default"]})").status, 400);
        QCOMPARE(drop(R"({"name":"tagged","tags":["none"]})").status, 404);
        QCOMPARE(drop(R"({"name":"tagged","tags":["stable"]})").status, 204);
        QCOMPARE(m_engine->api("POST", u"/sandboxes"_s, R"({"templateID":"tagged:stable","timeout":60})").status, 404);
        QCOMPARE(assign(R"({"target":"tagged:stable","tags":["x"]})").status, 404);
        QCOMPARE(assign(R"({"target":"nothing","tags":["x"]})").status, 404);
        QCOMPARE(assign(R"({"target":"tagged","tags":["x y"]})").status, 400);
        QCOMPARE(m_engine->api("GET", u"/templates/aliases/tagged:v1"_s).status, 200);
        QCOMPARE(m_engine->api("GET", u"/templates/aliases/tagged:stable"_s).status, 404);
        QCOMPARE(m_engine->api("GET", u"/templates/aliases/team%2Ftagged"_s).status, 200);
    }

    void listsAndPages()
    {
        for (const char *name : {"a", "b", "c"})
            QVERIFY(!request(name).id.isEmpty());
        const Build again = request("b");
        QStringList seen;
        QString token;
        do {
            const Answer page = m_engine->api("GET", u"/v2/templates?limit=2&nextToken="_s + token);
            QCOMPARE(page.status, 200);
            for (const QJsonValue &each : page.json().toArray())
                seen << each[u"names"_s][0].toString();
            token = QString::fromUtf8(page.headers.value("x-next-token"));
        } while (!token.isEmpty());
        QCOMPARE(seen.mid(0, 3), (QStringList{u"c"_s, u"b"_s, u"a"_s}));
        QCOMPARE(seen.size(), 5); // and the built-in ones
        QCOMPARE(m_engine->api("GET", u"/templates"_s).json().toArray().size(), 5);
        QCOMPARE(m_engine->api("GET", u"/v2/templates?limit=0"_s).status, 400);
        QCOMPARE(m_engine->api("GET", u"/v2/templates?nextToken=x"_s).status, 400);
        const Answer one = m_engine->api("GET", u"/templates/b?limit=1"_s);
        QCOMPARE(one.json(u"builds"_s).toArray().size(), 1);
        QCOMPARE(one.json(u"builds"_s)[0][u"buildID"_s].toString(), again.id);
        const Answer rest = m_engine->api(
            "GET", u"/templates/b?limit=1&nextToken="_s + QString::fromUtf8(one.headers.value("x-next-token")));
        QCOMPARE(rest.json(u"builds"_s).toArray().size(), 1);
        QVERIFY(!rest.headers.contains("x-next-token"));
        const Answer changed = m_engine->api("PATCH", u"/v2/templates/b"_s, R"({"public":true})");
        QCOMPARE(changed.json(u"names"_s).toArray(), QJsonArray{u"b"_s});
        QCOMPARE(m_engine->api("GET", u"/templates/aliases/b"_s).json(u"public"_s), QJsonValue(true));
        QCOMPARE(m_engine->api("PATCH", u"/v2/templates/b"_s, "{}").status, 400);
        QCOMPARE(m_engine->api("PATCH", u"/v2/templates/none"_s, R"({"public":true})").status, 404);
    }

    void deletes()
    {
        QCOMPARE(built("gone", run({u"echo x > t"_s})), u"ready"_s);
        const Created sandbox = m_engine->create(R"({"templateID":"gone","timeout":60})");
        QCOMPARE(m_engine->api("POST", u"/sandboxes/%1/pause"_s.arg(sandbox.id)).status, 204);
        const Answer used = m_engine->api("DELETE", u"/templates/gone"_s);
        QCOMPARE(used.status, 400);
        QVERIFY(used.body.contains("paused sandboxes"));
        QCOMPARE(m_engine->api("DELETE", u"/sandboxes/"_s + sandbox.id).status, 204);
        QCOMPARE(m_engine->api("DELETE", u"/templates/gone"_s).status, 204);
        QCOMPARE(m_engine->api("DELETE", u"/templates/gone"_s).status, 404);
        QCOMPARE(m_engine->api("DELETE", u"/templates/base"_s).status, 400);
        QCOMPARE(m_engine->api("GET", u"/templates/aliases/gone"_s).status, 404);
        QCOMPARE(m_engine->api("POST", u"/sandboxes"_s, R"({"templateID":"gone","timeout":60})").status, 404);
    }

    void deletionEndsTheBuild()
    {
        const Build build = request("stopped");
        QCOMPARE(begin(build, run({u"sleep 86397"_s})).status, 202);
        QTRY_VERIFY(runsAnywhere("86397"));
        QCOMPARE(m_engine->api("DELETE", u"/templates/stopped"_s).status, 204);
        QTRY_VERIFY(!runsAnywhere("86397"));
        QCOMPARE(m_engine->api("GET", build.path() + u"/status"_s).status, 404);
        QCOMPARE(built("stopped", run({u"true"_s})), u"ready"_s);
    }

    void killedEngineLeavesNothing()
    {
        QCOMPARE(built("kept", run({u"echo kept > t"_s})), u"ready"_s);
        const Build build = request("killed");
        QCOMPARE(begin(build, run({u"echo done > t"_s, u"sleep 86396"_s})).status, 202);
        QTRY_VERIFY(runsAnywhere("86396"));
        const QStringList before = layers();
        QVERIFY(QDir(m_state->filePath(u"layers"_s)).mkpath(u"built-0123456789abcdef/half/of/one"_s));
        const QStringList logged = messages(build);
        m_engine->kill();
        QTRY_VERIFY(!runsAnywhere("86396"));
        restart();
        const QString why = outcome(build);
        QVERIFY2(why.contains(u"the engine ended while the template was being built"_s), qPrintable(why));
        QCOMPARE(messages(build), logged);
        QCOMPARE(begin(build, "{}").status, 400);
        QTRY_COMPARE(layers(), before); // what was finished is in the cache
        QCOMPARE(files(u"kept"_s, u"t"_s), QByteArray("kept\n"));
        QCOMPARE(m_engine->api("GET", u"/templates/kept/tags"_s).json().toArray().size(), 1);
    }

    void endlessOutputIsCut()
    {
        const Build build = request("chatty");
        QCOMPARE(begin(build, run({u"yes | head -c 2000000; echo the-end >&2; exit 1"_s})).status, 202);
        QVERIFY(outcome(build).startsWith(u"error at 1: "_s));
        const QStringList tail = messages(build, u"?logsOffset=19999"_s);
        QVERIFY2(tail.size() <= 3 && tail.contains(u"The rest of the output is left out."_s)
                     && tail.last().startsWith(u"Build failed: "_s),
                 qPrintable(tail.join(u'\n')));
    }

    void aStepThatTakesTooMuchFails()
    {
        const QByteArray greedy = run({u"python3 -c 'x = bytearray(1 << 40)'"_s});
        QVERIFY(built("greedy", greedy).startsWith(u"error at 1: failed to run command"_s));
    }

    void snapshotsKeepWhatTheTemplateSet()
    {
        const QByteArray set =
            plan({{u"ENV"_s, {u"K"_s, u"kept"_s}}, {u"RUN"_s, {u"echo t > t"_s}}},
                 {{u"startCmd"_s, u"python3 -m http.server 8124"_s}, {u"readyCmd"_s, u"curl -sf localhost:8124"_s}});
        QCOMPARE(built("set", set), u"ready"_s);
        const Created sandbox = m_engine->create(R"({"templateID":"set","timeout":60})");
        QCOMPARE(m_engine->api("POST", u"/sandboxes/%1/snapshots"_s.arg(sandbox.id), R"({"name":"copy"})").status, 201);
        QCOMPARE(m_engine->api("DELETE", u"/sandboxes/"_s + sandbox.id).status, 204);
        QCOMPARE(m_engine->api("DELETE", u"/templates/set"_s).status, 204); // its layers are still stood on
        QCOMPARE(m_engine->terminate(), 0);
        restart();
        QCOMPARE(runIn(u"copy"_s, u"import os; print(os.environ['K'], open('t').read())"_s), QByteArray("kept t\n\n"));
        const Created copy = m_engine->create(R"({"templateID":"copy","timeout":60})");
        QCOMPARE(m_engine->sandbox(copy.id, {}, 8124, "GET", u"/t"_s).body, QByteArray("t\n"));
        QCOMPARE(m_engine->api("POST", u"/v3/templates"_s, R"({"name":"copy"})").status, 400);
    }
};

QTEST_GUILESS_MAIN(TestTemplates)
#include "tst_templates.moc"
