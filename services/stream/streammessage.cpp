#include "services/stream/streammessage.h"

#include "services/cost/meter.h"
#include "services/lifecycle/transferevents.h"

#include <cctype>

namespace sandglass::stream {

namespace {

constexpr int moneyDigits = 12;

// The last member, so that the event's own bytes can be taken out unchanged. The text cannot occur before it: inside a
// JSON string its quotes would be escaped.
constexpr std::string_view recordMark = ",\"record\":";

Json textOrNull(const std::string &text)
{
    return text.empty() ? Json() : Json(text);
}

Json costOf(const lifecycle::Event &event, const cost::RateCard &card)
{
    const bool isEnd = event.type == lifecycle::EventType::Paused || event.type == lifecycle::EventType::Killed;
    if (!isEnd || !event.execution)
        return {};
    const lifecycle::Execution &run = *event.execution;
    const Timestamp start = run.startedAt.value_or(event.timestamp - std::chrono::milliseconds(run.executionTimeMs));
    const auto price = cost::priceOf({start, event.timestamp, run.executionTimeMs, run.vcpuCount, run.memoryMb},
                                     card.of(event.teamId));
    return price ? Json(price->toFixed(moneyDigits)) : Json();
}

} // namespace

std::string statusWord(const lifecycle::Event &event)
{
    using Type = lifecycle::EventType;
    if (event.type == Type::Killed)
        return "Terminated";
    std::string word(event.type == Type::Unknown ? std::string_view(event.typeName) : toString(event.type));
    word.erase(0, word.rfind('.') + 1);
    if (!word.empty())
        word.front() = static_cast<char>(std::toupper(static_cast<unsigned char>(word.front())));
    return word;
}

std::string eventMessage(const lifecycle::StoredEvent &stored, const cost::RateCard &card, bool isFull)
{
    const lifecycle::Event &event = stored.event;
    Json fields{{"type", event.typeName},
                {"sandbox_id", textOrNull(event.sandboxId)},
                {"template", textOrNull(event.templateAlias.empty() ? event.templateId : event.templateAlias)},
                {"timestamp", formatRfc3339(event.timestamp, 9)},
                {"status", statusWord(event)},
                {"id", event.id},
                {"seq", stored.seq},
                {"cost", costOf(event, card)}};
    if (!event.session.empty())
        fields["session"] = event.session;
    std::string text = dumpJson(fields);
    if (isFull) {
        text.pop_back(); // the closing brace
        text.append(recordMark);
        lifecycle::appendLineOf(event, text);
        text.back() = '}'; // in place of the line's end
    }
    return text;
}

std::string costMessage(const CostTick &tick)
{
    return dumpJson({{"type", "cost"},
                     {"timestamp", formatRfc3339(tick.at)},
                     {"cost", tick.today.toFixed(moneyDigits)},
                     {"burn_rate", tick.burnRate.toFixed(moneyDigits)},
                     {"running", tick.running},
                     {"paused", tick.paused},
                     {"unsized", tick.unsized}});
}

std::string helloMessage(std::int64_t after, std::int64_t lastSeq, bool isResumed)
{
    return dumpJson({{"type", "hello"},
                     {"version", streamVersion},
                     {"after", after},
                     {"last_seq", lastSeq},
                     {"resumed", isResumed}});
}

std::string liveMessage(std::int64_t seq)
{
    return dumpJson({{"type", "live"}, {"seq", seq}});
}

std::string noticeMessage(std::string_view code, std::string_view text, std::int64_t resumeAfter)
{
    return dumpJson({{"type", "notice"}, {"code", code}, {"message", text}, {"resume_after", resumeAfter}});
}

Result<Incoming> readMessage(std::string_view text)
{
    Incoming message;
    std::string head(text);
    if (const std::size_t mark = text.find(recordMark); mark != text.npos && text.ends_with('}')) {
        message.record = text.substr(mark + recordMark.size());
        message.record.remove_suffix(1);
        head.resize(mark);
        head += '}';
    }
    auto fields = parseJson(head);
    const std::string type = fields ? stringOr(*fields, "type") : std::string();
    if (type.empty())
        return failure(Error::Kind::Decode, "what arrived is no message of a live stream");
    message.fields = std::move(*fields);
    message.seq = intOr(message.fields, "seq");
    using Kind = Incoming::Kind;
    if (!stringOr(message.fields, "id").empty() && message.seq > 0)
        message.kind = Kind::Event;
    else if (type == "hello")
        message.kind = Kind::Hello;
    else if (type == "live")
        message.kind = Kind::Live;
    else if (type == "cost")
        message.kind = Kind::Cost;
    else if (type == "notice")
        message.kind = Kind::Notice;
    return message;
}

} // namespace sandglass::stream
