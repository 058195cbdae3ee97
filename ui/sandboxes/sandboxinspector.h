#pragma once

#include <QFrame>

class QLabel;

namespace sandglass::models {
class FileCheck;
class SandboxLogModel;
class SandboxUse;
} // namespace sandglass::models

namespace sandglass::ui {

class FilesPanel;
class SegmentedControl;

/// Below the table: what the one selected sandbox uses and writes. Hidden without one.
class SandboxInspector final : public QFrame
{
    Q_OBJECT
public:
    enum View { Use, Log, Files };

    /// Both must outlive it.
    SandboxInspector(models::SandboxUse &use, models::SandboxLogModel &log, QWidget *parent = nullptr);

    void showFiles(models::FileCheck &check);           ///< as a third view; it must outlive this
    void setSandbox(const QString &id, bool isRunning); ///< empty id: none
    void setView(View view);

Q_SIGNALS:
    void viewChanged();             ///< and with it the height it needs
    void told(const QString &text); ///< a sentence for the toast

private:
    models::SandboxUse &m_use;
    models::SandboxLogModel &m_log;
    QLabel *m_id = nullptr;
    SegmentedControl *m_views = nullptr;
    FilesPanel *m_files = nullptr; ///< once it is shown
};

} // namespace sandglass::ui
