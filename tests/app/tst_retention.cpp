// How long events stay, as Settings say: from the next start on, and what they cost stays.

#include "app/composition.h"
#include "models/settings/settings.h"
#include "ui/theme/theme.h"

#include <QTemporaryDir>
#include <QTest>

using namespace std::chrono_literals;
using namespace Qt::Literals::StringLiterals;
using namespace sandglass;

class TestRetention final : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void init();
    void everythingStaysAtFirst();
    void olderOnesLeave();

private:
    [[nodiscard]] std::unique_ptr<app::Composition> start()
    {
        app::CommandLine options;
        options.profile = m_profile->path();
        options.receiverPort = 0;
        auto program = app::Composition::create(options, m_theme);
        return program ? std::move(*program) : nullptr;
    }
    ui::Theme m_theme{*qApp};
    std::unique_ptr<QTemporaryDir> m_profile;
};

/// A run of ten days ago, and one of now.
void TestRetention::init()
{
    m_profile = std::make_unique<QTemporaryDir>();
    const auto paths = ProfilePaths::forDirectory(m_profile->path().toStdString());
    auto journal = lifecycle::Journal::open(paths.data / "journal.db");
    QVERIFY(journal);
    std::atomic<int> stored = 0;
    int number = 0;
    for (const auto age : {240h, 239h, 0h}) {
        lifecycle::Event event;
        event.id = "event" + std::to_string(++number);
        event.type = number == 2 ? lifecycle::EventType::Killed : lifecycle::EventType::Created;
        event.typeName = number == 2 ? "sandbox.lifecycle.killed" : "sandbox.lifecycle.created";
        event.sandboxId = number == 3 ? "young" : "old";
        event.templateId = "base";
        event.timestamp = event.receivedAt = systemNow() - age;
        (*journal)->append(event, [&stored](lifecycle::Journal::Outcome outcome) {
            stored += outcome == lifecycle::Journal::Outcome::Stored ? 1 : 0;
        });
    }
    QTRY_COMPARE(stored.load(), 3);
    QTRY_COMPARE((*journal)->foldedSeq(), 3);
}

void TestRetention::everythingStaysAtFirst()
{
    const auto program = start();
    QVERIFY(program);
    QVERIFY(program->journal().holdTables([] { return false; })); // upkeep has gone through all it has to do
    QCOMPARE(program->journal().count(), 3);
}

void TestRetention::olderOnesLeave()
{
    {
        QSettings store(m_profile->path() + u"/config/settings.ini"_s, QSettings::IniFormat);
        models::Settings(store).set(models::Settings::Key::KeepDays, 7);
    }
    const auto program = start();
    QVERIFY(program);
    QVERIFY(program->journal().holdTables([] { return false; }));
    QCOMPARE(program->journal().count(), 1);
}

QTEST_MAIN(TestRetention)
#include "tst_retention.moc"
