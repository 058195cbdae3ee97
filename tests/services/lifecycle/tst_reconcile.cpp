#include "services/lifecycle/reconcile.h"

#include "services/lifecycle/createintents.h"
#include "services/lifecycle/journal.h"
#include "services/lifecycle/reconcilecleanup.h"
#include "services/lifecycle/tracker.h"
#include "tests/services/lifecycle/events.h"

#include <QFile>
#include <QPromise>
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QTest>

using namespace sandglass;
using namespace sandglass::lifecycle;
using namespace sandglass::lifecycle::sample;
using namespace std::chrono_literals;

namespace {

using List = std::vector<ObservedSandbox>;

std::string name(int number)
{
    return "s" + std::to_string(number);
}

ObservedSandbox row(int number, double startedAt = 0, std::map<std::string, std::string> metadata = {})
{
    ObservedSandbox observed;
    observed.sandboxId = name(number);
    observed.templateId = "tpl";
    observed.state = "running";
    observed.startedAt = at(startedAt);
    observed.metadata = std::move(metadata);
    return observed;
}

bool all(const Sandbox &)
{
    return true;
}

QFuture<Result<>> answer(Result<> result)
{
    QPromise<Result<>> promise;
    promise.start();
    promise.addResult(std::move(result));
    promise.finish();
    return promise.future();
}

Orphan orphan(int number, Owner owner, std::optional<std::chrono::milliseconds> age)
{
    return {row(number), owner, age};
}

} // namespace

class TestReconcile : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void ninetyTwoAndThirtySix();
    void onlyListedSandboxesStayUnknown();
    void otherConnectionsAreNotGone();
    void oddRows();
    void owners_data();
    void owners();
    void planSparesWithReason_data();
    void planSparesWithReason();
    void cleanUpDoesWhatTheDryRunSaid();
    void cleanUpGoesOnAfterFailures();
    void cleanUpStopsWhenRefused();
    void cleanUpCancelled();
    void emptyCleanUpFinishes();
    void intentSurvivesACrash();
    void intentsResolve();
    void intentsAreBounded();
    void damagedIntents();
};

/// The whole way: list and state differ in both directions; the poller marks what is lost.
void TestReconcile::ninetyTwoAndThirtySix()
{
    QTemporaryDir dir;
    auto journal = std::move(*Journal::open(dir.filePath(QStringLiteral("journal.db")).toStdString()));
    for (int i = 0; i < 39; ++i)
        journal->append(created(i, "e" + name(i), name(i)), {});
    Timestamp now = at(1000);
    Tracker tracker(*journal, cost::RateCard(), [&now] { return now; });
    tracker.start();
    QTRY_COMPARE(static_cast<int>(tracker.fold().sandboxes().size()), 39);

    List list;
    for (int i = 3; i < 95; ++i) // 0, 1 and 2 are gone; 39 to 94 nobody has told of
        list.push_back(row(
            i, i, i % 2 ? std::map<std::string, std::string>{{ownerKey, "me"}} : std::map<std::string, std::string>{}));
    const auto before = reconcile(tracker.fold(), list, "me", all, now);
    QCOMPARE(before.unknown.size(), std::size_t{56});
    QCOMPARE(before.agreed, 36);
    QCOMPARE(before.gone, (std::vector<std::string>{"s0", "s1", "s2"}));
    QCOMPARE(std::ranges::count(before.unknown, Owner::Mine, &Orphan::owner), 28);
    QCOMPARE(before.unknown.front().row.sandboxId, "s39"); // the oldest
    QVERIFY(planCleanUp(before.unknown, {}).targets.empty());

    PollerOptions options;
    options.isOurs = all;
    options.clock = [&now] { return now; };
    int polls = 0;
    Poller poller(
        *journal, tracker,
        [&] {
            ++polls;
            QPromise<Result<List>> promise;
            promise.start();
            promise.addResult(Result<List>(list));
            promise.finish();
            return promise.future();
        },
        options);
    for (int i = 1; i <= 2; ++i) {
        now += 15s;
        QSignalSpy polled(&poller, &Poller::polled);
        poller.pollNow();
        QVERIFY(polls == i);
        QTRY_COMPARE(polled.size(), 1);
    }
    const auto state = [&](const char *id) {
        const Sandbox *sandbox = tracker.fold().find(id);
        return sandbox ? sandbox->state : SandboxState::Unknown;
    };
    QTRY_VERIFY(state("s0") == SandboxState::Lost && state("s1") == SandboxState::Lost
                && state("s2") == SandboxState::Lost);
    QTRY_VERIFY(state("s94") == SandboxState::Running); // adopted for the views, still an orphan
    const auto after = reconcile(tracker.fold(), list, "me", all, now);
    QCOMPARE(after.unknown.size(), std::size_t{56});
    QVERIFY(after.gone.empty());
}

