#include "services/net/ssereader.h"

#include <utility>

namespace sandglass::net {

Result<> SseReader::feed(std::string_view piece, const Sink &sink)
{
    while (!m_isStopped && !piece.empty()) {
        if (std::exchange(m_wasCarriageReturn, false) && piece.front() == '\n') {
            piece.remove_prefix(1); // of a CR LF
            continue;
        }
        const auto end = piece.find_first_of("\r\n");
        const std::string_view part = piece.substr(0, end);
        if (m_line.size() + m_event.data.size() + part.size() > m_eventLimit) {
            m_isStopped = true;
            m_line = {};
            m_event = {};
            return failure(Error::Kind::Decode,
                           "an event of the stream is longer than " + std::to_string(m_eventLimit) + " bytes");
        }
        m_line += part;
        if (end == std::string_view::npos)
            return {};
        m_wasCarriageReturn = piece[end] == '\r';
        piece.remove_prefix(end + 1);
        endLine(sink);
    }
    return {};
}

void SseReader::endLine(const Sink &sink)
{
    std::string line = std::exchange(m_line, {});
    if (std::exchange(m_isFirstLine, false) && line.starts_with("\xEF\xBB\xBF"))
        line.erase(0, 3);
    if (line.empty())
        return endEvent(sink);
    const auto colon = line.find(':');
    const std::string_view name = std::string_view(line).substr(0, colon);
    std::string_view value = colon == std::string::npos ? std::string_view() : std::string_view(line).substr(colon + 1);
    if (value.starts_with(' '))
        value.remove_prefix(1);
    if (name == "event") {
        m_event.name = value;
    } else if (name == "data") {
        if (std::exchange(m_hasData, true))
            m_event.data += '\n';
        m_event.data += value;
    }
}

void SseReader::endEvent(const Sink &sink)
{
    const SseEvent event = std::exchange(m_event, {});
    if (std::exchange(m_hasData, false) && !sink(event))
        m_isStopped = true;
}

void SseReader::finish(const Sink &sink)
{
    if (m_isStopped)
        return;
    if (!m_line.empty())
        endLine(sink);
    if (!m_isStopped)
        endEvent(sink);
    m_isStopped = true;
}

} // namespace sandglass::net
