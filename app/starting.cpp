#include "app/starting.h"

#include "models/settings/connectionsmodel.h"
#include "models/templates/newsandboxsession.h"
#include "services/core/qtstring.h"
#include "services/e2b/client.h"
#include "services/lifecycle/tracker.h"
#include "ui/sandboxes/sandboxespage.h"
#include "ui/sandboxes/startstrip.h"
#include "ui/shell/mainwindow.h"
#include "ui/widgets/toast.h"

#include <algorithm>

namespace sandglass::app {

using lifecycle::EventType;
using models::NewSandboxSession;
using models::StartQueue;

Starting::Starting(e2b::Client &client, lifecycle::Tracker &tracker, models::ConnectionsModel &connections)
    : m_queue([&client](const e2b::SandboxSpec &spec) { return client.createSandbox(spec); },
              [&client](const std::string &id) { return client.killSandbox(id); })
{
    connect(&connections, &models::ConnectionsModel::activeChanged, &m_queue, &StartQueue::clear);
    connect(&tracker, &lifecycle::Tracker::eventsRecorded, this,
            [this](const std::vector<lifecycle::StoredEvent> &fresh) {
                const bool hasPlace = std::ranges::any_of(fresh, [](const lifecycle::StoredEvent &each) {
                    return each.event.type == EventType::Killed || each.event.type == EventType::Paused
                        || each.event.type == EventType::Lost;
                });
                if (hasPlace)
                    m_queue.tryNow();
            });
}

void Starting::showIn(ui::SandboxesPage &page, ui::MainWindow &window)
{
    m_window = &window;
    page.setStartStrip(new ui::StartStrip(m_queue));
    connect(&m_queue, &StartQueue::started, this, [this](const e2b::SandboxInfo &sandbox) {
        m_window->toast().show(tr("A place was free: %1 runs").arg(toQString(sandbox.sandboxId)));
    });
    connect(&m_queue, &StartQueue::givenUp, this, [this](const QString &templateId, const QString &why) {
        m_window->toast().show(tr("The waiting start of %1 was given up: %2").arg(templateId, why));
    });
}

void Starting::attach(NewSandboxSession &session)
{
    session.setQueue(&m_queue);
    connect(&session, &NewSandboxSession::stateChanged, this, [this, &session] {
        if (session.state() != NewSandboxSession::State::Queued)
            return;
        m_window->showPage(QStringLiteral("sandboxes"));
        const auto before = static_cast<int>(m_queue.entries().size()) - 1;
        m_window->toast().show(before == 0
                                   ? tr("Every place is taken: it waits for a free one")
                                   : tr("Every place is taken: it waits for a free one, %1 before it").arg(before));
    });
}

} // namespace sandglass::app
