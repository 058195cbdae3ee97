#include "services/core/displayzone.h"
#include "services/core/json.h"
#include "services/core/qtstring.h"
#include "services/cost/meter.h"
#include "services/cost/period.h"
#include "services/lifecycle/journal.h"
#include "services/lifecycle/snapshot.h"
#include "services/lifecycle/transfer.h"
#include "services/lifecycle/transfercsv.h"
#include "services/lifecycle/transferfile.h"
#include "services/lifecycle/usageindex.h"

#include <sqlite3.h>

#include <algorithm>
#include <map>
#include <optional>
#include <thread>

namespace sandglass::lifecycle {

namespace {

constexpr int dollarDigits = 12;
constexpr std::int64_t progressEvery = 1'000;
constexpr std::size_t writeAt = 1U << 20;

std::string_view wordOf(SandboxState state)
{
    constexpr std::array<std::string_view, 5> words = {"running", "paused", "killed", "lost", "unknown"};
    return words[std::min<std::size_t>(static_cast<std::size_t>(state), 4)];
}

/// Hands out every sandbox of the tables, once they hold all events the journal has at the moment.
Result<> forEachSandbox(const Journal &journal, const TransferOptions &options,
                        const std::function<Result<>(const Sandbox &)> &consume)
{
    using std::chrono::steady_clock;
    constexpr auto patience = std::chrono::seconds(60); // without any progress
    const auto isCancelled = [&](std::int64_t done, double share) {
        return options.progress && !options.progress({done, share});
    };
    const auto cancelled = failure(Error::Kind::Cancelled, "cancelled");
    const std::int64_t target = journal.lastSeq();
    auto reached = journal.foldedSeq();
    for (auto since = steady_clock::now(); journal.foldedSeq() < target;) {
        if (isCancelled(0, 0))
            return cancelled;
        if (std::exchange(reached, journal.foldedSeq()) != journal.foldedSeq())
            since = steady_clock::now();
        if (steady_clock::now() - since > patience)
            return failure(Error::Kind::Local, "the journal's tables are behind its events and cannot be kept");
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    auto database = Database::open(journal.file(), Database::Mode::ReadOnly);
    if (!database)
        return failure(std::move(database.error()));
    const double total = static_cast<double>(
        std::max<std::int64_t>(1, database->queryInteger("SELECT max(number) FROM sandboxes").value_or(1)));
    Statement select(*database, "SELECT number, record FROM sandboxes ORDER BY number");
    int status = SQLITE_DONE;
    for (std::int64_t done = 0; (status = select.step()) == SQLITE_ROW; ++done) {
        Fold fold;
        if (const Sandbox *sandbox = fold.adopt(select.bytes(1))) {
            if (auto consumed = consume(*sandbox); !consumed)
                return consumed;
        }
        if (done % progressEvery == 0 && isCancelled(done, static_cast<double>(select.integer(0)) / total))
            return cancelled;
    }
    return status == SQLITE_DONE ? Result<>() : Result<>(failure(database->lastError("the journal cannot be read")));
}

/// What of the run lies in [from, to).
std::int64_t activeMs(const RunInterval &run, Timestamp from, Timestamp to, Timestamp now)
{
    const auto usage = usageOf(run, now);
    const UsedStretch stretch{run.start, std::max(run.start, usage.effectiveEnd()), 0, 0};
    const Timestamp begin = std::max(stretch.start, from), end = std::min(stretch.end, to);
    return begin < end ? elapsedMs(stretch, end) - elapsedMs(stretch, begin) : 0;
}

std::vector<std::string> rowOf(const Sandbox &sandbox, const cost::RateCard &card, Timestamp now,
                               const TransferOptions &range)
{
    const auto time = [](const std::optional<Timestamp> &t) { return t ? formatRfc3339(*t, 9) : std::string(); };
    Money cost;
    std::int64_t ms = 0;
    bool isKnown = !sandbox.runs.empty(), isConfirmed = isKnown;
    for (const RunInterval &run : sandbox.runs) {
        const auto price = cost::priceOf(usageOf(run, now), card.of(sandbox.teamId), range.from, range.to);
        cost += price.value_or(Money());
        isKnown = isKnown && price;
        isConfirmed = isConfirmed && run.confirmedMs;
        ms += activeMs(run, range.from, range.to, now);
    }
    const RunInterval size = sandbox.runs.empty() ? RunInterval{} : sandbox.runs.back();
    return {sandbox.id,
            sandbox.templateName(),
            std::string(wordOf(sandbox.state)),
            time(sandbox.createdAt),
            time(sandbox.endedAt),
            sandbox.killReason,
            std::to_string(sandbox.runs.size()),
            std::to_string(ms),
            size.vcpuCount > 0 ? std::to_string(size.vcpuCount) : "",
            size.memoryMb > 0 ? std::to_string(size.memoryMb) : "",
            isKnown ? cost.toFixed(dollarDigits) : "", // unknown is not zero
            isConfirmed ? "confirmed" : "estimated",
            sandbox.metadata.empty() ? "" : dumpJson(Json(sandbox.metadata))};
}

/// The first moment of the day as its zone writes it: "2026-08-20T00:00:00Z", "2026-08-20T00:00:00+02:00".
std::string dayText(Timestamp day)
{
    const QDateTime time = QDateTime::fromMSecsSinceEpoch(toUnixMs(day), DisplayZone::zone());
    return time.offsetFromUtc() == 0 ? formatRfc3339(day, 0)
                                     : toUtf8(time.toOffsetFromUtc(time.offsetFromUtc()).toString(Qt::ISODate));
}

/// Sums per day and template.
struct DaySum
{
    Money cost;
    std::int64_t activeMs = 0, sandboxes = 0, unknown = 0;
};
using DaySums = std::map<std::pair<Timestamp, std::string>, DaySum>;

/// The day that holds a time. Looking one up in a zone takes a while, and neighbours mostly share theirs.
class Days
{
public:
    [[nodiscard]] const cost::Period &at(Timestamp time)
    {
        if (!m_last.contains(time))
            m_last = cost::periodAt(time, cost::PeriodKind::Day, {});
        return m_last;
    }

private:
    cost::Period m_last;
};

void addDays(DaySums &sums, Days &days, const Sandbox &sandbox, const cost::RateCard &card, Timestamp now,
             const TransferOptions &range)
{
    constexpr int longest = 366 * 20; // days of one run; a wrong clock must not fill the memory
    std::map<Timestamp, DaySum> own;
    for (const RunInterval &run : sandbox.runs) {
        const Timestamp end = std::min(usageOf(run, now).effectiveEnd(), range.to);
        const Timestamp begin = std::max({run.start, range.from, Timestamp{}});
        Timestamp from = begin;
        for (int count = 0; from < end && count < longest; ++count) {
            const cost::Period day = days.at(from);
            const Timestamp to = std::min(day.to, end);
            if (to <= from)
                break;
            const auto price = cost::priceOf(usageOf(run, now), card.of(sandbox.teamId), from, to);
            DaySum &sum = own[day.from];
            sum.cost += price.value_or(Money());
            sum.activeMs += activeMs(run, from, to, now);
            sum.unknown = std::max<std::int64_t>(sum.unknown, price ? 0 : 1);
            from = to;
        }
    }
    for (const auto &[day, sum] : own) {
        DaySum &all = sums[{day, sandbox.templateName()}];
        all.cost += sum.cost;
        all.activeMs += sum.activeMs;
        all.unknown += sum.unknown;
        ++all.sandboxes;
    }
}

} // namespace

Result<std::int64_t> exportSandboxes(const Journal &journal, const cost::RateCard &card, Timestamp now,
                                     const std::filesystem::path &file, const TransferOptions &options)
{
    TransferFile out(file);
    std::string text;
    std::int64_t rows = 0;
    appendCsvRow(text,
                 {"sandbox_id", "template", "state", "created_at", "ended_at", "kill_reason", "runs", "active_ms",
                  "vcpu_count", "memory_mb", "cost_usd", "cost_is", "metadata"});
    auto done = forEachSandbox(journal, options, [&](const Sandbox &sandbox) -> Result<> {
        const bool isWithin = std::ranges::any_of(sandbox.runs, [&](const RunInterval &run) {
            return run.start < options.to && usageOf(run, now).effectiveEnd() >= options.from;
        });
        const bool isWhole = options.from == Timestamp::min() && options.to == Timestamp::max();
        if (!isWithin && !isWhole)
            return {};
        appendCsvRow(text, rowOf(sandbox, card, now, options), true);
        ++rows;
        return text.size() >= writeAt ? out.write(text) : Result<>();
    });
    if (done)
        done = out.write(text);
    if (done)
        done = out.finish();
    if (!done)
        return failure(std::move(done.error()));
    return rows;
}

Result<std::int64_t> exportCosts(const Journal &journal, const cost::RateCard &card, Timestamp now,
                                 const std::filesystem::path &file, const TransferOptions &options)
{
    DaySums sums;
    Days days;
    auto done = forEachSandbox(journal, options, [&](const Sandbox &sandbox) -> Result<> {
        addDays(sums, days, sandbox, card, now, options);
        return {};
    });
    TransferFile out(file);
    std::string text;
    appendCsvRow(text, {"day", "template", "sandboxes", "active_ms", "cost_usd", "sandboxes_of_unknown_size"});
    for (const auto &[key, sum] : sums) {
        appendCsvRow(text,
                     {dayText(key.first), key.second, std::to_string(sum.sandboxes), std::to_string(sum.activeMs),
                      sum.cost.toFixed(dollarDigits), std::to_string(sum.unknown)},
                     true);
    }
    if (done)
        done = out.write(text);
    if (done)
        done = out.finish();
    if (!done)
        return failure(std::move(done.error()));
    return static_cast<std::int64_t>(sums.size());
}

} // namespace sandglass::lifecycle
