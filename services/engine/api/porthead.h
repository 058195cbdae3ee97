#pragma once

#include "services/http/server.h"

#include <optional>
#include <string>
#include <string_view>

namespace sandglass::engine {

/// Whether the client wants to speak something else after this request: a WebSocket, for one.
[[nodiscard]] bool isUpgrade(const http::RequestHead &request);

/// Request line and headers as a server in a sandbox gets them, with the empty line: without what speaks of the
/// client's connection and of the routing, and asked to close after its answer. `host` replaces the client's Host
/// header unless it is empty.
[[nodiscard]] std::string requestHeadText(const http::RequestHead &request, const std::string &host);

struct AnswerHead
{
    int status = 0;
    std::string text; ///< as the client gets it, with the empty line
};
/// The head of an answer, which ends with an empty line. All but a 1xx announces the end of the connection. Nothing
/// when it is no HTTP/1.
[[nodiscard]] std::optional<AnswerHead> answerHead(std::string_view text);

} // namespace sandglass::engine
