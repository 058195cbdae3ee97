#pragma once

#include "services/core/time.h"
#include "services/cost/ratecard.h"
#include "services/cost/startcheck.h"

#include <QDeadlineTimer>
#include <QObject>
#include <QPointer>
#include <QTimer>

#include <chrono>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace sandglass::models {

class GuardDesk;
class TemplateListModel;

/// A sandbox or a run that somebody is about to start, as it has been asked for.
struct PlannedStart
{
    std::string templateId; ///< id or name
    std::map<std::string, std::string> metadata;
    int timeoutSeconds = 0;
    std::string sandboxId; ///< that it goes on in; empty: a new one
};

/// See cost::checkStart().
struct StartVerdict
{
    std::vector<cost::StartFinding> findings; ///< refusals first
    [[nodiscard]] bool isRefused() const { return !findings.empty() && findings.front().isRefusal; }
};

/// Asks the budgets before something starts. On the desk's thread, like its callers.
class StartCheck final : public QObject
{
    Q_OBJECT
public:
    using Prices = std::function<cost::RateCard()>;
    using Answer = std::function<void(const StartVerdict &)>;

    /// `desk` and `templates` must outlive this.
    StartCheck(GuardDesk &desk, const TemplateListModel &templates, Prices prices, QObject *parent = nullptr);

    /// By the last evaluation: for hints while a form is filled in. Says nothing of budgets that are not added up.
    [[nodiscard]] StartVerdict look(const PlannedStart &start) const;
    /// By an evaluation that begins now, or by none after `patience`. Answers at once when no budget fits; never after
    /// `context` is gone.
    void ask(const PlannedStart &start, QObject *context, Answer answer);
    /// Writes into the audit log that a person has started it although the budgets refuse.
    void noteAnyway(const PlannedStart &start);

    static constexpr std::chrono::milliseconds patience{3'000};

Q_SIGNALS:
    void changed(); ///< another answer is possible

private:
    struct Question
    {
        PlannedStart start;
        Timestamp askedAt{};
        QDeadlineTimer until;
        QPointer<QObject> context;
        Answer answer;
    };

    [[nodiscard]] cost::Start costOf(const PlannedStart &start) const;
    [[nodiscard]] std::vector<cost::StartFinding> check(const cost::Start &start, bool isCurrent) const;
    [[nodiscard]] bool isAnswerable(const Question &question) const;
    void answerAll();

    GuardDesk &m_desk;
    const TemplateListModel &m_templates;
    Prices m_prices;
    std::vector<Question> m_questions;
    QTimer m_impatience;
};

} // namespace sandglass::models
