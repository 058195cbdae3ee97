#include "services/engine/api/samplehistory.h"

#include "services/engine/api/errors.h"
#include "services/engine/api/router.h"

#include <charconv>

namespace sandglass::engine {

namespace {

Result<std::optional<std::int64_t>> epochSeconds(const http::Headers &query, const char *name)
{
    const std::string text = queryValue(query, name);
    if (text.empty())
        return std::optional<std::int64_t>();
    std::int64_t value = 0;
    constexpr std::int64_t latest = 253'402'300'799; // the year 9999
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || value < 0 || value > latest)
        return refuse(400, std::string(name) + " has to be a time in seconds since 1970");
    return std::optional(value);
}

} // namespace

Result<MetricRange> parseMetricRange(std::string_view text)
{
    const auto query = http::parseQuery(text);
    const auto start = epochSeconds(query, "start"), end = epochSeconds(query, "end");
    if (!start || !end)
        return failure(start ? end.error() : start.error());
    if (*start && *end && **start > **end)
        return refuse(400, "start cannot be after end");
    return MetricRange{*start, *end};
}

std::int64_t bucketSeconds(std::int64_t seconds)
{
    constexpr std::int64_t hour = 3600;
    if (seconds < hour)
        return 5;
    if (seconds < 6 * hour)
        return 30;
    if (seconds < 12 * hour)
        return 60;
    if (seconds < 24 * hour)
        return 120;
    return seconds < 7 * 24 * hour ? 300 : 900;
}

} // namespace sandglass::engine
