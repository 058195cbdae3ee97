#pragma once

#include "services/core/json.h"
#include "services/core/result.h"
#include "services/e2b/webhooktypes.h"
#include "services/lifecycle/event.h"

#include <vector>

namespace sandglass::e2b {

/// Wire to values and back for webhooks and events, by the rules of decode.h. Private to the room.

[[nodiscard]] Result<DeliveryPage> decodeDeliveryPage(const Json &value);
[[nodiscard]] Result<DeliveryStatistics> decodeDeliveryStatistics(const Json &value);
/// A row that is no event is an error for the whole page: skipped, it would be a gap nobody sees.
[[nodiscard]] Result<std::vector<lifecycle::Event>> decodeEvents(const Json &value);

[[nodiscard]] Json encode(const WebhookEdit &edit);

} // namespace sandglass::e2b
