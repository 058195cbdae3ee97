#include "services/lifecycle/event.h"

#include "services/core/json.h"

#include <simdjson.h>

#include <array>
#include <cmath>
#include <limits>

namespace sandglass::lifecycle {

namespace {

namespace dom = simdjson::dom;

constexpr std::string_view lifecyclePrefix = "sandbox.lifecycle.";
constexpr std::string_view ownPrefix = "sandglass.";
constexpr std::size_t textLimit = 512; // ids and names: they become keys of indexes

struct TypeName
{
    EventType type;
    std::string_view name;  ///< last part of the type
    std::string_view label; ///< the older event_label
};
constexpr std::array typeNames = {
    TypeName{EventType::Created, "created", "create"},
    TypeName{EventType::Updated, "updated", "update"},
    TypeName{EventType::Paused, "paused", "pause"},
    TypeName{EventType::Resumed, "resumed", "resume"},
    TypeName{EventType::Killed, "killed", "kill"},
    TypeName{EventType::Checkpointed, "checkpointed", "checkpoint"},
    // Servers that follow E2B call a snapshot of a running sandbox by these names.
    TypeName{EventType::Checkpointed, "forked", "fork"},
    TypeName{EventType::Checkpointed, "snapshotted", "snapshot"},
};

bool isOwn(EventType type)
{
    return type == EventType::Observed || type == EventType::Lost;
}

/// Reads members under both spellings and remembers the first complaint.
class Reader final
{
public:
    Reader(dom::object object, std::string_view prefix, std::string *complaint)
        : m_object(object), m_prefix(prefix), m_complaint(complaint)
    {}

    [[nodiscard]] std::optional<dom::element> member(std::string_view snake, std::string_view camel) const
    {
        dom::element value;
        if (m_object.at_key(snake).get(value) != simdjson::SUCCESS
            && m_object.at_key(camel).get(value) != simdjson::SUCCESS)
            return std::nullopt;
        if (value.is_null())
            return std::nullopt;
        return value;
    }

    [[nodiscard]] std::string text(std::string_view snake, std::string_view camel) const
    {
        const auto value = member(snake, camel);
        std::string_view text;
        if (!value)
            return {};
        if (value->get(text) != simdjson::SUCCESS)
            complain(snake, "is not text");
        else if (text.size() > textLimit)
            complain(snake, "is too long");
        else
            return std::string(text);
        return {};
    }

    [[nodiscard]] std::optional<Timestamp> time(std::string_view snake, std::string_view camel) const
    {
        const std::string written = text(snake, camel);
        if (written.empty())
            return std::nullopt;
        const auto time = parseRfc3339(written);
        if (!time)
            complain(snake, "is not an RFC 3339 time");
        return time;
    }

    [[nodiscard]] std::int64_t integer(std::string_view snake, std::string_view camel, std::int64_t highest) const
    {
        const auto value = member(snake, camel);
        if (!value)
            return 0;
        std::int64_t number = 0;
        double real = 0;
        if (value->get(number) != simdjson::SUCCESS) {
            constexpr double exact = 9007199254740992.0; // above 2^53 a double is no integer any more
            if (value->get(real) != simdjson::SUCCESS || std::trunc(real) != real || std::abs(real) > exact) {
                complain(snake, "is not a whole number");
                return 0;
            }
            number = static_cast<std::int64_t>(real);
        }
        if (number >= 0 && number <= highest)
            return number;
        complain(snake, "is out of range");
        return 0;
    }

    [[nodiscard]] std::optional<dom::object> object(std::string_view snake, std::string_view camel) const
    {
        const auto value = member(snake, camel);
        dom::object object;
        if (!value)
            return std::nullopt;
        if (value->get(object) == simdjson::SUCCESS)
            return object;
        complain(snake, "is not an object");
        return std::nullopt;
    }

