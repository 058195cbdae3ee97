#pragma once

#include "ui/settings/section.h"
#include "ui/webhooks/receiverview.h"

class QCheckBox;
class QLineEdit;
class QPushButton;
class QSpinBox;

namespace sandglass::models {
class Settings;
}

namespace sandglass::ui {

class SecretLine;

/// Where the receiver listens and how it is guarded: address, port, TLS, secret and token; what came in so far.
class ReceiverSection final : public Section
{
    Q_OBJECT
public:
    ReceiverSection(models::Settings &settings, QWidget *parent);
    void setReceiver(const ReceiverView &receiver);

Q_SIGNALS:
    void restartRequested();
    void tokenRequested(bool isWanted);

private:
    void buildState();
    void buildBinding();
    void load();
    void apply();
    void checkDifference();

    models::Settings &m_settings;
    ReceiverView m_receiver;
    QLabel *m_state = nullptr;
    QLabel *m_counts = nullptr;
    QLabel *m_refused = nullptr;
    QLabel *m_doctor = nullptr;
    SecretLine *m_secret = nullptr;
    SecretLine *m_token = nullptr;
    QPushButton *m_newToken = nullptr;
    QPushButton *m_noToken = nullptr;
    QPushButton *m_copyUrl = nullptr;
    QLineEdit *m_address = nullptr;
    QSpinBox *m_port = nullptr;
    QLineEdit *m_certificate = nullptr;
    QLineEdit *m_key = nullptr;
    QCheckBox *m_plainText = nullptr;
    QPushButton *m_apply = nullptr;
};

} // namespace sandglass::ui
