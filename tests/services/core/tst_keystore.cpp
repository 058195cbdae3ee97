#include "services/core/keystore.h"

#include <QFile>
#include <QTemporaryDir>
#include <QTest>

#include <sys/stat.h>

using namespace sandglass;

class TestKeyStore final : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void keepsSecretsAcrossInstances();
    void isReadableByTheOwnerOnly();
    void removesSecrets();
    void namesDamageWithoutItsContents();

private:
    static std::optional<std::string> read(KeyStore &store, const std::string &name)
    {
        std::optional<std::string> secret;
        store.read(name, [&](Result<std::optional<std::string>> answer) { secret = answer ? *answer : std::nullopt; });
        return secret;
    }
    static bool write(KeyStore &store, const std::string &name, const std::string &secret)
    {
        bool good = false;
        store.write(name, secret, [&](Result<> answer) { good = answer.has_value(); });
        return good;
    }
    QTemporaryDir m_directory;
    [[nodiscard]] std::filesystem::path file(const char *name) const
    {
        return std::filesystem::path(m_directory.path().toStdString()) / "config" / name;
    }
};

void TestKeyStore::keepsSecretsAcrossInstances()
{
    FileKeyStore first(file("a.json"));
    QVERIFY(!read(first, "api-key/cloud"));
    QVERIFY(write(first, "api-key/cloud", "it's \"quoted\" \n and long"));
    QVERIFY(write(first, "webhook-secret", "s"));
    FileKeyStore second(file("a.json"));
    QCOMPARE(read(second, "api-key/cloud"), std::optional<std::string>("it's \"quoted\" \n and long"));
    QCOMPARE(read(second, "webhook-secret"), std::optional<std::string>("s"));
}

void TestKeyStore::isReadableByTheOwnerOnly()
{
    FileKeyStore store(file("b.json"));
    QVERIFY(write(store, "k", "v"));
    struct stat info = {};
    QCOMPARE(::stat(file("b.json").c_str(), &info), 0);
    QCOMPARE(info.st_mode & 0777U, 0600U);
}

void TestKeyStore::removesSecrets()
{
    FileKeyStore store(file("c.json"));
    QVERIFY(write(store, "k", "v"));
    QVERIFY(write(store, "l", "w"));
    QCOMPARE(*store.names(), (std::vector<std::string>{"k", "l"}));
    store.remove("k", [](Result<> answer) { QVERIFY(answer.has_value()); });
    QVERIFY(!read(store, "k"));
    QCOMPARE(*store.names(), std::vector<std::string>{"l"});
    store.remove("l", [](Result<> answer) { QVERIFY(answer.has_value()); });
    QVERIFY(store.names()->empty());
    QVERIFY(!std::filesystem::exists(file("c.json")));
    store.remove("l", [](Result<> answer) { QVERIFY(answer.has_value()); });
    QVERIFY(!std::filesystem::exists(file("c.json")));
}

void TestKeyStore::namesDamageWithoutItsContents()
{
    FileKeyStore store(file("d.json"));
    QVERIFY(write(store, "k", "v"));
    QFile damaged(QString::fromStdString(file("d.json").string()));
    QVERIFY(damaged.open(QIODevice::WriteOnly));
    damaged.write("{\"k\": \"top-secret");
    damaged.close();
    Error error;
    store.read("k", [&](Result<std::optional<std::string>> answer) { error = answer ? Error{} : answer.error(); });
    QCOMPARE(error.kind, Error::Kind::Decode);
    QVERIFY(error.message.find("top-secret") == std::string::npos);
    QVERIFY(!write(store, "k", "w")); // a damaged file is not overwritten: it may be rescued by hand
}

QTEST_APPLESS_MAIN(TestKeyStore)
#include "tst_keystore.moc"
