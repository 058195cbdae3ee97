#pragma once

#include "models/templates/startqueue.h"

#include <QObject>

namespace sandglass::e2b {
class Client;
}
namespace sandglass::lifecycle {
class Tracker;
}
namespace sandglass::models {
class ConnectionsModel;
class NewSandboxSession;
} // namespace sandglass::models
namespace sandglass::ui {
class MainWindow;
class SandboxesPage;
} // namespace sandglass::ui

namespace sandglass::app {

/// Starts that wait for a free place at the active connection; the end of any sandbox is an occasion for the first.
class Starting final : public QObject
{
    Q_OBJECT
public:
    /// All of it must outlive this.
    Starting(e2b::Client &client, lifecycle::Tracker &tracker, models::ConnectionsModel &connections);

    void showIn(ui::SandboxesPage &page, ui::MainWindow &window);
    void attach(models::NewSandboxSession &session); ///< what is refused at the limit waits here
    [[nodiscard]] models::StartQueue &queue() { return m_queue; }

private:
    models::StartQueue m_queue;
    ui::MainWindow *m_window = nullptr;
};

} // namespace sandglass::app
