#include "ui/webhooks/registrationspanel.h"

#include "services/core/ids.h"
#include "services/core/qtstring.h"
#include "ui/theme/theme.h"
#include "ui/webhooks/tablepane.h"
#include "ui/webhooks/testdialog.h"
#include "ui/webhooks/webhookdelegate.h"
#include "ui/webhooks/webhookdialog.h"
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

#include <utility>

using namespace std::chrono_literals;

namespace sandglass::ui {

using models::WebhookListModel;
using Verb = WebhookListModel::Verb;

namespace {
constexpr auto undoWindow = 5s;
}

RegistrationsPanel::RegistrationsPanel(WebhookListModel &webhooks, QWidget *parent)
    : QWidget(parent), m_webhooks(webhooks)
{
    auto *layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(metrics::gap);
    m_problem = makeLabel({}, "error");
    m_problem->setObjectName(QStringLiteral("webhookProblem"));
    m_problem->setWordWrap(true);
    m_problem->hide();
    layout->addWidget(buildBar());
    layout->addWidget(m_problem);
    layout->addWidget(buildTable(), 1);
    buildActions();
    m_toast = new Toast(this);
    connect(&m_webhooks, &WebhookListModel::stateChanged, this, &RegistrationsPanel::updateState);
    connect(&m_webhooks, &WebhookListModel::done, this, &RegistrationsPanel::onDone);
    connect(&m_webhooks, &QAbstractItemModel::dataChanged, this, &RegistrationsPanel::updateSelection);
    connect(&m_webhooks, &QAbstractItemModel::modelAboutToBeReset, this, [this] { m_selected = currentId(); });
    connect(&m_webhooks, &QAbstractItemModel::modelReset, this, [this] {
        if (const int row = m_webhooks.rowOf(m_selected); row >= 0)
            m_table->selectRow(row);
        updateState();
    });
    connect(m_table->selectionModel(), &QItemSelectionModel::selectionChanged, this, [this] {
        updateSelection();
        Q_EMIT currentChanged(currentId());
    });
    updateState();
}

QWidget *RegistrationsPanel::buildBar()
{
    m_test = makeButton(tr("Send test…"), QStringLiteral("testWebhook"));
    m_edit = makeButton(tr("Edit…"), QStringLiteral("editWebhook"));
    m_toggle = makeButton(tr("Switch off"), QStringLiteral("toggleWebhook"));
    m_rotate = makeButton(tr("Rotate secret"), QStringLiteral("rotateWebhook"));
    m_remove = makeDangerButton(tr("Remove"), QStringLiteral("removeWebhook"));
    connect(m_test, &QPushButton::clicked, this, &RegistrationsPanel::testCurrent);
    connect(m_edit, &QPushButton::clicked, this, &RegistrationsPanel::editCurrent);
    connect(m_toggle, &QPushButton::clicked, this, &RegistrationsPanel::toggleCurrent);
    connect(m_rotate, &QPushButton::clicked, this, &RegistrationsPanel::rotateCurrent);
    connect(m_remove, &QPushButton::clicked, this, &RegistrationsPanel::removeCurrent);
    return makeButtonBar({m_test, m_edit, m_toggle, m_rotate, m_remove});
}

QWidget *RegistrationsPanel::buildTable()
{
    m_table = new TableView(QStringLiteral("webhookTable"));
    m_table->setAccessibleName(tr("Webhooks"));
    m_table->setItemDelegate(new WebhookDelegate(m_table));
    m_table->setModel(&m_webhooks);
    m_table->setColumnWidths({184, -1, 118, 86, 84, 68});
    m_empty = new EmptyState({}, {});
    m_empty->setObjectName(QStringLiteral("webhooksEmpty"));
    m_pane = new TablePane(m_table, m_empty);
    m_pane->offerActionsOf(*this);
    connect(m_table, &QAbstractItemView::activated, this, &RegistrationsPanel::editCurrent);
    connect(m_empty, &EmptyState::actionTriggered, this, [this] {
        if (m_webhooks.state() == WebhookListModel::State::Loaded)
            openNewDialog();
        else
            m_webhooks.refresh();
    });
    return m_pane;
}

void RegistrationsPanel::buildActions()
{
    addAction(tr("Send &test…"), this, &RegistrationsPanel::testCurrent);
    addAction(tr("Show &deliveries"), this, &RegistrationsPanel::deliveriesRequested);
    addAction(tr("&Edit…"), QKeySequence(Qt::Key_F2), this, &RegistrationsPanel::editCurrent);
    addAction(tr("Switch &on or off"), this, &RegistrationsPanel::toggleCurrent);
    addAction(tr("&Rotate secret"), this, &RegistrationsPanel::rotateCurrent);
    addAction(tr("Re&move"), QKeySequence(Qt::Key_Delete), this, &RegistrationsPanel::removeCurrent);
    for (QAction *action : actions())
        action->setShortcutContext(Qt::WidgetWithChildrenShortcut);
}

void RegistrationsPanel::setReceiver(const QString &url, const QString &secret)
{
    m_url = url;
    m_secret = secret;
}

void RegistrationsPanel::settle()
{
    m_toast->settle();
}

bool RegistrationsPanel::isCloud() const
{
    return m_webhooks.connection().kind == e2b::Connection::Kind::Cloud;
}

QString RegistrationsPanel::currentId() const
{
    const int row = m_pane->currentRow();
    return row < 0 ? QString() : m_webhooks.index(row, 0).data(WebhookListModel::IdRole).toString();
}

const WebhookListModel::Row *RegistrationsPanel::currentRow() const
{
    const int row = m_webhooks.rowOf(currentId());
    return row < 0 ? nullptr : &m_webhooks.at(row);
}

void RegistrationsPanel::updateState()
{
    using State = WebhookListModel::State;
    const QString error = webhookErrorText(m_webhooks.error());
    const bool hasRows = m_webhooks.rowCount() > 0;
    switch (m_webhooks.state()) {
    case State::NotLoaded:
    case State::Loading:
        m_empty->setTexts(tr("Asking for the webhooks…"), toQString(m_webhooks.connection().name));
        break;
    case State::Loaded:
        m_empty->setTexts(tr("No webhooks here"),
                          tr("A webhook tells a receiver of everything that happens to sandboxes. Make one that leads "
                             "to this program, or to a server of yours."),
                          tr("New webhook"));
        break;
    case State::Failed:
        m_empty->setTexts(tr("The webhooks could not be read"), error, tr("Try again"));
        break;
    case State::NotSupported:
        m_empty->setTexts(tr("No webhooks at this connection"), error);
        break;
    }
    m_problem->setText(tr("Not up to date: %1").arg(error));
    m_problem->setVisible(hasRows && m_webhooks.state() == State::Failed);
    m_pane->showTable(hasRows);
    updateSelection();
}

void RegistrationsPanel::updateSelection()
{
    const WebhookListModel::Row *row = currentRow();
    const bool isFree = row != nullptr && !row->isBusy;
    for (QPushButton *button : {m_test, m_edit, m_toggle, m_rotate, m_remove})
        button->setEnabled(isFree);
    m_toggle->setText(row != nullptr && !row->info.enabled ? tr("Switch on") : tr("Switch off"));
}

void RegistrationsPanel::openNewDialog()
{
    auto *dialog = new WebhookDialog(m_webhooks, window());
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setReceiver(m_url, m_secret);
    connect(dialog, &WebhookDialog::tunnelRequested, this, &RegistrationsPanel::tunnelRequested);
    dialog->open();
}

void RegistrationsPanel::editCurrent()
{
    const WebhookListModel::Row *row = currentRow();
    if (row == nullptr || row->isBusy)
        return;
    auto *dialog = new WebhookDialog(m_webhooks, window());
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setReceiver(m_url, m_secret);
    dialog->edit(row->info);
    connect(dialog, &WebhookDialog::tunnelRequested, this, &RegistrationsPanel::tunnelRequested);
    dialog->open();
}

void RegistrationsPanel::toggleCurrent()
{
    if (const WebhookListModel::Row *row = currentRow(); row != nullptr && !row->isBusy)
        m_webhooks.setEnabled(currentId(), !row->info.enabled);
}

void RegistrationsPanel::rotateCurrent()
{
    const WebhookListModel::Row *row = currentRow();
    if (row == nullptr || row->isBusy)
        return;
    const int index = m_webhooks.rowOf(currentId());
    // One that leads here takes the secret this receiver knows; any other gets one of its own, shown once.
    const bool isOwn = m_webhooks.index(index, 0).data(WebhookListModel::OwnRole).toBool();
    m_webhooks.rotateSecret(currentId(), isOwn ? m_secret : toQString(newWebhookSecret()));
}

void RegistrationsPanel::testCurrent()
{
    const WebhookListModel::Row *row = currentRow();
    if (row == nullptr)
        return;
    const int index = m_webhooks.rowOf(currentId());
    const bool isOwn = m_webhooks.index(index, 0).data(WebhookListModel::OwnRole).toBool();
    auto *dialog =
        new TestDialog(m_webhooks, row->info, isOwn ? m_secret : m_webhooks.knownSecret(currentId()), window());
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->open();
}

void RegistrationsPanel::removeCurrent()
{
    const WebhookListModel::Row *row = currentRow();
    if (row == nullptr || row->isBusy)
        return;
    m_toast->show(
        tr("Removing %1 in 5 seconds").arg(toQString(row->info.name)), tr("Undo"), undoWindow, [] {},
        [this, id = currentId()] { m_webhooks.remove(id); });
}

void RegistrationsPanel::onDone(Verb verb, const QString &id, const Result<> &outcome)
{
    const int row = m_webhooks.rowOf(id);
    const QString name = row < 0 ? tr("The webhook") : toQString(m_webhooks.at(row).info.name);
    if (!outcome && verb != Verb::Create && verb != Verb::Edit) // those say so in their dialog
        return Q_EMIT toast(tr("%1 was not changed: %2").arg(name, webhookErrorText(outcome.error())));
    if (!outcome)
        return;
    switch (verb) {
    case Verb::Create:
        m_table->selectRow(row);
        return Q_EMIT toast(tr("%1 is registered").arg(name));
    case Verb::RotateSecret: {
        const QString secret = m_webhooks.knownSecret(id);
        if (secret == m_secret)
            return Q_EMIT toast(tr("%1 signs with this receiver's secret now").arg(name));
        auto *dialog = new SecretDialog(name, secret, window());
        dialog->setAttribute(Qt::WA_DeleteOnClose);
        return dialog->open();
    }
    case Verb::Edit:
        return Q_EMIT toast(tr("%1 is changed").arg(name));
    case Verb::Enable:
    case Verb::Disable:
    case Verb::Remove:
        return; // the table shows it
    }
}

} // namespace sandglass::ui
