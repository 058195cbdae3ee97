#include "ui/budgets/runawaycard.h"

#include "models/budgets/guarddesk.h"
#include "services/core/qtstring.h"
#include "ui/budgets/budgettext.h"
#include "ui/budgets/fields.h"
#include "ui/text/format.h"
#include "ui/theme/theme.h"
#include "ui/widgets/buttons.h"
#include "ui/widgets/card.h"
#include "ui/widgets/labels.h"

#include <QCheckBox>
#include <QComboBox>
#include <QGridLayout>
#include <QHBoxLayout>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QSpinBox>
#include <QVBoxLayout>

namespace sandglass::ui {

using models::RunawayPolicy;

RunawayCard::RunawayCard(models::GuardDesk &desk, QWidget *parent) : QWidget(parent), m_desk(desk)
{
    makeFields();
    layOut();
    fill();
    connect(&m_desk, &models::GuardDesk::runawayPolicyChanged, this, &RunawayCard::fill);
    connect(&m_desk, &models::GuardDesk::reported, this, &RunawayCard::updateState);
    for (QLineEdit *edit : {m_threshold, m_perTemplate, m_exceptions}) {
        connect(edit, &QLineEdit::textEdited, this, &RunawayCard::markEdited);
        connect(edit, &QLineEdit::returnPressed, this, &RunawayCard::apply);
    }
    connect(m_response, &QComboBox::activated, this, &RunawayCard::markEdited);
    connect(m_dryRun, &QCheckBox::clicked, this, &RunawayCard::markEdited);
    connect(m_grace, &QSpinBox::valueChanged, this, &RunawayCard::markEdited);
    connect(m_apply, &QPushButton::clicked, this, &RunawayCard::apply);
}

void RunawayCard::makeFields()
{
    m_state = makeMuted({});
    m_state->setObjectName(QStringLiteral("runawayState"));
    m_threshold = makeEdit(QStringLiteral("runawayThreshold"), tr("Threshold in minutes"));
    m_threshold->setMaximumWidth(90);
    m_perTemplate =
        makeEdit(QStringLiteral("runawayPerTemplate"), tr("Thresholds per template"), QStringLiteral("ml=120, web=30"));
    m_perTemplate->setToolTip(tr("Other thresholds for templates, in minutes: name=minutes, separated by commas."));
    m_response = makeCombo(QStringLiteral("runawayResponse"), tr("When one is found"),
                           {tr("Off"), tr("Only tell me"), tr("Pause it"), tr("Kill it")});
    m_dryRun = new QCheckBox(tr("Dry run"));
    m_dryRun->setObjectName(QStringLiteral("runawayDryRun"));
    m_dryRun->setToolTip(tr("Write down what would be done, touch nothing."));
    m_grace = makeGraceField(QStringLiteral("runawayGrace"), 90);
    m_exceptions =
        makeEdit(QStringLiteral("runawayExceptions"), tr("Exceptions"), QStringLiteral("template:ml, user=42, keep"));
    m_exceptions->setToolTip(tr("Listed, but never paused or killed."));
    m_apply = makeButton(tr("Apply"), QStringLiteral("applyRunaways"));
    m_problem = makeLabel({}, "error");
    m_problem->setObjectName(QStringLiteral("runawayProblem"));
    m_problem->setWordWrap(true);
}

void RunawayCard::layOut()
{
    auto *card = new Card(tr("Runaways"));
    card->setHint(tr("running longer than meant, pauses left out"));
    card->titleRow()->addWidget(m_state);
    auto *grid = new QGridLayout;
    grid->setHorizontalSpacing(metrics::cardGap);
    grid->setVerticalSpacing(metrics::gap);
    const auto row = [](std::initializer_list<QWidget *> widgets) {
        auto *layout = new QHBoxLayout;
        layout->setSpacing(metrics::gap);
        for (QWidget *widget : widgets)
            layout->addWidget(widget);
        layout->addStretch(1);
        return layout;
    };
    grid->addWidget(makeMuted(tr("Longer than")), 0, 0);
    grid->addLayout(row({m_threshold, makeMuted(tr("minutes"))}), 0, 1);
    grid->addWidget(makeMuted(tr("Per template")), 0, 2);
    grid->addWidget(m_perTemplate, 0, 3);
    grid->addWidget(makeMuted(tr("Then")), 1, 0);
    grid->addLayout(row({m_response, m_dryRun}), 1, 1);
    grid->addWidget(makeMuted(tr("Exceptions")), 1, 2);
    grid->addWidget(m_exceptions, 1, 3);
    grid->addWidget(makeMuted(tr("Grace")), 2, 0);
    grid->addLayout(row({m_grace}), 2, 1);
    auto *last = new QHBoxLayout;
    last->addWidget(m_problem, 1);
    last->addWidget(m_apply);
    grid->addLayout(last, 2, 2, 1, 2);
    grid->setColumnStretch(1, 2);
    grid->setColumnStretch(3, 3);
    card->body()->addLayout(grid);
    auto *layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->addWidget(card);
}

void RunawayCard::fill()
{
    const RunawayPolicy &policy = m_desk.runawayPolicy();
    m_threshold->setText(minutesText(policy.rules.threshold));
    m_perTemplate->setText(thresholdsText(policy.rules.perTemplate));
    m_response->setCurrentIndex(static_cast<int>(policy.response));
    m_dryRun->setChecked(policy.isDryRun);
    m_grace->setValue(static_cast<int>(policy.grace.count()));
    m_exceptions->setText(exceptionsText(policy.allowed));
    m_problem->clear();
    markEdited();
    m_apply->setEnabled(false);
    updateState();
}

void RunawayCard::markEdited()
{
    m_apply->setEnabled(true);
    const auto response = static_cast<RunawayPolicy::Response>(m_response->currentIndex());
    const bool acts = response == RunawayPolicy::Response::Pause || response == RunawayPolicy::Response::Kill;
    m_dryRun->setVisible(acts);
    m_grace->setEnabled(acts);
    m_exceptions->setEnabled(acts);
}

void RunawayCard::apply()
{
    const auto threshold = minutesFromText(m_threshold->text());
    if (!threshold)
        return m_problem->setText(tr("The threshold is no number of minutes."));
    auto perTemplate = thresholdsFromText(m_perTemplate->text());
    if (!perTemplate)
        return m_problem->setText(toQString(perTemplate.error().message));
    auto exceptions = exceptionsFromText(m_exceptions->text());
    if (!exceptions)
        return m_problem->setText(toQString(exceptions.error().message));
    RunawayPolicy policy;
    policy.rules.threshold = *threshold;
    policy.rules.perTemplate = std::move(*perTemplate);
    policy.response = static_cast<RunawayPolicy::Response>(m_response->currentIndex());
    policy.isDryRun = m_dryRun->isChecked();
    policy.grace = std::chrono::seconds(m_grace->value());
    policy.allowed = std::move(*exceptions);
    if (const auto set = m_desk.setRunawayPolicy(policy); !set)
        return m_problem->setText(toQString(set.error().message));
    Q_EMIT applied();
}

void RunawayCard::updateState()
{
    if (m_desk.runawayPolicy().response == RunawayPolicy::Response::Off)
        return m_state->setText(tr("nobody looks"));
    if (!m_desk.report())
        return m_state->setText(tr("adding up"));
    const auto &report = *m_desk.report();
    m_state->setText(report.runawayCount == 0 ? tr("none now")
                                              : tr("%1 now, the longest for %2")
                                                    .arg(formatCount(static_cast<std::int64_t>(report.runawayCount)))
                                                    .arg(formatAge(report.runaways.front().active)));
    QStringList longest;
    for (std::size_t i = 0; i < std::min<std::size_t>(report.runaways.size(), 10); ++i)
        longest << tr("%1 for %2").arg(toQString(report.runaways[i].sandboxId), formatAge(report.runaways[i].active));
    m_state->setToolTip(longest.join(u'\n'));
}

} // namespace sandglass::ui
