#include "ui/analytics/whatifpanel.h"

#include "models/analytics/analytics.h"
#include "services/core/qtstring.h"
#include "ui/text/format.h"
#include "ui/theme/theme.h"
#include "ui/widgets/buttons.h"
#include "ui/widgets/card.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/wheelguard.h"

#include <QComboBox>
#include <QGridLayout>
#include <QHBoxLayout>
#include <QLabel>
#include <QPushButton>
#include <QSignalBlocker>
#include <QSpinBox>
#include <QVBoxLayout>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <initializer_list>

using namespace Qt::Literals::StringLiterals;

namespace sandglass::ui {

namespace {

constexpr int mostVcpu = 64, mostMiB = 262'144, memoryStep = 512, mostAtOnce = 100'000;
constexpr std::chrono::days monthLength(30);
constexpr double mostDollars = 9e6; ///< that money of whole pico-dollars can hold
constexpr double mostMinutes = 24 * 60;
constexpr double usualMinutes = 5; ///< timeout of a sandbox whose creator has not said

std::chrono::milliseconds fromMinutes(double minutes)
{
    return std::chrono::milliseconds(std::llround(minutes * 60'000));
}

/// "−$1.20 (−40 %)".
QString differenceText(Money was, Money now)
{
    const bool isLess = now < was;
    const QString sign = isLess ? u"−"_s : now == was ? QString() : u"+"_s;
    const Money amount = isLess ? was - now : now - was;
    const QString money = amount.isZero() ? formatMoney(amount) : sign + formatMoney(amount);
    if (was.isZero() || amount.isZero())
        return money;
    return money + u" (%1%2 %)"_s.arg(sign).arg(100 * amount.toDollars() / was.toDollars(), 0, 'f', 0);
}

} // namespace

WhatIfPanel::WhatIfPanel(models::Analytics &analytics, QWidget *parent) : QWidget(parent), m_analytics(analytics)
{
    build();
    for (QSpinBox *box : {m_vcpu, m_memory, m_atOnce})
        connect(box, &QSpinBox::valueChanged, this, &WhatIfPanel::ask);
    for (QDoubleSpinBox *box : {m_was, m_now})
        connect(box, &QDoubleSpinBox::valueChanged, this, &WhatIfPanel::ask);
    connect(m_plan, &QComboBox::currentIndexChanged, this, &WhatIfPanel::ask);
    connect(m_reset, &QPushButton::clicked, this, &WhatIfPanel::reset);
    connect(&m_analytics, &models::Analytics::changed, this, [this] { fill(m_analytics.latest()); });
    fill({});
}

void WhatIfPanel::build()
{
    auto *card = new Card(tr("What if"));
    card->setHint(tr("the same use, priced otherwise"));
    m_reset = makeQuietButton(tr("As it was"), u"whatIfReset"_s);
    m_reset->setToolTip(tr("Take all changes back"));
    card->titleRow()->addWidget(m_reset);
    m_notes = makeMuted({});
    m_notes->setObjectName(u"whatIfNotes"_s);
    m_notes->setWordWrap(true);
    m_notes->setToolTip(tr("To compare: infrastructure of one's own was estimated at $440 to $580 a month."));
    m_notes->setTextInteractionFlags(Qt::TextSelectableByMouse);
    card->body()->addWidget(buildFields());
    card->body()->addWidget(buildFigures());
    card->body()->addWidget(m_notes);
    card->body()->addStretch(1);
    auto *layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->addWidget(card);
}

QWidget *WhatIfPanel::buildFields()
{
    const auto makeCount = [](const QString &objectName, const QString &name, int most, int step) {
        auto *box = new QSpinBox;
        box->setObjectName(objectName);
        box->setAccessibleName(name);
        box->setRange(0, most);
        box->setSingleStep(step);
        box->setSpecialValueText(WhatIfPanel::tr("as it was"));
        return box;
    };
    const auto makeMinutes = [](const QString &objectName, const QString &name) {
        auto *box = new QDoubleSpinBox;
        box->setObjectName(objectName);
        box->setAccessibleName(name);
        box->setRange(0, mostMinutes);
        box->setDecimals(1);
        box->setSuffix(WhatIfPanel::tr(" min"));
        box->setButtonSymbols(QAbstractSpinBox::NoButtons);
        return box;
    };
    m_vcpu = makeCount(u"whatIfVcpu"_s, tr("vCPU instead"), mostVcpu, 1);
    m_memory = makeCount(u"whatIfMemory"_s, tr("Memory in MiB instead"), mostMiB, memoryStep);
    m_memory->setSuffix(tr(" MiB"));
    m_was = makeMinutes(u"whatIfTimeoutWas"_s, tr("Idle timeout that was in force, in minutes"));
    m_was->setValue(usualMinutes);
    m_now = makeMinutes(u"whatIfTimeoutNow"_s, tr("Idle timeout instead, in minutes"));
    m_now->setSpecialValueText(tr("as it was"));
    m_plan = new QComboBox;
    m_plan->setObjectName(u"whatIfPlan"_s);
    m_plan->setAccessibleName(tr("Plan instead"));
    m_plan->addItem(tr("as it was"));
    for (const cost::Plan &plan : cost::listPlans())
        m_plan->addItem(tr("%1: %2 at once, %3")
                            .arg(toQString(plan.name), formatCount(plan.maxConcurrent), formatLeft(plan.longestRun)));
    m_atOnce = makeCount(u"whatIfAtOnce"_s, tr("Most at once instead"), mostAtOnce, 1);

    for (QWidget *field : std::initializer_list<QWidget *>{m_vcpu, m_memory, m_was, m_now, m_plan, m_atOnce})
        guardFromWheel(field);
    auto *fields = new QWidget;
    auto *grid = new QGridLayout(fields);
    grid->setContentsMargins(0, 0, 0, 0);
    grid->setHorizontalSpacing(metrics::gap);
    grid->setVerticalSpacing(metrics::gap);
    const auto addRow = [grid](int row, const QString &name, QWidget *first, const QString &between, QWidget *second) {
        grid->addWidget(makeMuted(name), row, 0);
        grid->addWidget(first, row, 1);
        if (second == nullptr)
            return;
        grid->addWidget(makeMuted(between), row, 2);
        grid->addWidget(second, row, 3);
    };
    addRow(0, tr("vCPU"), m_vcpu, tr("memory"), m_memory);
    addRow(1, tr("Idle timeout"), m_was, tr("becomes"), m_now);
    addRow(2, tr("Plan"), m_plan, tr("at once"), m_atOnce);
    grid->setColumnStretch(1, 1);
    grid->setColumnStretch(3, 1);
    return fields;
}

QWidget *WhatIfPanel::buildFigures()
{
    auto *row = new QWidget;
    auto *layout = new QHBoxLayout(row);
    layout->setContentsMargins(0, 4, 0, 0);
    layout->setSpacing(metrics::cardGap);
    const std::array<std::pair<QString, QString>, 3> names = {std::pair(tr("Was"), u"whatIfWas"_s),
                                                              std::pair(tr("Would be"), u"whatIfWould"_s),
                                                              std::pair(tr("Difference"), u"whatIfDifference"_s)};
    for (std::size_t i = 0; i < names.size(); ++i) {
        auto *column = new QVBoxLayout;
        column->setSpacing(0);
        column->addWidget(makeMuted(names[i].first));
        m_figures[i] = makeHeading(u"—"_s);
        m_figures[i]->setObjectName(names[i].second);
        m_figures[i]->setAccessibleName(names[i].first);
        column->addWidget(m_figures[i]);
        layout->addLayout(column, 1);
    }
    return row;
}

cost::WhatIf WhatIfPanel::change() const
{
    cost::WhatIf change;
    if (m_vcpu->value() > 0)
        change.vcpuCount = m_vcpu->value();
    if (m_memory->value() > 0)
        change.memoryMb = m_memory->value();
    if (m_now->value() > 0) {
        change.idleTimeoutWas = fromMinutes(m_was->value());
        change.idleTimeoutNow = fromMinutes(m_now->value());
    }
    if (m_plan->currentIndex() > 0)
        change.plan = cost::listPlans()[static_cast<std::size_t>(m_plan->currentIndex() - 1)];
    if (m_atOnce->value() > 0)
        change.maxConcurrent = m_atOnce->value();
    return change;
}

void WhatIfPanel::ask()
{
    m_analytics.setWhatIf(change());
}

void WhatIfPanel::reset()
{
    for (QSpinBox *box : {m_vcpu, m_memory, m_atOnce}) {
        const QSignalBlocker quiet(box);
        box->setValue(0);
    }
    {
        const QSignalBlocker quiet(m_now);
        m_now->setValue(0);
    }
    {
        const QSignalBlocker quiet(m_plan);
        m_plan->setCurrentIndex(0);
    }
    ask();
}

void WhatIfPanel::fill(const models::AnalysisPtr &analysis)
{
    if (!analysis || !m_analytics.isCurrent()) {
        for (QLabel *figure : m_figures)
            figure->setText(u"…"_s);
        return;
    }
    const cost::WhatIfResult &result = analysis->whatIf;
    m_figures[0]->setText(formatMoney(result.was));
    m_figures[1]->setText(formatMoney(result.now));
    m_figures[2]->setText(differenceText(result.was, result.now));
    m_notes->setText(notes(*analysis));
}

QString WhatIfPanel::notes(const models::Analysis &analysis) const
{
    const cost::WhatIfResult &result = analysis.whatIf;
    if (analysis.whatIfRuns == 0)
        return tr("Nothing ran in this window.");
    QStringList sentences;
    sentences << tr("%1 stretches of running touch this window and are counted as a whole, at most %2 at once.")
                     .arg(formatCount(analysis.whatIfRuns), formatCount(result.mostAtOnce));
    if (result.unpriced > 0)
        sentences << tr("%1 of unknown size are in neither sum.").arg(formatCount(result.unpriced));
    if (m_now->value() > 0)
        sentences << tr("%1 ended by their timeout: those would have ended %2.")
                         .arg(formatCount(analysis.whatIfTimeouts),
                              m_now->value() < m_was->value() ? tr("earlier") : tr("later"));
    if (result.cutShort > 0)
        sentences << tr("The plan would have cut %1 short.").arg(formatCount(result.cutShort));
    if (result.delayed > 0)
        sentences << tr("%1 would have waited for a place, %2 at the most.")
                         .arg(formatCount(result.delayed), formatAge(result.longestWait));
    // What a shorter window tells is no month.
    if (analysis.chartTo - analysis.chartFrom >= std::chrono::days(1) && !result.was.isZero()) {
        const double months = std::chrono::duration<double>(monthLength) / (analysis.to - analysis.from);
        const double was = analysis.total.toDollars() * months;
        const auto money = [](double dollars) {
            return formatMoney(Money::fromPicoDollars(std::llround(std::min(dollars, mostDollars) * 1e12)));
        };
        sentences << tr("At the pace of this window: %1 in 30 days, would be %2.")
                         .arg(money(was), money(was * result.now.toDollars() / result.was.toDollars()));
    }
    if (result.feePerMonth)
        sentences << tr("The plan itself asks %1 a month.").arg(formatMoney(result.feePerMonth));
    return sentences.join(u' ');
}

} // namespace sandglass::ui
