#pragma once

#include <QFrame>

class QLabel;

namespace sandglass::models {
class SandboxUse;
}

namespace sandglass::ui {

/// Below the table: what the one selected sandbox is doing inside. Hidden without one.
class SandboxInspector final : public QFrame
{
    Q_OBJECT
public:
    explicit SandboxInspector(models::SandboxUse &use, QWidget *parent = nullptr); ///< which must outlive it

    void setSandbox(const QString &id, bool isRunning); ///< empty id: none

private:
    models::SandboxUse &m_use;
    QLabel *m_id = nullptr;
};

} // namespace sandglass::ui
