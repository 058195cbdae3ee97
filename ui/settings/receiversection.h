#pragma once

#include "services/lifecycle/receiver.h"
#include "ui/settings/section.h"

class QPushButton;
class QTimer;

namespace sandglass::ui {

/// What is known about the webhook receiver.
struct ReceiverView
{
    bool isListening = false;
    QString url;
    QString failure; ///< why it does not listen
    QString secret;  ///< shown only on demand
    QString secretPlace;
    lifecycle::ReceiverStatistics statistics;
    QString lastRefusal; ///< what was wrong with it and what to do; empty: none
};

/// Address, counts of deliveries with the reasons of refusal, and the secret on demand.
class ReceiverSection final : public Section
{
    Q_OBJECT
public:
    explicit ReceiverSection(QWidget *parent);
    void setReceiver(const ReceiverView &receiver);

private:
    void showSecret(bool visible);

    ReceiverView m_receiver;
    QLabel *m_state;
    QLabel *m_counts;
    QLabel *m_refused;
    QLabel *m_doctor;
    QLabel *m_secret;
    QPushButton *m_reveal;
    QPushButton *m_copySecret;
    QPushButton *m_copyUrl;
    QTimer *m_hide; ///< a revealed secret goes away by itself
};

/// "2 wrong signature · 1 not JSON"; empty when nothing was refused.
[[nodiscard]] QString refusalText(const lifecycle::ReceiverStatistics &statistics);

} // namespace sandglass::ui
