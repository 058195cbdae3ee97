#pragma once

#include <QDialog>

class QLabel;

namespace sandglass::models {
class EngineLogModel;
}

namespace sandglass::ui {

class LineView;
class LogBar;

/// The local engine's log in a window beside the main one: follows it, searches it, copies and saves it.
class EngineLogDialog final : public QDialog
{
    Q_OBJECT
public:
    explicit EngineLogDialog(models::EngineLogModel &log, QWidget *parent = nullptr); ///< `log` must outlive it

protected:
    void showEvent(QShowEvent *event) override;
    void hideEvent(QHideEvent *event) override;

private:
    void applyFilter();
    void update();

    models::EngineLogModel &m_log;
    LineView *m_view;
    LogBar *m_bar;
    QLabel *m_words;
};

} // namespace sandglass::ui
