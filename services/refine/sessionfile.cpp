#include "services/refine/sessionfile.h"

#include "services/core/qtstring.h"
#include "services/refine/sessiontext.h"

#include <QFile>
#include <QSaveFile>

#include <algorithm>
#include <array>
#include <system_error>
#include <utility>

namespace sandglass::refine {

namespace {

constexpr std::string_view formatName = "sandglass.session";
constexpr std::int64_t formatVersion = 1;
constexpr std::size_t roomForHead = 1U << 20; ///< of the file, besides its code

std::string sized(std::string text, std::size_t most)
{
    if (text.size() <= most)
        return text;
    while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xC0U) == 0x80U)
        --most;
    text.resize(most);
    return text;
}

/// `name: value,` of the head, which stands in this order.
void append(std::string &text, const char *name, const Json &value)
{
    text += std::string(" \"") + name + "\": " + dumpJson(value) + ",\n";
}

Error unwritten(const QSaveFile &file)
{
    return {Error::Kind::Local, 0, "cannot write " + toUtf8(file.fileName()) + ": " + toUtf8(file.errorString()), {}};
}

Error tooLarge()
{
    return {Error::Kind::Local, 0, "it is larger than " + std::to_string(SessionLimits::fileBytes >> 20) + " MiB", {}};
}

Error cancelled()
{
    return {Error::Kind::Cancelled, 0, "cancelled", {}};
}

/// Takes the document in as it is parsed: one attempt at a time becomes a tree of JSON, what is unknown never does.
class SessionParser final : public Json::json_sax_t
{
public:
    explicit SessionParser(const SessionProgress &progress) : m_progress(progress) {}

    bool null() override { return take(Json()); }
    bool boolean(bool value) override { return take(Json(value)); }
    bool number_integer(std::int64_t value) override { return take(Json(value)); }
    bool number_unsigned(std::uint64_t value) override { return take(Json(value)); }
    bool number_float(double value, const std::string & /*text*/) override { return take(Json(value)); }
    bool string(std::string &value) override { return take(Json(std::move(value))); }
    bool binary(Json::binary_t & /*value*/) override { return fail("there are bytes in it"); }
    bool start_object(std::size_t /*size*/) override { return open(Json::object()); }
    bool start_array(std::size_t /*size*/) override { return open(Json::array()); }
    bool end_object() override { return close(); }
    bool end_array() override { return close(); }
    bool key(std::string &name) override
    {
        if (m_depth == 1)
            m_key = name;
        else if (m_isAttempts && m_depth >= 3)
            m_slot = &(*m_open.back())[name];
        return true;
    }
    bool parse_error(std::size_t position, const std::string & /*token*/,
                     const nlohmann::detail::exception & /*why*/) override
    {
        return fail("it is damaged or cut off at byte " + std::to_string(position));
    }

    [[nodiscard]] Result<SharedSession> result() &&;

private:
    bool fail(std::string what, Error::Kind kind = Error::Kind::Decode, std::string code = {})
    {
        if (!m_error)
            m_error = Error{kind, 0, std::move(what), std::move(code)};
        return false;
    }
    bool count();
    bool take(Json value);
    bool open(Json value);
    bool close();
    Json *put(Json value);
    bool finishAttempt();
    [[nodiscard]] bool checkHead();

    const SessionProgress &m_progress;
    SharedSession m_session;
    Json m_head = Json::object();
    std::string m_key;
    std::size_t m_depth = 0;
    bool m_isAttempts = false;
    Json m_attempt;
    std::vector<Json *> m_open; ///< from m_attempt to the innermost; their addresses hold while they are open
    Json *m_slot = nullptr;
    std::size_t m_values = 0;
    std::optional<Error> m_error;
};

constexpr std::array headMembers = {"format",          "version",      "title",           "code",
                                    "template",        "requirement",  "expected_output", "saved_at",
                                    "secrets_removed", "attempt_count"};

bool SessionParser::count()
{
    constexpr std::size_t step = 8'192;
    if (++m_values % step == 0 && m_progress && !m_isAttempts && !m_progress(0))
        return fail("cancelled", Error::Kind::Cancelled);
    if (m_isAttempts && m_values > SessionLimits::valuesOfAttempt)
        return fail("attempt " + std::to_string(m_session.attempts.size() + 1) + " holds too many values");
    return true;
}

Json *SessionParser::put(Json value)
{
    if (m_open.empty()) {
        m_attempt = std::move(value);
        return &m_attempt;
    }
    Json &parent = *m_open.back();
    if (parent.is_array()) {
        parent.push_back(std::move(value));
        return &parent.back();
    }
    *m_slot = std::move(value);
    return m_slot;
}

