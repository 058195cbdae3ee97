#pragma once

#include "services/engine/api/upload.h"
#include "services/engine/broker/sandbox.h"
#include "services/http/server.h"

#include <memory>

namespace sandglass::engine {

/// GET and POST /files of envd. Bytes are moved on `worker`, so that a slow disk or a big file never holds up the
/// loop; access was checked before.
void serveDownload(http::IoThread &worker, const std::shared_ptr<Sandbox> &sandbox, const http::Request &request,
                   const std::shared_ptr<http::Exchange> &exchange);
void serveUpload(boost::asio::io_context &io, http::IoThread &worker, const std::shared_ptr<Sandbox> &sandbox,
                 const http::Request &request, const std::shared_ptr<Upload> &upload,
                 const std::shared_ptr<http::Exchange> &exchange);

/// Answers with the file behind `fd`, or the part of it that the request asks for. Any thread.
void sendFile(http::IoThread &worker, UniqueFd fd, const std::string &path, const http::RequestHead &request,
              const std::shared_ptr<http::Exchange> &exchange);

} // namespace sandglass::engine
