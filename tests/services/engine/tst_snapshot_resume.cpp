#include "services/engine/api/snapshots.h"
#include "tests/services/engine/fake_host.h"

#include <QDir>
#include <QFile>
#include <QTemporaryDir>
#include <QTest>

#include <optional>

using namespace sandglass;
using namespace sandglass::engine;
using namespace sandglass::engine::test;

/// A sandbox stands still while it is saved. What becomes of it when it cannot be let go on afterwards.
class TestSnapshotResume final : public QObject
{
    Q_OBJECT

private:
    std::unique_ptr<QTemporaryDir> m_directory;
    boost::asio::io_context m_io;
    std::unique_ptr<FakeHost> m_host;
    std::unique_ptr<TemplateCatalog> m_catalog;
    std::unique_ptr<EventStore> m_events;
    std::unique_ptr<SnapshotStore> m_store;
    std::unique_ptr<SandboxRegistry> m_registry;
    std::unique_ptr<Snapshots> m_snapshots;
    SandboxRegistry::LivePtr m_live;

    [[nodiscard]] std::string path(const char *name) const
    {
        return m_directory->filePath(QString::fromLatin1(name)).toStdString();
    }
    [[nodiscard]] FakeSandbox &sandbox() { return *m_host->launchedOnes.front(); }
    [[nodiscard]] qsizetype layers() const
    {
        return QDir(m_directory->filePath(QStringLiteral("layers"))).entryList({QStringLiteral("saved-*")}).size();
    }
    [[nodiscard]] Result<Snapshot> take()
    {
        std::optional<Result<Snapshot>> taken;
        m_snapshots->take(m_live->id, "kept", [&taken](Result<Snapshot> result) { taken = std::move(result); });
        if (!turnUntil(m_io, [&taken] { return taken.has_value(); }))
            return failure(Error::Kind::Timeout, "no answer");
        return *taken;
    }
    [[nodiscard]] std::vector<LifecycleRecord> events()
    {
        EventStore::Query query;
        query.sandboxId = m_live->id;
        return m_events->events(query);
    }

private Q_SLOTS:
    void init()
    {
        m_directory = std::make_unique<QTemporaryDir>();
        QDir home(m_directory->path());
        QVERIFY(home.mkdir(QStringLiteral("layers")) && home.mkdir(QStringLiteral("upper")));
        QFile note(m_directory->filePath(QStringLiteral("upper/note")));
        QVERIFY(note.open(QIODevice::WriteOnly) && note.write("text") == 4);
        note.close();
        auto opened = Database::open(path("engine.db"));
        QVERIFY(opened);
        const std::shared_ptr<Database> database = std::move(*opened);
        m_host = std::make_unique<FakeHost>(m_io);
        m_host->upper = path("upper");
        m_catalog = std::make_unique<TemplateCatalog>();
        m_events = std::move(*EventStore::open(database));
        m_store = std::move(*SnapshotStore::open(database));
        m_registry = std::make_unique<SandboxRegistry>(m_io, *m_host, *m_catalog, *m_events, RegistryOptions{}, [] {});
        m_snapshots = std::make_unique<Snapshots>(m_io, *m_registry, *m_catalog, *m_store, LayerStore(path("layers")));
        CreateRequest request;
        request.templateReference = "base";
        request.timeoutSeconds = 300;
        m_live.reset();
        m_registry->create(request,
                           [this](const Result<SandboxRegistry::LivePtr> &made) { m_live = made.value_or(nullptr); });
        QVERIFY(turnUntil(m_io, [this] { return m_live != nullptr; }));
    }
    void cleanup()
    {
        m_live.reset();
        m_snapshots.reset();
        m_registry.reset();
        m_store.reset();
        m_events.reset();
        m_host.reset();
    }

    void goesOnAtOnce()
    {
        QVERIFY(take());
        QCOMPARE(sandbox().resumeCalls, 1);
        QVERIFY(m_live->isRunning() && !m_live->isBeingSaved);
        QCOMPARE(m_snapshots->all().size(), std::size_t(1));
    }

    void isTriedAgain()
    {
        const Result<> no = failure(Error::Kind::Local, "not now");
        sandbox().resumes = {no, no};
        QVERIFY(take());
        QCOMPARE(sandbox().resumeCalls, 3);
        QVERIFY(m_live->isRunning() && !m_live->isBeingSaved);
        QCOMPARE(m_registry->find(m_live->id), m_live);
        QCOMPARE(sandbox().kills, 0);
    }

    void endsWhenItCannotGoOn()
    {
        sandbox().resumes.assign(100, failure(Error::Kind::Local, "the daemon is stuck"));
        const auto taken = take();
        QVERIFY(!taken);
        QCOMPARE(taken.error().status, 500);
        const QString told = QString::fromStdString(taken.error().message);
        QVERIFY2(told.contains(QStringLiteral("the daemon is stuck")), qPrintable(told));
        QVERIFY2(told.contains(QStringLiteral("kept:default")), qPrintable(told)); // its files are not lost
        QCOMPARE(m_registry->find(m_live->id), nullptr);
        QCOMPARE(sandbox().kills, 1);
        const auto history = events();
        QCOMPARE(history.front().type, std::string(kKilled));
        QCOMPARE(stringOr(history.front().eventData, "kill_reason"), std::string("resume_failed"));
        QCOMPARE(m_snapshots->all().size(), std::size_t(1));
        QCOMPARE(layers(), 1);
    }

    void aForkTellsTheSame()
    {
        sandbox().resumes.assign(100, failure(Error::Kind::Local, "the daemon is stuck"));
        std::optional<Result<std::vector<Result<SandboxRegistry::LivePtr>>>> forks;
        m_snapshots->fork(m_live->id, 60, 2, [&forks](auto made) { forks = std::move(made); });
        QVERIFY(turnUntil(m_io, [&forks] { return forks.has_value(); }));
        QVERIFY(!*forks);
        QCOMPARE(m_registry->find(m_live->id), nullptr);
        QCOMPARE(m_host->launchedOnes.size(), std::size_t(1)); // none was made
        QVERIFY(turnUntil(m_io, [this] { return layers() == 0; }));
    }

    void aKilledOneIsNotTriedFor()
    {
        sandbox().resumes.assign(100, failure(Error::Kind::Local, "the daemon is stuck"));
        std::optional<Result<Snapshot>> taken;
        m_snapshots->take(m_live->id, {}, [&taken](Result<Snapshot> result) { taken = std::move(result); });
        QVERIFY(turnUntil(m_io, [this] { return sandbox().resumeCalls == 1; }));
        m_registry->kill(m_live->id, "request", [](const Result<> &) {});
        QVERIFY(turnUntil(m_io, [&taken] { return taken.has_value(); }));
        QCOMPARE(sandbox().kills, 1);
        QCOMPARE(stringOr(events().front().eventData, "kill_reason"), std::string("request"));
    }
};

QTEST_GUILESS_MAIN(TestSnapshotResume)
#include "tst_snapshot_resume.moc"
