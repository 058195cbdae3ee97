#include "ui/budgets/auditcard.h"

#include "models/budgets/auditmodel.h"
#include "models/budgets/guarddesk.h"
#include "services/core/qtstring.h"
#include "ui/budgets/budgetdelegate.h"
#include "ui/costs/csv.h"
#include "ui/widgets/buttons.h"
#include "ui/widgets/card.h"
#include "ui/widgets/emptystate.h"
#include "ui/widgets/filedialogs.h"
#include "ui/widgets/tableview.h"

#include <QItemSelectionModel>
#include <QStackedWidget>
#include <QVBoxLayout>

#include <algorithm>

using namespace Qt::Literals::StringLiterals;

namespace sandglass::ui {

using models::AuditModel;

namespace {

constexpr int rowsSeen = 6;

} // namespace

AuditCard::AuditCard(AuditModel &audit, models::GuardDesk &desk, QWidget *parent)
    : QWidget(parent)
    , m_audit(audit)
    , m_desk(desk)
    , m_stack(new QStackedWidget)
    , m_table(new TableView(u"auditTable"_s))
    , m_resume(makeButton(tr("Resume"), u"undoPause"_s))
    , m_export(makeButton(tr("Export CSV…"), u"exportAudit"_s))
{
    auto *card = new Card(tr("What the guard did"));
    card->setFlush();
    m_resume->setToolTip(tr("Undo of a pause: the sandbox runs again for 15 minutes."));
    card->titleRow()->addWidget(m_resume);
    card->titleRow()->addWidget(m_export);
    m_table->setAccessibleName(tr("What the guard did"));
    m_table->setItemDelegate(new AuditDelegate(m_table));
    m_table->setModel(&m_audit);
    m_table->setColumnWidths({138, 64, 90, 182, -1, -1});
    m_table->fixHeight(rowsSeen);
    m_stack->setFixedHeight(m_table->height());
    m_stack->addWidget(m_table);
    m_stack->addWidget(new EmptyState(
        tr("Nothing yet"), tr("Every alert, every pause and kill, and what a dry run would have done, is kept here.")));
    card->body()->addWidget(m_stack);
    auto *layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->addWidget(card);
    connect(m_resume, &QPushButton::clicked, this, &AuditCard::resumeSelected);
    connect(m_export, &QPushButton::clicked, this, &AuditCard::exportAll);
    connect(m_table->selectionModel(), &QItemSelectionModel::selectionChanged, this, &AuditCard::update);
    connect(&m_audit, &QAbstractItemModel::rowsInserted, this, &AuditCard::update);
    update();
}

void AuditCard::resumeSelected()
{
    const QModelIndexList rows = m_table->selectionModel()->selectedRows();
    for (const QModelIndex &row : rows) {
        if (row.data(AuditModel::IsUndoableRole).toBool())
            m_desk.resume(m_audit.at(row.row()).target);
    }
}

void AuditCard::exportAll()
{
    askWhereToSave(this, tr("Export the audit log"), QStringLiteral("sandglass-audit.csv"), tr("CSV files (*.csv)"),
                   [this](const QString &path) {
                       exportTo(this, path, csv(), [this](const QString &told) { Q_EMIT toast(told); });
                   });
}

QByteArray AuditCard::csv() const
{
    QString text = csvRecord({u"at"_s, u"who"_s, u"verb"_s, u"sandbox"_s, u"why"_s, u"answer"_s});
    for (int row = 0; row < m_audit.rowCount(); ++row) {
        const cost::AuditEntry &entry = m_audit.at(row);
        text += csvRecord({toQString(formatRfc3339(entry.at, 3)), toQString(entry.who), toQString(entry.verb),
                           toQString(entry.target), toQString(entry.why), toQString(entry.answer)});
    }
    return text.toUtf8();
}

void AuditCard::update()
{
    m_stack->setCurrentIndex(m_audit.rowCount() > 0 ? 0 : 1);
    m_export->setEnabled(m_audit.rowCount() > 0);
    const QModelIndexList rows = m_table->selectionModel()->selectedRows();
    m_resume->setEnabled(std::ranges::any_of(
        rows, [](const QModelIndex &row) { return row.data(AuditModel::IsUndoableRole).toBool(); }));
}

} // namespace sandglass::ui
