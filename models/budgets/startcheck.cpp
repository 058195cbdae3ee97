#include "models/budgets/startcheck.h"

#include "models/budgets/guarddesk.h"
#include "models/templates/newsandboxsession.h"
#include "models/templates/templatelistmodel.h"
#include "services/core/qtstring.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace sandglass::models {

namespace {

using Why = cost::StartFinding::Why;

/// For the audit log, which is in English.
std::string reasonOf(const cost::StartFinding &finding)
{
    const std::string name = "budget '" + finding.budget.name + "' ";
    if (finding.why == Why::Unknown)
        return name + "is not added up yet";
    const bool isMoney = finding.budget.measure == cost::Budget::Measure::Money;
    const std::string used = isMoney ? "$" + finding.usage.spent.toFixed(6) : std::to_string(finding.usage.count);
    const std::string limit =
        isMoney ? "$" + finding.budget.moneyLimit.toFixed(6) : std::to_string(finding.budget.countLimit);
    return name + "is used up: " + used + " of " + limit;
}

} // namespace

StartCheck::StartCheck(GuardDesk &desk, const TemplateListModel &templates, Prices prices, QObject *parent)
    : QObject(parent), m_desk(desk), m_templates(templates), m_prices(std::move(prices)), m_impatience(this)
{
    m_impatience.setSingleShot(true);
    m_impatience.setTimerType(Qt::PreciseTimer);
    connect(&m_impatience, &QTimer::timeout, this, &StartCheck::answerAll);
    connect(&m_desk, &GuardDesk::reported, this, &StartCheck::answerAll);
    connect(&m_desk, &GuardDesk::reported, this, &StartCheck::changed);
    connect(&m_desk, &GuardDesk::budgetsChanged, this, &StartCheck::changed);
}

cost::Start StartCheck::costOf(const PlannedStart &start) const
{
    cost::Start known;
    known.sandbox.id = start.sandboxId;
    known.sandbox.templateId = known.sandbox.templateName = start.templateId;
    known.sandbox.connection = toUtf8(m_desk.connection());
    known.sandbox.metadata = start.metadata;
    if (const GuardReportPtr &report = m_desk.report()) {
        // A key belongs to one team.
        const auto team = std::ranges::find(report->teams, known.sandbox.connection,
                                            &std::pair<const std::string, std::string>::second);
        if (team != report->teams.end() && !known.sandbox.connection.empty())
            known.sandbox.teamId = team->first;
    }
    const QString asked = toQString(start.templateId);
    for (int row = 0; row < m_templates.rowCount(); ++row) {
        const e2b::TemplateInfo &info = m_templates.at(row);
        const QString name = TemplateListModel::displayName(info);
        if (info.templateId != start.templateId && name != asked)
            continue;
        known.sandbox.templateId = info.templateId;
        known.sandbox.templateName = toUtf8(name);
        known.atMost = NewSandboxSession::worstCase(info, start.timeoutSeconds, m_prices(), m_desk.now());
        break;
    }
    return known;
}

std::vector<cost::StartFinding> StartCheck::check(const cost::Start &start, bool isCurrent) const
{
    static const std::vector<cost::BudgetUsage> none;
    return cost::checkStart(m_desk.budgets(), isCurrent && m_desk.report() ? m_desk.report()->usages : none, start);
}

StartVerdict StartCheck::look(const PlannedStart &start) const
{
    StartVerdict verdict{check(costOf(start), true)};
    std::erase_if(verdict.findings, [](const cost::StartFinding &finding) { return finding.why == Why::Unknown; });
    return verdict;
}

void StartCheck::ask(const PlannedStart &start, QObject *context, Answer answer)
{
    const bool isAnybodysBusiness = std::ranges::any_of(m_desk.budgets(), [&](const cost::Budget &budget) {
        return budget.isEnabled && budget.scope.covers(costOf(start).sandbox);
    });
    if (!isAnybodysBusiness)
        return answer({});
    m_questions.push_back({start, m_desk.now(), QDeadlineTimer(patience), context, std::move(answer)});
    if (!m_impatience.isActive())
        m_impatience.start(patience);
    m_desk.evaluateNow();
}

bool StartCheck::isAnswerable(const Question &question) const
{
    if (!m_desk.isCurrent() || m_desk.report()->at < question.askedAt)
        return false;
    // A budget that has just been set is in no report yet.
    const auto findings = check(costOf(question.start), true);
    return std::ranges::find(findings, Why::Unknown, &cost::StartFinding::why) == findings.end();
}

void StartCheck::answerAll()
{
    const auto due = std::ranges::stable_partition(m_questions, [this](const Question &question) {
        return question.context && !question.until.hasExpired() && !isAnswerable(question);
    });
    const std::vector<Question> settled(std::move_iterator(due.begin()), std::move_iterator(due.end()));
    m_questions.erase(due.begin(), due.end());
    if (m_questions.empty())
        m_impatience.stop();
    else // the oldest stands first
        m_impatience.start(std::chrono::milliseconds(m_questions.front().until.remainingTime()));
    for (const Question &question : settled) {
        if (question.context)
            question.answer({check(costOf(question.start), m_desk.isCurrent())});
    }
}

void StartCheck::noteAnyway(const PlannedStart &start)
{
    std::string why;
    for (const cost::StartFinding &finding : check(costOf(start), m_desk.isCurrent())) {
        if (finding.isRefusal)
            why += (why.empty() ? "" : ", ") + reasonOf(finding);
    }
    if (!why.empty())
        m_desk.note({{m_desk.now(), "person", "start anyway", start.sandboxId,
                      why + " (template " + start.templateId + ")", "ok"}});
}

} // namespace sandglass::models
