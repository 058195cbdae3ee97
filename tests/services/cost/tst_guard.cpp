#include "services/cost/guard.h"
#include "tests/services/cost/facts.h"

#include <QFile>
#include <QTemporaryDir>
#include <QTest>

using namespace sandglass;
using namespace sandglass::cost;
using namespace std::chrono_literals;

class TestGuard final : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void init();
    void actsOnceAfterItsGrace();
    void undoCallsNothing();
    void dryRunOnlySays();
    void staleFactsHoldTheBrake();
    void leavesAllowedAndEndedAlone();
    void survivesARestart();
    void answersAreWrittenDown();
    void aFailureIsTriedAgain();
    void isSavedBeforeItActs();
    void factsFromTheFutureAreStale();
    void auditSurvivesDamageAndRotates();

private:
    struct Call
    {
        Budget::Action action;
        std::string id;
        Guard::Answer answer;
    };
    [[nodiscard]] std::unique_ptr<Guard> makeGuard();
    [[nodiscard]] GuardOrder order(std::vector<std::string> ids) const
    {
        return {"budget b1 2026-08-20", "Daily: 100 % of $1.00", Budget::Action::Pause, false, 60s, std::move(ids)};
    }
    [[nodiscard]] QStringList verbs() const; ///< oldest first: "pause a ok"

    std::unique_ptr<QTemporaryDir> m_folder;
    std::unique_ptr<AuditLog> m_audit;
    std::vector<Call> m_calls;
    Timestamp m_now = sample::epoch;
    std::vector<SandboxFacts> m_facts;
};

void TestGuard::init()
{
    m_folder = std::make_unique<QTemporaryDir>();
    m_audit = std::make_unique<AuditLog>(m_folder->filePath(QStringLiteral("audit.jsonl")).toStdString());
    m_calls.clear();
    m_now = sample::epoch;
    m_facts = {sample::running("a", sample::epoch), sample::running("b", sample::epoch)};
}

std::unique_ptr<Guard> TestGuard::makeGuard()
{
    return std::make_unique<Guard>(
        *m_audit, [this] { return m_now; },
        [this](Budget::Action action, const std::string &id, Guard::Answer answer) {
            m_calls.push_back({action, id, std::move(answer)});
        });
}

QStringList TestGuard::verbs() const
{
    QStringList list;
    for (const AuditEntry &entry : m_audit->newest(100))
        list.prepend(QString::fromStdString(entry.verb + " " + entry.target + " " + entry.answer));
    return list;
}

void TestGuard::actsOnceAfterItsGrace()
{
    const auto guard = makeGuard();
    guard->order(order({"a"}), m_facts);
    guard->order(order({"a"}), m_facts); // the same alert again
    QCOMPARE(guard->planned().size(), std::size_t{1});
    QVERIFY(*guard->nextDue() == sample::epoch + 60s);
    m_now += 59s;
    guard->tick(m_facts, m_now);
    QCOMPARE(m_calls.size(), std::size_t{0});
    m_now += 1s;
    guard->tick(m_facts, m_now);
    guard->tick(m_facts, m_now);
    QCOMPARE(m_calls.size(), std::size_t{1});
    QCOMPARE(m_calls[0].action, Budget::Action::Pause);
    guard->order(order({"a"}), m_facts); // once per sandbox and cause
    QVERIFY(guard->planned().empty());
    QVERIFY(!guard->nextDue());
}

void TestGuard::undoCallsNothing()
{
    const auto guard = makeGuard();
    guard->order(order({"a", "b"}), m_facts);
    QCOMPARE(guard->undo("budget b1 2026-08-20"), 2);
    m_now += 10min;
    guard->tick(m_facts, m_now);
    QVERIFY(m_calls.empty());
    QCOMPARE(verbs().last(), QStringLiteral("undo b ok"));
}

