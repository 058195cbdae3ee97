#include "ui/analytics/usagedelegate.h"

#include "models/analytics/templateusagemodel.h"
#include "ui/analytics/runscard.h"
#include "ui/text/format.h"
#include "ui/theme/theme.h"

namespace sandglass::ui {

using models::TemplateUsageModel;

void UsageDelegate::paintCell(QPainter &painter, const QRect &area, const QModelIndex &index) const
{
    const Tokens &t = Theme::tokens();
    const auto &row = static_cast<const TemplateUsageModel *>(index.model())->at(index.row());
    const auto right = [&](const QString &text, const QColor &color) {
        paintText(painter, area, text, color, Qt::AlignRight);
    };
    switch (index.column()) {
    case TemplateUsageModel::NameColumn:
        return paintText(painter, area, index.data().toString(), t.text);
    case TemplateUsageModel::RunningColumn:
        return right(formatAge(row.running), t.text);
    case TemplateUsageModel::AmountColumn:
        return right((row.cost && row.isPartial ? QStringLiteral("≥ ") : QString()) + formatMoney(row.cost),
                     row.cost ? t.text : t.faint);
    case TemplateUsageModel::ShareColumn:
        return paintShare(painter, area, index.data(TemplateUsageModel::ShareRole).toDouble());
    case TemplateUsageModel::LifetimeColumn:
        return right(row.medianLifetime ? formatAge(*row.medianLifetime) : QStringLiteral("—"),
                     row.medianLifetime ? t.text : t.faint);
    case TemplateUsageModel::FailuresColumn:
        return right(formatCount(row.failures), row.failures > 0 ? t.err : t.faint);
    case TemplateUsageModel::TimeoutsColumn:
        return right(formatCount(row.timeouts), row.timeouts > 0 ? t.text : t.faint);
    case TemplateUsageModel::RunsColumn:
        return right(formatCount(row.runs.count), row.runs.count > 0 ? t.text : t.faint);
    case TemplateUsageModel::PassedColumn:
        return right(row.runs.count > 0 ? formatCount(row.runs.passed) : QStringLiteral("—"),
                     row.runs.count > 0 ? t.text : t.faint);
    case TemplateUsageModel::RunTimeColumn:
        return right(runTimeText(row.runs.medianDuration), row.runs.medianDuration ? t.text : t.faint);
    case TemplateUsageModel::RunCostColumn:
        return right(row.runs.count > 0 ? runCostText(row.runs.cost, row.runs) : QStringLiteral("—"),
                     row.runs.cost ? t.text : t.faint);
    case TemplateUsageModel::PerPassedColumn:
        return right(row.runs.costPerPassed() ? runCostText(row.runs.costPerPassed(), row.runs) : QStringLiteral("—"),
                     row.runs.costPerPassed() ? t.text : t.faint);
    default:
        right(formatCount(index.data().toLongLong()), t.text);
    }
}

} // namespace sandglass::ui
