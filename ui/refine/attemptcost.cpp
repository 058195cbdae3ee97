#include "ui/refine/attemptcost.h"

#include "services/core/qtstring.h"
#include "ui/refine/modeltext.h"
#include "ui/text/format.h"

#include <QCoreApplication>
#include <QStringList>

namespace sandglass::ui {

namespace {

using models::AttemptRow;

struct Texts
{
    Q_DECLARE_TR_FUNCTIONS(sandglass::ui::AttemptCost)
};

bool isRunning(const AttemptRow &attempt)
{
    return attempt.verdict == AttemptRow::Verdict::Running;
}

QString exact(const std::optional<Money> &money)
{
    return money ? formatMoneyExact(*money) : Texts::tr("unknown");
}

} // namespace

QString costParts(const AttemptRow &attempt)
{
    const QString none = QStringLiteral("—");
    const QString sandbox = attempt.cost ? formatMoney(attempt.cost) : none;
    if (!attempt.model)
        return sandbox;
    const QString model = formatMoney(attempt.model->cost);
    if (attempt.sandboxId.isEmpty() && !isRunning(attempt))
        return Texts::tr("model %1").arg(model);
    return Texts::tr("model %1 + sandbox %2").arg(model, sandbox);
}

QString costSum(const AttemptRow &attempt)
{
    const auto whole = attempt.wholeCost();
    return whole && !isRunning(attempt) ? formatMoney(whole) : QStringLiteral("—");
}

QString costDetails(const AttemptRow &attempt)
{
    QStringList lines;
    if (attempt.model)
        lines << Texts::tr("Model %1: %2, in %3: %4")
                     .arg(toQString(attempt.model->model), tokensText(*attempt.model),
                          formatDuration(attempt.model->duration), exact(attempt.model->cost));
    if (attempt.model && attempt.model->tokens && !attempt.model->cost)
        lines << Texts::tr("Its price is not known; it can be entered in Settings, Models.");
    if (!attempt.sandboxId.isEmpty() && attempt.duration)
        lines << Texts::tr("Sandbox, %1: %2").arg(formatDuration(*attempt.duration), exact(attempt.cost));
    if (attempt.model && !attempt.sandboxId.isEmpty() && !isRunning(attempt))
        lines << Texts::tr("Together: %1").arg(exact(attempt.wholeCost()));
    return lines.join(u'\n');
}

CostOfAttempts costOf(const models::AttemptsModel &attempts)
{
    CostOfAttempts cost;
    for (const auto &row : attempts.rows()) {
        if (row->model) {
            ++cost.ofModels;
            cost.modelsUnpriced += row->model->cost ? 0 : 1;
            cost.model += row->model->cost.value_or(Money{});
        }
        cost.sandbox += row->cost.value_or(Money{});
        const bool isOfAccount = row->model || !row->sandboxId.isEmpty();
        if (isRunning(*row) || !isOfAccount)
            continue;
        ++(row->wholeCost() ? cost.known : cost.unknown);
    }
    return cost;
}

QString costWords(const CostOfAttempts &cost)
{
    if (cost.ofModels == 0)
        return cost.known > 0 ? Texts::tr("%1 for these attempts").arg(formatMoney(cost.sandbox)) : QString();
    const bool isModelKnown = cost.modelsUnpriced < cost.ofModels;
    const QString model = formatMoney(isModelKnown ? std::optional(cost.model) : std::nullopt);
    const QString sandbox = formatMoney(cost.sandbox);
    if (cost.unknown == 0)
        return Texts::tr("model %1 + sandbox %2 = %3").arg(model, sandbox, formatMoney(cost.sum()));
    return Texts::tr("model %1 + sandbox %2, and what is not known of %n attempt(s)", nullptr, cost.unknown)
        .arg(model, sandbox);
}

} // namespace sandglass::ui