void TestGuard::dryRunOnlySays()
{
    const auto guard = makeGuard();
    GuardOrder dry = order({"a", "b"});
    dry.isDryRun = true;
    guard->order(dry, m_facts);
    m_now += 10min;
    guard->tick(m_facts, m_now);
    QVERIFY(m_calls.empty());
    QCOMPARE(verbs(), (QStringList{QStringLiteral("would pause a dry run"), QStringLiteral("would pause b dry run")}));
    guard->order(dry, m_facts); // once is enough
    QCOMPARE(verbs().size(), 2);

    guard->order(order({"a"}), m_facts); // now it is meant
    m_now += 10min;
    guard->tick(m_facts, m_now);
    QCOMPARE(m_calls.size(), std::size_t(1));
}

void TestGuard::staleFactsHoldTheBrake()
{
    const auto guard = makeGuard();
    guard->order(order({"a"}), m_facts);
    m_now += 5min;
    guard->tick(m_facts, m_now - 61s);
    QVERIFY(m_calls.empty());
    QCOMPARE(guard->planned().size(), std::size_t{1}); // still due
    guard->tick(m_facts, m_now - 59s);
    QCOMPARE(m_calls.size(), std::size_t{1});
}

void TestGuard::leavesAllowedAndEndedAlone()
{
    const auto guard = makeGuard();
    m_facts[0].metadata["keep"] = "yes";
    guard->setAllowList({{Scope::Kind::Metadata, "keep", {}}});
    m_facts.push_back(sample::ended("gone", sample::epoch));
    m_facts.push_back(sample::running("late", sample::epoch));
    guard->order(order({"a", "gone", "late", "nobody"}), m_facts);
    QCOMPARE(guard->planned().size(), std::size_t{1});
    m_facts.back() = sample::ended("late", sample::epoch); // ended by itself within the grace
    m_now += 61s;
    guard->tick(m_facts, m_now);
    QVERIFY(m_calls.empty());
    QVERIFY(verbs().last().contains(QStringLiteral("not needed")));
}

void TestGuard::survivesARestart()
{
    auto guard = makeGuard();
    guard->order(order({"a", "b"}), m_facts);
    m_now += 30s;
    const auto kept = parseJson(dumpJson(guard->state()));
    QVERIFY(kept);
    guard = makeGuard();
    guard->restore(*kept);
    QCOMPARE(guard->planned().size(), std::size_t{2});
    m_now += 31s;
    guard->tick(m_facts, m_now);
    QCOMPARE(m_calls.size(), std::size_t{2});
    guard->order(order({"a", "b"}), m_facts); // remembered: nothing new
    QVERIFY(guard->planned().empty());
    guard->restore(Json("nonsense"));
    QVERIFY(guard->planned().empty());
}

void TestGuard::answersAreWrittenDown()
{
    auto guard = makeGuard();
    m_facts.push_back(sample::running("c", sample::epoch));
    guard->order(order({"a", "b", "c"}), m_facts);
    m_now += 61s;
    guard->tick(m_facts, m_now);
    QCOMPARE(m_calls.size(), std::size_t{3});
    m_calls[0].answer({});
    m_calls[1].answer(failure(Error::Kind::Service, "no such sandbox", 404));
    m_calls[2].answer(failure(Error::Kind::Service, "not allowed", 403));
    QCOMPARE(verbs().mid(3),
             (QStringList{QStringLiteral("pause a ok"), QStringLiteral("pause b ok: it was gone"),
                          QStringLiteral("pause c not allowed")}));
    guard.reset();
    m_calls[0].answer({}); // after the end: nobody is there
    QCOMPARE(verbs().size(), 6);
}

