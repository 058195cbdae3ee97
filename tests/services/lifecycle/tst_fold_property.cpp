#include "services/lifecycle/fold.h"

#include "services/cost/meter.h"
#include "services/lifecycle/usageindex.h"
#include "tests/services/lifecycle/lives.h"

#include <QTest>

#include <algorithm>
#include <random>
#include <set>

using namespace sandglass;
using namespace sandglass::lifecycle;
using namespace sandglass::lifecycle::sample;

namespace {

constexpr unsigned seed = 20260820;
constexpr int cases = 12'000;

Fold folded(const std::vector<Event> &events)
{
    Fold fold;
    for (const Event &e : events)
        fold.apply(e);
    return fold;
}

/// In batches, and now and then all is put away and taken up again, as over restarts.
Fold foldedWithBreaks(const std::vector<Event> &events, std::mt19937_64 &random)
{
    Fold fold;
    for (const Event &e : events) {
        fold.add(e);
        if (random() % 4 == 0)
            fold.settle();
        if (random() % 8 != 0)
            continue;
        Fold next;
        for (const auto &[id, sandbox] : fold.sandboxes())
            next.adopt(fold.record(id));
        fold = std::move(next);
    }
    fold.settle();
    return fold;
}

Money priceOfAll(const Fold &fold)
{
    UsageIndex usage(card);
    for (const auto &[id, sandbox] : fold.sandboxes())
        usage.update(sandbox);
    return usage.costBetween(at(-10'000), at(100'000), at(50'000));
}

bool isRunning(const Fold &fold)
{
    return std::ranges::any_of(fold.sandboxes(),
                               [](const auto &entry) { return entry.second.state == SandboxState::Running; });
}

std::set<std::string> liveIds(const Fold &fold)
{
    std::set<std::string> ids;
    for (const Sandbox *sandbox : fold.live())
        ids.insert(sandbox->id);
    return ids;
}

std::set<std::string> liveIdsByState(const Fold &fold)
{
    std::set<std::string> ids;
    for (const auto &[id, sandbox] : fold.sandboxes()) {
        if (sandbox.isLive())
            ids.insert(id);
    }
    return ids;
}

} // namespace

class TestFoldProperty : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void initTestCase() { qInfo("seed %u, %d cases", seed, cases); }
    void orderAndDuplicatesDoNotMatter();
    void completeStreamsCostWhatTheProviderMeasured();
};

void TestFoldProperty::orderAndDuplicatesDoNotMatter()
{
    std::mt19937_64 random(seed);
    for (int i = 0; i < cases; ++i) {
        std::vector<Event> events;
        for (unsigned n = 0; n <= random() % 3; ++n) {
            Life life(random, "sbx" + std::to_string(n));
            life.live();
            events.insert(events.end(), life.events.begin(), life.events.end());
        }
        damage(events, random);
        addOddEvents(events, random);
        std::ranges::stable_sort(events, {}, &Event::timestamp);
        const Fold ordered = folded(events);

        std::vector<Event> delivered = events;
        for (const Event &e : events) {
            for (auto copies = random() % 3; copies > 0; --copies)
                delivered.push_back(e);
        }
        std::ranges::shuffle(delivered, random);
        const Fold shuffled = folded(delivered);

        const auto where = QStringLiteral("seed %1, case %2").arg(seed).arg(i);
        const Fold continued = foldedWithBreaks(delivered, random);
        QVERIFY2(continued.sandboxes() == ordered.sandboxes(), qPrintable(where));
        QVERIFY2(shuffled.sandboxes() == ordered.sandboxes(), qPrintable(where));
        QVERIFY2(priceOfAll(shuffled) == priceOfAll(ordered), qPrintable(where));
        for (const Fold *fold : {&ordered, &shuffled, &continued})
            QVERIFY2(liveIds(*fold) == liveIdsByState(*fold), qPrintable(where));
        for (const auto &[id, sandbox] : ordered.sandboxes()) {
            for (std::size_t run = 0; run < sandbox.runs.size(); ++run) {
                const RunInterval &interval = sandbox.runs[run];
                QVERIFY2(!interval.end || *interval.end >= interval.start, qPrintable(where));
                const bool isLast = run + 1 == sandbox.runs.size();
                QVERIFY2(interval.end || (isLast && sandbox.state == SandboxState::Running), qPrintable(where));
            }
        }
    }
}

void TestFoldProperty::completeStreamsCostWhatTheProviderMeasured()
{
    std::mt19937_64 random(seed + 1);
    int compared = 0;
    for (int i = 0; i < cases; ++i) {
        Life life(random, "sbx");
        life.live();
        std::ranges::shuffle(life.events, random);
        const Fold fold = folded(life.events);
        if (isRunning(fold))
            continue; // still running: its price is not final
        ++compared;
        QVERIFY2(priceOfAll(fold) == life.price, qPrintable(QStringLiteral("seed %1, case %2").arg(seed + 1).arg(i)));
    }
    QVERIFY(compared > cases / 2);
}

QTEST_GUILESS_MAIN(TestFoldProperty)
#include "tst_fold_property.moc"
