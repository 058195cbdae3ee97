#include "services/e2b/urls.h"

#include <QTest>

using namespace sandglass::e2b;

class TestUrls final : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void bases_data();
    void bases();
    void routesByHeaders();
    void encodes();
};

void TestUrls::bases_data()
{
    QTest::addColumn<QByteArray>("domain");
    QTest::addColumn<QByteArray>("apiUrl");
    QTest::addColumn<QByteArray>("sandboxUrl");
    QTest::addColumn<QByteArray>("sandboxDomain");
    QTest::addColumn<QByteArray>("api");
    QTest::addColumn<QByteArray>("envd");
    QTest::addColumn<QByteArray>("interpreter");
    QTest::newRow("cloud") << QByteArray("e2b.app") << QByteArray() << QByteArray() << QByteArray()
                           << QByteArray("https://api.e2b.app") << QByteArray("https://sandbox.e2b.app")
                           << QByteArray("https://49999-iabc.e2b.app");
    QTest::newRow("answer names the domain")
        << QByteArray("e2b.app") << QByteArray() << QByteArray() << QByteArray("e2b.dev")
        << QByteArray("https://api.e2b.app") << QByteArray("https://sandbox.e2b.dev")
        << QByteArray("https://49999-iabc.e2b.dev");
    QTest::newRow("self-hosted") << QByteArray("box.example.com") << QByteArray() << QByteArray() << QByteArray()
                                 << QByteArray("https://api.box.example.com")
                                 << QByteArray("https://49983-iabc.box.example.com")
                                 << QByteArray("https://49999-iabc.box.example.com");
    QTest::newRow("a look-alike domain is no shared host")
        << QByteArray("not-e2b.app") << QByteArray() << QByteArray() << QByteArray()
        << QByteArray("https://api.not-e2b.app") << QByteArray("https://49983-iabc.not-e2b.app")
        << QByteArray("https://49999-iabc.not-e2b.app");
    QTest::newRow("local engine") << QByteArray("e2b.app") << QByteArray("http://127.0.0.1:8710/")
                                  << QByteArray("http://127.0.0.1:8711//") << QByteArray()
                                  << QByteArray("http://127.0.0.1:8710") << QByteArray("http://127.0.0.1:8711")
                                  << QByteArray("http://127.0.0.1:8711");
    QTest::newRow("domain with a port") << QByteArray("e2b.app") << QByteArray("http://127.0.0.1:1") << QByteArray()
                                        << QByteArray("e2b.localhost:18443") << QByteArray("http://127.0.0.1:1")
                                        << QByteArray("https://49983-iabc.e2b.localhost:18443")
                                        << QByteArray("https://49999-iabc.e2b.localhost:18443");
}

void TestUrls::bases()
{
    QFETCH(QByteArray, domain);
    QFETCH(QByteArray, apiUrl);
    QFETCH(QByteArray, sandboxUrl);
    QFETCH(QByteArray, sandboxDomain);
    QFETCH(QByteArray, api);
    QFETCH(QByteArray, envd);
    QFETCH(QByteArray, interpreter);
    Connection connection;
    connection.domain = domain.toStdString();
    connection.apiUrl = apiUrl.toStdString();
    connection.sandboxUrl = sandboxUrl.toStdString();
    SandboxInfo sandbox;
    sandbox.sandboxId = "iabc";
    sandbox.domain = sandboxDomain.toStdString();
    QCOMPARE(QByteArray::fromStdString(apiBase(connection)), api);
    QCOMPARE(QByteArray::fromStdString(envdEndpoint(connection, sandbox).baseUrl), envd);
    QCOMPARE(QByteArray::fromStdString(portEndpoint(connection, sandbox, interpreterPort).baseUrl), interpreter);
}

void TestUrls::routesByHeaders()
{
    SandboxInfo sandbox;
    sandbox.sandboxId = "iabc";
    using List = sandglass::net::HeaderList;
    QCOMPARE(envdEndpoint({}, sandbox).headers, (List{{"E2b-Sandbox-Id", "iabc"}, {"E2b-Sandbox-Port", "49983"}}));
    sandbox.trafficAccessToken = "t";
    QCOMPARE(portEndpoint({}, sandbox, 8000).headers,
             (List{{"E2b-Sandbox-Id", "iabc"}, {"E2b-Sandbox-Port", "8000"}, {"E2B-Traffic-Access-Token", "t"}}));
}

void TestUrls::encodes()
{
    QCOMPARE(percentEncoded("/a b/\xC3\xA4&=?#~-_."), std::string("%2Fa%20b%2F%C3%A4%26%3D%3F%23~-_."));
}

QTEST_GUILESS_MAIN(TestUrls)
#include "tst_urls.moc"
