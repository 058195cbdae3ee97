#include "models/analytics/analytics.h"

#include "models/analytics/analyticsworker.h"
#include "models/costs/livefigures.h"
#include "models/costs/liveseries.h"
#include "models/costs/timewindow.h"
#include "services/core/qtstring.h"
#include "services/lifecycle/picture.h"

#include <algorithm>

using namespace std::chrono_literals;
using namespace Qt::Literals::StringLiterals;

namespace sandglass::models {

Analytics::Analytics(lifecycle::Picture &picture, TimeWindow &window, std::filesystem::path journal, QObject *parent)
    : QObject(parent)
    , m_picture(picture)
    , m_window(window)
    , m_scan(picture,
             {[this] { m_underWay = std::make_shared<LifeBook>(); },
              [this](const lifecycle::Sandbox &sandbox) { m_underWay->add(sandbox); },
              [this] {
                  m_present = std::move(m_underWay);
                  ask();
              }})
    , m_worker(new AnalyticsWorker(std::move(journal)))
{
    m_ticker.setInterval(2s);
    connect(&m_ticker, &QTimer::timeout, this, &Analytics::refresh);
    connect(&m_picture, &lifecycle::Picture::replayed, this, [this] {
        m_isDirty = true;
        change();
    });
    connect(&m_picture, &lifecycle::Picture::sandboxesChanged, this, [this] { m_isDirty = true; });
    connect(&m_picture, &lifecycle::Picture::rateCardChanged, this, &Analytics::change);
    connect(&m_window, &TimeWindow::changed, this, &Analytics::change);
    m_inbox.subscribe(m_worker, &AnalyticsWorker::answered, [this](quint64 number, const AnalysisPtr &answer) {
        if (!m_ticker.isActive())
            return;
        m_latest = answer;
        m_answered = number;
        Q_EMIT changed();
    });
    m_inbox.subscribe(m_worker, &AnalyticsWorker::failed, [this](const QString &reason) {
        m_failure = reason;
        Q_EMIT changed();
    });
    m_worker->moveToThread(&m_thread);
    m_thread.setObjectName(u"analytics"_s);
    m_thread.start();
}

Analytics::~Analytics()
{
    m_worker->stop();
    endWorker(m_worker, m_thread, [] {});
}

template<typename Call>
void Analytics::tell(Call &&call)
{
    m_worker->inbox().post([worker = m_worker, run = std::forward<Call>(call)] { run(*worker); });
}

QString Analytics::templateFilter() const
{
    return toQString(m_filter);
}

void Analytics::setActive(bool active)
{
    if (active == m_ticker.isActive())
        return;
    if (active) {
        m_ticker.start();
        return change();
    }
    m_ticker.stop();
    m_scan.cancel();
    m_underWay.reset();
    m_present.reset();
    m_latest.reset();
    m_isDirty = true;
    tell([](AnalyticsWorker &worker) { worker.forget(); });
}

void Analytics::setTemplateFilter(const QString &filter)
{
    std::string trimmed = toUtf8(filter.trimmed());
    if (trimmed == m_filter)
        return;
    m_filter = std::move(trimmed);
    change();
}

void Analytics::setWhatIf(const cost::WhatIf &what)
{
    m_whatIf = what;
    change();
}

void Analytics::setGaps(std::vector<lifecycle::HistoryGap> gaps)
{
    m_gaps = std::move(gaps);
    change();
}

void Analytics::change()
{
    m_changed = m_asked + 1;
    if (m_ticker.isActive()) {
        refresh();
        Q_EMIT changed();
    }
}

void Analytics::refresh()
{
    if (!m_picture.isReplayed() || !m_ticker.isActive())
        return;
    if (!m_isDirty && m_present)
        return ask();
    m_isDirty = false;
    m_scan.start();
}

AnalysisQuestion Analytics::question() const
{
    AnalysisQuestion question;
    question.now = m_picture.now();
    question.from = m_window.aligned(LiveSeries::bucketCount).first; // as the sums of Costs
    question.to = m_window.to();
    const auto [from, to] = m_window.aligned(bucketCount);
    question.chartFrom = from;
    question.chartTo = to;
    question.buckets = bucketCount;
    question.startBuckets = std::clamp(static_cast<int>((to - from) / 1min), 1, bucketCount);
    question.dayStart = startOfLocalDay(question.now);
    question.templateFilter = m_filter;
    question.card = m_picture.rateCard();
    question.gaps = m_gaps;
    question.whatIf = m_whatIf;
    return question;
}

void Analytics::ask()
{
    m_worker->expect(++m_asked);
    tell([number = m_asked, present = m_present, asked = question()](AnalyticsWorker &worker) {
        worker.ask(number, present, asked);
    });
}

} // namespace sandglass::models
