#pragma once

#include "services/engine/api/processtable.h"
#include "services/http/server.h"

namespace sandglass::engine {

/// process.Process of envd over one sandbox's table. `method` is the last part of the path.
void serveProcess(boost::asio::io_context &io, const std::shared_ptr<ProcessTable> &table, const std::string &method,
                  const http::Request &request, const std::shared_ptr<http::Exchange> &exchange);

} // namespace sandglass::engine
