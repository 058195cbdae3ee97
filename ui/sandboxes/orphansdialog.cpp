#include "ui/sandboxes/orphansdialog.h"

#include "models/sandboxes/orphanlistmodel.h"
#include "ui/sandboxes/orphandelegate.h"
#include "ui/text/format.h"
#include "ui/theme/theme.h"
#include "ui/widgets/buttons.h"
#include "ui/widgets/card.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/row.h"
#include "ui/widgets/tableview.h"

#include <QComboBox>
#include <QHBoxLayout>
#include <QLabel>
#include <QProgressBar>
#include <QPushButton>
#include <QVBoxLayout>

namespace sandglass::ui {

using models::OrphanListModel;
using Stage = OrphanListModel::Stage;

OrphansDialog::OrphansDialog(OrphanListModel &orphans, QWidget *parent)
    : QDialog(parent)
    , m_orphans(orphans)
    , m_heading(makeMuted({}))
    , m_owner(new QComboBox)
    , m_age(new QComboBox)
    , m_all(makeButton(tr("Choose all shown"), QStringLiteral("chooseAllOrphans")))
    , m_none(makeButton(tr("Choose none"), QStringLiteral("chooseNoOrphans")))
    , m_table(new TableView(QStringLiteral("orphanTable")))
    , m_summary(makeMuted({}))
    , m_progress(new QProgressBar)
    , m_close(makeButton(tr("Close"), QStringLiteral("closeOrphans")))
    , m_back(makeButton(tr("Back"), QStringLiteral("orphansBack")))
    , m_dryRun(makePrimaryButton(tr("Dry run"), QStringLiteral("orphansDryRun")))
    , m_kill(makeDangerButton(tr("Kill"), QStringLiteral("killOrphans")))
    , m_stop(makeButton(tr("Stop"), QStringLiteral("stopOrphans")))
{
    setObjectName(QStringLiteral("orphansDialog"));
    setWindowTitle(tr("Sandboxes without a record"));
    m_heading->setWordWrap(true);
    m_heading->setObjectName(QStringLiteral("orphansHeading"));
    m_table->setAccessibleName(tr("Sandboxes without a record"));
    m_table->setItemDelegate(new OrphanDelegate(m_table));
    m_table->setModel(&m_orphans);
    m_table->setColumnWidths({36, 176, 110, 150, 84, 92, -1, -1});
    m_summary->setObjectName(QStringLiteral("orphansSummary"));
    m_summary->setWordWrap(true);
    m_progress->setTextVisible(false);
    m_progress->setFixedHeight(4);
    m_progress->setAccessibleName(tr("Killed so far"));
    auto *card = new Card;
    card->setFlush();
    card->body()->addWidget(m_table);
    auto *layout = new QVBoxLayout(this);
    layout->setContentsMargins(metrics::pageMargin, metrics::pageMargin, metrics::pageMargin, metrics::cardGap);
    layout->setSpacing(metrics::gap);
    layout->addWidget(m_heading);
    layout->addWidget(m_filter = buildFilter());
    layout->addWidget(card, 1);
    layout->addWidget(m_progress);
    layout->addWidget(buildButtons());
    resize(980, 540);
    connect(&m_orphans, &OrphanListModel::countsChanged, this, &OrphansDialog::update);
    connect(&m_orphans, &OrphanListModel::choiceChanged, this, &OrphansDialog::update);
    connect(&m_orphans, &OrphanListModel::progressed, this, &OrphansDialog::update);
    connect(&m_orphans, &OrphanListModel::stageChanged, this, [this] {
        update();
        if (m_isLeaving && m_orphans.stage() != Stage::Killing)
            reject();
    });
    applyFilter();
    update();
    m_table->setFocus();
}

QWidget *OrphansDialog::buildFilter()
{
    auto *row = new QWidget;
    auto *layout = makeRow(row, metrics::gap);
    using lifecycle::AgeTier;
    using lifecycle::Owner;
    m_owner->setObjectName(QStringLiteral("orphanOwner"));
    m_owner->setAccessibleName(tr("Owner"));
    m_owner->addItem(tr("Any owner"));
    m_owner->addItem(tr("Unknown owner"), static_cast<int>(Owner::Unknown));
    m_owner->addItem(tr("This program"), static_cast<int>(Owner::Mine));
    m_owner->addItem(tr("Another installation"), static_cast<int>(Owner::Other));
    m_age->setObjectName(QStringLiteral("orphanAge"));
    m_age->setAccessibleName(tr("Age"));
    m_age->addItem(tr("Any age"));
    m_age->addItem(tr("Under 1 hour"), static_cast<int>(AgeTier::Hour));
    m_age->addItem(tr("1 to 24 hours"), static_cast<int>(AgeTier::Day));
    m_age->addItem(tr("Over a day"), static_cast<int>(AgeTier::Older));
    m_age->addItem(tr("Age unknown"), static_cast<int>(AgeTier::Unknown));
    layout->addWidget(m_owner);
    layout->addWidget(m_age);
    layout->addStretch(1);
    layout->addWidget(m_all);
    layout->addWidget(m_none);
    connect(m_owner, &QComboBox::currentIndexChanged, this, &OrphansDialog::applyFilter);
    connect(m_age, &QComboBox::currentIndexChanged, this, &OrphansDialog::applyFilter);
    connect(m_all, &QPushButton::clicked, this, [this] { m_orphans.chooseShown(true); });
    connect(m_none, &QPushButton::clicked, this, [this] { m_orphans.chooseShown(false); });
    return row;
}

QWidget *OrphansDialog::buildButtons()
{
    auto *row = new QWidget;
    auto *layout = makeRow(row, metrics::gap);
    layout->addWidget(m_summary, 1);
    for (QPushButton *button : {m_close, m_back, m_stop, m_dryRun, m_kill}) {
        button->setAutoDefault(false); // Return in the table kills nothing
        layout->addWidget(button);
    }
    connect(m_close, &QPushButton::clicked, this, &OrphansDialog::reject);
    connect(m_back, &QPushButton::clicked, &m_orphans, &OrphanListModel::back);
    connect(m_dryRun, &QPushButton::clicked, &m_orphans, &OrphanListModel::dryRun);
    connect(m_kill, &QPushButton::clicked, &m_orphans, &OrphanListModel::kill);
    connect(m_stop, &QPushButton::clicked, &m_orphans, &OrphanListModel::cancel);
    return row;
}

void OrphansDialog::applyFilter()
{
    OrphanListModel::Filter filter;
    if (const QVariant owner = m_owner->currentData(); owner.isValid())
        filter.owner = static_cast<lifecycle::Owner>(owner.toInt());
    if (const QVariant age = m_age->currentData(); age.isValid())
        filter.age = static_cast<lifecycle::AgeTier>(age.toInt());
    m_orphans.setFilter(filter);
}

QString OrphansDialog::summary() const
{
    const QString targets = formatCount(m_orphans.targetCount());
    switch (m_orphans.stage()) {
    case Stage::Choosing:
        return m_orphans.counts().all == 0
            ? tr("None is left.")
            : tr("%1 of %2 chosen").arg(formatCount(m_orphans.chosenCount()), formatCount(m_orphans.counts().all));
    case Stage::DryRun:
        return tr("%1 would be killed, %2 spared. Nothing has been sent yet; a kill cannot be undone.")
            .arg(targets, formatCount(m_orphans.sparedCount()));
    case Stage::Killing:
        return tr("%1 of %2 answered").arg(formatCount(m_orphans.answeredCount()), targets);
    case Stage::Done:
        break;
    }
    const lifecycle::CleanUpResult &result = m_orphans.result();
    QString text = tr("%1 killed").arg(formatCount(static_cast<int>(result.killed.size())));
    if (!result.failed.empty())
        text += tr(", %1 failed").arg(formatCount(static_cast<int>(result.failed.size())));
    if (!result.skipped.empty())
        text += tr(", %1 not asked").arg(formatCount(static_cast<int>(result.skipped.size())));
    return tr("%1. The audit log on the Budgets page has each of them.").arg(text);
}

void OrphansDialog::update()
{
    const Stage stage = m_orphans.stage();
    const int targets = m_orphans.targetCount();
    m_heading->setText(
        tr("The provider lists these sandboxes, but no event has told this program of them. The owner is "
           "what their metadata says. None of them is touched unless you choose it."));
    for (QWidget *widget : std::initializer_list<QWidget *>{m_owner, m_age, m_all, m_none})
        widget->setEnabled(stage == Stage::Choosing);
    m_summary->setText(summary());
    m_progress->setVisible(stage == Stage::Killing);
    m_progress->setRange(0, std::max(targets, 1));
    m_progress->setValue(m_orphans.answeredCount());
    m_close->setVisible(stage != Stage::Killing);
    m_back->setVisible(stage == Stage::DryRun || stage == Stage::Done);
    m_dryRun->setVisible(stage == Stage::Choosing);
    m_dryRun->setEnabled(m_orphans.chosenCount() > 0);
    m_kill->setVisible(stage == Stage::DryRun);
    m_kill->setEnabled(targets > 0);
    m_kill->setText(targets == 1 ? tr("Kill 1 sandbox") : tr("Kill %1 sandboxes").arg(formatCount(targets)));
    m_kill->setAccessibleName(m_kill->text());
    m_stop->setVisible(stage == Stage::Killing);
    m_table->setColumnHidden(OrphanListModel::FateColumn, stage == Stage::Choosing);
    m_table->setColumnHidden(OrphanListModel::MetadataColumn, stage != Stage::Choosing);
}

void OrphansDialog::reject()
{
    if (m_orphans.stage() == Stage::Killing) {
        m_isLeaving = true;
        m_orphans.cancel();
        return;
    }
    m_orphans.setFilter({});
    m_orphans.back();
    QDialog::reject();
}

} // namespace sandglass::ui
