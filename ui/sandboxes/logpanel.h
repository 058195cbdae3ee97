#pragma once

#include <QWidget>

class QLabel;

namespace sandglass::models {
class SandboxLogModel;
}

namespace sandglass::ui {

class LogBar;
class LogView;

/// The log of the selected sandbox: follows it, searches it, copies and saves it.
class LogPanel final : public QWidget
{
    Q_OBJECT
public:
    explicit LogPanel(models::SandboxLogModel &log, QWidget *parent = nullptr); ///< which must outlive it

Q_SIGNALS:
    void told(const QString &text); ///< "Copied 12 lines"

protected:
    void showEvent(QShowEvent *event) override;
    void hideEvent(QHideEvent *event) override;

private:
    void applyFilter();
    void update();
    void updatePlaceholder();

    models::SandboxLogModel &m_log;
    LogBar *m_bar = nullptr;
    LogView *m_view = nullptr;
    QLabel *m_words = nullptr;
};

} // namespace sandglass::ui