bool SessionParser::take(Json value)
{
    if (!count())
        return false;
    if (m_depth == 0)
        return fail("it is no session of Sandglass");
    if (m_isAttempts && m_depth == 2)
        return fail("an attempt is no object");
    if (m_isAttempts)
        put(std::move(value));
    else if (m_depth == 1 && m_key == "attempts")
        return fail("attempts is no list");
    else if (m_depth == 1 && std::ranges::find(headMembers, m_key) != headMembers.end())
        m_head[m_key] = std::move(value);
    return true;
}

bool SessionParser::open(Json value)
{
    if (!count())
        return false;
    const bool isArray = value.is_array();
    if (m_depth == 0 && isArray)
        return fail("it is no session of Sandglass");
    if (m_depth >= SessionLimits::depth)
        return fail("it is nested too deeply");
    if (m_depth == 1 && m_key == "attempts") {
        if (!isArray)
            return fail("attempts is no list");
        m_isAttempts = true;
        ++m_depth;
        return !m_head.contains("version") || checkHead(); // a newer one may well have other attempts
    }
    if (m_isAttempts) {
        if (m_depth == 2 && isArray)
            return fail("an attempt is no object");
        if (m_depth == 2 && m_session.attempts.size() >= SessionLimits::attempts)
            return fail("it has more than " + std::to_string(SessionLimits::attempts) + " attempts");
        m_open.push_back(put(std::move(value)));
    } else if (m_depth == 1 && std::ranges::find(headMembers, m_key) != headMembers.end()) {
        return fail(m_key + " is no plain value");
    }
    ++m_depth;
    return true;
}

bool SessionParser::close()
{
    --m_depth;
    if (!m_isAttempts)
        return true;
    if (m_depth == 1) {
        m_isAttempts = false;
        return true;
    }
    m_open.pop_back();
    return !m_open.empty() || finishAttempt();
}

bool SessionParser::finishAttempt()
{
    auto attempt = attemptFrom(m_attempt);
    const std::string place = "attempt " + std::to_string(m_session.attempts.size() + 1) + ": ";
    if (!attempt)
        return fail(place + attempt.error().message);
    if (!m_session.attempts.empty() && attempt->number <= m_session.attempts.back().number)
        return fail(place + "its number does not follow the one before");
    m_session.attempts.push_back(std::move(*attempt));
    m_attempt = Json();
    m_slot = nullptr;
    m_values = 0;
    const auto count = intOr(m_head, "attempt_count");
    const double done =
        count > 0 ? std::min(1.0, static_cast<double>(m_session.attempts.size()) / static_cast<double>(count)) : 0;
    if (m_progress && !m_progress(done))
        return fail("cancelled", Error::Kind::Cancelled);
    return true;
}

bool SessionParser::checkHead()
{
    if (stringOr(m_head, "format") != formatName)
        return fail("it is no session of Sandglass");
    const Json &version = memberOr(m_head, "version");
    if (version.is_number_integer() && (version.is_number_unsigned() || version.get<std::int64_t>() >= 0)
        && version.get<std::uint64_t>() > static_cast<std::uint64_t>(formatVersion))
        return fail("a later version of Sandglass wrote it (format " + dumpJson(version) + ", known is "
                        + std::to_string(formatVersion) + ")",
                    Error::Kind::Decode, "newer_version");
    if (!version.is_number_integer() || version.get<std::int64_t>() != formatVersion)
        return fail("its version is none that there is");
    return true;
}

Result<SharedSession> SessionParser::result() &&
{
    if (m_error)
        return failure(std::move(*m_error));
    if (!checkHead())
        return failure(std::move(*m_error));
    const auto text = [this](const char *name, std::size_t most) {
        const Json &value = memberOr(m_head, name);
        if (!value.is_null() && (!value.is_string() || value.get_ref<const std::string &>().size() > most))
            fail(std::string(name) + " is no text, or too long");
        std::string found = stringOr(m_head, name);
        std::erase(found, '\0');
        return found;
    };
    m_session.title = text("title", SessionLimits::nameBytes);
    m_session.code = text("code", SessionLimits::codeBytes);
    m_session.templateId = text("template", SessionLimits::nameBytes);
    m_session.requirement = text("requirement", SessionLimits::codeBytes);
    m_session.expectedOutput = text("expected_output", SessionLimits::codeBytes);
    m_session.savedAt = timeOr(m_head, "saved_at");
    m_session.placesCleaned =
        static_cast<int>(std::clamp<std::int64_t>(intOr(m_head, "secrets_removed"), 0, 1'000'000));
    if (m_error)
        return failure(std::move(*m_error));
    return std::move(m_session);
}

} // namespace

