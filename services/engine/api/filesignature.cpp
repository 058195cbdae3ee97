#include "services/engine/api/filesignature.h"

#include "services/core/base64.h"
#include "services/core/secret.h"
#include "services/engine/api/digest.h"
#include "services/engine/api/errors.h"
#include "services/engine/api/router.h"

#include <charconv>

namespace sandglass::engine {

std::string signFileAccess(std::string_view path, std::string_view operation, std::string_view user,
                           std::string_view token, std::string_view expiration)
{
    std::string text;
    for (const std::string_view part : {path, operation, user})
        text.append(part) += ':';
    text += token;
    if (!expiration.empty())
        text.append(":").append(expiration);
    return "v1_" + base64EncodeNoPad(sha256(text));
}

bool signatureMatches(const http::RequestHead &request, std::string_view token)
{
    const auto query = http::parseQuery(request.query);
    const std::string expected =
        signFileAccess(queryValue(query, "path"), request.method == "GET" ? "read" : "write",
                       queryValue(query, "username"), token, queryValue(query, "signature_expiration"));
    // '+' means a space in a query, and some clients send the signature unescaped.
    std::string given = queryValue(query, "signature");
    for (char &c : given)
        c = c == ' ' ? '+' : c;
    return equalConstantTime(expected, given);
}

Result<> checkFileAccess(const http::RequestHead &request, std::string_view token, Timestamp now)
{
    const std::string_view header = request.header("x-access-token");
    if (!header.empty()) {
        if (equalConstantTime(header, token))
            return {};
        return refuse(401, "access token present in header but does not match");
    }
    const auto query = http::parseQuery(request.query);
    if (!hasQuery(query, "signature"))
        return refuse(401, "missing signature query parameter");
    if (!signatureMatches(request, token))
        return refuse(401, "invalid signature");
    const std::string expiration = queryValue(query, "signature_expiration");
    std::int64_t seconds = 0;
    std::from_chars(expiration.data(), expiration.data() + expiration.size(), seconds);
    if (!expiration.empty() && toUnixMs(now) >= seconds * 1000)
        return refuse(401, "signature is already expired");
    return {};
}

} // namespace sandglass::engine
