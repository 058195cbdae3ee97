// Where keys are kept, with a real Secret Service (gnome-keyring) on a real bus: they are there and in no file, move
// there from the file, and a service that is locked, away, stopped or dead costs nothing but an error in time.

#include "app/keyplaces.h"

#include "app/keychainstore.h"
#include "app/receiversecrets.h"
#include "services/core/qtstring.h"
#include "tests/app/privatebus.h"
#include "tests/app/program.h"
#include "tests/app/secretservice.h"

#include <QCoreApplication>
#include <QDirIterator>
#include <QElapsedTimer>
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QTest>
#include <QTimer>

#include <cstdio>

using namespace sandglass;
using namespace Qt::Literals::StringLiterals;
using namespace std::chrono_literals;
using app::KeychainStore;
using app::KeyPlaces;
using Answer = Result<std::optional<std::string>>;

namespace {

constexpr int patience = 20'000; // ms

Answer read(KeyStore &store, const std::string &name)
{
    std::optional<Answer> answer;
    store.read(name, [&answer](Answer got) { answer = std::move(got); });
    return QTest::qWaitFor([&] { return answer.has_value(); }, patience) ? *answer
                                                                         : failure(Error::Kind::Cancelled, "no answer");
}

Result<> write(KeyStore &store, const std::string &name, const std::string &secret)
{
    std::optional<Result<>> answer;
    store.write(name, secret, [&answer](Result<> got) { answer = std::move(got); });
    return QTest::qWaitFor([&] { return answer.has_value(); }, patience) ? *answer
                                                                         : failure(Error::Kind::Cancelled, "no answer");
}

Result<> remove(KeyStore &store, const std::string &name)
{
    std::optional<Result<>> answer;
    store.remove(name, [&answer](Result<> got) { answer = std::move(got); });
    return QTest::qWaitFor([&] { return answer.has_value(); }, patience) ? *answer
                                                                         : failure(Error::Kind::Cancelled, "no answer");
}

/// The files under `folder` that hold `text`.
QStringList filesWith(const QString &folder, const QByteArray &text)
{
    QStringList found;
    QDirIterator files(folder, QDir::Files | QDir::Hidden, QDirIterator::Subdirectories);
    while (files.hasNext()) {
        QFile file(files.next());
        if (file.open(QIODevice::ReadOnly) && file.readAll().contains(text))
            found << file.fileName();
    }
    return found;
}

} // namespace

class TestKeyPlaces final : public QObject
{
    Q_OBJECT
public:
    /// What another program of the same person reads.
    static int readAsAnotherProgram(const QString &prefix, const std::string &name)
    {
        KeychainStore store(prefix);
        const Answer answer = read(store, name);
        std::printf("%s", answer && *answer ? (*answer)->c_str() : "nothing");
        return 0;
    }

private Q_SLOTS:
    void initTestCase();
    void init();
    void keptInTheServiceAlone();
    void removedFromTheService();
    void fileMovesIn();
    void newerOneOfTheFileWins();
    void awayIsTold();
    void lockedIsTold();
    void lockedCostsNoWebhookSecret();
    void hangIsBounded();
    void deathIsTold();
    void wholeProgram();

private:
    [[nodiscard]] std::filesystem::path profile() const { return m_profile->path().toStdString(); }
    [[nodiscard]] QString secretsFile() const { return m_profile->filePath(u"secrets.json"_s); }
    [[nodiscard]] QString prefix() const { return m_profile->path() + u'/'; }
    [[nodiscard]] std::unique_ptr<KeyPlaces> open(std::chrono::milliseconds limit = 20s) const
    {
        return std::make_unique<KeyPlaces>(std::make_unique<KeychainStore>(prefix(), limit), profile());
    }
    [[nodiscard]] std::unique_ptr<KeyPlaces> openWithoutService() const
    {
        return std::make_unique<KeyPlaces>(nullptr, profile());
    }
    [[nodiscard]] QByteArray readElsewhere(const QString &name) const
    {
        QProcess other;
        other.start(QCoreApplication::applicationFilePath(), {u"--read"_s, prefix(), name});
        return other.waitForFinished() ? other.readAllStandardOutput() : QByteArray("no end");
    }

    test::PrivateBus m_bus;
    test::SecretService m_service;
    std::unique_ptr<QTemporaryDir> m_profile;
};

