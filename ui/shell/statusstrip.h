#pragma once

#include <QFrame>

class QLabel;

namespace sandglass::ui {

class ElidedLabel;

/// What the status bar tells.
struct StatusLine
{
    bool isReceiving = false;
    QString receiver;  ///< "Receiver 127.0.0.1:8000" or why there is none
    QString lastEvent; ///< "last event 2 s ago"
    QString journal;   ///< "journal 1,204,338 events"
    QString burnRate;  ///< "burn $1.42/h"
    QString today;     ///< "today $11.87"
};

class StatusStrip final : public QFrame
{
    Q_OBJECT
public:
    explicit StatusStrip(QWidget *parent = nullptr);
    void setStatus(const StatusLine &status);

protected:
    void resizeEvent(QResizeEvent *event) override;

private:
    QLabel *m_receiver = nullptr;
    QLabel *m_lastEvent = nullptr;
    QLabel *m_journal = nullptr;
    QLabel *m_burnRate = nullptr;
    QLabel *m_today = nullptr;
    QLabel *m_hint = nullptr;
};

} // namespace sandglass::ui
