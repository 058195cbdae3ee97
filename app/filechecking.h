#pragma once

#include "models/sandboxes/filecheck.h"

#include <QObject>

#include <filesystem>

namespace sandglass::models {
class ClientSandboxActions;
class Settings;
} // namespace sandglass::models
namespace sandglass::ui {
class MainWindow;
}

namespace sandglass::app {

/// The look at a sandbox's files before a pause by hand and after the resume.
class FileChecking final : public QObject
{
    Q_OBJECT
public:
    /// All of it must outlive this. `folder` is made when there is something to keep.
    FileChecking(e2b::Client &client, models::ClientSandboxActions &actions, models::Settings &settings,
                 std::filesystem::path folder);
    ~FileChecking() override;

    void attachTo(ui::MainWindow &window); ///< which tells of lost files; nothing waits once it closes
    [[nodiscard]] models::FileCheck &check() { return m_check; }

private:
    models::ClientSandboxActions &m_actions;
    models::FileCheck m_check;
};

} // namespace sandglass::app
