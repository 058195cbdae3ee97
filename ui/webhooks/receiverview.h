#pragma once

#include "services/core/time.h"
#include "services/lifecycle/receiver.h"

#include <QString>

#include <optional>

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

    bool canRotate = false;                  ///< false: the environment gives the secret
    std::optional<Timestamp> oldSecretUntil; ///< a secret before is accepted until then
    QString token;                           ///< demanded of every GET; empty: none
    bool isRegistered = false;               ///< at the local engine
    QString registrationFailure;             ///< why not
};

/// "2 wrong signature · 1 not JSON"; empty when nothing was refused.
[[nodiscard]] QString refusalText(const lifecycle::ReceiverStatistics &statistics);
/// "● Listening", "✕ Not listening: the reason".
[[nodiscard]] QString stateText(const ReceiverView &receiver);
/// "12, 3 of them delivered again · last at 14:02:11".
[[nodiscard]] QString acceptedText(const lifecycle::ReceiverStatistics &statistics);
/// What the delays of deliveries tell about this machine's clock.
[[nodiscard]] QString clockText(const lifecycle::ReceiverStatistics &statistics);

} // namespace sandglass::ui