Result<WrittenSession> writeSession(const std::filesystem::path &path, const SessionSource &source, Timestamp now,
                                    const SessionProgress &progress)
{
    SessionCleaner cleaner;
    WrittenSession written;
    const SharedSession &head = source.head;
    std::string top = "{\n";
    append(top, "format", formatName);
    append(top, "version", formatVersion);
    append(top, "saved_at", formatRfc3339(now));
    append(top, "title", sized(cleaner.clean(head.title), SessionLimits::nameBytes));
    append(top, "template", sized(cleaner.clean(head.templateId), SessionLimits::nameBytes));
    append(top, "requirement", sized(cleaner.clean(head.requirement), SessionLimits::codeBytes));
    append(top, "expected_output", sized(cleaner.clean(head.expectedOutput), SessionLimits::codeBytes));
    append(top, "code", sized(cleaner.clean(head.code), SessionLimits::codeBytes));

    written.placesCleaned = cleaner.places();

    // From the newest on, as long as there is room: what was tried first is missed least.
    std::vector<std::string> texts;
    std::size_t size = top.size() + roomForHead;
    for (std::size_t left = source.count; left > 0; --left) {
        SharedAttempt attempt = source.attempt(left - 1);
        SessionCleaner own;
        std::string text = dumpJson(toJson(attempt, own));
        if (size + text.size() > SessionLimits::fileBytes && !attempt.results.empty()) {
            written.resultsLeftOut += attempt.results.size();
            attempt.results.clear();
            own = SessionCleaner();
            text = dumpJson(toJson(attempt, own));
        }
        if (size + text.size() > SessionLimits::fileBytes || texts.size() == SessionLimits::attempts) {
            written.attemptsLeftOut = left;
            break;
        }
        size += text.size() + 4;
        written.placesCleaned += own.places();
        texts.push_back(std::move(text));
        if (progress && !progress(static_cast<double>(texts.size()) / static_cast<double>(source.count)))
            return failure(cancelled());
    }
    written.attempts = texts.size();
    append(top, "attempt_count", texts.size());
    append(top, "secrets_removed", written.placesCleaned);
    top += " \"attempts\": [";

    QSaveFile file(toQString(path.string()));
    const auto put = [&file, &written](std::string_view text) {
        written.bytes += text.size();
        return file.write(text.data(), static_cast<qint64>(text.size())) == static_cast<qint64>(text.size());
    };
    bool isWritten = file.open(QIODevice::WriteOnly) && put(top);
    for (std::size_t i = texts.size(); isWritten && i > 0; --i)
        isWritten = put(i == texts.size() ? "\n  " : ",\n  ") && put(texts[i - 1]);
    if (!isWritten || !put("\n ]\n}\n") || !file.commit())
        return failure(unwritten(file));
    return written;
}

Result<SharedSession> parseSession(std::string_view text, const SessionProgress &progress)
{
    if (text.size() > SessionLimits::fileBytes)
        return failure(tooLarge());
    SessionParser parser(progress);
    Json::sax_parse(text, &parser);
    return std::move(parser).result();
}

Result<SharedSession> readSession(const std::filesystem::path &path, const SessionProgress &progress)
{
    std::error_code error;
    if (std::filesystem::exists(path, error) && !std::filesystem::is_regular_file(path, error))
        return failure(Error::Kind::Local, "it is no file"); // a pipe would never end
    QFile file(toQString(path.string()));
    if (!file.open(QIODevice::ReadOnly))
        return failure(Error::Kind::Local, toUtf8(file.errorString()));
    constexpr auto most = static_cast<qint64>(SessionLimits::fileBytes);
    if (file.size() > most)
        return failure(tooLarge());
    const QByteArray data = file.read(most + 1); // it may grow meanwhile
    if (file.error() != QFileDevice::NoError)
        return failure(Error::Kind::Local, toUtf8(file.errorString()));
    return parseSession({data.constData(), static_cast<std::size_t>(data.size())}, progress);
}

bool looksLikeSession(const std::filesystem::path &path)
{
    if (path.filename().string().ends_with(sessionSuffix))
        return true;
    std::error_code error;
    if (!std::filesystem::is_regular_file(path, error))
        return false;
    QFile file(toQString(path.string()));
    return file.open(QIODevice::ReadOnly)
        && file.read(256).toStdString().find('"' + std::string(formatName) + '"') != std::string::npos;
}

} // namespace sandglass::refine
