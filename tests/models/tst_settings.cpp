#include "models/settings/connectionsmodel.h"
#include "models/settings/ratecardmodel.h"
#include "models/settings/settings.h"
#include "services/core/keystore.h"

#include <QAbstractItemModelTester>
#include <QFile>
#include <QProcessEnvironment>
#include <QPromise>
#include <QSettings>
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QTest>

using namespace sandglass;
using namespace sandglass::models;
using namespace Qt::Literals::StringLiterals;
using Key = Settings::Key;

namespace {

const QString someKey = u"e2b_0123456789abcdef0123456789abcdef01234567"_s;

e2b::Connection server(const char *name)
{
    e2b::Connection connection;
    connection.name = name;
    connection.domain = "e2b.example.org";
    return connection;
}

ConnectionsModel::Tester answering(Result<> answer)
{
    return [answer](const e2b::Connection &) {
        QPromise<Result<>> promise;
        promise.start();
        promise.addResult(answer);
        promise.finish();
        return promise.future();
    };
}

cost::RateCard listPrices()
{
    return *cost::RateCard::fromJson(R"({"currency":"USD","rates":[{"valid_from":"2026-08-06T00:00:00Z",
        "usd_per_vcpu_second":"0.000014","usd_per_gib_second":"0.0000045","source":"list"}]})");
}

} // namespace

