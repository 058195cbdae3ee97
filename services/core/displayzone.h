#pragma once

#include "services/core/time.h"

#include <QDateTime>
#include <QTimeZone>

#include <atomic>

namespace sandglass {

/// The one time zone in which the program shows times, reckons days and exports them: the machine's own, or UTC.
/// Any thread.
class DisplayZone final
{
public:
    static void setUtc(bool isUtc) { s_isUtc.store(isUtc, std::memory_order_relaxed); }
    [[nodiscard]] static bool isUtc() { return s_isUtc.load(std::memory_order_relaxed); }

    [[nodiscard]] static QTimeZone zone() { return isUtc() ? QTimeZone::utc() : QTimeZone::systemTimeZone(); }
    [[nodiscard]] static Qt::TimeSpec spec() { return isUtc() ? Qt::UTC : Qt::LocalTime; }
    /// With milliseconds.
    [[nodiscard]] static QDateTime at(Timestamp time) { return QDateTime::fromMSecsSinceEpoch(toUnixMs(time), spec()); }

private:
    static inline std::atomic<bool> s_isUtc = false;
};

} // namespace sandglass
