#pragma once

#include "services/core/time.h"
#include "services/e2b/urls.h"

#include <optional>
#include <string>
#include <string_view>

namespace sandglass::e2b {

/// "?name=value&…" with the values encoded; empty when nothing was added. Private to the room.
class Query final
{
public:
    Query &add(std::string_view name, std::string_view value)
    {
        m_text += m_text.empty() ? '?' : '&';
        m_text.append(name).append("=").append(percentEncoded(value));
        return *this;
    }
    Query &add(std::string_view name, const std::optional<Timestamp> &time)
    {
        return time ? add(name, formatRfc3339(*time)) : *this;
    }
    [[nodiscard]] const std::string &text() const { return m_text; }

private:
    std::string m_text;
};

} // namespace sandglass::e2b
