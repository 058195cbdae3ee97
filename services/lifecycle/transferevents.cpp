#include "services/lifecycle/transferevents.h"

#include "services/core/json.h"

#include <algorithm>
#include <charconv>

namespace sandglass::lifecycle {

namespace {

constexpr std::array<const char *, 3> sources = {"webhook", "poll", "import"};

// In order of the columns.
enum Column : std::size_t {
    Id,
    Type,
    Time,
    SandboxId,
    ExecutionId,
    TemplateId,
    BuildId,
    TeamId,
    KillReason,
    StartedAt,
    Vcpus,
    MemoryMb,
    ExecutionMs,
    SetTimeout,
    Metadata,
    Source,
    ReceivedAt,
    Session,
    Raw,
};
constexpr std::array<const char *, 19> columnNames = {
    "id",       "type",        "timestamp",   "sandbox_id", "execution_id", "template_id",       "build_id",
    "team_id",  "kill_reason", "started_at",  "vcpu_count", "memory_mb",    "execution_time_ms", "set_timeout",
    "metadata", "source",      "received_at", "session",    "raw",
};

EventSource sourceOf(std::string_view text)
{
    const auto place = std::ranges::find(sources, text);
    return place == sources.end() ? EventSource::Import : static_cast<EventSource>(place - sources.begin());
}

const char *nameOf(EventSource source)
{
    return sources[std::min<std::size_t>(static_cast<std::size_t>(source), 2)];
}

/// The event with the session it came by; empty = none.
Result<Event> withSession(Result<Event> event, std::string_view session)
{
    if (!event || session.empty())
        return event;
    if (!isSessionName(session))
        return failure(Error::Kind::Decode, "session is not a session's name");
    event->session = session;
    return event;
}

/// Takes `prefix` off the front.
bool skip(std::string_view &text, std::string_view prefix)
{
    if (!text.starts_with(prefix))
        return false;
    text.remove_prefix(prefix.size());
    return true;
}

std::string_view upToQuote(std::string_view &text)
{
    const std::string_view part = text.substr(0, text.find('"'));
    text.remove_prefix(part.size());
    return part;
}

/// A line just as appendLineOf() writes it, without parsing it twice. Empty when it is of another form.
std::optional<Result<Event>> quickEventOf(std::string_view line)
{
    if (!skip(line, "{\"source\":\""))
        return {};
    const EventSource source = sourceOf(upToQuote(line));
    if (!skip(line, "\",\"received_at\":\""))
        return {};
    const auto receivedAt = parseRfc3339(upToQuote(line));
    const std::string_view session = skip(line, "\",\"session\":\"") ? upToQuote(line) : std::string_view();
    if (!receivedAt || !skip(line, "\",\"event\":") || !line.ends_with('}'))
        return {};
    line.remove_suffix(1);
    return withSession(decodeEvent(line, source, *receivedAt), session);
}

std::int64_t numberOf(const std::string &text, std::int64_t highest)
{
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc() && end == text.data() + text.size() && number >= 0 && number <= highest ? number : 0;
}

} // namespace

void appendLineOf(const Event &event, std::string &text)
{
    const std::string body = event.raw.empty() ? encodeEvent(event) : event.raw;
    text.append("{\"source\":\"").append(nameOf(event.source)).append("\",\"received_at\":\"");
    text.append(formatRfc3339(event.receivedAt, 9)).append("\"");
    if (!event.session.empty())
        text.append(",\"session\":").append(dumpJson(Json(event.session)));
    // One line, and an object from the first byte to the last: it can stand as it is.
    const bool isLine = body.starts_with('{') && body.ends_with('}') && body.find_first_of("\r\n") == std::string::npos
        && event.type != EventType::Unknown;
    if (isLine)
        text.append(",\"event\":").append(body);
    else
        text.append(",\"body\":").append(dumpJson(Json(body)));
    text.append("}\n");
}

Result<Event> eventOfLine(std::string_view line)
{
    if (auto event = quickEventOf(line))
        return std::move(*event);
    const auto json = parseJson(line);
    if (!json)
        return failure(json.error());
    const auto receivedAt = timeOr(*json, "received_at");
    const EventSource source = sourceOf(stringOr(*json, "source"));
    const std::string session = stringOr(*json, "session");
    if (const Json &event = memberOr(*json, "event"); receivedAt && event.is_object())
        return withSession(decodeEvent(dumpJson(event), source, *receivedAt), session);
    if (const std::string body = stringOr(*json, "body"); receivedAt && !body.empty())
        return withSession(decodeEvent(body, source, *receivedAt), session);
    auto event = decodeEvent(line, EventSource::Import, {});
    if (event)
        event->receivedAt = event->timestamp; // nobody knows when it arrived
    return event;
}

CsvColumns::CsvColumns(const std::vector<std::string> &names)
{
    for (std::size_t i = 0; i < columnCount; ++i) {
        auto place = std::ranges::find_if(names, [&](std::string_view name) {
            if (name.starts_with("\xEF\xBB\xBF"))
                name.remove_prefix(3);
            return name == columnNames[i];
        });
        m_places[i] = place == names.end() ? -1 : static_cast<int>(place - names.begin());
    }
}

bool CsvColumns::isUsable() const
{
    return m_places[Raw] >= 0 || (m_places[Type] >= 0 && m_places[Time] >= 0 && m_places[SandboxId] >= 0);
}

Result<Event> CsvColumns::eventOf(const std::vector<std::string> &fields) const
{
    static const std::string none;
    const auto field = [&](Column column) -> const std::string & {
        const int place = m_places[column];
        return place >= 0 && static_cast<std::size_t>(place) < fields.size() ? fields[static_cast<std::size_t>(place)]
                                                                             : none;
    };
    const EventSource source = sourceOf(field(Source));
    const auto receivedAt = parseRfc3339(field(ReceivedAt));
    if (!field(Raw).empty()) {
        auto event = decodeEvent(field(Raw), source, receivedAt.value_or(Timestamp{}));
        if (event && !receivedAt)
            event->receivedAt = event->timestamp;
        return withSession(std::move(event), field(Session));
    }
    const auto time = parseRfc3339(field(Time));
    if (!time)
        return failure(Error::Kind::Decode, "timestamp is not an RFC 3339 time");
    Event event;
    event.id = field(Id);
    event.typeName = field(Type);
    event.type = eventTypeFromName(event.typeName);
    event.timestamp = *time;
    event.sandboxId = field(SandboxId);
    event.executionId = field(ExecutionId);
    event.templateId = field(TemplateId);
    event.buildId = field(BuildId);
    event.teamId = field(TeamId);
    event.killReason = field(KillReason);
    event.newEnd = parseRfc3339(field(SetTimeout));
    if (!field(ExecutionMs).empty() || !field(Vcpus).empty()) {
        event.execution = Execution{parseRfc3339(field(StartedAt)), static_cast<int>(numberOf(field(Vcpus), 1 << 16)),
                                    static_cast<int>(numberOf(field(MemoryMb), 1 << 30)),
                                    numberOf(field(ExecutionMs), 100LL * 366 * 86'400'000)};
    }
    if (const auto metadata = parseJson(field(Metadata)); metadata && metadata->is_object()) {
        for (const auto &[key, value] : metadata->items())
            event.metadata.emplace(key, value.is_string() ? value.get<std::string>() : dumpJson(value));
    }
    // Through the wire form: the same checks as for every other event, and a body to keep.
    return withSession(decodeEvent(encodeEvent(event), source, receivedAt.value_or(*time)), field(Session));
}

std::vector<std::string> CsvColumns::names()
{
    return {columnNames.begin(), columnNames.end()};
}

std::vector<std::string> CsvColumns::fieldsOf(const Event &event)
{
    const auto time = [](const std::optional<Timestamp> &t) { return t ? formatRfc3339(*t, 9) : std::string(); };
    const auto &execution = event.execution;
    return {event.id,
            event.typeName,
            formatRfc3339(event.timestamp, 9),
            event.sandboxId,
            event.executionId,
            event.templateId,
            event.buildId,
            event.teamId,
            event.killReason,
            execution ? time(execution->startedAt) : "",
            execution ? std::to_string(execution->vcpuCount) : "",
            execution ? std::to_string(execution->memoryMb) : "",
            execution ? std::to_string(execution->executionTimeMs) : "",
            time(event.newEnd),
            event.metadata.empty() ? "" : dumpJson(Json(event.metadata)),
            nameOf(event.source),
            formatRfc3339(event.receivedAt, 9),
            event.session,
            event.raw.empty() ? encodeEvent(event) : event.raw};
}

} // namespace sandglass::lifecycle
