#include "services/engine/api/paging.h"

#include "services/core/base64.h"
#include "services/engine/api/errors.h"
#include "services/engine/api/router.h"

#include <charconv>

namespace sandglass::engine {

Result<PageQuery> readPageQuery(std::string_view text)
{
    const http::Headers query = http::parseQuery(text);
    PageQuery page;
    const std::string limit = queryValue(query, "limit", "100"), token = queryValue(query, "nextToken");
    const auto [end, bad] = std::from_chars(limit.data(), limit.data() + limit.size(), page.limit);
    if (bad != std::errc() || end != limit.data() + limit.size() || page.limit < 1 || page.limit > 100)
        return refuse(400, "limit has to be 1 to 100");
    if (token.empty())
        return page;
    const auto plain = base64Decode(token);
    const auto gap = plain ? plain->find("__") : std::string::npos;
    const auto time = gap != std::string::npos ? parseRfc3339(plain->substr(0, gap)) : std::nullopt;
    if (!time)
        return refuse(400, "Invalid next token");
    page.after = PagePosition{*time, plain->substr(gap + 2)};
    return page;
}

std::string pageToken(const PagePosition &last)
{
    return base64UrlEncode(formatRfc3339(last.createdAt, 9) + "__" + last.id);
}

http::Response pageResponse(const Json &body, const std::string &nextToken)
{
    auto response = http::Response::json(200, dumpJson(body));
    if (!nextToken.empty())
        response.headers.emplace_back("X-Next-Token", nextToken);
    return response;
}

} // namespace sandglass::engine
