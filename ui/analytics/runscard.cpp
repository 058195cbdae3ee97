#include "ui/analytics/runscard.h"

#include "models/analytics/analytics.h"
#include "models/costs/timewindow.h"
#include "services/core/qtstring.h"
#include "ui/charts/timechart.h"
#include "ui/text/format.h"
#include "ui/theme/theme.h"
#include "ui/widgets/card.h"
#include "ui/widgets/emptystate.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/stattile.h"

#include <QBoxLayout>

#include <algorithm>
#include <chrono>
#include <cmath>

using namespace std::chrono_literals;
using namespace Qt::Literals::StringLiterals;

namespace sandglass::ui {

namespace {

constexpr int chartHeight = 180, emptyHeight = 120;

bool hasAny(const std::vector<double> &values)
{
    return std::ranges::any_of(values, [](double value) { return value > 0; });
}

} // namespace

QString runTimeText(std::optional<std::chrono::milliseconds> time)
{
    if (!time)
        return u"—"_s;
    if (*time >= 1s)
        return formatDuration(*time);
    return *time == 0ms ? u"< 1 ms"_s : u"%1 ms"_s.arg(time->count()); // events tell whole ones
}

QString runCostText(std::optional<Money> amount, const models::RunFigures &runs)
{
    return (amount && runs.unpriced > 0 ? u"≥ "_s : QString()) + formatMoney(amount);
}

RunsCard::RunsCard(models::Analytics &analytics, models::TimeWindow &window, QWidget *parent)
    : QWidget(parent), m_analytics(analytics)
{
    setObjectName(u"runsCard"_s);
    setAccessibleName(tr("Runs of code"));
    auto *card = new Card(tr("Runs of code"));
    card->setHint(tr("of this program, that ended in this window"));
    m_notes = makeMuted({});
    m_notes->setObjectName(u"runsNotes"_s);
    m_notes->setWordWrap(true);
    card->body()->addWidget(m_notes);
    m_content = new QWidget;
    auto *content = new QVBoxLayout(m_content);
    content->setContentsMargins(0, 0, 0, 0);
    content->setSpacing(metrics::cardGap);
    content->addWidget(buildFigures());
    m_chart = new TimeChart(TimeChart::Kind::StackedArea, tr("Runs of code"), u"runsChart"_s);
    m_chart->setFormatter([](double value) { return formatCount(std::llround(value)); });
    m_chart->setWholeNumbers();
    m_chart->setMinimumHeight(chartHeight);
    content->addWidget(m_chart);
    card->body()->addWidget(m_content);
    m_empty = new EmptyState({}, {});
    m_empty->setObjectName(u"runsEmpty"_s);
    m_empty->setMinimumHeight(emptyHeight);
    card->body()->addWidget(m_empty);
    auto *layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->addWidget(card);
    connect(m_chart, &TimeChart::rangeSelected, &window, &models::TimeWindow::select);
    connect(m_chart, &TimeChart::resetRequested, &window, &models::TimeWindow::reset);
    connect(&m_analytics, &models::Analytics::changed, this, &RunsCard::fill);
    fill();
}

QWidget *RunsCard::buildFigures()
{
    const std::array<std::pair<QString, QString>, FigureCount> names = {
        std::pair(tr("Runs"), u"tileRuns"_s),
        std::pair(tr("Passed"), u"tileRunsPassed"_s),
        std::pair(tr("Failed"), u"tileRunsFailed"_s),
        std::pair(tr("Run time, median"), u"tileRunTime"_s),
        std::pair(tr("Cost of runs"), u"tileRunCost"_s),
        std::pair(tr("Cost per passed run"), u"tilePerPassed"_s)};
    auto *row = new QWidget;
    m_row = new QBoxLayout(QBoxLayout::LeftToRight, row);
    m_row->setContentsMargins(0, 0, 0, 0);
    m_row->setSpacing(metrics::cardGap);
    QHBoxLayout *three = nullptr;
    for (std::size_t i = 0; i < names.size(); ++i) {
        if (i % 3 == 0) {
            three = new QHBoxLayout;
            three->setSpacing(metrics::gap);
            m_row->addLayout(three, 1);
        }
        m_figures[i] = new StatTile(names[i].first, names[i].second);
        m_figures[i]->setProperty("card", false); // they stand in one
        m_figures[i]->layout()->setContentsMargins(0, 0, 0, 0);
        three->addWidget(m_figures[i], 1);
    }
    m_figures[Passed]->setToolTip(tr("Without an error, and with the output that was expected."));
    m_figures[Failed]->setToolTip(tr("An error in the code, not the output that was expected, or no answer at all."));
    m_figures[Time]->setToolTip(tr("95 of 100 runs took no longer than the second figure."));
    m_figures[Cost]->setToolTip(
        tr("What the sandboxes cost while code ran in them: a part of their cost, nothing on top of it."));
    m_figures[PerPassed]->setToolTip(tr("What all runs cost, divided by those that passed."));
    return row;
}

void RunsCard::setNarrow(bool isNarrow)
{
    m_row->setDirection(isNarrow ? QBoxLayout::TopToBottom : QBoxLayout::LeftToRight);
}

void RunsCard::fill()
{
    const models::AnalysisPtr &analysis = m_analytics.latest();
    const bool isRead = analysis && analysis->runs.isRead;
    const bool isShown = isRead && analysis->runs.all.count > 0;
    const QString filter = m_analytics.templateFilter();
    if (!isRead)
        m_empty->setTexts(tr("Adding up"), tr("The runs of this window are being read."));
    else if (filter.isEmpty())
        m_empty->setTexts(tr("No code was run in this window"),
                          tr("Run some on the Refine page, or choose a longer window above."));
    else
        m_empty->setTexts(tr("No code was run in this window with a template like \"%1\"").arg(filter),
                          tr("Runs count for the template of their sandbox."));
    m_notes->setText(isRead ? notes(analysis->runs) : QString());
    m_notes->setVisible(!m_notes->text().isEmpty());
    m_empty->setVisible(!isShown);
    m_content->setVisible(isShown);
    if (!isShown)
        return setAccessibleDescription({});
    fillFigures(analysis->runs.all);
    fillChart(*analysis);
}

void RunsCard::fillFigures(const models::RunFigures &runs)
{
    const auto tell = [this](Figure figure, const QString &value, const QString &detail) {
        m_figures[figure]->setValue(value);
        m_figures[figure]->setDetail(detail);
    };
    QStringList rest;
    if (runs.stopped > 0)
        rest << tr("%1 stopped").arg(formatCount(runs.stopped));
    if (runs.unknown > 0)
        rest << tr("%1 unknown").arg(formatCount(runs.unknown));
    tell(Count, formatCount(runs.count), rest.isEmpty() ? tr("all with a result") : rest.join(u" · "));
    const std::int64_t judged = runs.passed + runs.failed + runs.timedOut;
    tell(Passed, formatCount(runs.passed),
         judged == 0 ? tr("none with a result")
                     : tr("%1 % of those with a result")
                           .arg(100.0 * static_cast<double>(runs.passed) / static_cast<double>(judged), 0, 'f', 1));
    tell(Failed, formatCount(runs.failed),
         runs.timedOut == 1 ? tr("1 timeout") : tr("%1 timeouts").arg(formatCount(runs.timedOut)));
    tell(Time, runTimeText(runs.medianDuration),
         runs.p95Duration ? tr("p95 %1").arg(runTimeText(runs.p95Duration)) : tr("not known"));
    tell(Cost, runCostText(runs.cost, runs),
         runs.unpriced == 0 ? tr("part of the sandboxes' cost")
                            : tr("%1 of unknown cost").arg(formatCount(runs.unpriced)));
    const std::optional<Money> each = runs.costPerPassed();
    tell(PerPassed, each ? runCostText(each, runs) : u"—"_s,
         each                  ? tr("failed ones included")
             : runs.passed > 0 ? tr("cost not known")
                               : tr("none passed"));
    QStringList words{tr("%1 runs").arg(formatCount(runs.count))};
    for (const StatTile *figure : m_figures)
        words << figure->accessibleName() + u": " + figure->accessibleDescription();
    setAccessibleDescription(words.join(u"; "));
}

void RunsCard::fillChart(const models::Analysis &analysis)
{
    const models::RunAnalysis &runs = analysis.runs;
    ChartData shown{analysis.chartFrom, analysis.chartTo, {{tr("passed"), runs.passed, ChartData::Tone::Good}}};
    // One without any would draw its line over that of the one below it.
    const auto add = [&shown](const QString &name, const std::vector<double> &values, ChartData::Tone tone) {
        if (hasAny(values))
            shown.series.push_back({name, values, tone});
    };
    add(tr("failed"), runs.failed, ChartData::Tone::Bad);
    add(tr("timed out"), runs.timedOut, ChartData::Tone::Warning);
    add(tr("stopped or unknown"), runs.others, ChartData::Tone::Quiet);
    m_chart->setData(std::move(shown));
}

QString RunsCard::notes(const models::RunAnalysis &runs) const
{
    QStringList notes;
    if (!runs.failure.empty())
        notes << tr("Runs are missing in these figures: %1.").arg(toQString(runs.failure));
    if (runs.knownFrom)
        notes << tr("Runs are known from %1 on: earlier events have left the journal, or are too many.")
                     .arg(formatDateTime(*runs.knownFrom));
    return notes.join(u' ');
}

} // namespace sandglass::ui