void TestReconcile::onlyListedSandboxesStayUnknown()
{
    Fold fold;
    QVERIFY(fold.apply(observedRunning(1, 0)));
    ObservedSandbox observed = row(0);
    observed.sandboxId = "sbx";
    QCOMPARE(reconcile(fold, {observed}, "me", all, at(5)).unknown.size(), std::size_t{1});
    QVERIFY(fold.apply(created(0)));
    QVERIFY(reconcile(fold, {observed}, "me", all, at(5)).unknown.empty());
}

void TestReconcile::otherConnectionsAreNotGone()
{
    Fold fold;
    QVERIFY(fold.apply(created(0, "e", "a")));
    QVERIFY(fold.apply(created(0, "f", "b")));
    QVERIFY(fold.apply(created(0, "g", "c")));
    QVERIFY(fold.apply(ended(EventType::Killed, 9, "g", 0, "c")));
    const auto result = reconcile(
        fold, {}, "me", [](const Sandbox &sandbox) { return sandbox.id != "b"; }, at(10));
    QCOMPARE(result.gone, (std::vector<std::string>{"a"}));
}

void TestReconcile::oddRows()
{
    ObservedSandbox nameless = row(1);
    nameless.sandboxId.clear();
    ObservedSandbox ageless = row(3);
    ageless.startedAt.reset();
    const auto result = reconcile(Fold(), {nameless, row(2), row(2), ageless, row(4, 90)}, "me", all, at(60));
    QCOMPARE(result.unknown.size(), std::size_t{3});
    QVERIFY(result.unknown[0].age == 60s);
    QVERIFY(result.unknown[1].age == 0s); // begins in our future: clocks differ
    QVERIFY(!result.unknown[2].age);
}

void TestReconcile::owners_data()
{
    QTest::addColumn<QByteArray>("mark");
    QTest::addColumn<int>("owner");
    QTest::newRow("none") << QByteArray() << static_cast<int>(Owner::Unknown);
    QTest::newRow("mine") << QByteArray("me") << static_cast<int>(Owner::Mine);
    QTest::newRow("neighbour") << QByteArray("you") << static_cast<int>(Owner::Other);
}

void TestReconcile::owners()
{
    QFETCH(QByteArray, mark);
    QFETCH(int, owner);
    QCOMPARE(static_cast<int>(ownerOf(row(1, 0, {{ownerKey, mark.toStdString()}, {"user", "7"}}), "me")), owner);
}

void TestReconcile::planSparesWithReason_data()
{
    using Reason = CleanUpPlan::Reason;
    QTest::addColumn<int>("owner");
    QTest::addColumn<int>("ageMinutes"); // -1 = unknown
    QTest::addColumn<bool>("named");
    QTest::addColumn<bool>("kept");
    QTest::addColumn<int>("reason"); // -1 = a target
    const auto add = [](const char *title, Owner owner, int age, bool named, bool kept, std::optional<Reason> reason) {
        QTest::newRow(title) << static_cast<int>(owner) << age << named << kept
                             << (reason ? static_cast<int>(*reason) : -1);
    };
    add("mine and old", Owner::Mine, 120, false, false, {});
    add("mine and young", Owner::Mine, 60, false, false, Reason::TooYoung);
    add("mine of unknown age", Owner::Mine, -1, false, false, Reason::AgeUnknown);
    add("neighbour", Owner::Other, 120, false, false, Reason::OtherInstallation);
    add("no mark", Owner::Unknown, 120, false, false, Reason::UnknownOwner);
    add("no mark but named", Owner::Unknown, 1, true, false, {});
    add("kept", Owner::Mine, 120, false, true, Reason::Kept);
    add("kept although named", Owner::Mine, 120, true, true, Reason::Kept);
}

