// A webhook that a killed program left at the engine is gone after the next start, and one of somebody else is not.

#include "services/core/json.h"
#include "services/core/whendone.h"
#include "services/e2b/client.h"
#include "services/e2b/webhookclient.h"
#include "tests/app/program.h"

#include <QTemporaryDir>
#include <QTest>

#include <algorithm>

using namespace sandglass;
using namespace Qt::Literals::StringLiterals;
using test::Program;

namespace {

constexpr int patienceMs = 30'000;

} // namespace

class TestLeftWebhook final : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void killedProgramsWebhookIsRemovedAtTheNextStart();

private:
    [[nodiscard]] static std::vector<e2b::WebhookInfo> listOf(e2b::Client &client)
    {
        auto future = client.webhooks().list();
        if (!QTest::qWaitFor([&] { return future.isFinished(); }, patienceMs) || !future.result())
            return {};
        return *future.result();
    }
};

void TestLeftWebhook::killedProgramsWebhookIsRemovedAtTheNextStart()
{
    QTemporaryDir dir;
    const auto plain = QProcessEnvironment::systemEnvironment();
    Program engine(u"sandglass-engine"_s,
                   {u"--state-dir"_s, dir.filePath(u"engine"_s), u"--api-port"_s, u"0"_s, u"--sandbox-port"_s, u"0"_s},
                   dir.filePath(u"engine.json"_s), plain);
    const Json served = engine.ready();
    QVERIFY2(served.is_object(), "the engine did not come up");
    QFile keyFile(QString::fromStdString(stringOr(served, "api_key_file")));
    QVERIFY(keyFile.open(QIODevice::ReadOnly));
    e2b::Connection connection;
    connection.id = "local";
    connection.apiUrl = stringOr(served, "api_url");
    connection.apiKey = keyFile.readAll().trimmed().toStdString();
    e2b::Client client(connection);

    // Of somebody else: it stays, whatever happens.
    auto foreign = client.webhooks().create({"Sandglass desktop of a colleague",
                                             "http://127.0.0.1:9/",
                                             {"sandbox.lifecycle.created"},
                                             true,
                                             std::string(32, 's')});
    QVERIFY(QTest::qWaitFor([&] { return foreign.isFinished(); }, patienceMs) && foreign.result());

    QProcessEnvironment withKey = plain;
    withKey.insert(u"E2B_API_KEY"_s, QString::fromStdString(connection.apiKey));
    const QStringList arguments = {u"--profile"_s,       dir.filePath(u"profile"_s),
                                   u"--receiver-port"_s, u"0"_s,
                                   u"--engine-api"_s,    QString::fromStdString(connection.apiUrl)};
    const auto own = [&] {
        std::vector<std::string> ids;
        for (const e2b::WebhookInfo &webhook : listOf(client)) {
            if (webhook.id != foreign.result()->id)
                ids.push_back(webhook.id);
        }
        return ids;
    };
    std::string left;
    {
        Program program(u"sandglass"_s, arguments, dir.filePath(u"first.json"_s), withKey);
        QVERIFY2(program.ready().is_object(), "the program did not come up");
        QTRY_COMPARE_WITH_TIMEOUT(own().size(), std::size_t(1), patienceMs);
        const std::vector<std::string> now = own();
        QCOMPARE(now.size(), std::size_t(1));
        left = now.front();
    } // kill -9
    QCOMPARE(own(), std::vector<std::string>{left});

    Program again(u"sandglass"_s, arguments, dir.filePath(u"second.json"_s), withKey);
    QVERIFY2(again.ready().is_object(), "the program did not come up again");
    const auto isReplaced = [&] { // one look: the next may fall between removal and registration
        const std::vector<std::string> now = own();
        return now.size() == 1 && now.front() != left;
    };
    QTRY_VERIFY_WITH_TIMEOUT(isReplaced(), patienceMs);
    const auto all = listOf(client);
    QVERIFY(std::ranges::any_of(all, [&](const auto &webhook) { return webhook.id == foreign.result()->id; }));
}

QTEST_GUILESS_MAIN(TestLeftWebhook)
#include "tst_leftwebhook.moc"
