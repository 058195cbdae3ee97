#pragma once

#include "services/core/result.h"
#include "services/lifecycle/event.h"

#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace sandglass::lifecycle {

/// One event as a line of a JSON Lines file, with a line end:
/// {"source":"webhook","received_at":"…","session":"…","event":{…}}; without "session" where there is none; "body" as
/// text in place of "event" where the body is not one line of JSON.
void appendLineOf(const Event &event, std::string &text);
/// Such a line, or the bare body of an event. Error (Decode): no event, or a session that is no session's name.
[[nodiscard]] Result<Event> eventOfLine(std::string_view line);

/// Events as rows of CSV. A row's "raw" says everything; without it the other columns do.
class CsvColumns final
{
public:
    explicit CsvColumns(const std::vector<std::string> &names);
    [[nodiscard]] bool isUsable() const;
    [[nodiscard]] Result<Event> eventOf(const std::vector<std::string> &fields) const;

    [[nodiscard]] static std::vector<std::string> names();
    [[nodiscard]] static std::vector<std::string> fieldsOf(const Event &event);

private:
    static constexpr std::size_t columnCount = 19;
    std::array<int, columnCount> m_places{}; ///< in the file; -1 = missing
};

} // namespace sandglass::lifecycle
