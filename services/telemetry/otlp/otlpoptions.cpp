#include "services/telemetry/otlp/otlpoptions.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>

namespace sandglass::telemetry {

namespace {

constexpr std::string_view tracesPath = "/v1/traces";
constexpr std::size_t most = 1U << 16;

std::string_view trimmed(std::string_view text)
{
    constexpr std::string_view blank = " \t\r";
    const auto first = text.find_first_not_of(blank);
    return first == text.npos ? std::string_view() : text.substr(first, text.find_last_not_of(blank) - first + 1);
}

int digitOf(char c)
{
    const auto at = std::string_view("0123456789abcdefABCDEF").find(c);
    return at == std::string_view::npos ? -1 : static_cast<int>(at < 16 ? at : at - 6);
}

std::string percentDecoded(std::string_view text)
{
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool isCoded =
            text[i] == '%' && i + 2 < text.size() && digitOf(text[i + 1]) >= 0 && digitOf(text[i + 2]) >= 0;
        out += isCoded ? static_cast<char>(digitOf(text[i + 1]) * 16 + digitOf(text[i + 2])) : text[i];
        i += isCoded ? 2 : 0;
    }
    return out;
}

bool isToken(std::string_view name)
{
    return !name.empty() && std::ranges::all_of(name, [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
            || std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
    });
}

std::vector<std::string_view> split(std::string_view text, std::string_view separators)
{
    std::vector<std::string_view> parts;
    while (!text.empty()) {
        const auto end = std::min(text.find_first_of(separators), text.size());
        if (const auto part = trimmed(text.substr(0, end)); !part.empty())
            parts.push_back(part);
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return parts;
}

/// A whole number from `least` to `most`; empty when it is none.
std::optional<std::size_t> numberOf(std::string_view text, std::size_t least)
{
    std::size_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    const bool isWhole = error == std::errc{} && end == text.data() + text.size();
    return isWhole && value >= least && value <= most ? std::optional(value) : std::nullopt;
}

/// Reads variables; empty ones count as unset, as the specification wants it.
class Reader final
{
public:
    Reader(const OtlpEnvironment::Lookup &lookup, std::vector<std::string> &complaints)
        : m_lookup(lookup), m_complaints(complaints)
    {}

    [[nodiscard]] std::optional<std::string> text(const char *name) const
    {
        auto value = m_lookup(name);
        return value && !value->empty() ? value : std::nullopt;
    }
    [[nodiscard]] std::optional<std::string> text(const char *first, const char *second) const
    {
        auto value = text(first);
        return value ? value : text(second);
    }
    template<typename T>
    void number(const char *name, T &into) const
    {
        const auto value = text(name);
        if (!value)
            return;
        if (const auto number = numberOf(*value, 1))
            into = T(*number);
        else
            complain(name, "not a number from 1 to 65536");
    }
    void complain(const char *name, const std::string &why) const
    {
        m_complaints.push_back(std::string(name) + ": " + why);
    }

private:
    const OtlpEnvironment::Lookup &m_lookup;
    std::vector<std::string> &m_complaints;
};

std::optional<bool> wishOf(const Reader &read)
{
    if (read.text("OTEL_SDK_DISABLED").value_or("") == "true")
        return false;
    const auto exporters = read.text("OTEL_TRACES_EXPORTER");
    if (!exporters)
        return std::nullopt;
    const auto names = split(*exporters, ",");
    if (std::ranges::find(names, "otlp") != names.end())
        return true;
    if (names != std::vector<std::string_view>{"none"})
        read.complain("OTEL_TRACES_EXPORTER", "only otlp and none are known here");
    return false;
}

} // namespace

std::string tracesUrlOf(std::string_view endpoint)
{
    endpoint = trimmed(endpoint);
    while (endpoint.ends_with('/'))
        endpoint.remove_suffix(1);
    return endpoint.ends_with(tracesPath) ? std::string(endpoint) : std::string(endpoint) + std::string(tracesPath);
}

Result<net::HeaderList> parseHeaders(std::string_view text)
{
    // Lines of "Name: value" may hold commas and equals signs; the list of the variables may not.
    const auto firstSign = text.find_first_of("=:");
    const bool isLines = firstSign != text.npos && text[firstSign] == ':';
    net::HeaderList headers;
    for (const std::string_view part : split(text, isLines ? "\n" : ",\n")) {
        const auto sign = part.find(isLines ? ':' : '=');
        if (sign == part.npos)
            return failure(Error::Kind::Local, "a header is written as name=value");
        const std::string_view name = trimmed(part.substr(0, sign));
        const std::string_view value = trimmed(part.substr(sign + 1));
        if (!isToken(name))
            return failure(Error::Kind::Local, "a header has a name that no header can have");
        headers.emplace_back(name, isLines ? std::string(value) : percentDecoded(value));
    }
    return headers;
}

OtlpEnvironment OtlpEnvironment::from(const Lookup &lookup)
{
    OtlpEnvironment out;
    const Reader read(lookup, out.complaints);
    out.isWanted = wishOf(read);
    if (const auto whole = read.text("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"))
        out.tracesUrl = *whole;
    else if (const auto base = read.text("OTEL_EXPORTER_OTLP_ENDPOINT"))
        out.tracesUrl = tracesUrlOf(*base);
    if (const auto text = read.text("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "OTEL_EXPORTER_OTLP_HEADERS")) {
        if (auto headers = parseHeaders(*text))
            out.headers = std::move(*headers);
        else
            read.complain("OTEL_EXPORTER_OTLP_HEADERS", headers.error().message);
    }
    const auto protocol = read.text("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL");
    if (protocol && *protocol != "http/json")
        read.complain("OTEL_EXPORTER_OTLP_PROTOCOL", "only http/json is spoken here");
    if (const auto attributes = read.text("OTEL_RESOURCE_ATTRIBUTES")) {
        for (const std::string_view part : split(*attributes, ",")) {
            const auto sign = part.find('=');
            if (sign == part.npos || sign == 0)
                read.complain("OTEL_RESOURCE_ATTRIBUTES", "a part is not written as name=value");
            else if (const std::string_view name = trimmed(part.substr(0, sign)); name == "service.name")
                out.others.serviceName = percentDecoded(trimmed(part.substr(sign + 1)));
            else
                out.others.resource.emplace_back(name, percentDecoded(trimmed(part.substr(sign + 1))));
        }
    }
    if (const auto name = read.text("OTEL_SERVICE_NAME"))
        out.others.serviceName = *name;
    read.number("OTEL_EXPORTER_OTLP_TIMEOUT", out.others.timeout);
    read.number("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", out.others.timeout);
    read.number("OTEL_BSP_SCHEDULE_DELAY", out.others.delay);
    read.number("OTEL_BSP_MAX_QUEUE_SIZE", out.others.queueLimit);
    read.number("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", out.others.batchLimit);
    out.traceparent = read.text("TRACEPARENT").value_or("");
    out.tracestate = read.text("TRACESTATE").value_or("");
    return out;
}

OtlpEnvironment OtlpEnvironment::fromProcess()
{
    return from([](const char *name) {
        const char *value = std::getenv(name);
        return value != nullptr ? std::optional<std::string>(value) : std::nullopt;
    });
}

} // namespace sandglass::telemetry
