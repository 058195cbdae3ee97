#include "services/net/retry.h"

#include "services/core/qtstring.h"

#include <QDateTime>

#include <algorithm>
#include <charconv>
#include <cmath>

namespace sandglass::net {

std::chrono::milliseconds backOff(int nextTry, double jitter)
{
    const double ms = 200.0 * std::pow(4.0, std::clamp(nextTry - 2, 0, 8)) * std::clamp(jitter, 0.5, 1.5);
    return std::min(std::chrono::milliseconds(static_cast<std::int64_t>(ms)), longestRetryWait);
}

std::optional<std::chrono::milliseconds> parseRetryAfter(std::string_view value, Timestamp now)
{
    std::int64_t seconds = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), seconds);
    if (error == std::errc{} && end == value.data() + value.size() && seconds >= 0 && seconds < 10'000'000)
        return std::chrono::milliseconds(seconds * 1000);
    QString text = toQString(value);
    if (text.endsWith(u"GMT")) // Qt reads offsets, not names of zones
        text.replace(text.size() - 3, 3, QStringLiteral("+0000"));
    const QDateTime date = QDateTime::fromString(text, Qt::RFC2822Date);
    if (!date.isValid())
        return std::nullopt;
    return std::chrono::milliseconds(std::max<std::int64_t>(0, date.toMSecsSinceEpoch() - toUnixMs(now)));
}

bool isRetryableStatus(int status)
{
    return status == 429 || status == 502 || status == 503 || status == 504;
}

} // namespace sandglass::net
