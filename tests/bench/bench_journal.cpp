// One million events: import from JSON Lines, start with that history, searches, charts, a seek in time,
// memory. Prints one JSON line; the time of the first fold after the import is told apart.

#include "models/events/eventhistory.h"
#include "models/events/eventlistmodel.h"
#include "services/core/json.h"
#include "services/cost/ratecard.h"
#include "services/lifecycle/journal.h"
#include "services/lifecycle/timemachine.h"
#include "services/lifecycle/tracker.h"
#include "services/lifecycle/transfer.h"

#include <QCoreApplication>
#include <QElapsedTimer>
#include <QEventLoop>
#include <QTemporaryDir>
#include <QThread>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <utility>

using namespace sandglass;
using namespace sandglass::lifecycle;

namespace {

constexpr int eventCount = 1'000'000;
constexpr std::int64_t historyMs = 30LL * 86'400'000;

/// Two events for each of half a million sandboxes over thirty days.
void writeHistory(const std::filesystem::path &file, std::int64_t now)
{
    std::ofstream out(file, std::ios::binary);
    for (int i = 0; i < eventCount; ++i) {
        const int sandbox = i / 2;
        const bool isKilled = i % 2 == 1;
        const std::int64_t start = now - historyMs + sandbox * (historyMs - 120'000) / (eventCount / 2);
        Event event;
        event.id = "7f6c2d1e-" + std::to_string(i) + "-4b3a";
        event.typeName = isKilled ? "sandbox.lifecycle.killed" : "sandbox.lifecycle.created";
        event.type = eventTypeFromName(event.typeName);
        event.sandboxId = "ibench" + std::to_string(sandbox);
        event.executionId = "run-" + std::to_string(sandbox);
        event.templateId = "template-" + std::to_string(sandbox % 8);
        event.metadata = {{"user", std::to_string(sandbox % 20)}};
        event.timestamp = fromUnixMs(isKilled ? start + 60'000 : start);
        if (isKilled) {
            event.execution = Execution{fromUnixMs(start), 2, 512, 60'000};
            event.killReason = "timeout";
        }
        out << encodeEvent(event) << '\n';
    }
}

double residentMb()
{
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);) {
        if (line.starts_with("VmRSS:"))
            return std::stod(line.substr(6)) / 1024.0;
    }
    return -1;
}

/// Milliseconds that `work` takes, the median of five.
double medianMs(auto &&work)
{
    std::vector<double> times;
    for (int i = 0; i < 5; ++i) {
        QElapsedTimer timer;
        timer.start();
        work(i);
        times.push_back(static_cast<double>(timer.nsecsElapsed()) / 1e6);
    }
    std::ranges::sort(times);
    return times[2];
}

/// A start as the application does it: journal open, tracker filled.
struct Started
{
    std::unique_ptr<Journal> journal;
    std::unique_ptr<Tracker> tracker;
    double ms = 0;
};

Started start(const std::filesystem::path &file, const cost::RateCard &card)
{
    QElapsedTimer timer;
    timer.start();
    Started started;
    auto journal = Journal::open(file);
    if (!journal) {
        std::fprintf(stderr, "%s\n", journal.error().message.c_str());
        return started;
    }
    started.journal = std::move(*journal);
    started.tracker = std::make_unique<Tracker>(*started.journal, card);
    QEventLoop loop;
    QObject::connect(started.tracker.get(), &Tracker::replayed, &loop, &QEventLoop::quit);
    started.tracker->start();
    loop.exec();
    started.ms = static_cast<double>(timer.nsecsElapsed()) / 1e6;
    return started;
}

/// Searches of the Events page, from the letters to the first rows and to the end of the journal.
void addSearches(Json &figures, Tracker &tracker, const Journal &journal)
{
    models::EventHistory history(journal.file());
    models::EventListModel events(tracker, &history);
    using Search = models::EventListModel::Search;
    const auto timeUntil = [&](const QString &words, const std::function<bool()> &isReached) {
        return medianMs([&](int) {
            events.setSearch({});
            events.setSearch(words);
            while (!isReached() && events.search() == Search::Running)
                QCoreApplication::processEvents(QEventLoop::WaitForMoreEvents);
            if (!isReached()) {
                std::fputs("a search failed\n", stderr);
                std::exit(1);
            }
        });
    };
    const auto hasRows = [&] { return events.rowCount() > 0; };
    double frequent = 0;
    for (const char *words : {"template-3 killed", "user=7", "timeout"})
        frequent = std::max(frequent, timeUntil(QString::fromLatin1(words), hasRows));
    figures["first_rows_ms"] = frequent;
    const QString sandbox = QStringLiteral("ibench%1").arg(eventCount / 4); // in the middle of the history
    figures["old_sandbox_rows_ms"] = timeUntil(sandbox, hasRows);
    figures["whole_search_ms"] = timeUntil(sandbox, [&] { return events.search() == Search::Complete; });
}

Json chartFigures(const Tracker &tracker, std::int64_t now)
{
    Json figures;
    constexpr std::array<std::int64_t, 5> windows = {3'600'000, 86'400'000, 7LL * 86'400'000, historyMs, historyMs / 2};
    double worst = 0;
    for (const std::int64_t window : windows) {
        const double ms = medianMs([&](int i) {
            const Timestamp to = fromUnixMs(now - i * 60'000);
            (void)tracker.costSeries(to - std::chrono::milliseconds(window), to, 120);
            (void)tracker.activeSeries(to - std::chrono::milliseconds(window), to, 120);
        });
        worst = std::max(worst, ms);
    }
    figures["chart_ms"] = worst;
    return figures;
}

/// Journeys to random moments, from the question to the picture in the UI thread; the first one reads the index.
void addSeeks(Json &figures, const Tracker &tracker, const Journal &journal, std::int64_t now)
{
    TimeMachine machine(journal);
    QEventLoop loop;
    std::shared_ptr<Past> past;
    QObject::connect(&machine, &TimeMachine::arrived, &loop, [&](const std::shared_ptr<Past> &arrived) {
        machine.dispose(std::exchange(past, arrived));
        loop.quit();
    });
    QObject::connect(&machine, &TimeMachine::failed, &loop, &QEventLoop::quit);
    std::mt19937_64 random(20261121);
    std::vector<double> times;
    for (int i = 0; i <= 10; ++i) {
        const Timestamp moment = fromUnixMs(now - static_cast<std::int64_t>(random() % historyMs));
        QElapsedTimer timer;
        timer.start();
        machine.seek(moment, tracker.rateCard());
        loop.exec();
        times.push_back(static_cast<double>(timer.nsecsElapsed()) / 1e6);
        if (!past || past->moment != moment || past->newest.empty()) {
            std::fputs("a journey into the past failed\n", stderr);
            std::exit(1);
        }
    }
    figures["first_seek_ms"] = times.front();
    std::sort(times.begin() + 1, times.end());
    figures["seek_ms"] = (times[5] + times[6]) / 2;
    figures["slowest_seek_ms"] = times.back();
}

} // namespace

int main(int argc, char **argv)
{
    QCoreApplication application(argc, argv);
    QTemporaryDir folder(QStringLiteral("/var/tmp/bench-journal-XXXXXX")); // on a disk, where /tmp is often not
    const std::filesystem::path home = folder.path().toStdString();
    const std::int64_t now = toUnixMs(systemNow());
    const auto card = cost::RateCard::fromJson(R"({"currency": "USD", "rates": [{"valid_from": "2024-01-01T00:00:00Z",
        "usd_per_vcpu_second": "0.000014", "usd_per_gib_second": "0.0000045"}]})")
                          .value();
    writeHistory(home / "events.jsonl", now);

    QElapsedTimer timer;
    timer.start();
    double importSeconds = 0, foldSeconds = 0;
    {
        auto journal = Journal::open(home / "journal.db");
        const auto report = journal ? importEvents(**journal, home / "events.jsonl", TransferFormat::JsonLines)
                                    : Result<ImportReport>();
        if (!journal || !report || report->stored != eventCount) {
            std::fputs("the import failed\n", stderr);
            return 1;
        }
        importSeconds = static_cast<double>(timer.elapsed()) / 1e3;
        timer.restart();
        while ((*journal)->foldedSeq() < (*journal)->lastSeq())
            QThread::msleep(10);
    }
    (void)start(home / "journal.db", card); // moves what has ended long ago out of the way, once
    foldSeconds = static_cast<double>(timer.elapsed()) / 1e3;

    std::vector<double> opens;
    for (int i = 0; i < 5; ++i)
        opens.push_back(start(home / "journal.db", card).ms);
    std::ranges::sort(opens);
    const Started started = start(home / "journal.db", card);
    if (!started.tracker)
        return 1;
    Json figures = chartFigures(*started.tracker, now);
    addSearches(figures, *started.tracker, *started.journal);
    addSeeks(figures, *started.tracker, *started.journal, now);
    figures["events"] = eventCount;
    figures["import_per_second"] = eventCount / importSeconds;
    figures["first_fold_s"] = foldSeconds;
    figures["open_ms"] = opens[2];
    figures["memory_mb"] = residentMb();
    figures["file_mb"] = static_cast<double>(std::filesystem::file_size(home / "journal.db")) / 1e6;
    std::puts(dumpJson(figures).c_str());
    return 0;
}
