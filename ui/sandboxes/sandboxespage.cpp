#include "ui/sandboxes/sandboxespage.h"

#include "models/sandboxes/orphanlistmodel.h"
#include "models/sandboxes/sandboxlistmodel.h"
#include "services/core/qtstring.h"
#include "ui/costs/costformula.h"
#include "ui/sandboxes/endtext.h"
#include "ui/sandboxes/orphansdialog.h"
#include "ui/sandboxes/orphanstrip.h"
#include "ui/sandboxes/resumedialog.h"
#include "ui/sandboxes/sandboxinspector.h"
#include "ui/sandboxes/sandboxviews.h"
#include "ui/sandboxes/startstrip.h"
#include "ui/sandboxes/worstcase.h"
#include "ui/text/format.h"
#include "ui/theme/theme.h"
#include "ui/widgets/buttons.h"
#include "ui/widgets/cardsplitter.h"
#include "ui/widgets/elidedlabel.h"
#include "ui/widgets/emptystate.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/searchfield.h"
#include "ui/widgets/segmentedcontrol.h"
#include "ui/widgets/tableview.h"
#include "ui/widgets/toast.h"

#include <QAction>
#include <QClipboard>
#include <QGuiApplication>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QItemSelectionModel>
#include <QMenu>
#include <QTimer>
#include <QVBoxLayout>

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

using namespace std::chrono_literals;

