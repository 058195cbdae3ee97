#pragma once

#include "services/core/json.h"
#include "services/engine/broker/sandbox.h"
#include "services/http/server.h"

#include <memory>

namespace sandglass::engine {

/// filesystem.Filesystem of envd. `method` is the last part of the path.
void serveFilesystem(Sandbox &sandbox, const std::string &method, const http::Request &request,
                     const std::shared_ptr<http::Exchange> &exchange);

/// EntryInfo of e2b-protocol 4.5.
[[nodiscard]] Json entryJson(const FileEntry &entry);

} // namespace sandglass::engine