void TestReconcile::planSparesWithReason()
{
    QFETCH(int, owner);
    QFETCH(int, ageMinutes);
    QFETCH(bool, named);
    QFETCH(bool, kept);
    QFETCH(int, reason);
    CleanUpRules rules;
    rules.takesMine = true;
    rules.olderThan = 1h;
    if (named)
        rules.named = {"s1"};
    if (kept)
        rules.kept = {"s1"};
    const std::optional<std::chrono::milliseconds> age =
        ageMinutes < 0 ? std::nullopt : std::optional<std::chrono::milliseconds>(std::chrono::minutes(ageMinutes));
    const auto plan = planCleanUp({orphan(1, static_cast<Owner>(owner), age)}, rules);
    QCOMPARE(plan.targets.size() + plan.spared.size(), std::size_t{1});
    QCOMPARE(plan.spared.empty() ? -1 : static_cast<int>(plan.spared.front().reason), reason);
}

void TestReconcile::cleanUpDoesWhatTheDryRunSaid()
{
    std::vector<Orphan> orphans;
    for (int i = 0; i < 30; ++i)
        orphans.push_back(orphan(i, i % 3 == 0 ? Owner::Mine : i % 3 == 1 ? Owner::Other : Owner::Unknown, 2h));
    CleanUpRules rules;
    rules.takesMine = true;
    rules.named = {"s2"};
    const auto plan = planCleanUp(orphans, rules);
    std::vector<std::string> asked;
    int underWay = 0, most = 0;
    CleanUp cleanUp(
        plan,
        [&](const std::string &id) {
            asked.push_back(id);
            most = std::max(most, ++underWay);
            auto promise = std::make_shared<QPromise<Result<>>>();
            promise->start();
            QTimer::singleShot(0, this, [promise, &underWay] {
                --underWay;
                promise->addResult(Result<>{});
                promise->finish();
            });
            return promise->future();
        },
        3);
    QSignalSpy finished(&cleanUp, &CleanUp::finished);
    cleanUp.start();
    QTRY_COMPARE(finished.size(), 1);
    std::vector<std::string> planned;
    for (const Orphan &target : plan.targets)
        planned.push_back(target.row.sandboxId);
    QCOMPARE(asked, planned);
    QCOMPARE(asked.size(), std::size_t{11});
    QCOMPARE(cleanUp.result().killed.size(), std::size_t{11});
    QVERIFY(most <= 3);
}

void TestReconcile::cleanUpGoesOnAfterFailures()
{
    CleanUpPlan plan{{orphan(1, Owner::Mine, 2h), orphan(2, Owner::Mine, 2h), orphan(3, Owner::Mine, 2h)}, {}};
    CleanUp cleanUp(
        plan,
        [](const std::string &id) {
            return answer(id == "s2" ? Result<>(failure(Error::Kind::Service, "oops", 500)) : Result<>{});
        },
        1);
    QSignalSpy finished(&cleanUp, &CleanUp::finished);
    cleanUp.start();
    QTRY_COMPARE(finished.size(), 1);
    QCOMPARE(cleanUp.result().killed, (std::vector<std::string>{"s1", "s3"}));
    QCOMPARE(cleanUp.result().failed.at(0).sandboxId, "s2");
    QCOMPARE(cleanUp.result().failed.at(0).error.status, 500);
}

void TestReconcile::cleanUpStopsWhenRefused()
{
    CleanUpPlan plan{{orphan(1, Owner::Mine, 2h), orphan(2, Owner::Mine, 2h), orphan(3, Owner::Mine, 2h)}, {}};
    int asked = 0;
    CleanUp cleanUp(
        plan,
        [&](const std::string &) {
            ++asked;
            return answer(failure(Error::Kind::Service, "key revoked", 401));
        },
        1);
    QSignalSpy finished(&cleanUp, &CleanUp::finished);
    cleanUp.start();
    QTRY_COMPARE(finished.size(), 1);
    QCOMPARE(asked, 1);
    QCOMPARE(cleanUp.result().skipped, (std::vector<std::string>{"s2", "s3"}));
}