namespace sandglass::ui {

using models::SandboxActions;
using models::SandboxFilter;
using models::SandboxListModel;

namespace {

constexpr auto undoWindow = 5s;
constexpr int extendSeconds = 15 * 60;
const QByteArray mapShown = "map\n"; ///< before the table's columns in the page's state

/// Of the only one selected, when it ended before its time; else empty.
QString earlyEndOf(const QModelIndexList &rows)
{
    if (rows.size() != 1 || !rows.front().data(SandboxListModel::EarlyMsRole).isValid())
        return {};
    const QModelIndex &row = rows.front();
    return row.data(SandboxListModel::IdRole).toString() + QStringLiteral(": ")
        + earlyEndText(fromUnixMs(row.data(SandboxListModel::PlannedMsRole).toLongLong()),
                       fromUnixMs(row.data(SandboxListModel::EndedMsRole).toLongLong()));
}

} // namespace

SandboxesPage::SandboxesPage(SandboxListModel &sandboxes, SandboxActions &actions, QWidget *parent)
    : Page(parent), m_sandboxes(sandboxes), m_sandboxActions(actions)
{
    setObjectName(QStringLiteral("sandboxesPage"));
    buildTools();
    buildBar();
    buildViews();
    buildActions();
    auto *layout = new QVBoxLayout(this);
    layout->setContentsMargins(metrics::pageMargin, 16, metrics::pageMargin, metrics::pageMargin);
    layout->setSpacing(14);
    layout->addWidget(m_bar);
    layout->addWidget(m_orphans = new OrphanStrip);
    layout->addWidget(m_splitter, 1);
    m_detail = makeMuted({}); // below, so that no row moves away from the pointer
    m_detail->setObjectName(QStringLiteral("sandboxDetail"));
    m_detail->setWordWrap(true);
    layout->addWidget(m_detail);
    m_formula = makeMuted({});
    m_formula->setObjectName(QStringLiteral("sandboxFormula"));
    m_formula->setWordWrap(true);
    m_formula->setTextInteractionFlags(Qt::TextSelectableByMouse);
    layout->addWidget(m_formula);
    m_toast = new Toast(this);
    connect(&m_sandboxes, &SandboxListModel::countsChanged, this, &SandboxesPage::updateCounts);
    connect(&m_sandboxActions, &SandboxActions::done, this, &SandboxesPage::onDone);
    updateSelection();
    updateCounts();
}

void SandboxesPage::buildTools()
{
    m_tools = new QWidget(this);
    auto *layout = new QHBoxLayout(m_tools);
    layout->setContentsMargins(0, 0, 0, 0);
    m_search = new SearchField(tr("Search id, template, metadata…  Ctrl+F"), QStringLiteral("sandboxSearch"));
    layout->addWidget(m_search, 1);
    m_view = new SegmentedControl({tr("Table"), tr("Map")}, QStringLiteral("sandboxView"));
    m_view->setCurrentIndex(0);
    layout->addWidget(m_view);
    m_newSandbox = makePrimaryButton(tr("New sandbox"), QStringLiteral("newSandbox"));
    layout->addWidget(m_newSandbox);
    connect(m_search, &SearchField::searchChanged, this, &SandboxesPage::applyFilter);
    connect(m_view, &SegmentedControl::currentChanged, this,
            [this](int index) { m_views->setView(static_cast<SandboxViews::View>(index)); });
    connect(m_newSandbox, &QPushButton::clicked, this, &SandboxesPage::newSandboxRequested);
}

void SandboxesPage::buildBar()
{
    m_bar = new QWidget;
    auto *layout = new QHBoxLayout(m_bar);
    layout->setContentsMargins(0, 0, 0, 0);
    m_states = new SegmentedControl({tr("Live"), tr("Running"), tr("Paused"), tr("Ended"), tr("All")},
                                    QStringLiteral("sandboxStates"));
    m_states->setCurrentIndex(0);
    layout->addWidget(m_states);
    layout->addStretch(1);
    m_selected = new ElidedLabel; // the buttons beside it need what there is
    m_selected->setProperty("role", QStringLiteral("muted"));
    m_selected->setObjectName(QStringLiteral("selectedSandboxes"));
    layout->addWidget(m_selected);
    m_pause = makeButton(tr("Pause"), QStringLiteral("pauseSandboxes"));
    m_resume = makeButton(tr("Resume…"), QStringLiteral("resumeSandboxes"));
    m_extend = makeButton(tr("Extend 15 min"), QStringLiteral("extendSandboxes"));
    m_kill = makeDangerButton(tr("Kill"), QStringLiteral("killSandboxes"));
    const QList<QPushButton *> buttons = changers();
    for (QPushButton *button : buttons)
        layout->addWidget(button);
    connect(m_states, &SegmentedControl::currentChanged, this, &SandboxesPage::applyFilter);
    connect(m_pause, &QPushButton::clicked, this, &SandboxesPage::pauseSelected);
    connect(m_resume, &QPushButton::clicked, this, &SandboxesPage::resumeSelected);
    connect(m_extend, &QPushButton::clicked, this, &SandboxesPage::extendSelected);
    connect(m_kill, &QPushButton::clicked, this, &SandboxesPage::killSelected);
}

void SandboxesPage::buildViews()
{
    m_views = new SandboxViews(m_sandboxes);
    m_table = m_views->table();
    m_empty = m_views->empty();
    m_splitter = new CardSplitter;
    m_splitter->addWidget(m_views);
    m_splitter->setStretchFactor(0, 1);
    connect(m_views, &SandboxViews::menuRequested, this, &SandboxesPage::showMenu);
    connect(m_table->selectionModel(), &QItemSelectionModel::selectionChanged, this, &SandboxesPage::updateSelection);
    connect(&m_sandboxes, &QAbstractItemModel::dataChanged, this, &SandboxesPage::updateFormula); // it runs on
    connect(&m_sandboxes, &QAbstractItemModel::modelAboutToBeReset, this, [this] { m_selection = selectedIds(); });
    connect(&m_sandboxes, &QAbstractItemModel::modelReset, this, [this] {
        for (const QString &id : std::as_const(m_selection)) {
            if (const int row = m_sandboxes.rowOf(id); row >= 0)
                m_table->selectionModel()->select(m_sandboxes.index(row, 0),
                                                  QItemSelectionModel::Select | QItemSelectionModel::Rows);
        }
        updateSelection();
    });
    connect(m_empty, &EmptyState::actionTriggered, this, &SandboxesPage::newSandboxRequested);
}

QAction *SandboxesPage::add(const QString &text, const QKeySequence &keys, void (SandboxesPage::*slot)())
{
    auto *action = new QAction(text, this);
    action->setShortcut(keys);
    action->setShortcutContext(Qt::WidgetWithChildrenShortcut);
    connect(action, &QAction::triggered, this, slot);
    addAction(action);
    return action;
}

void SandboxesPage::buildActions()
{
    m_changes << add(tr("&Pause"), {}, &SandboxesPage::pauseSelected)
              << add(tr("&Resume…"), {}, &SandboxesPage::resumeSelected)
              << add(tr("&Extend by 15 minutes"), {}, &SandboxesPage::extendSelected)
              << add(tr("&Kill"), QKeySequence(Qt::Key_Delete), &SandboxesPage::killSelected);
    add(tr("&Copy id"), QKeySequence(QKeySequence::Copy), &SandboxesPage::copyIds);
}

QString SandboxesPage::subtitle() const
{
    const QString words = m_sandboxes.hasOlder() ? tr("%1 of the newest %2") : tr("%1 of %2");
    return words.arg(formatCount(m_sandboxes.rowCount()), formatCount(m_sandboxes.totalCount()));
}

void SandboxesPage::focusSearch()
{
    m_search->setFocus();
    m_search->selectAll();
}

QList<QPushButton *> SandboxesPage::changers() const
{
    return {m_pause, m_resume, m_extend, m_kill};
}

void SandboxesPage::setReadOnly(const QString &why)
{
    m_whyReadOnly = why;
    for (QAction *action : std::as_const(m_changes)) {
        action->setEnabled(why.isEmpty());
        action->setStatusTip(why);
    }
    const QList<QPushButton *> buttons = changers();
    for (QPushButton *button : buttons)
        button->setToolTip(why);
    m_newSandbox->setToolTip(why);
    m_newSandbox->setEnabled(why.isEmpty());
    updateCounts();
}

void SandboxesPage::settle()
{
    m_toast->settle();
}

void SandboxesPage::setOrphans(models::OrphanListModel &orphans)
{
    const auto show = [this, &orphans] { m_orphans->setCounts(orphans.counts()); };
    show();
    connect(&orphans, &models::OrphanListModel::countsChanged, this, show);
    connect(m_orphans, &OrphanStrip::reviewRequested, this, [this, &orphans] {
        auto *dialog = new OrphansDialog(orphans, window());
        dialog->setAttribute(Qt::WA_DeleteOnClose);
        dialog->open();
    });
}

void SandboxesPage::setStartStrip(StartStrip *strip)
{
    static_cast<QVBoxLayout *>(layout())->insertWidget(1, strip); // below the bar
}

void SandboxesPage::setInspector(SandboxInspector *inspector)
{
    m_inspector = inspector;
    m_splitter->addWidget(inspector);
    m_splitter->setStretchFactor(1, 0);
    connect(inspector, &SandboxInspector::viewChanged, this, &SandboxesPage::shareRoom);
    connect(inspector, &SandboxInspector::told, this, &Page::toast);
    updateSelection();
}

void SandboxesPage::inspect(const QModelIndexList &rows)
{
    if (m_inspector == nullptr)
        return;
    if (rows.size() != 1 || !m_whyReadOnly.isEmpty()) // a service tells of the present alone
        return m_inspector->setSandbox({}, false);
    const auto state = static_cast<lifecycle::SandboxState>(rows.front().data(SandboxListModel::StateRole).toInt());
    const bool wasHidden = m_inspector->isHidden();
    m_inspector->setSandbox(rows.front().data(SandboxListModel::IdRole).toString(),
                            state == lifecycle::SandboxState::Running);
    if (wasHidden)
        shareRoom();
}

void SandboxesPage::shareRoom()
{
    QTimer::singleShot(0, this, [this] { // once the inspector knows what it needs
        const int whole = m_splitter->height();
        const int wished = std::max(whole / 3, m_inspector->minimumSizeHint().height());
        const int lower = std::min(wished, m_inspector->maximumHeight());
        m_splitter->setSizes({whole - lower, lower});
        if (const QModelIndexList rows = m_table->selectionModel()->selectedRows(); rows.size() == 1)
            m_views->showRow(rows.front().row());
    });
}

void SandboxesPage::showSandbox(const QString &sandboxId)
{
    m_states->setCurrentIndex(static_cast<int>(SandboxFilter::States::All));
    m_search->setText(sandboxId);
    applyFilter();
    if (const int row = m_sandboxes.rowOf(sandboxId); row >= 0)
        m_table->selectRow(row);
}

QByteArray SandboxesPage::saveState() const
{
    return (m_view->currentIndex() == 1 ? mapShown : QByteArray()) + m_table->saveColumns();
}

void SandboxesPage::restoreState(const QByteArray &state)
{
    const bool isMap = state.startsWith(mapShown);
    m_view->setCurrentIndex(isMap ? 1 : 0);
    m_views->setView(isMap ? SandboxViews::View::Map : SandboxViews::View::Table);
    m_table->restoreColumns(isMap ? state.mid(mapShown.size()) : state);
    const QHeaderView *header = m_table->horizontalHeader();
    m_sandboxes.sort(header->sortIndicatorSection(), header->sortIndicatorOrder());
}

void SandboxesPage::applyFilter()
{
    SandboxFilter filter;
    filter.states = static_cast<SandboxFilter::States>(m_states->currentIndex());
    filter.words = SandboxFilter::wordsOf(m_search->text());
    m_sandboxes.setFilter(filter);
}

QStringList SandboxesPage::selectedIds() const
{
    QStringList ids;
    const QModelIndexList rows = m_table->selectionModel()->selectedRows();
    for (const QModelIndex &row : rows)
        ids << row.data(SandboxListModel::IdRole).toString();
    return ids;
}

void SandboxesPage::updateSelection()
{
    const QModelIndexList rows = m_table->selectionModel()->selectedRows();
    int running = 0;
    int paused = 0;
    WorstCase extension;
    for (const QModelIndex &row : rows) {
        const auto state = static_cast<lifecycle::SandboxState>(row.data(SandboxListModel::StateRole).toInt());
        running += state == lifecycle::SandboxState::Running ? 1 : 0;
        paused += state == lifecycle::SandboxState::Paused ? 1 : 0;
        if (state != lifecycle::SandboxState::Running)
            continue;
        extension.add(m_sandboxes.priceOfRunning(row.row(), std::chrono::seconds(extendSeconds)));
    }
    QString words = rows.isEmpty() ? QString() : tr("%n selected", nullptr, static_cast<int>(rows.size()));
    if (running > 0)
        words += tr(" · 15 min more: %1").arg(worstCaseText(extension));
    m_selected->setText(words);
    const QString early = earlyEndOf(rows);
    m_detail->setText(early);
    m_detail->setVisible(!early.isEmpty());
    inspect(rows);
    updateFormula();
    const bool canChange = m_whyReadOnly.isEmpty();
    m_pause->setEnabled(canChange && running > 0);
    m_resume->setEnabled(canChange && paused > 0);
    m_extend->setEnabled(canChange && running > 0);
    const int live = running + paused;
    m_kill->setEnabled(canChange && live > 0);
    m_kill->setText(live == 0 ? tr("Kill") : live == 1 ? tr("Kill 1 sandbox") : tr("Kill %1 sandboxes").arg(live));
}

void SandboxesPage::updateCounts()
{
    const int live = m_sandboxes.liveCount();
    Q_EMIT badgeChanged(live > 0 ? formatCount(live) : QString());
    Q_EMIT subtitleChanged();
    updateSelection();
    m_views->setEmpty(m_sandboxes.rowCount() == 0);
    if (m_sandboxes.rowCount() > 0)
        return;
    const bool isLive = m_search->text().isEmpty() && m_states->currentIndex() == 0;
    if (isLive && !m_whyReadOnly.isEmpty())
        m_empty->setTexts(tr("No sandbox was running"), tr("Choose another moment, or Ended or All above."));
    else if (isLive)
        m_empty->setTexts(tr("No sandbox is running"),
                          tr("Start one here, run code in Refine, or point an E2B SDK at the local engine."),
                          tr("New sandbox"));
    else
        m_empty->setTexts(tr("No sandbox fits"), tr("Change the search or the states above."));
}

void SandboxesPage::showMenu(const QPoint &globalPosition)
{
    QMenu menu;
    menu.addActions(actions());
    menu.exec(globalPosition);
}

/// Of one alone: how its cost comes about.
void SandboxesPage::updateFormula()
{
    const QModelIndexList rows = m_table->selectionModel()->selectedRows();
    m_formula->setVisible(rows.size() == 1);
    if (rows.size() != 1)
        return;
    const auto parts = m_sandboxes.costParts(rows.front().row());
    m_formula->setText(parts.empty() ? tr("Cost: unknown, the size has not been told.")
                                     : tr("Cost: %1").arg(costEquation(parts)));
}

void SandboxesPage::pauseSelected()
{
    m_sandboxActions.pause(selectedIds());
}

void SandboxesPage::resumeSelected()
{
    QStringList ids;
    std::vector<std::optional<Timestamp>> ends;
    const QModelIndexList rows = m_table->selectionModel()->selectedRows();
    for (const QModelIndex &row : rows) {
        const auto state = static_cast<lifecycle::SandboxState>(row.data(SandboxListModel::StateRole).toInt());
        if (state != lifecycle::SandboxState::Paused)
            continue;
        ids << row.data(SandboxListModel::IdRole).toString();
        const QVariant end = row.data(SandboxListModel::PlannedMsRole);
        ends.push_back(end.isValid() ? std::optional(fromUnixMs(end.toLongLong())) : std::nullopt);
    }
    if (ids.isEmpty())
        return;
    auto *dialog = new ResumeDialog(
        std::move(ends), ids.size() == 1 ? tr("Resume %1").arg(ids.front()) : tr("Resume %1 sandboxes").arg(ids.size()),
        systemNow,
        [this, ids](std::chrono::seconds length) {
            WorstCase worst;
            for (const QString &id : ids)
                worst.add(m_sandboxes.priceOfRunning(m_sandboxes.rowOf(id), length));
            return worst;
        },
        window());
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    connect(dialog, &QDialog::accepted, this, [this, dialog, ids] { m_sandboxActions.resume(ids, dialog->seconds()); });
    dialog->open();
}

void SandboxesPage::extendSelected()
{
    m_sandboxActions.extend(selectedIds(), extendSeconds);
}

void SandboxesPage::killSelected()
{
    QStringList ids;
    const QModelIndexList rows = m_table->selectionModel()->selectedRows();
    for (const QModelIndex &row : rows) {
        const auto state = static_cast<lifecycle::SandboxState>(row.data(SandboxListModel::StateRole).toInt());
        if (state == lifecycle::SandboxState::Running || state == lifecycle::SandboxState::Paused)
            ids << row.data(SandboxListModel::IdRole).toString();
    }
    if (ids.isEmpty())
        return;
    m_toast->show(
        ids.size() == 1 ? tr("Killing %1 in 5 seconds").arg(ids.front())
                        : tr("Killing %1 sandboxes in 5 seconds").arg(ids.size()),
        tr("Undo"), undoWindow, [] {}, [this, ids] { m_sandboxActions.kill(ids); });
}

void SandboxesPage::copyIds()
{
    const QStringList ids = selectedIds();
    if (ids.isEmpty())
        return;
    QGuiApplication::clipboard()->setText(ids.join(u'\n'));
    Q_EMIT toast(ids.size() == 1 ? tr("Copied %1").arg(ids.front()) : tr("Copied %1 ids").arg(ids.size()));
}

void SandboxesPage::onDone(SandboxActions::Verb verb, const QString &id, const Result<> &outcome)
{
    if (outcome)
        return; // the events tell what became of it
    const QString reason = toQString(outcome.error().message);
    switch (verb) {
    case SandboxActions::Verb::Pause:
        return Q_EMIT toast(tr("%1 could not be paused: %2").arg(id, reason));
    case SandboxActions::Verb::Resume:
        return Q_EMIT toast(tr("%1 could not be resumed: %2").arg(id, reason));
    case SandboxActions::Verb::Kill:
        return Q_EMIT toast(tr("%1 could not be killed: %2").arg(id, reason));
    case SandboxActions::Verb::Extend:
        return Q_EMIT toast(tr("%1 could not be extended: %2").arg(id, reason));
    }
}

} // namespace sandglass::ui
