#include "models/sandboxes/orphanlistmodel.h"

#include "services/core/qtstring.h"
#include "services/lifecycle/createintents.h"
#include "services/lifecycle/tracker.h"

#include <algorithm>
#include <numeric>
#include <unordered_set>
#include <utility>

namespace sandglass::models {

using lifecycle::AgeTier;
using lifecycle::CleanUpPlan;
using lifecycle::Orphan;
using lifecycle::Owner;

namespace {

const char *auditWord(Owner owner)
{
    switch (owner) {
    case Owner::Mine:
        return "left by this program";
    case Owner::Other:
        return "of another installation";
    case Owner::Unknown:
        break;
    }
    return "of unknown owner";
}

} // namespace

OrphanListModel::OrphanListModel(Surroundings surroundings, QObject *parent)
    : QAbstractTableModel(parent), m_around(std::move(surroundings))
{
    connect(&m_around.tracker, &lifecycle::Tracker::eventsRecorded, this, &OrphanListModel::dropKnown);
}

OrphanListModel::~OrphanListModel() = default;

void OrphanListModel::takeList(const std::vector<lifecycle::ObservedSandbox> &list)
{
    if (m_stage == Stage::Killing || m_stage == Stage::Done) {
        m_waiting = list;
        return;
    }
    auto orphans = orphansOf(m_around.tracker.fold(), list, m_around.installation, m_around.tracker.now());
    std::erase_if(orphans, [this](const Orphan &orphan) {
        return (orphan.age && *orphan.age < settling) || m_around.isMadeHere(orphan.row.sandboxId);
    });
    replace(std::move(orphans));
}

void OrphanListModel::noteLostAnswer(const std::string &sandboxId)
{
    m_lostAnswers.insert(sandboxId);
    recount();
}

void OrphanListModel::forget()
{
    if (m_cleanUp)
        m_cleanUp->cancel();
    m_waiting.reset();
    m_lostAnswers.clear();
    if (m_stage == Stage::Killing || m_stage == Stage::Done)
        m_waiting.emplace(); // its rows stay until somebody has read them
    else
        replace({});
}

/// An event has come after the list: no orphan any more.
void OrphanListModel::dropKnown()
{
    if (m_all.empty() || m_stage == Stage::Killing || m_stage == Stage::Done)
        return;
    std::vector<Orphan> left = m_all;
    const auto gone = std::erase_if(left, [this](const Orphan &orphan) {
        const lifecycle::Sandbox *known = m_around.tracker.fold().find(orphan.row.sandboxId);
        return known != nullptr && isKnownByEvents(*known);
    });
    if (gone > 0)
        replace(std::move(left));
}

void OrphanListModel::replace(std::vector<Orphan> orphans)
{
    const auto sameId = [](const Orphan &a, const Orphan &b) { return a.row.sandboxId == b.row.sandboxId; };
    const bool isSame = std::ranges::equal(orphans, m_all, sameId);
    const bool isFiltered = m_filter.age.has_value(); // ages move on by themselves
    if (isSame && (!isFiltered || m_stage != Stage::Choosing)) {
        m_all = std::move(orphans);
        if (!m_shown.empty())
            Q_EMIT dataChanged(index(0, 0), index(rowCount() - 1, ColumnCount - 1));
    } else {
        beginResetModel();
        m_all = std::move(orphans);
        std::unordered_set<std::string> present;
        for (const Orphan &orphan : m_all)
            present.insert(orphan.row.sandboxId);
        std::erase_if(m_chosen, [&present](const std::string &id) { return !present.contains(id); });
        if (m_stage == Stage::DryRun)
            markPlan();
        arrange();
        endResetModel();
        Q_EMIT choiceChanged();
        if (m_stage == Stage::DryRun)
            Q_EMIT stageChanged();
    }
    recount();
}

void OrphanListModel::recount()
{
    Counts counts;
    for (const Orphan &orphan : m_all) {
        const bool isMine = orphan.owner == Owner::Mine;
        ++counts.all;
        counts.mine += isMine ? 1 : 0;
        counts.lostAnswers += isMine && m_lostAnswers.contains(orphan.row.sandboxId) ? 1 : 0;
    }
    if (std::exchange(m_counts, counts) != counts)
        Q_EMIT countsChanged();
}

bool OrphanListModel::accepts(const Orphan &orphan) const
{
    return (!m_filter.owner || *m_filter.owner == orphan.owner)
        && (!m_filter.age || *m_filter.age == lifecycle::ageTierOf(orphan.age));
}

/// Between begin and end of a reset.
void OrphanListModel::arrange()
{
    m_shown.resize(m_all.size());
    std::iota(m_shown.begin(), m_shown.end(), std::size_t{0});
    if (m_stage == Stage::Choosing)
        std::erase_if(m_shown, [this](std::size_t i) { return !accepts(m_all[i]); });
    else
        std::ranges::stable_partition(m_shown, [this](std::size_t i) {
            const auto outcome = m_outcomes.find(m_all[i].row.sandboxId);
            return outcome != m_outcomes.end() && outcome->second.fate != Fate::Spared;
        });
}

void OrphanListModel::setFilter(Filter filter)
{
    if (filter == m_filter)
        return;
    beginResetModel();
    m_filter = filter;
    arrange();
    endResetModel();
    Q_EMIT choiceChanged();
}

void OrphanListModel::chooseShown(bool isChosen)
{
    if (m_stage != Stage::Choosing || m_shown.empty())
        return;
    for (const std::size_t i : m_shown) {
        if (isChosen)
            m_chosen.insert(m_all[i].row.sandboxId);
        else
            m_chosen.erase(m_all[i].row.sandboxId);
    }
    Q_EMIT dataChanged(index(0, 0), index(rowCount() - 1, 0), {Qt::CheckStateRole});
    Q_EMIT choiceChanged();
}

void OrphanListModel::setStage(Stage stage)
{
    beginResetModel();
    m_stage = stage;
    arrange();
    endResetModel();
    Q_EMIT stageChanged();
}

void OrphanListModel::markPlan()
{
    lifecycle::CleanUpRules rules;
    rules.named = m_chosen;
    m_plan = planCleanUp(m_all, rules);
    m_outcomes.clear();
    for (const Orphan &orphan : m_plan.targets)
        m_outcomes[orphan.row.sandboxId] = {Fate::Target, tr("would be killed")};
    for (const CleanUpPlan::Spared &spared : m_plan.spared) {
        QString why = tr("spared: not chosen");
        if (spared.reason == CleanUpPlan::Reason::UnknownOwner)
            why = tr("spared: owner unknown");
        else if (spared.reason == CleanUpPlan::Reason::OtherInstallation)
            why = tr("spared: another installation's");
        m_outcomes[spared.sandboxId] = {Fate::Spared, why};
    }
}

void OrphanListModel::dryRun()
{
    if (m_stage != Stage::Choosing || m_chosen.empty())
        return;
    markPlan();
    setStage(Stage::DryRun);
}

void OrphanListModel::back()
{
    if (m_stage == Stage::Choosing || m_stage == Stage::Killing)
        return;
    const bool wasDone = m_stage == Stage::Done;
    if (wasDone)
        m_chosen.clear();
    m_cleanUp.reset();
    m_outcomes.clear();
    m_plan = {};
    m_result = {};
    setStage(Stage::Choosing);
    Q_EMIT choiceChanged();
    if (!wasDone)
        return;
    if (const auto list = std::exchange(m_waiting, {}))
        takeList(*list);
}

void OrphanListModel::kill()
{
    if (m_stage != Stage::DryRun || m_plan.targets.empty())
        return;
    std::vector<cost::AuditEntry> entries;
    for (const Orphan &orphan : m_plan.targets) {
        m_outcomes[orphan.row.sandboxId] = {Fate::UnderWay, tr("to be killed")};
        entries.push_back(entryOf(orphan, "planned"));
    }
    setStage(Stage::Killing);
    Q_EMIT audited(entries); // before the first call: what a crash leaves behind can be read there
    m_cleanUp = std::make_unique<lifecycle::CleanUp>(m_plan, m_around.kill);
    connect(m_cleanUp.get(), &lifecycle::CleanUp::killed, this, [this](const std::string &id) {
        settle(id, {Fate::Killed, tr("killed")});
    });
    connect(m_cleanUp.get(), &lifecycle::CleanUp::failed, this, [this](const std::string &id, const Error &error) {
        settle(id, {Fate::Failed, tr("not killed: %1").arg(toQString(error.message))});
    });
    connect(m_cleanUp.get(), &lifecycle::CleanUp::finished, this, &OrphanListModel::onFinished);
    m_cleanUp->start();
}

void OrphanListModel::cancel()
{
    if (m_cleanUp && m_stage == Stage::Killing)
        m_cleanUp->cancel();
}

int OrphanListModel::answeredCount() const
{
    return static_cast<int>(std::ranges::count_if(m_outcomes, [](const auto &entry) {
        return entry.second.fate == Fate::Killed || entry.second.fate == Fate::Failed;
    }));
}

void OrphanListModel::settle(const std::string &id, Outcome outcome)
{
    const std::string answer = outcome.fate == Fate::Killed ? "ok" : toUtf8(outcome.words);
    m_outcomes[id] = std::move(outcome);
    const auto row = std::ranges::find_if(m_shown, [&](std::size_t i) { return m_all[i].row.sandboxId == id; });
    if (row != m_shown.end()) {
        const int number = static_cast<int>(row - m_shown.begin());
        Q_EMIT dataChanged(index(number, 0), index(number, ColumnCount - 1));
        Q_EMIT audited({entryOf(m_all[*row], answer)});
    }
    Q_EMIT progressed();
}

void OrphanListModel::onFinished(const lifecycle::CleanUpResult &result)
{
    m_result = result;
    std::vector<cost::AuditEntry> entries;
    for (const std::string &id : m_result.skipped) {
        m_outcomes[id] = {Fate::Skipped, tr("not asked: stopped before")};
        const auto orphan = std::ranges::find_if(m_all, [&](const Orphan &o) { return o.row.sandboxId == id; });
        if (orphan != m_all.end())
            entries.push_back(entryOf(*orphan, "not asked: stopped before"));
    }
    if (!entries.empty())
        Q_EMIT audited(entries);
    setStage(Stage::Done);
}

cost::AuditEntry OrphanListModel::entryOf(const Orphan &orphan, const std::string &answer) const
{
    return {m_around.tracker.now(),
            "person",
            "kill",
            orphan.row.sandboxId,
            std::string("clean-up of sandboxes without a record: ") + auditWord(orphan.owner),
            answer};
}

std::optional<Money> OrphanListModel::costOf(const Orphan &orphan) const
{
    const lifecycle::Sandbox *known = m_around.tracker.fold().find(orphan.row.sandboxId);
    if (known == nullptr)
        return {};
    const auto cost = m_around.tracker.costOf(*known);
    return cost ? std::optional(cost->amount) : std::nullopt;
}

int OrphanListModel::rowCount(const QModelIndex &parent) const
{
    return parent.isValid() ? 0 : static_cast<int>(m_shown.size());
}

int OrphanListModel::columnCount(const QModelIndex &parent) const
{
    return parent.isValid() ? 0 : ColumnCount;
}

Qt::ItemFlags OrphanListModel::flags(const QModelIndex &index) const
{
    const Qt::ItemFlags usual = QAbstractTableModel::flags(index);
    return index.column() == ChosenColumn && m_stage == Stage::Choosing ? usual | Qt::ItemIsUserCheckable : usual;
}

QVariant OrphanListModel::display(const Orphan &orphan, int column) const
{
    switch (column) {
    case IdColumn:
        return toQString(orphan.row.sandboxId);
    case TemplateColumn:
        return toQString(orphan.row.templateAlias.empty() ? orphan.row.templateId : orphan.row.templateAlias);
    case OwnerColumn:
        if (m_lostAnswers.contains(orphan.row.sandboxId) && orphan.owner == Owner::Mine)
            return tr("this program, answer lost");
        return orphan.owner == Owner::Mine ? tr("this program")
            : orphan.owner == Owner::Other ? tr("another installation")
                                           : tr("unknown");
    case MetadataColumn: {
        QStringList pairs;
        for (const auto &[key, value] : orphan.row.metadata)
            pairs << toQString(key) + u'=' + toQString(value);
        return pairs.join(QStringLiteral("  "));
    }
    case FateColumn: {
        const auto outcome = m_outcomes.find(orphan.row.sandboxId);
        return outcome != m_outcomes.end() ? outcome->second.words : QString();
    }
    default:
        return {};
    }
}

QVariant OrphanListModel::data(const QModelIndex &index, int role) const
{
    if (!checkIndex(index, CheckIndexOption::IndexIsValid))
        return {};
    const Orphan &orphan = at(index.row());
    switch (role) {
    case Qt::DisplayRole:
        return display(orphan, index.column());
    case Qt::ToolTipRole:
        return index.column() == MetadataColumn || index.column() == FateColumn || index.column() == IdColumn
            ? display(orphan, index.column())
            : QVariant();
    case Qt::CheckStateRole:
        if (index.column() != ChosenColumn)
            return {};
        return m_chosen.contains(orphan.row.sandboxId) ? Qt::Checked : Qt::Unchecked;
    case Qt::AccessibleTextRole:
        if (index.column() != ChosenColumn)
            return {};
        return m_chosen.contains(orphan.row.sandboxId) ? tr("chosen") : tr("not chosen");
    case AgeMsRole:
        return orphan.age ? QVariant::fromValue<qint64>(orphan.age->count()) : QVariant();
    case CostPicoRole: {
        const auto cost = costOf(orphan);
        return cost ? QVariant::fromValue<qint64>(cost->toPicoDollars()) : QVariant();
    }
    case FateRole: {
        const auto outcome = m_outcomes.find(orphan.row.sandboxId);
        return static_cast<int>(outcome != m_outcomes.end() ? outcome->second.fate : Fate::None);
    }
    default:
        return {};
    }
}

bool OrphanListModel::setData(const QModelIndex &index, const QVariant &value, int role)
{
    if (role != Qt::CheckStateRole || m_stage != Stage::Choosing || !checkIndex(index, CheckIndexOption::IndexIsValid))
        return false;
    const std::string &id = at(index.row()).row.sandboxId;
    if (value.toInt() == Qt::Checked)
        m_chosen.insert(id);
    else
        m_chosen.erase(id);
    const QModelIndex cell = this->index(index.row(), ChosenColumn);
    Q_EMIT dataChanged(cell, cell, {Qt::CheckStateRole});
    Q_EMIT choiceChanged();
    return true;
}

QVariant OrphanListModel::headerData(int section, Qt::Orientation orientation, int role) const
{
    if (orientation == Qt::Horizontal && role == Qt::TextAlignmentRole)
        return section == AgeColumn || section == CostColumn ? QVariant(Qt::AlignRight | Qt::AlignVCenter) : QVariant();
    if (orientation != Qt::Horizontal || role != Qt::DisplayRole)
        return {};
    switch (section) {
    case IdColumn:
        return tr("Sandbox");
    case TemplateColumn:
        return tr("Template");
    case OwnerColumn:
        return tr("Owner");
    case AgeColumn:
        return tr("Age");
    case CostColumn:
        return tr("Cost so far");
    case MetadataColumn:
        return tr("Metadata");
    case FateColumn:
        return m_stage == Stage::DryRun ? tr("Dry run") : tr("Result");
    default:
        return {};
    }
}

} // namespace sandglass::models
