#include "app/enginehandling.h"

#include "app/enginesupervisor.h"
#include "services/core/qtstring.h"
#include "services/e2b/types.h"
#include "ui/settings/settingspage.h"
#include "ui/shell/questiondialog.h"
#include "ui/widgets/buttons.h"

#include <QPushButton>

namespace sandglass::app {

namespace {

ui::EngineView::State stateOf(EngineSupervisor::State state, bool isOurs)
{
    using State = ui::EngineView::State;
    switch (state) {
    case EngineSupervisor::State::Stopped:
        return isOurs ? State::Stopped : State::Running;
    case EngineSupervisor::State::Starting:
        return State::Starting;
    case EngineSupervisor::State::Ready:
        return State::Running;
    case EngineSupervisor::State::Failed:
        break;
    }
    return State::Failed;
}

} // namespace

EngineHandling::EngineHandling(EngineSupervisor &engine, bool isOurs)
    : m_engine(engine), m_isOurs(isOurs), m_log(toUtf8(engine.logFile()))
{}

void EngineHandling::attachTo(ui::SettingsPage &page)
{
    m_page = &page;
    if (m_isOurs)
        page.offerEngineLog(m_log);
}

void EngineHandling::show(const e2b::Connection &local, const QString &apiKey)
{
    m_page->setEngine({stateOf(m_engine.state(), m_isOurs), m_engine.failure(), m_engine.address().summary,
                       m_engine.address().reasons, toQString(local.apiUrl), toQString(local.sandboxUrl), apiKey});
}

void EngineHandling::restart(int sandboxes, QWidget *asker)
{
    if (sandboxes == 0 || m_engine.state() != EngineSupervisor::State::Ready)
        return m_engine.restart();
    auto *question = new ui::QuestionDialog(tr("Restart engine"), tr("Restart the local engine?"),
                                            sandboxes == 1 ? tr("One sandbox is on it, and ends.")
                                                           : tr("%1 sandboxes are on it, and end.").arg(sandboxes),
                                            asker);
    question->addAnswer(ui::makeButton(tr("Cancel"), QStringLiteral("keepEngine")));
    question->addAnswer(ui::makePrimaryButton(tr("Restart engine"), QStringLiteral("confirmRestartEngine")),
                        [this] { m_engine.restart(); });
    question->open();
}

} // namespace sandglass::app
