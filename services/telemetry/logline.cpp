#include "services/telemetry/logline.h"

#include "services/telemetry/redactor.h"

namespace sandglass::telemetry {

namespace {

constexpr std::size_t messageLimit = 8U << 10;
constexpr int levels = 4; ///< of objects in the fields; deeper ones are texts

/// Secrets out of every text of `value`.
Json cleaned(const Json &value, int depth = 0)
{
    if (value.is_string())
        return redactor().clean(value.get_ref<const std::string &>());
    if (depth >= levels && value.is_structured())
        return redactor().clean(dumpJson(value));
    if (!value.is_structured())
        return value;
    Json out = value.is_array() ? Json::array() : Json::object();
    for (const auto &[key, member] : value.items()) {
        if (value.is_array())
            out.push_back(cleaned(member, depth + 1));
        else
            out[key] = cleaned(member, depth + 1);
    }
    return out;
}

} // namespace

std::string logLine(const LogRecord &record)
{
    // By hand, so that the members stand in the order people read; texts are escaped by the library.
    // Cut generously before and to size after the secrets are out: half of one would not be recognised.
    const auto text = [](std::string_view plain) {
        return dumpJson(Json(redactor().clean(plain.substr(0, 2 * messageLimit)).substr(0, messageLimit)));
    };
    std::string out = R"({"time":")" + formatRfc3339(record.time, 3) + R"(","level":")";
    out.append(record.level).append(R"(","category":)").append(text(record.category));
    out.append(R"(,"message":)").append(text(record.message));
    if (record.span.isValid()) {
        out.append(R"(,"trace_id":")").append(record.span.traceId);
        out.append(R"(","span_id":")").append(record.span.spanId).append("\"");
    }
    if (record.fields.is_object() && !record.fields.empty())
        out.append(R"(,"fields":)").append(dumpJson(cleaned(record.fields)));
    if (!record.file.empty())
        out.append(R"(,"source":)").append(text(std::string(record.file) + ":" + std::to_string(record.line)));
    return out += '}';
}

} // namespace sandglass::telemetry