    void complain(std::string_view name, std::string_view what) const
    {
        if (m_complaint->empty())
            m_complaint->append(m_prefix).append(name).append(" ").append(what);
    }

private:
    dom::object m_object;
    std::string_view m_prefix;
    std::string *m_complaint;
};

std::map<std::string, std::string> readMetadata(const dom::object &object)
{
    std::map<std::string, std::string> metadata;
    for (const auto field : object) {
        std::string_view text;
        if (field.value.get(text) == simdjson::SUCCESS)
            metadata.emplace(field.key, text);
        else // documented as text; anything else is kept as its JSON
            metadata.emplace(field.key, simdjson::minify(field.value));
    }
    return metadata;
}

Execution readExecution(const Reader &reader)
{
    constexpr std::int64_t mostVcpus = 1 << 16;
    constexpr std::int64_t mostMemoryMb = std::numeric_limits<int>::max();
    constexpr std::int64_t longestMs = 100LL * 366 * 24 * 3600 * 1000;
    Execution execution;
    execution.startedAt = reader.time("started_at", "startedAt");
    execution.vcpuCount = static_cast<int>(reader.integer("vcpu_count", "vcpuCount", mostVcpus));
    execution.memoryMb = static_cast<int>(reader.integer("memory_mb", "memoryMb", mostMemoryMb));
    execution.executionTimeMs = reader.integer("execution_time", "executionTime", longestMs);
    return execution;
}

void readData(const dom::object &data, Event &event, std::string *complaint)
{
    const Reader reader(data, "event_data.", complaint);
    if (const auto metadata = reader.object("sandbox_metadata", "sandboxMetadata"))
        event.metadata = readMetadata(*metadata);
    if (const auto execution = reader.object("execution", "execution"))
        event.execution = readExecution(Reader(*execution, "event_data.execution.", complaint));
    event.killReason = reader.text("kill_reason", "killReason");
    event.newEnd = reader.time("set_timeout", "setTimeout");
    if (event.type == EventType::Observed) {
        event.observedState = reader.text("observed_state", "observedState");
        event.templateAlias = reader.text("template_alias", "templateAlias");
    }
}

std::string typeFromLabel(const Reader &reader)
{
    const std::string label = reader.text("event_label", "eventLabel");
    if (label.empty())
        return {};
    const std::string category = reader.text("event_category", "eventCategory");
    const auto *known = std::ranges::find(typeNames, label, &TypeName::label);
    std::string name = "sandbox." + (category.empty() ? std::string("lifecycle") : category) + ".";
    return name.append(known != typeNames.end() ? known->name : std::string_view(label));
}

// The oldest payloads carry no id; a retry of one must still be recognised.
std::string derivedId(const Event &event)
{
    return event.typeName + '/' + event.sandboxId + '/' + event.executionId + '/'
        + std::to_string(toUnixNs(event.timestamp));
}

Result<dom::object> parseObject(dom::parser &parser, std::string_view body)
{
    dom::element root;
    if (const auto error = parser.parse(body.data(), body.size()).get(root))
        return failure(Error::Kind::Decode, std::string("not JSON: ") + simdjson::error_message(error));
    dom::object object;
    if (root.get(object) != simdjson::SUCCESS)
        return failure(Error::Kind::Decode, "not a JSON object");
    return object;
}

} // namespace

Result<Event> decodeEvent(std::string_view body, EventSource source, Timestamp receivedAt)
{
    // DOM, not on-demand: a body is accepted only when all of it is valid JSON. A signature over a secret prefix can
    // be extended by a stranger, but not into valid JSON.
    thread_local dom::parser parser;
    const auto object = parseObject(parser, body);
    if (!object)
        return failure(object.error());

    std::string complaint;
    const Reader reader(*object, {}, &complaint);
    Event event;
    event.id = reader.text("id", "id");
    event.typeName = reader.text("type", "type");
    if (event.typeName.empty())
        event.typeName = typeFromLabel(reader);
    if (event.typeName.empty())
        reader.complain("type", "is missing");
    event.type = eventTypeFromName(event.typeName);
    if (const auto time = reader.time("timestamp", "timestamp"))
        event.timestamp = *time;
    else
        reader.complain("timestamp", "is missing");
    event.sandboxId = reader.text("sandbox_id", "sandboxId");
    if (event.sandboxId.empty() && event.type != EventType::Unknown)
        reader.complain("sandbox_id", "is missing");
    event.executionId = reader.text("sandbox_execution_id", "sandboxExecutionId");
    event.templateId = reader.text("sandbox_template_id", "sandboxTemplateId");
    event.buildId = reader.text("sandbox_build_id", "sandboxBuildId");
    event.teamId = reader.text("sandbox_team_id", "sandboxTeamId");
    if (const auto data = reader.object("event_data", "eventData"))
        readData(*data, event, &complaint);
    if (!complaint.empty())
        return failure(Error::Kind::Decode, std::move(complaint));
    if (event.id.empty())
        event.id = derivedId(event);
    event.source = source;
    event.receivedAt = receivedAt;
    event.raw = body;
    return event;
}

std::string encodeEvent(const Event &event)
{
    Json data = Json::object();
    if (!event.metadata.empty())
        data["sandbox_metadata"] = event.metadata;
    if (event.execution) {
        Json &execution = data["execution"] = Json::object();
        if (event.execution->startedAt)
            execution["started_at"] = formatRfc3339(*event.execution->startedAt, 9);
        if (event.execution->vcpuCount > 0)
            execution["vcpu_count"] = event.execution->vcpuCount;
        if (event.execution->memoryMb > 0)
            execution["memory_mb"] = event.execution->memoryMb;
        execution["execution_time"] = event.execution->executionTimeMs;
    }
    const auto setText = [](Json &object, const char *key, const std::string &text) {
        if (!text.empty())
            object[key] = text;
    };
    setText(data, "kill_reason", event.killReason);
    if (event.newEnd)
        data["set_timeout"] = formatRfc3339(*event.newEnd, 9);
    setText(data, "observed_state", event.observedState);
    setText(data, "template_alias", event.templateAlias);

    const std::string_view prefix = isOwn(event.type) ? ownPrefix : lifecyclePrefix;
    Json json{{"version", "v2"},
              {"id", event.id},
              {"type", event.typeName.empty() ? std::string(prefix).append(toString(event.type)) : event.typeName},
              {"timestamp", formatRfc3339(event.timestamp, 9)}};
    if (const auto *known = std::ranges::find(typeNames, event.type, &TypeName::type);
        known != typeNames.end() && event.type != EventType::Checkpointed) { // E2B sends none for checkpoints
        json["event_category"] = "lifecycle";
        json["event_label"] = known->label;
    }
    if (!data.empty())
        json["event_data"] = std::move(data);
    setText(json, "sandbox_id", event.sandboxId);
    setText(json, "sandbox_execution_id", event.executionId);
    setText(json, "sandbox_template_id", event.templateId);
    setText(json, "sandbox_build_id", event.buildId);
    setText(json, "sandbox_team_id", event.teamId);
    return dumpJson(json);
}

bool isSessionName(std::string_view text)
{
    constexpr std::size_t longest = 128;
    constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-~:@";
    return !text.empty() && text.size() <= longest && text != "." && text != ".."
        && text.find_first_not_of(letters) == text.npos;
}

std::string_view toString(EventType type)
{
    if (type == EventType::Observed)
        return "observed";
    if (type == EventType::Lost)
        return "lost";
    const auto *known = std::ranges::find(typeNames, type, &TypeName::type);
    return known != typeNames.end() ? known->name : "unknown";
}

EventType eventTypeFromName(std::string_view typeName)
{
    if (typeName.starts_with(ownPrefix)) {
        typeName.remove_prefix(ownPrefix.size());
        return typeName == "observed" ? EventType::Observed : typeName == "lost" ? EventType::Lost : EventType::Unknown;
    }
    if (!typeName.starts_with(lifecyclePrefix))
        return EventType::Unknown;
    typeName.remove_prefix(lifecyclePrefix.size());
    const auto *known = std::ranges::find(typeNames, typeName, &TypeName::name);
    return known != typeNames.end() ? known->type : EventType::Unknown;
}

} // namespace sandglass::lifecycle