void TestKeyPlaces::initTestCase()
{
    if (!test::SecretService::isInstalled()) {
        if (qEnvironmentVariableIsSet("CI"))
            QFAIL("there is no gnome-keyring-daemon (package gnome-keyring)");
        QSKIP("there is no gnome-keyring-daemon (package gnome-keyring)");
    }
    const QByteArray problem = m_bus.startAlone();
    QVERIFY2(problem.isEmpty(), problem.constData());
    qputenv("DBUS_SESSION_BUS_ADDRESS", m_bus.address().toUtf8()); // before anybody asks for it
    QVERIFY(!KeychainStore::isThere(true));
}

void TestKeyPlaces::init()
{
    m_profile = std::make_unique<QTemporaryDir>();
    m_service.kill();
    const QByteArray problem = m_service.start();
    QVERIFY2(problem.isEmpty(), problem.constData());
}

void TestKeyPlaces::keptInTheServiceAlone()
{
    QVERIFY(KeychainStore::isThere(false));
    const auto store = app::openKeyStore(profile());
    QVERIFY(store->isEncrypted());
    QCOMPARE(toQString(store->description()), u"the desktop's key store (Secret Service)"_s);
    QVERIFY(write(*store, "api-key/cloud", "e2b_kept-in-the-service"));
    QVERIFY(write(*store, "webhook-secret", "ünïcode \"quoted\"\nof two lines"));

    QCOMPARE(read(*open(), "api-key/cloud")->value(), std::string("e2b_kept-in-the-service"));
    QCOMPARE(read(*open(), "webhook-secret")->value(), std::string("ünïcode \"quoted\"\nof two lines"));
    QVERIFY(!read(*open(), "api-key/other")->has_value());
    QCOMPARE(readElsewhere(u"api-key/cloud"_s), "e2b_kept-in-the-service");
    QCOMPARE(filesWith(m_profile->path(), "kept-in-the-service"), QStringList());
    QCOMPARE(filesWith(m_service.folder(), "kept-in-the-service"), QStringList()); // it encrypts
    QVERIFY(!QFile::exists(secretsFile()));

    // After a restart of the service; another profile sees nothing of it.
    m_service.kill();
    QCOMPARE(m_service.start(), QByteArray());
    QCOMPARE(readElsewhere(u"api-key/cloud"_s), "e2b_kept-in-the-service");
    KeychainStore stranger(u"/another/profile/"_s);
    QVERIFY(!read(stranger, "api-key/cloud")->has_value());
}

void TestKeyPlaces::removedFromTheService()
{
    const auto store = open();
    QVERIFY(write(*store, "api-key/cloud", "e2b_first"));
    QVERIFY(write(*store, "api-key/cloud", "e2b_second"));
    QCOMPARE(readElsewhere(u"api-key/cloud"_s), "e2b_second");
    QVERIFY(KeyPlaces::hasMoved(profile()));
    QVERIFY(remove(*store, "api-key/cloud"));
    QCOMPARE(readElsewhere(u"api-key/cloud"_s), "nothing");
    QVERIFY(!KeyPlaces::hasMoved(profile()));
    QVERIFY(remove(*store, "api-key/cloud")); // once more does no harm
}

void TestKeyPlaces::fileMovesIn()
{
    {
        const auto before = openWithoutService();
        QVERIFY(!before->isEncrypted());
        QVERIFY(write(*before, "api-key/cloud", "e2b_once-in-a-file"));
        QVERIFY(write(*before, "webhook-secret", "another-once-in-a-file"));
        QCOMPARE(filesWith(m_profile->path(), "once-in-a-file"), QStringList{secretsFile()});
    }
    m_service.freeze();
    {
        const auto frozen = open(300ms); // nothing may get lost while it is not certain
        QCOMPARE(read(*frozen, "api-key/cloud")->value(), std::string("e2b_once-in-a-file"));
        QTest::qWait(600);
        QCOMPARE(filesWith(m_profile->path(), "once-in-a-file"), QStringList{secretsFile()});
    }
    m_service.thaw();
    const auto store = open();
    QTRY_VERIFY_WITH_TIMEOUT(!QFile::exists(secretsFile()), patience);
    QCOMPARE(filesWith(m_profile->path(), "once-in-a-file"), QStringList());
    QCOMPARE(readElsewhere(u"api-key/cloud"_s), "e2b_once-in-a-file");
    QCOMPARE(readElsewhere(u"webhook-secret"_s), "another-once-in-a-file");
    QCOMPARE(read(*store, "webhook-secret")->value(), std::string("another-once-in-a-file"));
}

