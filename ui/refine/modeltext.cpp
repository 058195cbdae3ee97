#include "ui/refine/modeltext.h"

#include "models/runs/proposers.h"
#include "models/runs/refining.h"
#include "services/core/qtstring.h"
#include "ui/text/format.h"

#include <QCoreApplication>

namespace sandglass::ui {

namespace {

using models::Refining;
using refine::ModelProgress;

struct Texts
{
    Q_DECLARE_TR_FUNCTIONS(sandglass::ui::ModelText)
};

QString progressText(const Refining &refining)
{
    const QString &name = refining.name();
    const auto &progress = refining.progress();
    if (!progress)
        return Texts::tr("◐ Asking %1…").arg(name);
    switch (progress->stage) {
    case ModelProgress::Stage::Asking:
        break;
    case ModelProgress::Stage::Answering:
        return Texts::tr("◐ %1 is answering: %2").arg(name, formatBytes(static_cast<std::int64_t>(progress->bytes)));
    case ModelProgress::Stage::Waiting: {
        const QString wait = formatDuration(progress->wait);
        return (progress->status == 429 ? Texts::tr("◌ The provider asks to slow down (%1). Try %2 of %3 in %4.")
                                        : Texts::tr("◌ The provider cannot answer just now (%1). Try %2 of %3 in %4."))
            .arg(progress->status)
            .arg(progress->number)
            .arg(progress->tries)
            .arg(wait);
    }
    }
    return progress->number > 1
        ? Texts::tr("◐ Asking %1 again, try %2 of %3…").arg(name).arg(progress->number).arg(progress->tries)
        : Texts::tr("◐ Asking %1…").arg(name);
}

RefiningWords endWords(const Refining &refining, const models::Proposers &proposers)
{
    const QString good = QStringLiteral("good"), bad = QStringLiteral("error"), plain = QStringLiteral("muted");
    switch (*refining.end()) {
    case Refining::End::Passed:
        return {Texts::tr("● Passed. Restore this code puts it into the editor."), good};
    case Refining::End::LimitReached:
        return {Texts::tr("■ Ended after %n attempt(s), none of which passed.", nullptr, refining.attemptsMade()),
                plain};
    case Refining::End::MoneySpent:
        return {Texts::tr("■ Ended: the $%1 for it are spent.").arg(proposers.money()), plain};
    case Refining::End::CostUnknown:
        return {Texts::tr("■ Ended: what the last attempt cost is not known, so no limit of money can be kept. "
                          "Enter the model's price in Settings, Models."),
                bad};
    case Refining::End::Refused:
        return {Texts::tr("■ The budgets refuse another attempt."), plain};
    case Refining::End::Stopped:
        return {Texts::tr("■ Stopped."), plain};
    case Refining::End::Failed:
        break;
    }
    const Error error = refining.error().value_or(Error{});
    if (error.code == "exhausted")
        return {Texts::tr("■ The script has no further attempt."), plain};
    const QString words = toQString(error.message);
    return {QStringLiteral("✕ ")
                + (refining.isErrorOfProposal() ? modelTrouble(error)
                                                : Texts::tr("The run was not possible: %1").arg(words)),
            bad};
}

} // namespace

QString modelTrouble(const Error &error)
{
    const QString words = toQString(error.message);
    if (error.code == "quota")
        return Texts::tr("The account's credit or quota is used up: %1").arg(words);
    if (error.status == 401 || error.status == 403)
        return Texts::tr("The provider refuses the key: %1").arg(words);
    if (error.status == 404)
        return Texts::tr("The provider knows no such model, or the address is wrong: %1").arg(words);
    if (error.status == 429)
        return Texts::tr("The provider asked to slow down until the last try: %1").arg(words);
    if (error.status >= 500)
        return Texts::tr("The provider cannot answer just now: %1").arg(words);
    if (error.code == "truncated")
        return Texts::tr("%1. Longer answers can be allowed in Settings, Models.").arg(words);
    if (error.code == "stream_cut" || error.code == "refused" || error.code == "too_large" || error.code == "no_code"
        || error.code == "empty")
        return words;
    switch (error.kind) {
    case Error::Kind::Timeout:
        return Texts::tr("No answer in time: %1").arg(words);
    case Error::Kind::Transport:
        return Texts::tr("Nothing answers at this address: %1").arg(words);
    case Error::Kind::Decode:
        return Texts::tr("Something answers, but not as a model does: %1").arg(words);
    default:
        return words;
    }
}

QString tokensText(const refine::ModelUse &use)
{
    if (!use.tokens)
        return Texts::tr("the provider told no count of tokens");
    const QString in = formatCount(use.tokens->question()), out = formatCount(use.tokens->output);
    return use.tokens->cachedInput > 0
        ? Texts::tr("%1 tokens in (%2 of them cached), %3 out").arg(in, formatCount(use.tokens->cachedInput), out)
        : Texts::tr("%1 tokens in, %2 out").arg(in, out);
}

RefiningWords refiningWords(const Refining &refining, const models::Proposers &proposers, bool isAsking)
{
    const QString plain = QStringLiteral("muted");
    if (isAsking)
        return {Texts::tr("◌ Asking the budgets…"), plain};
    if (refining.isProposing())
        return {progressText(refining), plain};
    if (refining.isRunning())
        return {
            Texts::tr("◐ Attempt %1 of at most %2 runs…").arg(refining.attemptsMade() + 1).arg(proposers.attempts()),
            plain};
    if (refining.end())
        return endWords(refining, proposers);
    const bool isModel = proposers.chosen().kind == models::Proposers::Kind::Model;
    if (isModel && !proposers.isPriced())
        return {
            proposers.money().isEmpty()
                ? Texts::tr("The price of this model is not known, so the cost of its attempts will not be, either.")
                : Texts::tr("The price of this model is not known: the limit of money will end it after one attempt."),
            plain};
    return {{}, plain};
}

} // namespace sandglass::ui
