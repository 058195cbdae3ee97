#pragma once

#include <string_view>

namespace sandglass::collectorapp {

/// Tells the service manager ("READY=1", "STOPPING=1") when one has asked for it by NOTIFY_SOCKET; see sd_notify(3).
void notifyManager(std::string_view state);

} // namespace sandglass::collectorapp