void TestGuard::aFailureIsTriedAgain()
{
    const auto guard = makeGuard();
    guard->order(order({"a", "b"}), m_facts);
    m_now += 61s;
    guard->tick(m_facts, m_now);
    QCOMPARE(m_calls.size(), std::size_t{2});
    m_calls[0].answer(failure(Error::Kind::Timeout, "no answer"));
    m_calls[1].answer(failure(Error::Kind::Transport, "refused"));
    QVERIFY(*guard->nextDue() == m_now + Guard::retryAfter);
    m_facts[0].state = SandboxFacts::State::Paused; // the one without an answer was stopped all the same
    for (std::size_t tries = 2; tries <= Guard::mostTries; ++tries) {
        QVERIFY(guard->nextDue().has_value());
        m_now = *guard->nextDue();
        guard->tick(m_facts, m_now);
        QCOMPARE(m_calls.size(), tries + 1);
        QCOMPARE(m_calls.back().id, std::string("b"));
        m_calls.back().answer(failure(Error::Kind::Transport, "refused"));
    }
    QVERIFY(!guard->nextDue());
    QCOMPARE(verbs().last(), QStringLiteral("pause b refused"));
    QCOMPARE(verbs().filter(QStringLiteral("pause a not needed")).size(), 1);
}

void TestGuard::isSavedBeforeItActs()
{
    auto guard = makeGuard();
    Json saved;
    std::size_t callsWhenSaved = 99;
    guard->setSave([&](const Json &state) -> Result<> {
        saved = state;
        callsWhenSaved = m_calls.size();
        return {};
    });
    guard->order(order({"a"}), m_facts);
    QCOMPARE(saved["planned"].size(), std::size_t{1});
    m_now += 61s;
    guard->tick(m_facts, m_now);
    QCOMPARE(m_calls.size(), std::size_t{1});
    QCOMPARE(callsWhenSaved, std::size_t{0});
    guard = makeGuard(); // killed in the middle of the call
    guard->restore(saved);
    guard->order(order({"a"}), m_facts);
    guard->tick(m_facts, m_now);
    QCOMPARE(m_calls.size(), std::size_t{1});
    guard->setSave([](const Json &) -> Result<> { return failure(Error::Kind::Local, "disk full"); });
    guard->order(order({"b"}), m_facts);
    QCOMPARE(guard->planned().size(), std::size_t{1});
    QCOMPARE(verbs().last(), QStringLiteral("save  disk full"));
}

void TestGuard::factsFromTheFutureAreStale()
{
    const auto guard = makeGuard();
    guard->order(order({"a"}), m_facts);
    m_now += 61s;
    guard->tick(m_facts, m_now + 61s);
    QVERIFY(m_calls.empty());
}

void TestGuard::auditSurvivesDamageAndRotates()
{
    const QString path = m_folder->filePath(QStringLiteral("audit.jsonl"));
    QVERIFY(m_audit->append({m_now, "person", "kill", "a", "by hand", "ok"}));
    QFile file(path);
    QVERIFY(file.open(QIODevice::Append));
    file.write("{\"at\": \"2026-08-20T1"); // a crash in the middle of a line
    file.close();
    QVERIFY(m_audit->append({m_now, "person", "kill", "b", "by hand\nin two lines", "ok"}));
    const auto entries = m_audit->newest(10);
    QCOMPARE(entries.size(), std::size_t{2});
    QVERIFY((entries[0] == AuditEntry{m_now, "person", "kill", "b", "by hand\nin two lines", "ok"}));
    QVERIFY(file.open(QIODevice::Append));
    file.write(QByteArray(AuditLog::rotateBytes, ' '));
    file.close();
    QVERIFY(m_audit->append({m_now, "guard", "pause", "c", "budget", "ok"}));
    QVERIFY(QFile::exists(path + QStringLiteral(".1")));
    QVERIFY(QFileInfo(path).size() < 1000);
    QCOMPARE(m_audit->newest(10).size(), std::size_t{3});
    QCOMPARE(m_audit->newest(1).size(), std::size_t{1});
    AuditLog nowhere("/nonexistent/audit.jsonl");
    QVERIFY(!nowhere.append({}));
}

QTEST_GUILESS_MAIN(TestGuard)
#include "tst_guard.moc"
