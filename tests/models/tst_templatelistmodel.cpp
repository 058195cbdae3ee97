#include "models/templates/newsandboxsession.h"
#include "models/templates/templatefilter.h"
#include "models/templates/templatelistmodel.h"

#include <QAbstractItemModelTester>
#include <QPersistentModelIndex>
#include <QPromise>
#include <QSignalSpy>
#include <QTest>

#include <deque>

using namespace sandglass;
using namespace sandglass::models;
using namespace Qt::Literals::StringLiterals;

namespace {

using List = std::vector<e2b::TemplateInfo>;

e2b::TemplateInfo makeTemplate(const char *id, const char *name, int spawns = 0)
{
    e2b::TemplateInfo info;
    info.templateId = id;
    info.names = {name};
    info.buildStatus = "ready";
    info.cpuCount = 2;
    info.memoryMb = 512;
    info.spawnCount = spawns;
    return info;
}

template<typename T>
struct Pending
{
    Pending() { promise.start(); }
    void finish(T value)
    {
        promise.addResult(std::move(value));
        promise.finish();
    }
    QPromise<T> promise;
};

} // namespace

class TestTemplateListModel final : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void refreshKeepsRows()
    {
        std::deque<Pending<Result<List>>> asked;
        TemplateListModel model([&asked] { return asked.emplace_back().promise.future(); },
                                [] { return fromUnixMs(5); });
        QAbstractItemModelTester tester(&model);
        QCOMPARE(model.state(), TemplateListModel::State::NotLoaded);
        model.refresh();
        QCOMPARE(model.state(), TemplateListModel::State::Loading);
        asked[0].finish(List{makeTemplate("a", "alpha"), makeTemplate("b", "beta"), makeTemplate("b", "double")});
        QTRY_COMPARE(model.state(), TemplateListModel::State::Loaded);
        QCOMPARE(model.rowCount(), 2);
        QCOMPARE(model.asOf(), fromUnixMs(5));

        const QPersistentModelIndex beta = model.index(1, 0);
        QSignalSpy changed(&model, &QAbstractItemModel::dataChanged);
        model.refresh();
        asked[1].finish(List{makeTemplate("b", "beta", 7), makeTemplate("c", "gamma")});
        QTRY_COMPARE(model.state(), TemplateListModel::State::Loaded);
        QCOMPARE(changed.count(), 1);
        QVERIFY(beta.isValid());
        QCOMPARE(beta.data(TemplateListModel::IdRole).toString(), u"b"_s);
        QVERIFY(!model.find(u"a"_s));

        model.refresh(); // fails: the rows of before stay, with their time
        asked[2].finish(failure(Error::Kind::Transport, "refused"));
        QTRY_COMPARE(model.state(), TemplateListModel::State::Failed);
        QCOMPARE(model.rowCount(), 2);
        QCOMPARE(model.error().message, std::string("refused"));

        model.refresh(); // the newest request wins
        model.refresh();
        asked[4].finish(List{makeTemplate("n", "new")});
        QTRY_COMPARE(model.state(), TemplateListModel::State::Loaded);
        QCOMPARE(model.rowCount(), 1);
        model.forget();
        QCOMPARE(model.rowCount(), 0);
    }

    void search_data()
    {
        QTest::addColumn<QString>("text");
        QTest::addColumn<int>("rows");
        QTest::newRow("all") << u""_s << 3;
        QTest::newRow("one word") << u"INTER"_s << 1;
        QTest::newRow("every word") << u"ready code"_s << 1;
        QTest::newRow("id") << u"id3"_s << 1;
        QTest::newRow("nothing") << u"code nothing"_s << 0;
    }
    void search()
    {
        QFETCH(QString, text);
        Pending<Result<List>> asked;
        TemplateListModel model([&asked] { return asked.promise.future(); });
        TemplateFilter filter;
        filter.setSourceModel(&model);
        QAbstractItemModelTester tester(&filter);
        model.refresh();
        asked.finish(
            List{makeTemplate("id1", "code-interpreter-v1"), makeTemplate("id2", "base"), makeTemplate("id3", "web")});
        QTRY_COMPARE(model.rowCount(), 3);
        filter.setSearch(text);
        QTEST(filter.rowCount(), "rows");
    }

    void specIsChecked_data()
    {
        QTest::addColumn<int>("timeout");
        QTest::addColumn<QString>("variable");
        QTest::addColumn<QString>("key");
        QTest::addColumn<bool>("isFine");
        QTest::newRow("fine") << 300 << u"MY_VAR1"_s << u"user"_s << true;
        QTest::newRow("no time") << 0 << u"A"_s << u"user"_s << false;
        QTest::newRow("too long") << 86'401 << u"A"_s << u"user"_s << false;
        QTest::newRow("digit first") << 300 << u"1A"_s << u"user"_s << false;
        QTest::newRow("space") << 300 << u"MY VAR"_s << u"user"_s << false;
        QTest::newRow("umlaut") << 300 << u"Ä"_s << u"user"_s << false;
        QTest::newRow("value without key") << 300 << u"A"_s << u""_s << false;
    }
    void specIsChecked()
    {
        QFETCH(int, timeout);
        QFETCH(QString, variable);
        QFETCH(QString, key);
        e2b::SandboxSpec spec;
        spec.timeoutSeconds = timeout;
        spec.envVars[variable.toStdString()] = "x";
        spec.metadata[key.toStdString()] = "42";
        QTEST(NewSandboxSession::check(spec).has_value(), "isFine");
    }

    void worstCaseIsRateTimesTimeout()
    {
        const auto card = *cost::RateCard::fromJson(R"({"currency":"USD","rates":[{"valid_from":"2020-01-01T00:00:00Z",
            "usd_per_vcpu_second":"0.000014","usd_per_gib_second":"0.0000045","source":"t"}]})");
        const auto most = NewSandboxSession::worstCase(makeTemplate("a", "a"), 3600, card, systemNow());
        QVERIFY(most);
        QCOMPARE(most->toFixed(6), std::string("0.108900")); // (2 x 14e-6 + 0.5 x 4.5e-6) x 3600
        e2b::TemplateInfo unknown = makeTemplate("a", "a");
        unknown.cpuCount = 0;
        QVERIFY(!NewSandboxSession::worstCase(unknown, 3600, card, systemNow()));
    }

    void cancelKillsWhatWasCreated()
    {
        Pending<Result<e2b::SandboxInfo>> creating;
        QStringList killed;
        NewSandboxSession session([&creating](const e2b::SandboxSpec &) { return creating.promise.future(); },
                                  [&killed](const std::string &id) {
                                      killed.append(QString::fromStdString(id));
                                      Pending<Result<>> done;
                                      auto future = done.promise.future();
                                      done.finish({});
                                      return future;
                                  });
        QSignalSpy created(&session, &NewSandboxSession::created);
        session.create({});
        QCOMPARE(session.state(), NewSandboxSession::State::Creating);
        session.cancel();
        e2b::SandboxInfo info;
        info.sandboxId = "i1";
        creating.finish(info);
        QTRY_COMPARE(session.state(), NewSandboxSession::State::Cancelled);
        QCOMPARE(killed, QStringList{u"i1"_s});
        QCOMPARE(created.count(), 0);
    }
};

QTEST_GUILESS_MAIN(TestTemplateListModel)
#include "tst_templatelistmodel.moc"
