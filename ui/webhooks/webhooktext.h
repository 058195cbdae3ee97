#pragma once

#include "services/core/error.h"
#include "services/e2b/testdelivery.h"
#include "services/e2b/webhooktypes.h"

#include <QString>

namespace sandglass::ui {

/// What an API said no to, for people; with the next step where there is one.
[[nodiscard]] QString webhookErrorText(const Error &error);
/// "Accepted: 200 after 12 ms", or what went wrong and what to do.
[[nodiscard]] QString testReportText(const e2b::TestDeliveryReport &report);
/// Empty when anybody can reach the URL; else who cannot, and the way out.
[[nodiscard]] QString reachText(const QString &url, bool isCloud);
/// What became of one attempt of the provider, and what to do about it.
[[nodiscard]] QString attemptText(const e2b::WebhookDelivery &attempt);

} // namespace sandglass::ui