void TestKeyPlaces::newerOneOfTheFileWins()
{
    QVERIFY(write(*open(), "api-key/cloud", "e2b_old"));
    QVERIFY(write(*openWithoutService(), "api-key/cloud", "e2b_new"));
    const auto store = open();
    QCOMPARE(read(*store, "api-key/cloud")->value(), std::string("e2b_new"));
    QTRY_VERIFY_WITH_TIMEOUT(!QFile::exists(secretsFile()), patience);
    QCOMPARE(readElsewhere(u"api-key/cloud"_s), "e2b_new");

    // One that is entered while the old one is still on its way.
    QVERIFY(write(*openWithoutService(), "api-key/cloud", "e2b_on-its-way"));
    const auto again = open();
    QVERIFY(write(*again, "api-key/cloud", "e2b_entered"));
    QVERIFY(!QFile::exists(secretsFile()));
    QCOMPARE(readElsewhere(u"api-key/cloud"_s), "e2b_entered");
}

void TestKeyPlaces::awayIsTold()
{
    QVERIFY(write(*open(), "webhook-secret", "a secret of more than thirty-two characters"));
    m_service.kill();
    QTRY_VERIFY(!KeychainStore::isThere(true));
    const auto store = app::openKeyStore(profile());
    QVERIFY(!store->isEncrypted());
    const Answer answer = read(*store, "webhook-secret");
    QVERIFY(!answer);
    QVERIFY2(answer.error().message.find("which is not there now") != std::string::npos,
             answer.error().message.c_str());
    QVERIFY(!remove(*store, "webhook-secret"));
    QVERIFY(!read(*store, "api-key/never-entered")->has_value());
    QVERIFY(write(*store, "api-key/cloud", "e2b_entered-meanwhile"));

    QCOMPARE(m_service.start(), QByteArray());
    const auto back = app::openKeyStore(profile());
    QCOMPARE(read(*back, "webhook-secret")->value(), std::string("a secret of more than thirty-two characters"));
    QTRY_VERIFY_WITH_TIMEOUT(!QFile::exists(secretsFile()), patience);
    QCOMPARE(readElsewhere(u"api-key/cloud"_s), "e2b_entered-meanwhile");
}

void TestKeyPlaces::lockedIsTold()
{
    QVERIFY(write(*openWithoutService(), "api-key/left", "e2b_left-in-the-file"));
    {
        KeychainStore service(prefix());
        QVERIFY(write(service, "api-key/cloud", "e2b_behind-a-lock"));
    }
    QVERIFY(test::SecretService::lock());
    const auto store = open();
    const Answer answer = read(*store, "api-key/cloud");
    QVERIFY(!answer);
    QVERIFY2(answer.error().message.find("locked") != std::string::npos, answer.error().message.c_str());
    const auto written = write(*store, "api-key/cloud", "e2b_not-taken");
    QVERIFY(!written);
    qInfo("write to a locked one: %s", written.error().message.c_str());
    const auto removed = remove(*store, "api-key/cloud");
    QVERIFY(!removed);
    QVERIFY2(removed.error().message.find("locked") != std::string::npos, removed.error().message.c_str());
    QCOMPARE(filesWith(m_profile->path(), "not-taken"), QStringList()); // nobody asked for a file
    QCOMPARE(read(*store, "api-key/left")->value(), std::string("e2b_left-in-the-file"));

    // Open again, the same store works, and takes what was left.
    m_service.kill();
    QCOMPARE(m_service.start(), QByteArray());
    QCOMPARE(read(*store, "api-key/cloud")->value(), std::string("e2b_behind-a-lock"));
    QTRY_VERIFY_WITH_TIMEOUT(!QFile::exists(secretsFile()), patience);
    QCOMPARE(readElsewhere(u"api-key/left"_s), "e2b_left-in-the-file");
}

void TestKeyPlaces::lockedCostsNoWebhookSecret()
{
    const std::string secret = "a secret of more than thirty-two characters";
    QVERIFY(write(*open(), "webhook-secret", secret));
    QVERIFY(test::SecretService::lock());
    const auto store = open();
    app::ReceiverSecrets secrets(*store, {});
    QSignalSpy opened(&secrets, &app::ReceiverSecrets::opened);
    QSignalSpy notKept(&secrets, &app::ReceiverSecrets::notKept);
    secrets.open();
    QTRY_COMPARE_WITH_TIMEOUT(opened.size(), 1, patience);
    QCOMPARE(notKept.size(), 1); // for this run only
    QVERIFY(secrets.current().size() >= static_cast<qsizetype>(app::ReceiverSecrets::minimumLength));
    m_service.kill();
    QCOMPARE(m_service.start(), QByteArray());
    QCOMPARE(readElsewhere(u"webhook-secret"_s).toStdString(), secret);
}

