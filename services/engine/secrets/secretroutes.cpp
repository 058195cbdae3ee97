#include "services/engine/secrets/secretroutes.h"

#include "services/core/base64.h"
#include "services/engine/api/errors.h"

#include <algorithm>
#include <charconv>

namespace sandglass::engine {

namespace {

using ExchangePtr = std::shared_ptr<http::Exchange>;

struct Wish
{
    std::string name, value;
    std::optional<SecretStore::Metadata> metadata;
};

Result<Wish> parseWish(const http::Request &request)
{
    const auto body = parseJson(request.body);
    if (!body || !memberOr(*body, "value").is_string()) // the body is not told again: it holds the value
        return refuse(400, "the body has to be an object with a text as value");
    Wish wish{stringOr(*body, "name"), stringOr(*body, "value"), {}};
    const Json &metadata = memberOr(*body, "metadata");
    if (metadata.is_null())
        return wish;
    if (!metadata.is_object())
        return refuse(400, "metadata has to be an object of texts");
    wish.metadata.emplace();
    for (const auto &[key, value] : metadata.items()) {
        if (!value.is_string())
            return refuse(400, "metadata has to be an object of texts");
        (*wish.metadata)[key] = value.get<std::string>();
    }
    return wish;
}

void answer(const ExchangePtr &exchange, int status, const Result<Secret> &secret)
{
    exchange->respond(secret ? http::Response::json(status, dumpJson(secretJson(*secret)))
                             : errorResponse(secret.error()));
}

/// Page after page in the order they were made; the token names the last one that was told.
void list(const http::Request &request, const SecretStore &secrets, const ExchangePtr &exchange)
{
    const auto query = http::parseQuery(request.query);
    const std::string limitText = queryValue(query, "limit", "100"), token = queryValue(query, "nextToken");
    std::size_t limit = 0;
    const auto [end, bad] = std::from_chars(limitText.data(), limitText.data() + limitText.size(), limit);
    if (bad != std::errc() || end != limitText.data() + limitText.size() || limit < 1 || limit > 100)
        return exchange->respond(http::Response::error(400, "limit has to be 1 to 100"));
    const auto &all = secrets.all();
    auto first = all.begin();
    if (!token.empty()) {
        const std::string position = base64Decode(token).value_or("");
        const auto gap = position.find("__");
        const auto time = gap != std::string::npos ? parseRfc3339(position.substr(0, gap)) : std::nullopt;
        if (!time)
            return exchange->respond(http::Response::error(400, "Invalid next token"));
        const std::pair last(*time, position.substr(gap + 2));
        first =
            std::ranges::find_if(all, [&](const Secret &each) { return std::pair(each.createdAt, each.id) > last; });
    }
    Json page = Json::array();
    for (; first != all.end() && page.size() < limit; ++first)
        page.push_back(secretJson(*first));
    auto response = http::Response::json(200, dumpJson(page));
    if (first != all.end()) {
        const Secret &last = *std::prev(first);
        response.headers.emplace_back("X-Next-Token",
                                      base64UrlEncode(formatRfc3339(last.createdAt, 9) + "__" + last.id));
    }
    exchange->respond(std::move(response));
}

} // namespace

void addSecretRoutes(Router &router, SecretStore &secrets)
{
    using P = const PathParameters &;
    using R = const http::Request &;
    router.add("GET", "/secrets", [&secrets](R r, P, const ExchangePtr &e) { list(r, secrets, e); });
    router.add("POST", "/secrets", [&secrets](R r, P, const ExchangePtr &e) {
        const auto wish = parseWish(r);
        if (!wish)
            return e->respond(errorResponse(wish.error()));
        answer(e, 201, secrets.create(wish->name, wish->value, wish->metadata.value_or(SecretStore::Metadata())));
    });
    router.add("GET", "/secrets/{}", [&secrets](R, P p, const ExchangePtr &e) {
        const Secret *secret = secrets.find(p[0]);
        e->respond(secret != nullptr ? http::Response::json(200, dumpJson(secretJson(*secret)))
                                     : http::Response::error(404, "Secret '" + p[0] + "' not found"));
    });
    router.add("POST", "/secrets/{}", [&secrets](R r, P p, const ExchangePtr &e) {
        const auto wish = parseWish(r);
        answer(e, 200,
               wish ? secrets.update(p[0], wish->value, wish->metadata) : Result<Secret>(failure(wish.error())));
    });
    router.add("DELETE", "/secrets/{}", [&secrets](R, P p, const ExchangePtr &e) {
        const auto done = secrets.remove(p[0]);
        e->respond(done ? http::Response{204, {}, {}} : errorResponse(done.error()));
    });
}

} // namespace sandglass::engine
