#include "app/receiversecrets.h"

#include "services/core/keystore.h"

#include <QSignalSpy>
#include <QTemporaryDir>
#include <QTest>

using namespace sandglass;
using namespace std::chrono_literals;
using app::ReceiverSecrets;

class TestReceiverSecrets final : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void init()
    {
        m_dir = std::make_unique<QTemporaryDir>();
        m_keys = std::make_unique<FileKeyStore>(m_dir->filePath(QStringLiteral("keys.json")).toStdString());
    }
    void madeAtTheFirstStartAndKept();
    void oldOneIsAcceptedForAWhileAlsoAfterARestart();
    void endedOverlapIsKnownToTheDoctorOnly();
    void neverMoreThanFourBefore();
    void environmentWins();
    void shortOneOfTheEnvironmentIsRefused();

private:
    [[nodiscard]] std::unique_ptr<ReceiverSecrets> open(const QByteArray &given = {})
    {
        auto secrets = std::make_unique<ReceiverSecrets>(*m_keys, given, [this] { return m_now; });
        QSignalSpy opened(secrets.get(), &ReceiverSecrets::opened);
        secrets->open();
        return !opened.isEmpty() || opened.wait() ? std::move(secrets) : nullptr;
    }

    std::unique_ptr<QTemporaryDir> m_dir;
    std::unique_ptr<FileKeyStore> m_keys;
    Timestamp m_now = fromUnixMs(1'780'000'000'000);
};

void TestReceiverSecrets::madeAtTheFirstStartAndKept()
{
    const QString first = open()->current();
    QVERIFY(first.size() >= static_cast<qsizetype>(ReceiverSecrets::minimumLength));
    QCOMPARE(open()->current(), first);
}

void TestReceiverSecrets::oldOneIsAcceptedForAWhileAlsoAfterARestart()
{
    auto secrets = open();
    const std::string old = secrets->current().toStdString();
    QSignalSpy changed(secrets.get(), &ReceiverSecrets::changed);
    secrets->rotate();
    QCOMPARE(changed.size(), 1);
    QVERIFY(secrets->current().toStdString() != old);

    const QString fresh = secrets->current();
    secrets = open();
    QCOMPARE(secrets->current(), fresh);
    QCOMPARE(secrets->all().size(), std::size_t(2));
    QCOMPARE(secrets->all()[1].value, old);
    QVERIFY(secrets->all()[1].isAccepted);
    QVERIFY(secrets->acceptedUntil() == m_now + ReceiverSecrets::overlap);

    m_now += ReceiverSecrets::overlap;
    QVERIFY(!secrets->all()[1].isAccepted);
    QVERIFY(!secrets->acceptedUntil());
}

void TestReceiverSecrets::endedOverlapIsKnownToTheDoctorOnly()
{
    auto secrets = open();
    secrets->rotate();
    QSignalSpy changed(secrets.get(), &ReceiverSecrets::changed);
    secrets->endOverlap();
    QCOMPARE(changed.size(), 1);
    QVERIFY(!secrets->all().at(1).isAccepted);
    QVERIFY(!open()->all().at(1).isAccepted);
}

void TestReceiverSecrets::neverMoreThanFourBefore()
{
    auto secrets = open();
    for (int i = 0; i < 9; ++i)
        secrets->rotate();
    QCOMPARE(secrets->all().size(), ReceiverSecrets::mostBefore + 1);
    QCOMPARE(open()->all().size(), ReceiverSecrets::mostBefore + 1);
}

void TestReceiverSecrets::environmentWins()
{
    const QByteArray given(32, 'g');
    auto secrets = open(given);
    QCOMPARE(secrets->current(), QString::fromLatin1(given));
    secrets->rotate();
    QCOMPARE(secrets->current(), QString::fromLatin1(given));
    QVERIFY(open()->current() != QString::fromLatin1(given)); // it was never stored
}

void TestReceiverSecrets::shortOneOfTheEnvironmentIsRefused()
{
    ReceiverSecrets secrets(*m_keys, "short");
    QSignalSpy failed(&secrets, &ReceiverSecrets::failed);
    secrets.open();
    QCOMPARE(failed.size(), 1);
    QVERIFY(secrets.current().isEmpty());
}

QTEST_GUILESS_MAIN(TestReceiverSecrets)
#include "tst_receiversecrets.moc"
