#include "models/costs/liveseries.h"

#include "models/costs/timewindow.h"
#include "services/core/qtstring.h"
#include "services/lifecycle/picture.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <tuple>
#include <utility>

using namespace std::chrono_literals;

namespace sandglass::models {

namespace {

double sumOf(const std::vector<double> &values)
{
    return std::accumulate(values.begin(), values.end(), 0.0);
}

/// The dearest lines as they are, the rest as one line.
std::vector<LiveSeries::Line> merged(std::vector<LiveSeries::Line> lines, const QString &restName)
{
    std::ranges::sort(lines, [](const auto &a, const auto &b) { return sumOf(a.values) > sumOf(b.values); });
    if (lines.size() <= static_cast<std::size_t>(LiveSeries::maximumLines))
        return lines;
    LiveSeries::Line rest{restName, std::vector<double>(LiveSeries::bucketCount, 0.0)};
    for (std::size_t i = LiveSeries::maximumLines - 1; i < lines.size(); ++i)
        std::ranges::transform(rest.values, lines[i].values, rest.values.begin(), std::plus<>{});
    lines.resize(LiveSeries::maximumLines - 1);
    lines.push_back(std::move(rest));
    return lines;
}

} // namespace

LiveSeries::LiveSeries(lifecycle::Picture &picture, TimeWindow &window, QObject *parent)
    : QObject(parent), m_picture(picture), m_window(window)
{
    m_ticker.setInterval(1s);
    connect(&m_ticker, &QTimer::timeout, this, &LiveSeries::refresh);
    connect(&m_picture, &lifecycle::Picture::replayed, this, &LiveSeries::refresh);
    connect(&m_picture, &lifecycle::Picture::rateCardChanged, this, &LiveSeries::refresh);
    connect(&m_window, &TimeWindow::changed, this, &LiveSeries::refresh);
}

void LiveSeries::setGaps(std::vector<lifecycle::HistoryGap> gaps)
{
    m_gaps = std::move(gaps);
    refresh();
}

void LiveSeries::setActive(bool active)
{
    m_lookers = std::max(0, m_lookers + (active ? 1 : -1));
    if (m_lookers == 0)
        return m_ticker.stop();
    refresh();
    m_ticker.start();
}

bool LiveSeries::isEmpty() const
{
    return m_cost.empty() && std::ranges::all_of(m_active, [](double value) { return value == 0; });
}

void LiveSeries::refresh()
{
    if (m_lookers == 0 || !m_picture.isReplayed())
        return;
    std::tie(m_from, m_to) = m_window.aligned(bucketCount);
    // To the bucket: told to the moment, data that stays the same would be painted anew with each tick.
    const auto width = (m_to - m_from) / bucketCount;
    m_knownUntil = m_from + (std::clamp(m_picture.now(), m_from, m_to) - m_from) / width * width;
    std::vector<Line> lines;
    for (const auto &series : m_picture.costSeries(m_from, m_to, bucketCount)) {
        Line line{toQString(series.templateName), {}};
        line.values.reserve(series.buckets.size());
        for (const Money &bucket : series.buckets)
            line.values.push_back(bucket.toDollars());
        lines.push_back(std::move(line));
    }
    m_cost = merged(std::move(lines), tr("others"));
    const std::vector<int> active = m_picture.activeSeries(m_from, m_to, bucketCount);
    m_active.assign(active.begin(), active.end());
    blankGaps();
    Q_EMIT changed();
}

void LiveSeries::blankGaps()
{
    const auto width = (m_to - m_from) / bucketCount;
    for (std::size_t i = 0; i < m_active.size() && !m_gaps.empty(); ++i) {
        const Timestamp from = m_from + width * static_cast<int>(i);
        const bool isKnown =
            m_active[i] > 0 || std::ranges::any_of(m_cost, [i](const Line &line) { return line.values[i] > 0; });
        if (isKnown || !lifecycle::isCovered(m_gaps, from, from + width))
            continue;
        m_active[i] = std::numeric_limits<double>::quiet_NaN();
        for (Line &line : m_cost)
            line.values[i] = m_active[i];
    }
}

} // namespace sandglass::models
