#include "services/net/ndjsonreader.h"

namespace sandglass::net {

tl::unexpected<Error> NdjsonReader::fail(std::string message)
{
    m_isStopped = true;
    m_rest = {};
    return failure(Error::Kind::Decode, std::move(message));
}

Result<> NdjsonReader::feed(std::string_view piece, const Sink &sink)
{
    while (!m_isStopped && !piece.empty()) {
        const auto end = piece.find('\n');
        const std::string_view part = piece.substr(0, end);
        if (m_rest.size() + part.size() > m_lineLimit)
            return fail("a line of the stream is longer than " + std::to_string(m_lineLimit) + " bytes");
        if (end == std::string_view::npos) {
            m_rest += part;
            return {};
        }
        piece.remove_prefix(end + 1);
        Result<bool> goOn = true;
        if (m_rest.empty()) {
            goOn = line(part, sink);
        } else {
            m_rest += part;
            const std::string whole = std::exchange(m_rest, {});
            goOn = line(whole, sink);
        }
        if (!goOn)
            return failure(goOn.error());
        m_isStopped = m_isStopped || !*goOn;
    }
    return {};
}

Result<> NdjsonReader::finish(const Sink &sink)
{
    if (m_isStopped)
        return {};
    const std::string last = std::exchange(m_rest, {});
    const auto goOn = line(last, sink);
    m_isStopped = true;
    if (!goOn)
        return failure(Error::Kind::Decode, "the stream ended within a line");
    return {};
}

Result<bool> NdjsonReader::line(std::string_view text, const Sink &sink)
{
    if (!text.empty() && text.back() == '\r')
        text.remove_suffix(1);
    if (text.find_first_not_of(" \t") == std::string_view::npos)
        return true;
    const auto value = parseJson(text);
    if (!value)
        return fail("a line of the stream is not JSON: " + std::string(text.substr(0, 80)));
    return sink(*value);
}

} // namespace sandglass::net
