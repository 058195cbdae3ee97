#include "ui/webhooks/refusedpanel.h"

#include "models/webhooks/curlcommand.h"
#include "models/webhooks/quarantinemodel.h"
#include "services/core/qtstring.h"
#include "ui/text/format.h"
#include "ui/theme/theme.h"
#include "ui/webhooks/detailslabel.h"
#include "ui/webhooks/tablepane.h"
#include "ui/webhooks/webhookdelegate.h"
#include "ui/widgets/buttons.h"
#include "ui/widgets/emptystate.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/row.h"
#include "ui/widgets/tableview.h"
#include "ui/widgets/toast.h"

#include <QClipboard>
#include <QGuiApplication>
#include <QItemSelectionModel>
#include <QLabel>
#include <QPushButton>
#include <QVBoxLayout>

using namespace std::chrono_literals;

namespace sandglass::ui {

using models::QuarantineModel;

namespace {
constexpr auto undoWindow = 5s;
}

RefusedPanel::RefusedPanel(QuarantineModel &quarantine, QWidget *parent) : QWidget(parent), m_quarantine(quarantine)
{
    m_table = new TableView(QStringLiteral("refusedTable"));
    m_table->setAccessibleName(tr("Refused deliveries"));
    m_table->setItemDelegate(new RefusedDelegate(m_table));
    m_table->setModel(&m_quarantine);
    m_table->setColumnWidths({110, 148, 80, 120, -1});
    m_pane =
        new TablePane(m_table,
                      new EmptyState(tr("Nothing was refused"),
                                     tr("A delivery that is not signed as it should be lands here, with the mistake "
                                        "named and the way to mend it.")));
    m_details = new DetailsLabel(QStringLiteral("refusedDetails"));
    auto *layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(metrics::gap);
    layout->addWidget(buildBar());
    layout->addWidget(m_pane, 1);
    layout->addWidget(m_details);
    m_toast = new Toast(this);
    connect(m_table->selectionModel(), &QItemSelectionModel::selectionChanged, this, &RefusedPanel::updateSelection);
    connect(&m_quarantine, &QAbstractItemModel::modelAboutToBeReset, this, [this] { m_selected = currentId(); });
    connect(&m_quarantine, &QAbstractItemModel::modelReset, this, [this] {
        if (const int row = m_quarantine.rowOf(m_selected); row >= 0)
            m_table->selectRow(row);
        updateState();
    });
    connect(&m_quarantine, &QuarantineModel::countsChanged, this, &RefusedPanel::updateState);
    connect(&m_quarantine, &QuarantineModel::retried, this,
            [this](qint64, const Result<bool> &outcome) { onRetried(outcome); });
    updateState();
}

QWidget *RefusedPanel::buildBar()
{
    auto *bar = new QWidget;
    m_retry = makeButton(tr("Judge again"), QStringLiteral("retryRefused"));
    m_retry->setToolTip(tr("Takes the delivery after all when it fits one of the secrets of now."));
    m_curl = makeButton(tr("Copy as curl"), QStringLiteral("copyRefused"));
    m_remove = makeButton(tr("Forget"), QStringLiteral("forgetRefused"));
    m_clear = makeDangerButton(tr("Forget all"), QStringLiteral("clearRefused"));
    m_skipped = makeMuted({});
    makeRow(bar, metrics::gap, {m_retry, m_curl, m_remove, m_clear})->addWidget(m_skipped, 1);
    connect(m_retry, &QPushButton::clicked, this, [this] { m_quarantine.retry(currentId()); });
    connect(m_curl, &QPushButton::clicked, this, &RefusedPanel::copyCurl);
    connect(m_remove, &QPushButton::clicked, this, [this] { m_quarantine.remove(currentId()); });
    connect(m_clear, &QPushButton::clicked, this, &RefusedPanel::clear);
    return bar;
}

void RefusedPanel::settle()
{
    m_toast->settle();
}

qint64 RefusedPanel::currentId() const
{
    const int row = m_pane->currentRow();
    return row < 0 ? 0 : m_quarantine.at(row).id;
}

void RefusedPanel::updateState()
{
    const auto &counts = m_quarantine.counts();
    const auto left = static_cast<std::int64_t>(counts.skipped + counts.evicted);
    m_skipped->setText(left > 0 ? tr("%1 more were counted, not kept").arg(formatCount(left)) : QString());
    m_pane->showTable(m_quarantine.rowCount() > 0);
    m_clear->setEnabled(m_quarantine.rowCount() > 0);
    updateSelection();
}

void RefusedPanel::updateSelection()
{
    const int row = m_quarantine.rowOf(currentId());
    m_curl->setEnabled(row >= 0);
    m_remove->setEnabled(row >= 0);
    m_retry->setEnabled(row >= 0 && QuarantineModel::canRetry(m_quarantine.at(row)));
    if (row < 0)
        return m_details->showText({});
    const lifecycle::QuarantineEntry &entry = m_quarantine.at(row);
    const QString certainty =
        entry.diagnosis.isProven ? tr("Found by trying it out.") : tr("The likeliest explanation.");
    m_details->showText(tr("%1\n%2 %3 with %4 from %5, answered %6 %7. %8")
                            .arg(toQString(explain(entry.diagnosis)), toQString(entry.method), toQString(entry.path),
                                 formatBytes(static_cast<std::int64_t>(entry.bodySize)), toQString(entry.remote))
                            .arg(entry.status)
                            .arg(toQString(entry.message), certainty));
}

void RefusedPanel::copyCurl()
{
    const int row = m_quarantine.rowOf(currentId());
    if (row < 0)
        return;
    QGuiApplication::clipboard()->setText(models::curlCommand(m_quarantine.at(row), m_quarantine.receiverUrl()));
    Q_EMIT toast(tr("Copied the delivery as a command"));
}

void RefusedPanel::clear()
{
    m_toast->show(
        tr("Forgetting %n refused deliveries in 5 seconds", nullptr, m_quarantine.rowCount()), tr("Undo"), undoWindow,
        [] {}, [this] { m_quarantine.clear(); });
}

void RefusedPanel::onRetried(const Result<bool> &outcome)
{
    if (!outcome)
        return Q_EMIT toast(tr("Refused again: %1").arg(toQString(outcome.error().message)));
    Q_EMIT toast(*outcome ? tr("Accepted: the event is in the journal now") : tr("The journal had this event already"));
}

} // namespace sandglass::ui
