#include "services/refine/sessiontext.h"

#include "services/telemetry/keyshapes.h"
#include "services/telemetry/redactor.h"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

namespace sandglass::refine {

namespace {

constexpr std::array<std::pair<Verdict, const char *>, 6> verdicts = {{{Verdict::Passed, "passed"},
                                                                       {Verdict::CheckFailed, "check_failed"},
                                                                       {Verdict::Raised, "raised"},
                                                                       {Verdict::TimedOut, "timed_out"},
                                                                       {Verdict::Stopped, "stopped"},
                                                                       {Verdict::Broken, "broken"}}};
using Kind = OutputLines::Kind;
constexpr std::array<std::pair<Kind, const char *>, 4> kinds = {
    {{Kind::Stdout, "stdout"}, {Kind::Stderr, "stderr"}, {Kind::Error, "error"}, {Kind::Note, "note"}}};

template<typename Value, std::size_t Count>
const char *wordFor(const std::array<std::pair<Value, const char *>, Count> &words, Value value)
{
    return std::ranges::find(words, value, [](const auto &entry) { return entry.first; })->second;
}

template<typename Value, std::size_t Count>
std::optional<Value> valueFor(const std::array<std::pair<Value, const char *>, Count> &words, std::string_view word)
{
    const auto found = std::ranges::find(words, word, [](const auto &entry) { return std::string_view(entry.second); });
    return found != words.end() ? std::optional(found->first) : std::nullopt;
}

/// Pictures and documents in base64: their letters are no words, and a change would break them.
bool isBinary(std::string_view value)
{
    const bool isKnown = value.starts_with("iVBORw0KGgo") || value.starts_with("/9j/") || value.starts_with("JVBERi0");
    return isKnown && std::ranges::all_of(value, [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' || c == '/'
                   || c == '=' || c == '\n';
           });
}

/// UTF-16 units, in which lines are folded.
std::size_t lengthOf(std::string_view utf8)
{
    std::size_t length = 0;
    for (const char c : utf8) {
        const auto byte = static_cast<unsigned char>(c);
        length += static_cast<std::size_t>((byte & 0xC0U) != 0x80U) + static_cast<std::size_t>(byte >= 0xF0U);
    }
    return length;
}

void fold(std::string_view line, std::vector<std::string> &into)
{
    while (line.size() > SessionCleaner::foldedAt) {
        std::size_t cut = SessionCleaner::foldedAt;
        while (cut > 1 && (static_cast<unsigned char>(line[cut]) & 0xC0U) == 0x80U)
            --cut;
        into.emplace_back(line.substr(0, cut));
        line.remove_prefix(cut);
    }
    into.emplace_back(line);
}

std::string joined(const std::vector<std::string> &lines)
{
    std::string text;
    for (std::size_t i = 0; i < lines.size(); ++i) {
        if (i > 0)
            text += '\n';
        text += lines[i];
    }
    return text;
}

std::vector<std::string> split(const std::string &text)
{
    std::vector<std::string> lines;
    std::size_t from = 0;
    for (std::size_t end = text.find('\n'); end != std::string::npos; end = text.find('\n', from)) {
        lines.push_back(text.substr(from, end - from));
        from = end + 1;
    }
    lines.push_back(text.substr(from));
    for (std::string &line : lines)
        std::erase_if(line, [](char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f; });
    return lines;
}

/// Members of an object of a foreign file; remembers what the first of them was that is not what it should be.
class Fields final
{
public:
    explicit Fields(const Json &object) : m_object(object)
    {
        if (!object.is_object())
            fail("an object is missing");
    }

    std::string text(const char *key, std::size_t mostBytes)
    {
        const Json &value = memberOr(m_object, key);
        if (value.is_null())
            return {};
        if (!value.is_string())
            return fail(std::string(key) + " is no text"), std::string();
        std::string found = value.get<std::string>();
        if (found.size() > mostBytes)
            return fail(std::string(key) + " is too long"), std::string();
        std::erase(found, '\0');
        return found;
    }

    std::optional<std::int64_t> number(const char *key, std::int64_t least, std::int64_t most)
    {
        const Json &value = memberOr(m_object, key);
        if (value.is_null())
            return {};
        const bool fits = value.is_number_integer()
            && (!value.is_number_unsigned()
                || value.get<std::uint64_t>() <= static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()));
        if (!fits || value.get<std::int64_t>() < least || value.get<std::int64_t>() > most)
            return fail(std::string(key) + " is no number from " + std::to_string(least) + " to "
                        + std::to_string(most)),
                   std::nullopt;
        return value.get<std::int64_t>();
    }

    bool flag(const char *key)
    {
        const Json &value = memberOr(m_object, key);
        if (!value.is_null() && !value.is_boolean())
            fail(std::string(key) + " is neither true nor false");
        return value.is_boolean() && value.get<bool>();
    }