void TestReconcile::cleanUpCancelled()
{
    CleanUpPlan plan{{orphan(1, Owner::Mine, 2h), orphan(2, Owner::Mine, 2h)}, {}};
    QPromise<Result<>> first;
    first.start();
    CleanUp cleanUp(
        plan, [&](const std::string &) { return first.future(); }, 1);
    QSignalSpy finished(&cleanUp, &CleanUp::finished);
    cleanUp.start();
    cleanUp.cancel();
    QVERIFY(finished.isEmpty()); // one is under way, and its outcome counts
    first.addResult(Result<>{});
    first.finish();
    QTRY_COMPARE(finished.size(), 1);
    QCOMPARE(cleanUp.result().killed, (std::vector<std::string>{"s1"}));
    QCOMPARE(cleanUp.result().skipped, (std::vector<std::string>{"s2"}));
}

void TestReconcile::emptyCleanUpFinishes()
{
    CleanUp cleanUp({}, [](const std::string &) { return answer({}); });
    QSignalSpy finished(&cleanUp, &CleanUp::finished);
    cleanUp.start();
    cleanUp.cancel();
    QCOMPARE(finished.size(), 1);
}

void TestReconcile::intentSurvivesACrash()
{
    QTemporaryDir dir;
    const auto file = std::filesystem::path(dir.filePath(QStringLiteral("intents.json")).toStdString());
    std::string id;
    {
        CreateIntents intents(file);
        const auto begun = intents.begin("cloud", "tpl", at(0));
        QVERIFY(begun);
        QVERIFY(intents.begin("cloud", "other", at(1)));
        id = begun->id;
    } // killed before the answer
    CreateIntents intents(file);
    QCOMPARE(intents.open().size(), std::size_t{2});
    QCOMPARE(intents.open().front(), (CreateIntent{id, "cloud", "tpl", at(0)}));
    QVERIFY(intents.finish(id));
    QVERIFY(intents.finish("never heard of"));
    QCOMPARE(CreateIntents(file).open().size(), std::size_t{1});
    QCOMPARE(QFile::permissions(QString::fromStdString(file.string())) & 0x77, QFileDevice::Permissions());
}

void TestReconcile::intentsResolve()
{
    QTemporaryDir dir;
    CreateIntents intents(dir.filePath(QStringLiteral("intents.json")).toStdString());
    const auto made = *intents.begin("cloud", "tpl", at(0));
    const auto lost = *intents.begin("cloud", "tpl", at(0));
    const auto fresh = *intents.begin("cloud", "tpl", at(200));
    QVERIFY(intents.begin("local", "tpl", at(0)));
    const auto outcomes = intents.resolve("cloud", {row(7, 1, {{intentKey, made.id}}), row(8)}, at(210));
    using Kind = IntentOutcome::Kind;
    QCOMPARE(outcomes.size(), std::size_t{3});
    QVERIFY(outcomes[0].kind == Kind::Created && outcomes[0].sandboxId == "s7");
    QVERIFY(outcomes[1].kind == Kind::NothingCreated && outcomes[1].intent == lost);
    QVERIFY(outcomes[2].kind == Kind::Pending && outcomes[2].intent == fresh);
    QCOMPARE(intents.open().size(), std::size_t{4});
}

void TestReconcile::intentsAreBounded()
{
    CreateIntents intents("/proc/no/such/folder/intents.json");
    const auto refused = intents.begin("cloud", "tpl", at(0)); // not on disk: not sent
    QVERIFY(!refused);
    QVERIFY(refused.error().kind == Error::Kind::Local);
    QVERIFY(intents.open().empty());
}

void TestReconcile::damagedIntents()
{
    QTemporaryDir dir;
    const QString path = dir.filePath(QStringLiteral("intents.json"));
    for (const QByteArray &text :
         {QByteArray("[{\"id\":"), QByteArray("{\"a\":1}"), QByteArray("[1,{\"id\":\"x\"}]")}) {
        QFile file(path);
        QVERIFY(file.open(QIODevice::WriteOnly));
        file.write(text);
        file.close();
        CreateIntents intents(path.toStdString());
        QVERIFY(intents.open().empty());
        QCOMPARE(intents.damage().has_value(), text.endsWith(':'));
        QVERIFY(intents.begin("cloud", "tpl", at(0)));
    }
}

QTEST_GUILESS_MAIN(TestReconcile)
#include "tst_reconcile.moc"
