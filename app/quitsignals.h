#pragma once

#include "services/core/uniquefd.h"

#include <QObject>
#include <QSocketNotifier>

namespace sandglass::app {

/// SIGTERM, SIGINT and SIGHUP as a wish to end, on the event loop, so that all is kept that an ordinary end keeps. A
/// second signal of the kind ends the process at once. One object at a time; with it the signals are the system's
/// again.
class QuitSignals final : public QObject
{
    Q_OBJECT
public:
    explicit QuitSignals(QObject *parent = nullptr);
    ~QuitSignals() override;

Q_SIGNALS:
    void asked();

private:
    UniqueFd m_event;
    QSocketNotifier m_notifier;
};

} // namespace sandglass::app