    /// An empty one when it is missing.
    const Json &list(const char *key, std::size_t most)
    {
        static const Json none = Json::array();
        const Json &value = memberOr(m_object, key);
        if (value.is_null())
            return none;
        if (!value.is_array())
            return fail(std::string(key) + " is no list"), none;
        if (value.size() > most)
            return fail(std::string(key) + " has more than " + std::to_string(most) + " entries"), none;
        return value;
    }

    void fail(std::string what)
    {
        if (m_error.empty())
            m_error = std::move(what);
    }
    [[nodiscard]] const std::string &error() const { return m_error; }

private:
    const Json &m_object;
    std::string m_error;
};

std::vector<OutputLines> outputFrom(Fields &fields)
{
    std::vector<OutputLines> output;
    std::size_t lines = 0;
    for (const Json &entry : fields.list("output", SessionLimits::linesOfAttempt)) {
        Fields piece(entry);
        const auto kind = valueFor(kinds, piece.text("kind", SessionLimits::nameBytes));
        std::vector<std::string> found = split(piece.text("text", SessionLimits::fileBytes));
        if (!kind)
            piece.fail("output of an unknown kind");
        lines += found.size();
        if (lines > SessionLimits::linesOfAttempt)
            piece.fail("output has more than " + std::to_string(SessionLimits::linesOfAttempt) + " lines");
        if (!piece.error().empty()) {
            fields.fail(piece.error());
            break;
        }
        output.push_back({*kind, std::move(found)});
    }
    return output;
}

std::vector<e2b::ExecutionResult> resultsFrom(Fields &fields)
{
    std::vector<e2b::ExecutionResult> results;
    for (const Json &entry : fields.list("results", SessionLimits::resultsOfAttempt)) {
        Fields member(entry);
        e2b::ExecutionResult result;
        result.isMainResult = member.flag("main");
        const Json &data = memberOr(entry, "data");
        if (!data.is_object() || data.size() > SessionLimits::formatsOfResult)
            member.fail("a result without data, or in too many forms");
        else
            for (const auto &[format, value] : data.items()) {
                if (!value.is_string() || format.size() > SessionLimits::nameBytes)
                    member.fail("a result that is no text");
                else
                    result.formats.emplace(format, value.get<std::string>());
            }
        if (!member.error().empty()) {
            fields.fail(member.error());
            break;
        }
        results.push_back(std::move(result));
    }
    return results;
}

void readError(const Json &value, Fields &fields, SharedAttempt &attempt)
{
    if (value.is_null())
        return;
    Fields error(value);
    attempt.error = e2b::ExecutionError{error.text("name", 4'096), error.text("value", SessionLimits::codeBytes),
                                        error.text("traceback", SessionLimits::codeBytes)};
    if (const auto line = error.number("line", 1, 10'000'000))
        attempt.errorLine = static_cast<int>(*line);
    if (!error.error().empty())
        fields.fail("error: " + error.error());
}

constexpr std::int64_t tenYears = std::int64_t{315'360'000} * 1'000'000'000; // ns

std::optional<Money> costFrom(Fields &fields)
{
    const std::string text = fields.text("cost_usd", SessionLimits::nameBytes);
    if (text.empty())
        return std::nullopt;
    const auto cost = Money::parse(text);
    if (!cost)
        fields.fail("cost_usd is no amount");
    return cost;
}

Json toJson(const ModelUse &use, SessionCleaner &cleaner)
{
    Json value = {{"name", cleaner.clean(use.model).substr(0, SessionLimits::nameBytes)},
                  {"protocol", use.protocol},
                  {"duration_ns", use.duration.count()}};
    if (use.tokens) {
        value["input_tokens"] = use.tokens->input;
        value["cached_input_tokens"] = use.tokens->cachedInput;
        value["cache_write_tokens"] = use.tokens->cacheWrite;
        value["output_tokens"] = use.tokens->output;
    }
    if (use.cost)
        value["cost_usd"] = use.cost->toFixed(12);
    return value;
}

void readModel(const Json &value, Fields &fields, SharedAttempt &attempt)
{
    if (value.is_null())
        return;
    Fields model(value);
    ModelUse use;
    use.model = model.text("name", SessionLimits::nameBytes);
    use.protocol = model.text("protocol", SessionLimits::nameBytes);
    use.duration = std::chrono::nanoseconds(model.number("duration_ns", 0, tenYears).value_or(0));
    const auto tokens = [&model](const char *member) { return model.number(member, 0, TokenUsage::most); };
    const auto input = tokens("input_tokens"), output = tokens("output_tokens");
    if (input && output)
        use.tokens = TokenUsage{*input, tokens("cached_input_tokens").value_or(0),
                                tokens("cache_write_tokens").value_or(0), *output};
    use.cost = costFrom(model);
    if (!model.error().empty())
        return fields.fail("model: " + model.error());
    attempt.model = std::move(use);
}

} // namespace

std::string SessionCleaner::clean(std::string_view text)
{
    // Whole values first: a shape inside one would leave its other part behind.
    return telemetry::withoutKeyShapes(telemetry::redactor().clean(text, m_places), m_places);
}

std::vector<std::string> SessionCleaner::cleanLines(const std::vector<std::string> &lines)
{
    // As one text: a key may span lines (PEM). `whole` has what was folded in one line again.
    const bool isFolded = std::ranges::any_of(lines, [](const auto &line) { return lengthOf(line) >= foldedAt; });
    std::string whole;
    for (std::size_t i = 0; i < lines.size(); ++i) {
        whole += lines[i];
        if (i + 1 < lines.size() && lengthOf(lines[i]) < foldedAt)
            whole += '\n';
    }
    const int before = m_places;
    const std::string cleaned = clean(whole);
    if (m_places == before)
        return lines;
    std::vector<std::string> result;
    for (const std::string &line : split(cleaned)) {
        if (isFolded)
            fold(line, result);
        else
            result.push_back(line);
    }
    return result;
}

e2b::ExecutionResult SessionCleaner::cleanResult(const e2b::ExecutionResult &result)
{
    e2b::ExecutionResult cleaned{result.isMainResult, {}};
    for (const auto &[format, value] : result.formats) {
        const std::string name = clean(format).substr(0, SessionLimits::nameBytes);
        cleaned.formats[name] = isBinary(value) ? value : clean(value);
    }
    return cleaned;
}

Json toJson(const SharedAttempt &attempt, SessionCleaner &cleaner)
{
    Json value = {{"number", attempt.number},
                  {"author", cleaner.clean(attempt.author).substr(0, SessionLimits::nameBytes)},
                  {"verdict", wordFor(verdicts, attempt.verdict)},
                  {"checked", attempt.isChecked},
                  {"reason", cleaner.clean(attempt.reason)},
                  {"code", cleaner.clean(attempt.code)},
                  {"output", Json::array()},
                  {"results", Json::array()}};
    for (const OutputLines &piece : attempt.output) {
        if (!piece.lines.empty())
            value["output"].push_back(
                {{"kind", wordFor(kinds, piece.kind)}, {"text", joined(cleaner.cleanLines(piece.lines))}});
    }
    for (const e2b::ExecutionResult &result : attempt.results) {
        const e2b::ExecutionResult cleaned = cleaner.cleanResult(result);
        value["results"].push_back({{"main", cleaned.isMainResult}, {"data", cleaned.formats}});
    }
    if (attempt.error) {
        value["error"] = {{"name", cleaner.clean(attempt.error->name)},
                          {"value", cleaner.clean(attempt.error->value)},
                          {"traceback", cleaner.clean(withoutAnsi(attempt.error->traceback))}};
        if (attempt.errorLine)
            value["error"]["line"] = *attempt.errorLine;
    }
    if (!attempt.sandboxId.empty())
        value["sandbox_id"] = cleaner.clean(attempt.sandboxId);
    if (attempt.startedAt)
        value["started_at"] = formatRfc3339(*attempt.startedAt, 9);
    if (attempt.duration)
        value["duration_ns"] = attempt.duration->count();
    if (attempt.cost)
        value["cost_usd"] = attempt.cost->toFixed(12);
    if (attempt.model)
        value["model"] = toJson(*attempt.model, cleaner);
    return value;
}

Result<SharedAttempt> attemptFrom(const Json &value)
{
    Fields fields(value);
    SharedAttempt attempt;
    attempt.number = static_cast<int>(fields.number("number", 1, SessionLimits::highestNumber).value_or(0));
    attempt.author = fields.text("author", SessionLimits::nameBytes);
    const auto verdict = valueFor(verdicts, fields.text("verdict", SessionLimits::nameBytes));
    attempt.verdict = verdict.value_or(Verdict::Broken);
    attempt.isChecked = fields.flag("checked");
    attempt.reason = fields.text("reason", SessionLimits::codeBytes);
    attempt.code = fields.text("code", SessionLimits::codeBytes);
    attempt.output = outputFrom(fields);
    attempt.results = resultsFrom(fields);
    readError(memberOr(value, "error"), fields, attempt);
    attempt.sandboxId = fields.text("sandbox_id", SessionLimits::nameBytes);
    if (const std::string started = fields.text("started_at", SessionLimits::nameBytes); !started.empty()) {
        attempt.startedAt = parseRfc3339(started);
        if (!attempt.startedAt)
            fields.fail("started_at is no time");
    }
    if (const auto duration = fields.number("duration_ns", 0, tenYears))
        attempt.duration = std::chrono::nanoseconds(*duration);
    attempt.cost = costFrom(fields);
    readModel(memberOr(value, "model"), fields, attempt);
    if (attempt.number == 0)
        fields.fail("number is missing");
    if (!verdict)
        fields.fail("its verdict is unknown");
    if (!fields.error().empty())
        return failure(Error::Kind::Decode, fields.error());
    return attempt;
}

} // namespace sandglass::refine
