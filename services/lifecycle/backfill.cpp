#include "services/lifecycle/backfill.h"

#include "services/core/whendone.h"
#include "services/lifecycle/journal.h"

#include <QPromise>

#include <algorithm>
#include <atomic>
#include <memory>
#include <utility>

namespace sandglass::lifecycle {
namespace {

constexpr int sameFirstLimit = 3; ///< pages that begin alike: the server does not look at the offset

/// Asking again would bring the same answer until somebody changes something.
bool isRefusal(const Error &error)
{
    return error.status == 401 || error.status == 403 || error.code == "not_supported"
        || error.code == "api_key_missing" || error.code == "api_key_shape";
}

} // namespace

struct Backfill::Tally
{
    std::atomic<int> left{0}, stored{0}, duplicate{0}, lost{0};
    QPromise<int> done;

    void count(Journal::Outcome outcome)
    {
        switch (outcome) {
        case Journal::Outcome::Stored:
            ++stored;
            break;
        case Journal::Outcome::Duplicate:
            ++duplicate;
            break;
        case Journal::Outcome::Failed:
        case Journal::Outcome::Busy:
            ++lost;
            break;
        }
        release();
    }
    void release()
    {
        if (--left == 0) {
            done.addResult(0);
            done.finish();
        }
    }
};

Backfill::Backfill(Journal &journal, BackfillMarks &marks, std::string source, Pager pager, BackfillOptions options,
                   QObject *parent)
    : QObject(parent)
    , m_journal(journal)
    , m_marks(marks)
    , m_source(std::move(source))
    , m_pager(std::move(pager))
    , m_options(std::move(options))
{
    m_timer.setSingleShot(true);
    connect(&m_timer, &QTimer::timeout, this, &Backfill::begin);
}

Backfill::~Backfill()
{
    m_asked.cancel();
}

void Backfill::start()
{
    stop();
    m_failures = 0;
    m_isCut = false;
    begin();
}

void Backfill::stop()
{
    ++m_generation;
    m_timer.stop();
    m_asked.cancel();
    m_state = State::Stopped;
}

void Backfill::runNow()
{
    if (m_state == State::Waiting || m_state == State::Running)
        start();
}

void Backfill::begin()
{
    m_timer.stop();
    ++m_generation;
    m_state = State::Running;
    // Rows only move towards higher offsets while newest come first, so going on at the old offset skips none.
    if (!std::exchange(m_isCut, false)) {
        m_progress = {};
        m_mark = m_marks.mark(m_source);
        m_newest.reset();
        m_startedAt = m_options.clock();
        m_offset = 0;
        m_hasMetKnown = false;
    }
    m_firstId.clear();
    m_sameFirst = 0;
    requestPage();
}

void Backfill::requestPage()
{
    m_asked = m_pager(m_offset, m_options.pageSize);
    whenDone(m_asked, this, [this, generation = m_generation](const Result<Page> &page) {
        if (generation == m_generation)
            takePage(page);
    });
}

bool Backfill::isEndless(const Page &page)
{
    const std::string first = page.events.empty() ? std::string() : page.events.front().id;
    m_sameFirst = !first.empty() && first == m_firstId ? m_sameFirst + 1 : 0;
    m_firstId = first;
    return m_sameFirst >= sameFirstLimit || m_progress.pages >= m_options.mostPages;
}

bool Backfill::isOldEnough(Timestamp time) const
{
    return m_mark.newestEvent && time < *m_mark.newestEvent - m_options.overlap;
}

void Backfill::takePage(const Result<Page> &page)
{
    if (!page) {
        fail(page.error());
        return;
    }
    if (isEndless(*page)) {
        fail({Error::Kind::Decode, 0, "the list of events does not end", "endless_list"});
        return;
    }
    ++m_progress.pages;
    auto tally = std::make_shared<Tally>();
    tally->left = 1; // ours, until all are handed over
    tally->done.start();
    m_progress.unreadable += page->unreadable;
    bool isLast = static_cast<int>(page->events.size()) + page->unreadable < m_options.pageSize;
    for (const Event &event : page->events) {
        ++m_progress.rows;
        m_newest = std::max(m_newest.value_or(event.timestamp), event.timestamp);
        m_progress.reached = std::min(m_progress.reached.value_or(event.timestamp), event.timestamp);
        m_hasMetKnown = m_hasMetKnown || (m_mark.newestEvent && event.timestamp <= *m_mark.newestEvent);
        if (isOldEnough(event.timestamp)) {
            isLast = true;
            continue;
        }
        ++tally->left;
        m_journal.append(event, [tally](Journal::Outcome outcome) { tally->count(outcome); });
    }
    // The next page is asked for when this one is durable: at most one page waits in memory.
    whenDone(tally->done.future(), this, [this, tally, isLast, generation = m_generation](int) {
        if (generation == m_generation)
            pageStored(*tally, isLast);
    });
    tally->release();
}

void Backfill::pageStored(const Tally &tally, bool isLast)
{
    m_progress.added += tally.stored;
    m_progress.duplicates += tally.duplicate;
    if (tally.lost > 0) {
        const auto cause = m_journal.lastFailure();
        fail(cause.value_or(Error{Error::Kind::Local, 0, "the journal takes no more events at the moment", "busy"}));
        return;
    }
    m_failures = 0;
    m_offset += m_options.pageSize;
    Q_EMIT progressed(m_progress);
    if (isLast)
        conclude();
    else
        requestPage();
}

std::optional<HistoryGap> Backfill::findGap() const
{
    if (!m_mark.checkedAt || m_hasMetKnown)
        return std::nullopt; // the first run ever has nothing to be apart from
    const Timestamp from = std::max(*m_mark.checkedAt, m_mark.newestEvent.value_or(*m_mark.checkedAt));
    const Timestamp horizon = m_startedAt - m_options.retention;
    if (from < horizon)
        return HistoryGap{from, horizon};
    // An event that ought to be there still is gone: this provider forgets sooner.
    if (m_mark.newestEvent && *m_mark.newestEvent > horizon + m_options.overlap) {
        const Timestamp to = m_progress.reached.value_or(m_startedAt);
        if (*m_mark.newestEvent < to)
            return HistoryGap{*m_mark.newestEvent, to};
    }
    return std::nullopt;
}

void Backfill::conclude()
{
    const BackfillReport report{m_progress, findGap()};
    BackfillMark mark{m_newest, m_startedAt};
    if (!mark.newestEvent || (m_mark.newestEvent && *m_mark.newestEvent > *mark.newestEvent))
        mark.newestEvent = m_mark.newestEvent;
    if (report.gap && !m_newest)
        mark.newestEvent.reset(); // told once
    if (const auto saved = m_marks.setMark(m_source, mark); !saved) {
        fail(saved.error());
        return;
    }
    m_failures = 0;
    m_state = State::Waiting;
    m_timer.start(m_options.interval);
    Q_EMIT finished(report);
}

void Backfill::fail(const Error &error)
{
    m_isCut = error.code != "endless_list";
    if (isRefusal(error)) {
        m_state = State::Refused;
    } else {
        m_state = State::Waiting;
        m_timer.start(std::min(m_options.longestRetry, m_options.firstRetry * (1 << std::min(m_failures++, 12))));
    }
    Q_EMIT failed(error);
}

} // namespace sandglass::lifecycle
