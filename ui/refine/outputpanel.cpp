#include "ui/refine/outputpanel.h"

#include "models/runs/outputmodel.h"
#include "ui/refine/diffview.h"
#include "ui/refine/outputview.h"
#include "ui/refine/resultsview.h"
#include "ui/theme/theme.h"
#include "ui/widgets/elidedlabel.h"

#include <QButtonGroup>
#include <QHBoxLayout>
#include <QPainter>
#include <QPushButton>
#include <QStackedWidget>
#include <QVBoxLayout>

namespace sandglass::ui {

using models::OutputModel;

OutputPanel::OutputPanel(QWidget *parent)
    : QFrame(parent)
    , m_tabs{}
    , m_stack(new QStackedWidget(this))
    , m_output(new OutputView(this))
    , m_results(new ResultsView(this))
    , m_diff(new DiffView(this))
    , m_state(new ElidedLabel({}, this))
    , m_past(new OutputModel(this))
{
    setObjectName(QStringLiteral("outputPanel"));
    m_state->setObjectName(QStringLiteral("stateLine"));
    m_state->setProperty("role", QStringLiteral("faint"));
    m_stack->addWidget(m_output);
    m_stack->addWidget(m_results);
    m_stack->addWidget(m_diff);
    m_output->setProperty("flat", true);
    m_results->setProperty("flat", true);
    m_output->setPlaceholder(
        tr("No output yet"),
        tr("Press Ctrl+Enter to run the code in a sandbox. What it prints appears here as it comes."));
    m_diff->setDiff({}, tr("From the second attempt on, this shows what changed against the attempt before."));
    auto *layout = new QVBoxLayout(this);
    layout->setContentsMargins(20, 4, 8, metrics::gap);
    layout->setSpacing(4);
    buildTabs();
    layout->addWidget(m_stack, 1);
    setTab(OutputTab);
}

void OutputPanel::buildTabs()
{
    auto *row = new QHBoxLayout;
    row->setSpacing(18);
    row->setContentsMargins(0, 0, 12, 0);
    auto *group = new QButtonGroup(this);
    const std::array names = {tr("Output"), tr("Results"), tr("Diff")};
    for (std::size_t i = 0; i < m_tabs.size(); ++i) {
        auto *tab = new QPushButton(names[i], this);
        tab->setObjectName(QStringLiteral("tab%1").arg(i));
        tab->setProperty("kind", QStringLiteral("tab"));
        tab->setCheckable(true);
        tab->setCursor(Qt::PointingHandCursor);
        group->addButton(tab, static_cast<int>(i));
        row->addWidget(tab);
        m_tabs[i] = tab;
    }
    row->addStretch(1);
    row->addWidget(m_state);
    static_cast<QVBoxLayout *>(layout())->addLayout(row);
    connect(group, &QButtonGroup::idToggled, this, [this](int id, bool checked) {
        if (checked)
            m_stack->setCurrentIndex(id);
    });
}

void OutputPanel::setLiveOutput(OutputModel *model)
{
    m_live = model;
    m_output->setModel(model);
}

void OutputPanel::setResults(const std::vector<e2b::ExecutionResult> &results)
{
    m_results->setResults(results);
    m_tabs[ResultsTab]->setText(results.empty() ? tr("Results") : tr("Results %1").arg(results.size()));
}

void OutputPanel::showAttempt(const models::AttemptRow &attempt, bool isNewest)
{
    if (isNewest) {
        m_output->setModel(m_live);
    } else {
        m_past->setLines(attempt.output);
        m_output->setModel(m_past);
    }
    setResults(attempt.results);
    m_tabs[DiffTab]->setText(attempt.number > 1 ? tr("Diff to attempt %1").arg(attempt.number - 1) : tr("Diff"));
    m_diff->setDiff(attempt.diff,
                    attempt.number > 1 ? tr("The code is the same as in the attempt before.")
                                       : tr("This is the first attempt; there is nothing to compare with."));
}

void OutputPanel::paintEvent(QPaintEvent *)
{
    QPainter(this).fillRect(rect(), Theme::tokens().surface);
}

void OutputPanel::setStateLine(const QString &text)
{
    m_state->setText(text);
}

void OutputPanel::setTab(Tab tab)
{
    m_tabs[tab]->setChecked(true);
    m_stack->setCurrentIndex(tab);
}

OutputPanel::Tab OutputPanel::tab() const
{
    return static_cast<Tab>(m_stack->currentIndex());
}

} // namespace sandglass::ui