class TestSettings final : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void init()
    {
        m_dir = std::make_unique<QTemporaryDir>();
        m_store = std::make_unique<QSettings>(m_dir->filePath(u"settings.ini"_s), QSettings::IniFormat);
        m_keys = std::make_unique<FileKeyStore>(m_dir->filePath(u"secrets.json"_s).toStdString());
    }

    void everyKeyHasADefaultAndAPath()
    {
        QSet<QString> paths;
        for (int key = 0; key < static_cast<int>(Key::Count); ++key) {
            paths.insert(Settings::pathOf(static_cast<Key>(key)));
            QVERIFY(Settings::defaultOf(static_cast<Key>(key)).isValid());
        }
        QCOMPARE(paths.size(), static_cast<int>(Key::Count));
    }

    void roundTrip()
    {
        {
            Settings settings(*m_store);
            QSignalSpy changed(&settings, &Settings::changed);
            QCOMPARE(settings.number(Key::RunTimeoutSeconds), 30);
            settings.set(Key::RunTimeoutSeconds, 45);
            settings.set(Key::RunTimeoutSeconds, 45);
            settings.set(Key::RefineRequirement, u"a, b \"c\" é\nsecond"_s);
            settings.setPageState(u"refine"_s, QByteArray("\0\1\2", 3));
            QCOMPARE(changed.count(), 2);
            m_store->sync();
        }
        QSettings again(m_dir->filePath(u"settings.ini"_s), QSettings::IniFormat);
        Settings settings(again);
        QCOMPARE(settings.number(Key::RunTimeoutSeconds), 45);
        QCOMPARE(settings.text(Key::RefineRequirement), u"a, b \"c\" é\nsecond"_s);
        QCOMPARE(settings.pageState(u"refine"_s), QByteArray("\0\1\2", 3));
        settings.reset(Key::RunTimeoutSeconds);
        QCOMPARE(settings.number(Key::RunTimeoutSeconds), 30);
    }

    void handWrittenNonsenseFallsBack_data()
    {
        QTest::addColumn<QString>("written");
        QTest::newRow("word") << u"soon"_s;
        QTest::newRow("zero") << u"0"_s;
        QTest::newRow("negative") << u"-3"_s;
        QTest::newRow("huge") << u"99999999999"_s;
    }
    void handWrittenNonsenseFallsBack()
    {
        QFETCH(QString, written);
        m_store->setValue(Settings::pathOf(Key::RunTimeoutSeconds), written);
        QCOMPARE(Settings(*m_store).number(Key::RunTimeoutSeconds), 30);
    }

    void keyStoreThatCannotBeReadIsToldToWhoComesLater()
    {
        QFile file(m_dir->filePath(u"secrets.json"_s));
        QVERIFY(file.open(QIODevice::WriteOnly) && file.write("{damaged") > 0);
        file.close();
        Settings settings(*m_store);
        ConnectionsModel model(settings, *m_keys, {}, answering({}));
        QVERIFY2(model.keyProblem().endsWith(u"is damaged"_s), qPrintable(model.keyProblem()));
    }
    void keysNeverReachTheSettingsFile()
    {
        QString id;
        {
            Settings settings(*m_store);
            ConnectionsModel model(settings, *m_keys, {}, answering({}));
            QAbstractItemModelTester tester(&model);
            id = *model.add(server("Team server"), someKey);
            model.setActive(id);
            QVERIFY(model.setKey(u"cloud"_s, someKey));
            QCOMPARE(model.active().apiKey, someKey.toStdString());
            m_store->sync();
        }
        QFile file(m_dir->filePath(u"settings.ini"_s));
        QVERIFY(file.open(QIODevice::ReadOnly));
        const QByteArray written = file.readAll();
        QVERIFY(written.contains("connections"));
        QVERIFY(!written.contains("0123456789abcdef"));

        QSettings again(m_dir->filePath(u"settings.ini"_s), QSettings::IniFormat);
        Settings settings(again);
        ConnectionsModel model(settings, *m_keys, {}, answering({}));
        QCOMPARE(model.rowCount(), 3);
        QCOMPARE(model.activeId(), id);
        QTRY_COMPARE(model.active().apiKey, someKey.toStdString());
        model.remove(id);
        QCOMPARE(model.activeId(), u"local"_s);
        QCOMPARE(model.rowCount(), 2);
        model.remove(u"cloud"_s); // built in
        QCOMPARE(model.rowCount(), 2);
    }

    void wrongInputIsRefused_data()
    {
        QTest::addColumn<QString>("name");
        QTest::addColumn<QString>("domain");
        QTest::addColumn<QString>("api");
        QTest::addColumn<QString>("key");
        QTest::newRow("no name") << u" "_s << u"a.org"_s << u""_s << u""_s;
        QTest::newRow("scheme in domain") << u"a"_s << u"https://a.org"_s << u""_s << u""_s;
        QTest::newRow("nothing to reach") << u"a"_s << u""_s << u""_s << u""_s;
        QTest::newRow("no web address") << u"a"_s << u""_s << u"ftp://a.org"_s << u""_s;
        QTest::newRow("password in address") << u"a"_s << u""_s << u"https://u:p@a.org"_s << u""_s;
        QTest::newRow("key of another shape") << u"a"_s << u"a.org"_s << u""_s << u"sk-123"_s;
    }
    void wrongInputIsRefused()
    {
        QFETCH(QString, name);
        QFETCH(QString, domain);
        QFETCH(QString, api);
        QFETCH(QString, key);
        Settings settings(*m_store);
        ConnectionsModel model(settings, *m_keys, {}, answering({}));
        e2b::Connection connection;
        connection.name = name.toStdString();
        connection.domain = domain.toStdString();
        connection.apiUrl = api.toStdString();
        QVERIFY(!model.add(connection, key));
        QCOMPARE(model.rowCount(), 2);
    }

    void environmentWins()
    {
        QProcessEnvironment environment;
        environment.insert(u"E2B_KEY"_s, u"e2b_aaaa"_s);
        environment.insert(u"E2B_API_KEY"_s, someKey);
        environment.insert(u"E2B_DOMAIN"_s, u"e2b.dev"_s);
        Settings settings(*m_store);
        ConnectionsModel model(settings, *m_keys, EnvironmentConnection::from(environment), answering({}));
        const ConnectionsModel::Row &cloud = model.at(1);
        QCOMPARE(cloud.connection.apiKey, someKey.toStdString());
        QCOMPARE(cloud.connection.domain, std::string("e2b.dev"));
        QCOMPARE(cloud.keySource, ConnectionsModel::KeySource::Environment);
        QCOMPARE(cloud.fromEnvironment, (QStringList{u"E2B_API_KEY"_s, u"E2B_DOMAIN"_s}));
        QVERIFY(!model.setKey(u"cloud"_s, u"e2b_bbbb"_s));
    }

    void connectionTest()
    {
        Settings settings(*m_store);
        ConnectionsModel model(settings, *m_keys, {}, answering(failure(Error::Kind::Service, "bad key", 401)));
        QSignalSpy active(&model, &ConnectionsModel::activeChanged);
        model.setLocalEngine(u"http://127.0.0.1:1"_s, u"http://127.0.0.1:2"_s, someKey);
        QCOMPARE(active.count(), 1);
        model.test(u"local"_s);
        QCOMPARE(model.at(0).testState, ConnectionsModel::TestState::Testing);
        QTRY_COMPARE(model.at(0).testState, ConnectionsModel::TestState::Failed);
        QCOMPARE(model.at(0).testError.status, 401);
    }

    void rateCard()
    {
        Settings settings(*m_store);
        {
            PriceBook book(settings, listPrices());
            RateCardModel model(book);
            QAbstractItemModelTester tester(&model);
            QCOMPARE(model.index(0, RateCardModel::VcpuColumn).data().toString(), u"0.000014"_s);
            QSignalSpy refused(&model, &RateCardModel::refused);
            QVERIFY(!model.setData(model.index(0, RateCardModel::VcpuColumn), u"cheap"_s, Qt::EditRole));
            QVERIFY(!model.setData(model.index(0, RateCardModel::VcpuColumn), u"-1"_s, Qt::EditRole));
            QVERIFY(!model.setData(model.index(0, RateCardModel::FromColumn), u"31.08.2026"_s, Qt::EditRole));
            QCOMPARE(refused.count(), 3);
            QVERIFY(!model.isOwn());
            model.addRate();
            QVERIFY(model.setData(model.index(1, RateCardModel::GibColumn), u"0.0000000001"_s, Qt::EditRole));
            QVERIFY(
                model.setData(model.index(1, RateCardModel::SourceColumn), u"a \"quoted\" \\ source"_s, Qt::EditRole));
        }
        PriceBook book(settings, listPrices());
        RateCardModel model(book);
        QVERIFY(model.isOwn());
        QCOMPARE(model.rowCount(), 2);
        QCOMPARE(model.card().rates()[1].picoPerGibSecond, 100);
        QCOMPARE(model.card().rates()[1].source, std::string("a \"quoted\" \\ source"));
        model.reset();
        QCOMPARE(model.rowCount(), 1);
        QVERIFY(settings.text(Key::RateCard).isEmpty());
    }

    void pricesOfAConnection()
    {
        Settings settings(*m_store);
        const Timestamp now = systemNow();
        const auto vcpuOf = [now](const PriceBook &book, const char *team) {
            return book.card().of(team).at(now)->picoPerVcpuSecond;
        };
        const std::int64_t list = listPrices().at(now)->picoPerVcpuSecond;
        {
            PriceBook book(settings, listPrices());
            RateCardModel model(book);
            QAbstractItemModelTester tester(&model);
            QSignalSpy changed(&book, &PriceBook::changed);
            book.learnTeams(u"cloud"_s, {"team-c"});
            book.learnTeams(u"local"_s, {"team-l", ""});
            QCOMPARE(changed.count(), 0); // nobody has prices of their own
            model.setConnection(u"cloud"_s);
            QVERIFY(!model.isOwn());
            QVERIFY(model.setData(model.index(0, RateCardModel::VcpuColumn), u"0.00002"_s, Qt::EditRole));
            QVERIFY(model.isOwn());
            QVERIFY(!book.isOwn({}));
            QCOMPARE(vcpuOf(book, "team-c"), std::int64_t{20'000'000});
            QCOMPARE(vcpuOf(book, "team-l"), list);
            QCOMPARE(vcpuOf(book, ""), list);
            QCOMPARE(vcpuOf(book, "stranger"), list);
            book.learnTeams(u"cloud"_s, {"team-l"}); // the key has moved
            QCOMPARE(vcpuOf(book, "team-l"), std::int64_t{20'000'000});
            book.learnTeams(u"local"_s, {"team-l"});
        }
        PriceBook book(settings, listPrices()); // the next start
        book.learnTeams(u"cloud"_s, {"team-c"});
        QCOMPARE(vcpuOf(book, "team-c"), std::int64_t{20'000'000});
        QCOMPARE(vcpuOf(book, "team-l"), list);
        QCOMPARE(book.cardOf(u"cloud"_s).at(now)->picoPerVcpuSecond, std::int64_t{20'000'000});
        QCOMPARE(book.cardOf(u"other"_s).at(now)->picoPerVcpuSecond, list);
        book.reset(u"cloud"_s);
        QCOMPARE(vcpuOf(book, "team-c"), list);
        QVERIFY(!book.setRates(u"cloud"_s, {}));
        QVERIFY(!book.isOwn(u"cloud"_s));
    }

private:
    std::unique_ptr<QTemporaryDir> m_dir;
    std::unique_ptr<QSettings> m_store;
    std::unique_ptr<FileKeyStore> m_keys;
};

QTEST_GUILESS_MAIN(TestSettings)
#include "tst_settings.moc"
