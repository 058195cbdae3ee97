#pragma once

#include "services/core/json.h"
#include "services/core/result.h"
#include "services/e2b/webhooktypes.h"

namespace sandglass::e2b {

/// Wire to values and back for webhooks and events, by the rules of decode.h. Private to the room.

[[nodiscard]] Result<DeliveryPage> decodeDeliveryPage(const Json &value);
[[nodiscard]] Result<DeliveryStatistics> decodeDeliveryStatistics(const Json &value);
/// A row that is no event is counted and left out: one of a shape we do not know must not hide all that follow.
[[nodiscard]] Result<EventPage> decodeEventPage(const Json &value);

[[nodiscard]] Json encode(const WebhookEdit &edit);

} // namespace sandglass::e2b
