#include "app/filechecking.h"

#include "models/sandboxes/sandboxactions.h"
#include "models/settings/settings.h"
#include "ui/shell/mainwindow.h"
#include "ui/widgets/toast.h"

#include <utility>

namespace sandglass::app {

using models::Settings;
using Verb = models::SandboxActions::Verb;

FileChecking::FileChecking(e2b::Client &client, models::ClientSandboxActions &actions, Settings &settings,
                           std::filesystem::path folder)
    : m_actions(actions), m_check(client, std::move(folder))
{
    const auto follow = [this, &settings] { m_check.setEnabled(settings.value(Settings::Key::CompareFiles).toBool()); };
    follow();
    connect(&settings, &Settings::changed, this, [follow](Settings::Key key) {
        if (key == Settings::Key::CompareFiles)
            follow();
    });
    m_actions.setBeforePause(
        [this](const QString &id, std::function<void()> goOn) { m_check.beforePause(id, std::move(goOn)); });
    connect(&m_actions, &models::SandboxActions::done, this,
            [this](Verb verb, const QString &id, const Result<> &done) {
                if (verb == Verb::Pause)
                    m_check.pauseAnswered(id, done.has_value());
                else if (verb == Verb::Resume && done)
                    m_check.resumed(id);
            });
}

FileChecking::~FileChecking()
{
    m_actions.setBeforePause({});
}

void FileChecking::attachTo(ui::MainWindow &window)
{
    connect(&window, &ui::MainWindow::aboutToClose, &m_check, &models::FileCheck::letGo);
    connect(&m_check, &models::FileCheck::compared, &window,
            [&window](const QString &id, const e2b::FileDifference &difference) {
                if (!difference.removed.empty())
                    window.toast().show(tr("%1 has lost files since its pause: %2. Sandboxes > Files tells which.")
                                            .arg(id)
                                            .arg(difference.removed.size()));
            });
}

} // namespace sandglass::app