void TestKeyPlaces::hangIsBounded()
{
    const auto store = open(1s);
    QVERIFY(write(*store, "api-key/cloud", "e2b_before"));
    m_service.freeze();
    qint64 longest = 0;
    QElapsedTimer sinceTick;
    QTimer ticker;
    connect(&ticker, &QTimer::timeout, this, [&] { longest = std::max(longest, sinceTick.restart()); });
    ticker.start(5ms);
    sinceTick.start();
    QElapsedTimer whole;
    whole.start();
    const Answer answer = read(*store, "api-key/cloud");
    QVERIFY(!answer);
    QCOMPARE(answer.error().kind, Error::Kind::Timeout);
    const auto written = write(*store, "api-key/cloud", "e2b_late");
    QVERIFY(!written);
    QCOMPARE(written.error().kind, Error::Kind::Timeout);
    QVERIFY(!remove(*store, "api-key/other"));
    QVERIFY2(whole.elapsed() < 10'000, qPrintable(QString::number(whole.elapsed())));
    QVERIFY2(longest < 500, qPrintable(QString::number(longest))); // the loop went on
    m_service.thaw();
    const auto patient = open();
    QTRY_VERIFY_WITH_TIMEOUT(read(*patient, "api-key/cloud").has_value(), patience);
    QVERIFY(write(*patient, "api-key/cloud", "e2b_after"));
    QCOMPARE(readElsewhere(u"api-key/cloud"_s), "e2b_after");
}

void TestKeyPlaces::deathIsTold()
{
    const auto store = open();
    QVERIFY(write(*store, "api-key/cloud", "e2b_before"));
    m_service.freeze();
    std::optional<Answer> under;
    store->read("api-key/cloud", [&under](Answer got) { under = std::move(got); });
    QTest::qWait(200); // it is asked
    m_service.kill();
    QTRY_VERIFY_WITH_TIMEOUT(under.has_value(), patience);
    QVERIFY(!under->has_value());
    const Answer answer = read(*store, "api-key/cloud");
    QVERIFY(!answer);
    qInfo("read after its death: %s", answer.error().message.c_str());
    QVERIFY(!write(*store, "api-key/cloud", "e2b_nowhere"));
    QCOMPARE(filesWith(m_profile->path(), "nowhere"), QStringList());
    QCOMPARE(m_service.start(), QByteArray());
    QCOMPARE(read(*store, "api-key/cloud")->value(), std::string("e2b_before"));
    QVERIFY(write(*store, "api-key/cloud", "e2b_again"));
    QCOMPARE(readElsewhere(u"api-key/cloud"_s), "e2b_again");
}

void TestKeyPlaces::wholeProgram()
{
    QByteArray secret;
    const QString config = m_profile->filePath(u"config"_s);
    for (int start = 0; start < 2; ++start) {
        test::Program program(u"sandglass"_s,
                              {u"--profile"_s, m_profile->path(), u"--receiver-port"_s, u"0"_s, u"--engine-api"_s,
                               u"http://127.0.0.1:9"_s},
                              m_profile->filePath(u"ready.json"_s), QProcessEnvironment::systemEnvironment());
        QVERIFY(program.ready().is_object());
        QProcess other;
        other.start(QCoreApplication::applicationFilePath(), {u"--read"_s, config + u'/', u"webhook-secret"_s});
        QVERIFY(other.waitForFinished());
        const QByteArray now = other.readAllStandardOutput();
        QVERIFY2(now.size() >= 32, now.constData());
        if (start > 0)
            QCOMPARE(now, secret); // not made anew
        secret = now;
    } // kill -9
    QCOMPARE(filesWith(m_profile->path(), secret), QStringList());
    QVERIFY(!QFile::exists(config + u"/secrets.json"_s));
}

int main(int argc, char **argv)
{
    QCoreApplication program(argc, argv);
    const QStringList arguments = QCoreApplication::arguments();
    if (arguments.size() == 4 && arguments.at(1) == u"--read"_s)
        return TestKeyPlaces::readAsAnotherProgram(arguments.at(2), arguments.at(3).toStdString());
    TestKeyPlaces test;
    return QTest::qExec(&test, argc, argv);
}

#include "tst_keyplaces.moc"
