#pragma once

#include "services/core/json.h"
#include "services/core/result.h"
#include "services/net/httpclient.h"

#include <string_view>

namespace sandglass::e2b {

/// What an answer outside 2xx says: Service with the service's own words where the body has E2B's or Connect's shape,
/// else Http. Error::code is the service's, or the Connect name that belongs to the status (e2b-protocol.md 4.3).
[[nodiscard]] Error errorOf(int status, std::string_view body);

/// The same for sandbox traffic, where a plain text body is the service's own words and 502 means that the sandbox is
/// gone or its port closed (code "sandbox_not_found" or "port_closed").
[[nodiscard]] Error sandboxErrorOf(int status, std::string_view body);

/// A 2xx answer's JSON; anything else as an error.
[[nodiscard]] Result<Json> jsonOf(const Result<net::HttpResponse> &response);
/// A 2xx answer, whatever its body.
[[nodiscard]] Result<> successOf(const Result<net::HttpResponse> &response);

/// On a route that names one thing: a service without the route at all (405, 501, or a 404 that is not in E2B's shape)
/// becomes code "not_supported", while E2B's own 404 still says that this one thing is gone.
template<typename T>
[[nodiscard]] Result<T> orNoRoute(Result<T> result)
{
    if (!result
        && (result.error().status == 405 || result.error().status == 501
            || (result.error().status == 404 && result.error().kind == Error::Kind::Http)))
        result.error().code = "not_supported";
    return result;
}

} // namespace sandglass::e2b
