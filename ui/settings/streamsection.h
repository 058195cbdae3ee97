#pragma once

#include "ui/settings/section.h"

#include <QList>
#include <QString>

class QCheckBox;
class QPushButton;
class QSpinBox;

namespace sandglass::ui {

/// What is known about our own live stream.
struct StreamView
{
    bool isEnabled = false; ///< asked for
    bool isForced = false;  ///< by the command line: the switch has no say
    bool isListening = false;
    int port = 0; ///< in the settings
    QString url;
    QString failure; ///< why it does not listen
    QString token;   ///< only ever copied
    int clients = 0;
    quint64 dropped = 0;
};

/// Switch, port, address and token of the live stream.
class StreamSection final : public Section
{
    Q_OBJECT
public:
    explicit StreamSection(QWidget *parent);
    void setStream(const StreamView &stream);

Q_SIGNALS:
    void enabledChanged(bool isEnabled);
    void portChanged(int port);

private:
    StreamView m_stream;
    QCheckBox *m_enabled;
    QSpinBox *m_port;
    QLabel *m_state;
    QLabel *m_clients;
    QPushButton *m_copyUrl;
    QPushButton *m_copyToken;
};

} // namespace sandglass::ui
