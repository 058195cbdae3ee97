#include "models/costs/costtablemodel.h"

#include "models/costs/coldcosts.h"
#include "models/costs/liveseries.h"
#include "models/costs/timewindow.h"
#include "services/core/displayzone.h"
#include "services/core/qtstring.h"
#include "services/cost/meter.h"
#include "services/cost/period.h"
#include "services/lifecycle/picture.h"

#include <algorithm>
#include <iterator>
#include <utility>

using namespace std::chrono_literals;

namespace sandglass::models {

using lifecycle::ColdUsage;

namespace {

/// Values of a key are merged by name, so that nearly all of them have to be told; sandboxes have one part only.
constexpr std::size_t mostColdNames = 50'000;
constexpr std::size_t mostRankedAtOnce = 2'000; ///< which takes a millisecond; more of them a thread puts in order

/// Milliseconds of running that fall into [from, to).
qint64 runtimeWithin(const lifecycle::Sandbox &sandbox, Timestamp from, Timestamp to, Timestamp now)
{
    qint64 sum = 0;
    for (const lifecycle::RunInterval &run : sandbox.runs) {
        const Timestamp end =
            run.confirmedMs ? run.start + std::chrono::milliseconds(*run.confirmedMs) : run.end.value_or(now);
        const Timestamp first = std::max(run.start, from);
        const Timestamp last = std::min(end, to);
        if (last > first)
            sum += std::chrono::floor<std::chrono::milliseconds>(last - first).count();
    }
    return sum;
}

ColdUsage::Grouping coldGrouping(CostTableModel::Grouping grouping)
{
    switch (grouping) {
    case CostTableModel::Grouping::Template:
        return ColdUsage::Grouping::Template;
    case CostTableModel::Grouping::Sandbox:
        return ColdUsage::Grouping::Sandbox;
    case CostTableModel::Grouping::Day:
        return ColdUsage::Grouping::Day;
    case CostTableModel::Grouping::Metadata:
        break;
    }
    return ColdUsage::Grouping::Metadata;
}

/// Those that [from, to) has a part of, cut to it.
std::vector<ColdUsage::Day> daysOf(Timestamp from, Timestamp to)
{
    std::vector<ColdUsage::Day> days;
    while (from < to) {
        const Timestamp end = std::min(to, cost::periodAt(from, cost::PeriodKind::Day, {}).to);
        days.push_back({toUtf8(DisplayZone::at(from).date().toString(Qt::ISODate)), from, end});
        from = end;
    }
    return days;
}

} // namespace

CostTableModel::CostTableModel(lifecycle::Picture &picture, TimeWindow &window, Grouping grouping, ColdCosts *cold,
                               QObject *parent)
    : QAbstractTableModel(parent)
    , m_picture(picture)
    , m_window(window)
    , m_grouping(grouping)
    , m_cold(cold)
    , m_scan(picture,
             {[this] {
                  m_present = m_next;
                  m_sums = {};
                  m_sums.groups.reserve(m_groupCount); // growing takes milliseconds
                  m_sums.cold = m_coldAnswer;
                  m_counted = {};
                  m_seenKeys.clear();
              },
              [this](const lifecycle::Sandbox &sandbox) { count(sandbox); }, [this] { rank(); }})
{
    m_ticker.setInterval(2s);
    connect(&m_ticker, &QTimer::timeout, this, &CostTableModel::refresh);
    connect(&m_picture, &lifecycle::Picture::replayed, this, &CostTableModel::forgetCold);
    connect(&m_picture, &lifecycle::Picture::rateCardChanged, this, &CostTableModel::forgetCold);
    connect(&m_window, &TimeWindow::changed, this, [this] {
        m_isCurrent = false;
        if (m_ticker.isActive())
            refresh();
    });
}

int CostTableModel::rowCount(const QModelIndex &parent) const
{
    return parent.isValid() ? 0 : static_cast<int>(m_rows.size());
}

int CostTableModel::columnCount(const QModelIndex &parent) const
{
    return parent.isValid() ? 0 : ColumnCount;
}

std::optional<Money> CostTableModel::amountOf(int row) const
{
    return m_rows[static_cast<std::size_t>(row)].group.amount;
}

QVariant CostTableModel::data(const QModelIndex &index, int role) const
{
    if (!checkIndex(index, CheckIndexOption::IndexIsValid))
        return {};
    const CostRow &row = m_rows[static_cast<std::size_t>(index.row())];
    const Group &group = row.group;
    switch (role) {
    case Qt::DisplayRole:
        if (index.column() == NameColumn)
            return nameOf(row);
        if (index.column() == CountColumn && row.kind != CostRow::Kind::Earlier)
            return static_cast<qint64>(m_grouping == Grouping::Sandbox ? group.runs : group.sandboxes);
        if (index.column() == CertaintyColumn)
            return certaintyOf(row);
        return {};
    case Qt::ToolTipRole:
        if (index.column() == NameColumn)
            return nameOf(row);
        return index.column() == CertaintyColumn && group.isPartial
            ? tr("The size of some stretch of running is not known; it is left out of the sum.")
            : QVariant();
    case AmountPicoRole:
        return group.amount ? QVariant(static_cast<qint64>(group.amount->toPicoDollars())) : QVariant();
    case RuntimeMsRole:
        return row.kind == CostRow::Kind::Earlier ? QVariant() : QVariant(static_cast<qint64>(group.runtimeMs));
    case ShareRole:
        return group.amount && !m_total.isZero() ? group.amount->toDollars() / m_total.toDollars() : 0.0;
    case IsNamedRole:
        return row.kind == CostRow::Kind::Named;
    default:
        return {};
    }
}

QString CostTableModel::nameOf(const CostRow &row) const
{
    switch (row.kind) {
    case CostRow::Kind::Named:
        return row.name;
    case CostRow::Kind::Without:
        return tr("no “%1”").arg(m_key);
    case CostRow::Kind::Earlier:
        return tr("earlier sandboxes");
    case CostRow::Kind::More:
        break;
    }
    const int count = static_cast<int>(row.count);
    switch (m_grouping) {
    case Grouping::Template:
        return count == 1 ? tr("1 more template") : tr("%1 more templates").arg(count);
    case Grouping::Sandbox:
        return count == 1 ? tr("1 more sandbox") : tr("%1 more sandboxes").arg(count);
    case Grouping::Day: // a window has fewer than there are rows
    case Grouping::Metadata:
        break;
    }
    return count == 1 ? tr("1 more value") : tr("%1 more values").arg(count);
}

QString CostTableModel::certaintyOf(const CostRow &row) const
{
    if (row.kind == CostRow::Kind::Earlier)
        return m_failure.isEmpty() ? tr("adding up…") : tr("sum only");
    return row.group.isPartial ? tr("incomplete") : row.group.isConfirmed ? tr("confirmed") : tr("estimated");
}

QVariant CostTableModel::headerData(int section, Qt::Orientation orientation, int role) const
{
    if (orientation != Qt::Horizontal)
        return {};
    if (role == Qt::TextAlignmentRole && section >= AmountColumn && section <= CountColumn)
        return static_cast<int>(Qt::AlignRight | Qt::AlignVCenter);
    if (role != Qt::DisplayRole)
        return {};
    switch (section) {
    case NameColumn:
        return m_grouping == Grouping::Template ? tr("Template")
            : m_grouping == Grouping::Sandbox   ? tr("Sandbox")
            : m_grouping == Grouping::Day       ? tr("Day")
                                                : m_key;
    case AmountColumn:
        return tr("Cost");
    case ShareColumn:
        return tr("Share");
    case RuntimeColumn:
        return tr("Running");
    case CountColumn:
        return m_grouping == Grouping::Sandbox ? tr("Runs") : tr("Sandboxes");
    case CertaintyColumn:
        return tr("Figure");
    default:
        return {};
    }
}

void CostTableModel::setKey(const QString &key)
{
    if (key == m_key)
        return;
    cancel(); // what is under way has the values of the former key
    beginResetModel();
    m_key = key;
    m_rows.clear();
    m_total = {};
    endResetModel();
    refresh();
}

void CostTableModel::setActive(bool active)
{
    if (active) {
        m_isCurrent = false; // rows of another window are finished by nobody
        cancel();
        refresh();
        m_ticker.start();
    } else {
        m_ticker.stop();
        cancel();
    }
}

void CostTableModel::cancel()
{
    m_scan.cancel();
    ++m_rankingRound;
}

/// Another picture, or other prices.
void CostTableModel::forgetCold()
{
    m_isCurrent = false;
    cancel();
    m_asked.reset();
    m_coldAnswer.reset();
    refresh();
}

void CostTableModel::refresh()
{
    if (!m_picture.isReplayed())
        return;
    Question question;
    std::tie(question.from, question.to) = m_window.aligned(LiveSeries::bucketCount);
    question.leftOut = m_picture.leftOutCount();
    question.key = m_key;
    if (m_grouping == Grouping::Day)
        question.days = daysOf(question.from, question.to);
    if (!(m_asked == question)) {
        askCold(question);
        // What is on its way has nothing to do with what is shown: that stays until the answer is there.
        if (m_isReading && !m_rows.empty())
            return;
    } else if (m_isReading) {
        return;
    }
    m_next = question;
    m_scan.start();
}

void CostTableModel::askCold(const Question &question)
{
    m_asked = question;
    m_coldAnswer.reset();
    const auto cold = m_picture.coldBetween(question.from, question.to);
    if (!cold)
        m_coldAnswer = std::make_shared<Answer>();
    if (!cold || !m_cold || (m_grouping == Grouping::Metadata && m_key.isEmpty()))
        return setReading(false, {});
    m_cold->ask(this,
                {question.from, cold->to, coldGrouping(m_grouping), toUtf8(m_key), question.days, m_picture.rateCard(),
                 cold->leftOut, m_grouping == Grouping::Sandbox ? maximumRows : mostColdNames},
                [this, question](const Result<Answer> &answer) { hear(question, answer); });
    setReading(true, m_failure); // what the last answer said holds until the next
}

void CostTableModel::hear(const Question &question, const Result<Answer> &answer)
{
    if (!(m_asked == question))
        return;
    if (answer)
        m_coldAnswer = std::make_shared<const Answer>(*answer);
    else
        m_asked.reset(); // the next turn asks again
    setReading(false, answer ? QString() : toQString(answer.error().message));
    m_next = question;
    m_scan.start();
}

void CostTableModel::setReading(bool isReading, const QString &failure)
{
    if (isReading == m_isReading && failure == m_failure)
        return;
    m_isReading = isReading;
    m_failure = failure;
    Q_EMIT readingChanged();
}

void CostTableModel::count(const lifecycle::Sandbox &sandbox)
{
    if (m_grouping == Grouping::Metadata) {
        for (const auto &[key, value] : sandbox.metadata)
            if (m_seenKeys.size() < maximumKeys)
                m_seenKeys.insert(key);
        if (m_key.isEmpty())
            return;
    }
    countReserved(sandbox);
    if (m_grouping == Grouping::Day) {
        if (sandbox.runs.empty())
            return;
        const Timestamp first = std::ranges::min(sandbox.runs, {}, &lifecycle::RunInterval::start).start;
        for (const auto &day : ColdUsage::daysWithin(m_present.days, first, m_picture.now())) {
            const Group share = shareOf(sandbox, day.from, day.to);
            // Less than a millisecond of a day may still hold the turn to the next one, which costs.
            if (share.runtimeMs != 0 || !share.amount.value_or(Money{}).isZero())
                m_sums.groups[day.name].add(share);
        }
        return;
    }
    const Group share = shareOf(sandbox, m_present.from, m_present.to);
    if (share.runtimeMs == 0)
        return;
    if (m_grouping != Grouping::Metadata)
        return m_sums.groups[m_grouping == Grouping::Template ? sandbox.templateName() : sandbox.id].add(share);
    const auto entry = sandbox.metadata.find(toUtf8(m_present.key));
    (entry == sandbox.metadata.end() ? m_sums.without : m_sums.groups[entry->second]).add(share);
}

CostTableModel::Group CostTableModel::shareOf(const lifecycle::Sandbox &sandbox, Timestamp from, Timestamp to) const
{
    Group share;
    share.runtimeMs = runtimeWithin(sandbox, from, to, m_picture.now());
    share.sandboxes = 1;
    share.runs = static_cast<std::int64_t>(sandbox.runs.size());
    const auto cost = m_picture.costOf(sandbox, from, to);
    if (!cost) {
        share.isPartial = true;
        return share;
    }
    share.amount = cost->amount;
    share.isConfirmed = cost->isConfirmed;
    share.isPartial = cost->isPartial;
    const cost::RateCard &card = m_picture.rateCard().of(sandbox.teamId);
    for (const lifecycle::RunInterval &run : sandbox.runs) {
        if (run.confirmedMs)
            share.confirmed +=
                cost::priceOf(lifecycle::usageOf(run, m_picture.now()), card, from, to).value_or(Money{});
    }
    return share;
}

void CostTableModel::countReserved(const lifecycle::Sandbox &sandbox)
{
    if (sandbox.state != lifecycle::SandboxState::Running)
        return;
    ++m_counted.running;
    const auto figures = lifecycle::figuresOf(sandbox, m_picture.rateCard(), m_picture.now());
    const auto cost = m_picture.costOf(sandbox);
    if (figures.reserved && cost && figures.unpriced == 0)
        m_counted.reserved += *figures.reserved - cost->amount;
    else
        ++m_counted.withoutEnd;
}

void CostTableModel::rank()
{
    if (m_grouping == Grouping::Metadata)
        noteKeys(m_seenKeys);
    m_groupCount = m_sums.groups.size();
    if (m_grouping == Grouping::Day)
        m_sums.order = CostSums::Order::LastNameFirst;
    // One that came back into memory meanwhile would be counted twice.
    if (m_picture.leftOutCount() != m_present.leftOut)
        m_sums.cold.reset();
    const bool isWhole = m_grouping != Grouping::Metadata || !m_present.key.isEmpty();
    if (!m_sums.cold && isWhole)
        m_sums.whole = m_picture.costBetween(m_present.from, m_present.to);
    if (m_groupCount + (m_sums.cold ? m_sums.cold->groups.size() : 0) <= mostRankedAtOnce)
        return show(m_present, rankCosts(std::exchange(m_sums, {}), maximumRows), m_counted);
    if (!m_rankingThread)
        m_rankingThread = std::make_unique<WorkThread>();
    auto sums = std::make_shared<CostSums>(std::exchange(m_sums, {}));
    m_rankingThread->post([this, sums, round = m_rankingRound, question = m_present, counted = m_counted] {
        m_ranked.post([this, ranked = rankCosts(std::move(*sums), maximumRows), round, question, counted]() mutable {
            if (round == m_rankingRound)
                show(question, std::move(ranked), counted);
        });
    });
}

void CostTableModel::show(const Question &question, RankedCosts ranked, const Figures &counted)
{
    m_total = ranked.total;
    m_isCurrent = !m_isReading && (m_isCurrent || question == m_next);
    m_figures = counted;
    m_figures.confirmed = ranked.confirmed;
    m_figures.estimated = ranked.total - ranked.confirmed;
    const auto sameNames = [](const CostRow &a, const CostRow &b) { return a.kind == b.kind && a.name == b.name; };
    if (std::ranges::equal(ranked.rows, m_rows, sameNames)) {
        m_rows = std::move(ranked.rows);
        if (!m_rows.empty())
            Q_EMIT dataChanged(index(0, 0), index(rowCount() - 1, ColumnCount - 1));
    } else {
        beginResetModel();
        m_rows = std::move(ranked.rows);
        endResetModel();
    }
    Q_EMIT totalChanged();
}

void CostTableModel::noteKeys(const std::set<std::string> &keys)
{
    if (m_cold && !std::exchange(m_hasAskedKeys, true))
        m_cold->askKeys(this, maximumKeys, [this](const std::vector<std::string> &cold) {
            noteKeys(std::set<std::string>(cold.begin(), cold.end()));
        });
    QStringList all = m_keys;
    for (const std::string &key : keys) {
        if (const QString name = toQString(key); all.size() < maximumKeys && !name.isEmpty() && !all.contains(name))
            all << name;
    }
    if (all.size() == m_keys.size())
        return;
    all.sort();
    m_keys = all;
    Q_EMIT keysChanged();
}

} // namespace sandglass::models
