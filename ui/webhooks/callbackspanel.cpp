#include "ui/webhooks/callbackspanel.h"

#include "services/core/qtstring.h"
#include "ui/text/format.h"
#include "ui/theme/theme.h"
#include "ui/webhooks/callbackdialog.h"
#include "ui/webhooks/tablepane.h"
#include "ui/webhooks/webhookdelegate.h"
#include "ui/webhooks/webhooktext.h"
#include "ui/widgets/buttons.h"
#include "ui/widgets/emptystate.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/row.h"
#include "ui/widgets/tableview.h"
#include "ui/widgets/toast.h"

#include <QAction>
#include <QItemSelectionModel>
#include <QLabel>
#include <QPushButton>
#include <QVBoxLayout>

using namespace std::chrono_literals;

namespace sandglass::ui {

using models::CallbackListModel;
using State = CallbackListModel::State;

namespace {
constexpr auto undoWindow = 5s;
}

CallbacksPanel::CallbacksPanel(CallbackListModel &callbacks, QWidget *parent) : QWidget(parent), m_callbacks(callbacks)
{
    setObjectName(QStringLiteral("callbacksPanel"));
    m_problem = makeLabel({}, "error");
    m_problem->setObjectName(QStringLiteral("callbacksProblem"));
    m_problem->setWordWrap(true);
    m_detail = makeMuted({});
    m_detail->setObjectName(QStringLiteral("callbackDetail"));
    m_detail->setWordWrap(true);
    auto *layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(metrics::gap);
    layout->addWidget(buildBar());
    layout->addWidget(m_problem);
    layout->addWidget(buildTable(), 1);
    layout->addWidget(m_detail);
    buildActions();
    m_toast = new Toast(this);
    connect(&m_callbacks, &CallbackListModel::changed, this, &CallbacksPanel::update);
    connect(&m_callbacks, &QAbstractItemModel::rowsInserted, this, &CallbacksPanel::update);
    connect(&m_callbacks, &QAbstractItemModel::rowsRemoved, this, &CallbacksPanel::update);
    connect(m_table->selectionModel(), &QItemSelectionModel::selectionChanged, this, &CallbacksPanel::update);
    connect(&m_callbacks, &CallbackListModel::tested, this, &CallbacksPanel::onTested);
    connect(&m_callbacks, &CallbackListModel::secretNotKept, this,
            [this](const QString &reason) { Q_EMIT toast(tr("The secret lasts for this run alone: %1").arg(reason)); });
    update();
}

QWidget *CallbacksPanel::buildBar()
{
    QPushButton *fresh = makeButton(tr("New callback…"), QStringLiteral("newCallback"));
    m_test = makeButton(tr("Send test"), QStringLiteral("testCallback"));
    m_edit = makeButton(tr("Edit…"), QStringLiteral("editCallback"));
    m_toggle = makeButton(tr("Pause"), QStringLiteral("toggleCallback"));
    m_remove = makeDangerButton(tr("Remove"), QStringLiteral("removeCallback"));
    connect(fresh, &QPushButton::clicked, this, &CallbacksPanel::openNewDialog);
    connect(m_test, &QPushButton::clicked, this, &CallbacksPanel::testCurrent);
    connect(m_edit, &QPushButton::clicked, this, &CallbacksPanel::editCurrent);
    connect(m_toggle, &QPushButton::clicked, this, &CallbacksPanel::toggleCurrent);
    connect(m_remove, &QPushButton::clicked, this, &CallbacksPanel::removeCurrent);
    return makeButtonBar({fresh, m_test, m_edit, m_toggle, m_remove});
}

QWidget *CallbacksPanel::buildTable()
{
    m_table = new TableView(QStringLiteral("callbackTable"));
    m_table->setAccessibleName(tr("Callbacks"));
    m_table->setItemDelegate(new CallbackDelegate(m_table));
    m_table->setModel(&m_callbacks);
    m_table->setColumnWidths({-1, 140, 92, 88, 80, 52, 66});
    auto *empty =
        new EmptyState(tr("No callbacks"),
                       tr("A callback passes events on to a URL of yours as this program records them: of all "
                          "sandboxes, or of one template, and of the code that it runs itself."),
                       tr("New callback"));
    empty->setObjectName(QStringLiteral("callbacksEmpty"));
    m_pane = new TablePane(m_table, empty);
    m_pane->offerActionsOf(*this);
    connect(m_table, &QAbstractItemView::activated, this, &CallbacksPanel::editCurrent);
    connect(empty, &EmptyState::actionTriggered, this, &CallbacksPanel::openNewDialog);
    return m_pane;
}

void CallbacksPanel::buildActions()
{
    addAction(tr("Send &test"), this, &CallbacksPanel::testCurrent);
    addAction(tr("&Edit…"), QKeySequence(Qt::Key_F2), this, &CallbacksPanel::editCurrent);
    addAction(tr("&Pause or resume"), this, &CallbacksPanel::toggleCurrent);
    addAction(tr("Re&move"), QKeySequence(Qt::Key_Delete), this, &CallbacksPanel::removeCurrent);
    for (QAction *action : actions())
        action->setShortcutContext(Qt::WidgetWithChildrenShortcut);
}

void CallbacksPanel::settle()
{
    m_toast->settle();
}

void CallbacksPanel::update()
{
    const int row = m_pane->currentRow();
    for (QPushButton *button : {m_test, m_edit, m_toggle, m_remove})
        button->setEnabled(row >= 0);
    const bool isStopped =
        row >= 0 && (m_callbacks.stateOf(row) == State::Paused || m_callbacks.stateOf(row) == State::GaveUp);
    m_toggle->setText(isStopped ? tr("Resume") : tr("Pause"));
    m_pane->showTable(m_callbacks.rowCount() > 0);
    m_problem->setText(tr("The callbacks could not be kept: %1").arg(m_callbacks.failure()));
    m_problem->setVisible(!m_callbacks.failure().isEmpty());
    QString detail;
    if (row >= 0) {
        const lifecycle::CallbackStatus status = m_callbacks.statusOf(row);
        const QString error = toQString(status.lastError.message);
        switch (m_callbacks.stateOf(row)) {
        case State::GaveUp:
            detail = tr("It gave up after %1 losses in a row, the last: %2. Nothing is sent until you resume it.")
                         .arg(formatCount(lifecycle::CallbackTarget().lossesUntilStop), error);
            break;
        case State::NoSecret:
            detail = tr("Its secret is not in the key store any more: edit it and give another one.");
            break;
        case State::Active:
            if (!error.isEmpty())
                detail = tr("The last failure: %1. Each event is tried %2 times.")
                             .arg(error, formatCount(lifecycle::CallbackTarget().tries));
            break;
        case State::Paused:
            detail = tr("Paused: events of the meantime are not sent later.");
            break;
        case State::Starting:
            break;
        }
    }
    m_detail->setText(detail);
    m_detail->setVisible(!detail.isEmpty());
}

void CallbacksPanel::openNewDialog()
{
    auto *dialog = new CallbackDialog(m_callbacks, window());
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->open();
}

void CallbacksPanel::editCurrent()
{
    const int row = m_pane->currentRow();
    if (row < 0)
        return;
    auto *dialog = new CallbackDialog(m_callbacks, window());
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->edit(m_callbacks.at(row));
    dialog->open();
}

void CallbacksPanel::toggleCurrent()
{
    const int row = m_pane->currentRow();
    if (row < 0)
        return;
    const std::string id = m_callbacks.at(row).id;
    const State state = m_callbacks.stateOf(row);
    if (state == State::Paused || state == State::GaveUp)
        m_callbacks.resume(id);
    else
        m_callbacks.setPaused(id, true);
}

void CallbacksPanel::testCurrent()
{
    if (const int row = m_pane->currentRow(); row >= 0)
        m_callbacks.sendTest(m_callbacks.at(row).id);
}

void CallbacksPanel::onTested(const QString &id, const Result<e2b::TestDeliveryReport> &report)
{
    const int row = m_callbacks.rowOf(toUtf8(id));
    if (row >= 0)
        Q_EMIT toast(report ? testReportText(*report).section(u'\n', 0, 0) : webhookErrorText(report.error()));
}

void CallbacksPanel::removeCurrent()
{
    const int row = m_pane->currentRow();
    if (row < 0)
        return;
    const models::Callback &callback = m_callbacks.at(row);
    m_toast->show(
        tr("Removing the callback to %1 in 5 seconds").arg(toQString(callback.url)), tr("Undo"), undoWindow, [] {},
        [this, id = callback.id] { m_callbacks.remove(id); });
}

} // namespace sandglass::ui
