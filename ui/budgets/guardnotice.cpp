#include "ui/budgets/guardnotice.h"

#include "models/budgets/guarddesk.h"
#include "models/budgets/plannedmodel.h"
#include "services/core/qtstring.h"
#include "ui/budgets/budgettext.h"
#include "ui/text/format.h"
#include "ui/widgets/toast.h"

#include <QEvent>
#include <QStringList>
#include <QWidget>

#include <algorithm>

using namespace std::chrono_literals;

namespace sandglass::ui {

namespace {

constexpr int mostTold = 3;
constexpr auto told = 8s;

} // namespace

GuardNotice::GuardNotice(models::GuardDesk &desk, models::PlannedModel &planned, QWidget *window)
    : QObject(window)
    , m_desk(desk)
    , m_planned(planned)
    , m_toast(new Toast(window))
    , m_countdown(new Toast(window))
    , m_collect(this)
{
    m_toast->setObjectName(QStringLiteral("guardAlert"));
    m_countdown->setObjectName(QStringLiteral("guardCountdown"));
    m_collect.setSingleShot(true);
    connect(&m_collect, &QTimer::timeout, this, &GuardNotice::tellAlerts);
    connect(&m_desk, &models::GuardDesk::alertRaised, this, [this](const models::GuardAlert &alert) {
        // Of one budget the highest threshold says it all.
        std::erase_if(m_alerts, [&](const models::GuardAlert &earlier) {
            return alert.kind == models::GuardAlert::Kind::Threshold && earlier.kind == alert.kind
                && earlier.budget.budgetId == alert.budget.budgetId;
        });
        m_alerts.push_back(alert);
        m_collect.start(0);
    });
    connect(&m_planned, &models::PlannedModel::ticked, this, &GuardNotice::tellPlanned);
}

void GuardNotice::setPage(QWidget *page)
{
    m_page = page;
    page->installEventFilter(this);
}

bool GuardNotice::eventFilter(QObject *watched, QEvent *event)
{
    if (watched == m_page && (event->type() == QEvent::Show || event->type() == QEvent::Hide))
        QTimer::singleShot(0, this, &GuardNotice::tellPlanned); // when it is seen, or no longer
    return QObject::eventFilter(watched, event);
}

QString GuardNotice::textOf(const models::GuardAlert &alert, const cost::Budget *budget)
{
    if (alert.kind == models::GuardAlert::Kind::Runaway)
        return alert.sandboxes.size() == 1 ? tr("%1 runs longer than meant").arg(toQString(alert.sandboxes.front()))
                                           : tr("%1 sandboxes run longer than meant")
                                                 .arg(formatCount(static_cast<std::int64_t>(alert.sandboxes.size())));
    const QString name = toQString(alert.budgetName);
    const auto &usage = alert.budget.usage;
    if (budget == nullptr)
        return tr("%1 has passed %2 %").arg(name).arg(alert.budget.threshold);
    const QString amount = usedOfLimit(*budget, usage);
    return tr("%1: %2, past %3 %").arg(name, amount).arg(alert.budget.threshold);
}

void GuardNotice::tellAlerts()
{
    QStringList sentences;
    for (const models::GuardAlert &alert : m_alerts) {
        if (sentences.size() < mostTold)
            sentences << textOf(alert, m_desk.find(alert.budget.budgetId));
    }
    const int more = static_cast<int>(m_alerts.size()) - mostTold;
    if (more > 0)
        sentences << tr("%n more", nullptr, more);
    m_alerts.clear();
    m_toast->show(sentences.join(QStringLiteral(" · ")), tr("Show"), told, [this] { Q_EMIT showRequested(); });
}

void GuardNotice::tellPlanned()
{
    const auto &planned = m_planned.planned();
    if (planned.empty() || (m_page != nullptr && m_page->isVisible()))
        return m_countdown->hide();
    const cost::PlannedAction &first = planned.front();
    const int count = static_cast<int>(std::ranges::count(planned, first.cause, &cost::PlannedAction::cause));
    const QString what = count == 1 ? toQString(first.sandboxId) : tr("%n sandboxes", nullptr, count);
    const std::chrono::milliseconds left(m_planned.leftMs(first));
    const QString when = left > 0ms ? tr("in %1").arg(formatAge(std::chrono::ceil<std::chrono::seconds>(left)))
        : m_planned.isHeld()        ? tr("as soon as the provider answers again")
                                    : tr("now");
    const QString action =
        first.action == cost::Budget::Action::Kill ? tr("Killing %1 %2: %3") : tr("Pausing %1 %2: %3");
    m_countdown->show(action.arg(what, when, toQString(first.why)), tr("Keep running"), 3s,
                      [this, cause = first.cause] { m_desk.undo(cause); });
}

} // namespace sandglass::ui
