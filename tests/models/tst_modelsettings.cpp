// Models in the settings: addresses, keys, prices, tests; and who proposes code.

#include "models/runs/proposers.h"
#include "models/settings/connectionsmodel.h"
#include "models/settings/modellistmodel.h"
#include "models/settings/modelpricebook.h"
#include "models/settings/modelpricesmodel.h"
#include "models/settings/outgoinghosts.h"
#include "models/settings/settings.h"
#include "services/core/keystore.h"
#include "tests/support/fakemodelserver.h"

#include <QAbstractItemModelTester>
#include <QDebug>
#include <QSettings>
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QTest>

#include <algorithm>

using namespace sandglass;
using namespace sandglass::models;
using namespace sandglass::testsupport;
using namespace Qt::Literals::StringLiterals;
using refine::ModelConnection;
using TestState = ModelListModel::TestState;

namespace {

constexpr const char *list = R"({"currency":"USD","models":[{"host":"api.openai.com","model":"gpt-5-mini","prices":[
    {"valid_from":"2026-01-01T00:00:00Z","usd_per_million_input":"0.25","usd_per_million_output":"2"}]}]})";

ModelConnection openAi()
{
    return {{}, "Mini", ModelConnection::Protocol::OpenAi, "https://api.openai.com/v1", "gpt-5-mini", {}, 4'000};
}

} // namespace

class TestModelSettings final : public QObject
{
    Q_OBJECT

    std::unique_ptr<QTemporaryDir> m_dir;
    std::unique_ptr<QSettings> m_store;
    std::unique_ptr<Settings> m_settings;
    std::unique_ptr<FileKeyStore> m_keys;
    std::unique_ptr<ModelPriceBook> m_book;
    std::unique_ptr<ModelListModel> m_models;

    void restart()
    {
        m_models.reset();
        m_book = std::make_unique<ModelPriceBook>(*m_settings, *refine::ModelPriceList::fromJson(list));
        m_models = std::make_unique<ModelListModel>(*m_settings, *m_keys, *m_book);
    }
    QString stored() const
    {
        QString text;
        QDebug(&text) << m_settings->value(Settings::Key::Models) << m_store->allKeys();
        return text;
    }

private Q_SLOTS:
    void init()
    {
        m_dir = std::make_unique<QTemporaryDir>();
        m_store = std::make_unique<QSettings>(m_dir->filePath(u"s.ini"_s), QSettings::IniFormat);
        m_settings = std::make_unique<Settings>(*m_store);
        m_keys = std::make_unique<FileKeyStore>(m_dir->filePath(u"k.json"_s).toStdString());
        restart();
    }

