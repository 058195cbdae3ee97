#include "ui/budgets/budgetdelegate.h"

#include "models/budgets/auditmodel.h"
#include "models/budgets/budgetlistmodel.h"
#include "models/budgets/plannedmodel.h"
#include "services/cost/budget.h"
#include "ui/budgets/budgettext.h"
#include "ui/text/format.h"
#include "ui/theme/theme.h"
#include "ui/widgets/stateshape.h"

#include <QPainter>

#include <algorithm>

namespace sandglass::ui {

using models::AuditModel;
using models::BudgetListModel;
using models::PlannedModel;
using State = models::BudgetListModel::State;

namespace {

QColor colorOf(State state)
{
    const Tokens &t = Theme::tokens();
    switch (state) {
    case State::Fine:
        return t.run;
    case State::Near:
        return t.warn;
    case State::Over:
        return t.err;
    case State::Waiting:
    case State::Off:
        break;
    }
    return t.faint;
}

StateLook shapeOf(State state)
{
    switch (state) {
    case State::Fine:
        return StateLook::Running;
    case State::Near:
        return StateLook::Updated;
    case State::Over:
        return StateLook::Runaway;
    case State::Waiting:
    case State::Off:
        break;
    }
    return StateLook::Unknown;
}

QString amountText(cost::Budget::Measure measure, qint64 amount)
{
    switch (measure) {
    case cost::Budget::Measure::Money:
        return formatMoney(Money::fromPicoDollars(amount));
    case cost::Budget::Measure::Age:
        return formatAge(std::chrono::seconds(amount));
    default:
        return formatCount(amount);
    }
}

void paintBar(QPainter &painter, const QRect &area, double share, const QColor &color)
{
    const Tokens &t = Theme::tokens();
    const QRectF bar(area.left(), area.center().y() - 2, area.width(), 6);
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(Qt::NoPen);
    painter.setBrush(t.grid);
    painter.drawRoundedRect(bar, 3, 3);
    if (share <= 0)
        return;
    painter.setBrush(color);
    painter.drawRoundedRect(QRectF(bar.left(), bar.top(), std::max(4.0, bar.width() * std::min(share, 1.0)), 6), 3, 3);
}

} // namespace

QString BudgetDelegate::usedText(const QModelIndex &index)
{
    const auto measure = static_cast<cost::Budget::Measure>(index.data(BudgetListModel::MeasureRole).toInt());
    const QVariant used = index.data(BudgetListModel::UsedRole);
    const QString limit = amountText(measure, index.data(BudgetListModel::LimitRole).toLongLong());
    const QString sum = used.isValid() ? amountText(measure, used.toLongLong()) : QStringLiteral("–");
    const int unpriced = index.data(BudgetListModel::UnpricedRole).toInt();
    return unpriced > 0 ? tr("%1 of %2, %3 unknown").arg(sum, limit).arg(unpriced) : tr("%1 of %2").arg(sum, limit);
}

void BudgetDelegate::paintCell(QPainter &painter, const QRect &area, const QModelIndex &index) const
{
    const Tokens &t = Theme::tokens();
    const auto state = static_cast<State>(index.data(BudgetListModel::StateRole).toInt());
    switch (index.column()) {
    case BudgetListModel::NameColumn:
        return paintText(painter, area, index.data().toString(), state == State::Off ? t.faint : t.text);
    case BudgetListModel::UsedColumn:
        return paintText(painter, area, usedText(index), t.text);
    case BudgetListModel::ShareColumn: {
        const QVariant share = index.data(BudgetListModel::ShareRole);
        paintBar(painter, area.adjusted(0, 0, -56, 0), share.toDouble(), colorOf(state));
        const QString percent = share.isValid() ? tr("%1 %").arg(share.toDouble() * 100, 0, 'f', 0) : QString();
        return paintText(painter, area, percent, t.muted, Qt::AlignRight);
    }
    case BudgetListModel::StateColumn:
        paintShape(painter, QRectF(area.left(), area.top(), 10, area.height()), shapeOf(state));
        return paintText(painter, area.adjusted(18, 0, 0, 0), index.data().toString(), colorOf(state));
    default:
        paintText(painter, area, index.data().toString(), t.muted);
    }
}

void PlannedDelegate::paintCell(QPainter &painter, const QRect &area, const QModelIndex &index) const
{
    const Tokens &t = Theme::tokens();
    switch (index.column()) {
    case PlannedModel::LeftColumn:
        return paintText(painter, area,
                         formatAge(std::chrono::ceil<std::chrono::seconds>(
                             std::chrono::milliseconds(index.data(PlannedModel::LeftMsRole).toLongLong()))),
                         t.warn);
    case PlannedModel::TargetColumn:
        return paintMono(painter, area, index.data().toString(), t.text);
    case PlannedModel::ActionColumn:
        return paintText(painter, area, index.data().toString(), t.text);
    default:
        paintText(painter, area, index.data().toString(), t.muted);
    }
}

void AuditDelegate::paintCell(QPainter &painter, const QRect &area, const QModelIndex &index) const
{
    const Tokens &t = Theme::tokens();
    switch (index.column()) {
    case AuditModel::TimeColumn:
        return paintMono(painter, area, momentText(fromUnixMs(index.data(AuditModel::TimeMsRole).toLongLong())),
                         t.faint);
    case AuditModel::TargetColumn:
        return paintMono(painter, area, index.data().toString(), t.text);
    case AuditModel::VerbColumn:
        return paintText(painter, area, index.data().toString(), t.text);
    default:
        paintText(painter, area, index.data().toString(), t.muted);
    }
}

} // namespace sandglass::ui