    void isKeptWithoutItsKey()
    {
        const QAbstractItemModelTester tester(m_models.get());
        const auto id = m_models->add(openAi(), u"sk-secret-0123456789"_s);
        QVERIFY(id);
        QCOMPARE(*id, u"mini"_s);
        QCOMPARE(*m_models->add(openAi(), {}), u"mini-2"_s);
        QVERIFY2(!stored().contains(u"sk-secret"_s) && stored().contains(u"gpt-5-mini"_s), qPrintable(stored()));
        restart();
        QCOMPARE(m_models->rowCount(), 2);
        QCOMPARE(m_models->at(0).connection.apiKey, "sk-secret-0123456789");
        QCOMPARE(m_models->at(0).connection.mostTokens, 4'000);
        QVERIFY(m_models->at(1).connection.apiKey.empty());
        ModelConnection changed = openAi();
        changed.protocol = ModelConnection::Protocol::Anthropic;
        QVERIFY(m_models->update(*id, changed));
        QCOMPARE(m_models->at(0).connection.apiKey, "sk-secret-0123456789"); // stays
        m_models->remove(*id);
        QVERIFY(m_keys->names()->empty());
        restart();
        QCOMPARE(m_models->rowCount(), 1);
    }

    void wrongEntries_data()
    {
        QTest::addColumn<QString>("name");
        QTest::addColumn<QString>("url");
        QTest::addColumn<QString>("model");
        QTest::addColumn<QString>("key");
        const QString url = u"https://h/v1"_s;
        QTest::newRow("no name") << QString() << url << u"m"_s << QString();
        QTest::newRow("no URL") << u"n"_s << QString() << u"m"_s << QString();
        QTest::newRow("no HTTP") << u"n"_s << u"ftp://h"_s << u"m"_s << QString();
        QTest::newRow("a password in it") << u"n"_s << u"https://u:p@h/v1"_s << u"m"_s << QString();
        QTest::newRow("no model") << u"n"_s << url << u" "_s << QString();
        QTest::newRow("line break in the key") << u"n"_s << url << u"m"_s << u"a\r\nX-Evil: 1"_s;
    }
    void wrongEntries()
    {
        QFETCH(QString, name);
        QFETCH(QString, url);
        QFETCH(QString, model);
        QFETCH(QString, key);
        ModelConnection wrong = openAi();
        wrong.name = name.toStdString();
        wrong.baseUrl = url.toStdString();
        wrong.model = model.toStdString();
        const auto added = m_models->add(wrong, key);
        QVERIFY(!added && !added.error().message.empty());
        QCOMPARE(m_models->rowCount(), 0);
    }

    void testReallyAsks()
    {
        FakeModelServer server;
        FakeModelServer::Says says{.text = "ready", .input = 20, .output = 3};
        server.says({says});
        ModelConnection local = openAi();
        local.baseUrl = server.openAiUrl();
        local.model = "tiny-coder";
        const QString id = *m_models->add(local, u"sk-wrong-0123456789"_s);
        m_models->test(id);
        QVERIFY(m_models->at(0).testState == TestState::Testing);
        QTRY_VERIFY(m_models->at(0).testState == TestState::Failed);
        QCOMPARE(m_models->at(0).testError.status, 401);
        QVERIFY(m_models->setKey(id, QString::fromLatin1(server.key)));
        QVERIFY(m_models->at(0).testState == TestState::NotTested);
        m_models->test(id);
        QTRY_VERIFY(m_models->at(0).testState == TestState::Works);
        QCOMPARE(m_models->at(0).testUse.tokens->output, 3);
        QVERIFY(!m_models->at(0).testUse.cost); // nobody knows what it costs here
        refine::ModelPrice price;
        price.picoPerInput = 1'000'000; // a dollar per million
        price.picoPerOutput = 2'000'000;
        QVERIFY(m_book->setPrices(id, {price}));
        m_models->test(id);
        QTRY_VERIFY(m_models->at(0).testState == TestState::Works && m_models->at(0).testUse.cost);
        QCOMPARE(m_models->at(0).testUse.cost->toFixed(6), "0.000026");
        server.says({FakeModelServer::refusal(429, "slow", "1")});
        m_models->test(id);
        QTRY_VERIFY(m_models->at(0).testState == TestState::Failed);
        QCOMPARE(server.asked().size(), 4); // who waits can try again: it does not wait by itself
        m_models->test(id);
        m_models->remove(id); // an answer for nobody
        QCOMPARE(m_models->rowCount(), 0);
    }

    void pricesAreThoseOfTheListOrOwn()
    {
        const QString id = *m_models->add(openAi(), {});
        ModelPricesModel table(*m_book);
        const QAbstractItemModelTester tester(&table);
        QSignalSpy refused(&table, &ModelPricesModel::refused);
        table.setModel(m_models->at(0).connection);
        QCOMPARE(table.rowCount(), 1);
        QVERIFY(!table.isOwn());
        const auto set = [&table](int column, const QString &text) {
            return table.setData(table.index(0, column), text, Qt::EditRole);
        };
        QVERIFY(!set(ModelPricesModel::InputColumn, u"a dollar"_s)
                && !set(ModelPricesModel::OutputColumn, u"0.0000001"_s));
        QVERIFY(!set(ModelPricesModel::InputColumn, QString()) && !set(ModelPricesModel::FromColumn, u"today"_s));
        QCOMPARE(refused.size(), 4);
        QVERIFY(!table.isOwn());
        QVERIFY(set(ModelPricesModel::InputColumn, u"0.5"_s));
        QVERIFY(table.isOwn());
        QVERIFY(set(ModelPricesModel::CachedColumn, u"0.05"_s));
        QVERIFY(set(ModelPricesModel::CachedColumn, QString())); // as input again
        QVERIFY(!m_book->pricesOf(m_models->at(0).connection).all()[0].picoPerCachedInput);
        table.addPrice();
        QCOMPARE(table.rowCount(), 2);
        restart();
        QCOMPARE(refine::perMillionText(m_book->pricesOf(m_models->at(0).connection).all()[0].picoPerInput), "0.5");
        m_models->remove(id);
        QVERIFY(!m_book->isOwn(id)); // gone with the model
    }

    void anUnknownPriceStaysUnknownUntilEntered()
    {
        ModelConnection other = openAi();
        other.model = "nobody-knows";
        (void)m_models->add(other, {});
        const ModelConnection &model = m_models->at(0).connection;
        ModelPricesModel table(*m_book);
        const QAbstractItemModelTester tester(&table);
        table.setModel(model);
        QCOMPARE(table.rowCount(), 0);
        table.addPrice();
        QCOMPARE(table.rowCount(), 1);
        QVERIFY(m_book->pricesOf(model).all().empty()); // a row alone is no price
        QVERIFY(table.setData(table.index(0, ModelPricesModel::InputColumn), u"1"_s, Qt::EditRole));
        QVERIFY(m_book->pricesOf(model).all().empty());
        QVERIFY(table.setData(table.index(0, ModelPricesModel::OutputColumn), u"2"_s, Qt::EditRole));
        QCOMPARE(m_book->pricesOf(model).all().size(), std::size_t{1});
        table.removePrice(0);
        QCOMPARE(table.rowCount(), 0);
        table.makeFree();
        QVERIFY(m_book->pricesOf(model).costOf(refine::TokenUsage{5, 0, 0, 5}, systemNow())->isZero());
    }

    void proposersAreKept()
    {
        Proposers proposers(*m_settings, *m_models, *m_book);
        QSignalSpy changed(&proposers, &Proposers::changed);
        QCOMPARE(proposers.choices().size(), 2);
        QVERIFY(proposers.chosen().kind == Proposers::Kind::Person && !proposers.make({}));
        const QString id = *m_models->add(openAi(), {});
        QVERIFY(!changed.isEmpty());
        QCOMPARE(proposers.choices().last().name, u"Mini"_s);
        proposers.choose(u"model:"_s + id);
        QVERIFY(proposers.isPriced());
        QVERIFY(proposers.make({})->author() == refine::Attempt::Author::Model);
        proposers.setMoney(u"0.10"_s);
        proposers.setMoney(u"lots"_s); // not taken
        proposers.setAttempts(7);
        QCOMPARE(proposers.limits().attempts, 7);
        QCOMPARE(proposers.limits().money->toFixed(2), "0.10");
        for (const QString &wrong : {u"0"_s, u"-1"_s, u"x"_s, u"1e3"_s})
            QVERIFY2(!Proposers::isMoney(wrong), qPrintable(wrong));
        m_models->remove(id);
        QVERIFY(proposers.chosen().kind == Proposers::Kind::Person);
        proposers.choose(u"script"_s);
        QVERIFY(proposers.make({})->author() == refine::Attempt::Author::Scripted);
        QFile file(m_dir->filePath(u"a.py"_s));
        QVERIFY(file.open(QIODevice::WriteOnly) && file.write("print(1)") > 0);
        file.close();
        QVERIFY(proposers.setScript({file.fileName()}));
        QVERIFY(!proposers.setScript({file.fileName(), m_dir->filePath(u"none.py"_s)}));
        QCOMPARE(proposers.scriptLength(), 1); // those before stay
    }

    void whereItTalksToIsTold()
    {
        (void)m_models->add(openAi(), {});
        const ConnectionsModel connections(*m_settings, *m_keys, {}, {});
        const auto hosts = outgoingHosts(connections, *m_settings, {});
        const auto found = std::ranges::find(hosts, u"https://api.openai.com"_s, &OutgoingHost::host);
        QVERIFY(found != hosts.end());
        QVERIFY(found->when == OutgoingHost::When::OnDemand && found->purpose.contains(u"Mini"_s));
    }
};

QTEST_GUILESS_MAIN(TestModelSettings)
#include "tst_modelsettings.moc"
