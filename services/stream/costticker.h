#pragma once

#include "services/stream/streammessage.h"

#include <QObject>
#include <QTimer>

#include <functional>
#include <optional>

namespace sandglass::lifecycle {
class Tracker;
}

namespace sandglass::stream {

/// What runs and what it costs, once a second from the tracker, in its thread. Works only while somebody listens, and
/// says nothing when nothing changes.
class CostTicker final : public QObject
{
    Q_OBJECT
public:
    CostTicker(const lifecycle::Tracker &tracker, std::function<bool()> isListened,
               std::function<void(const CostTick &)> tell, QObject *parent = nullptr);

private:
    void tick();

    const lifecycle::Tracker &m_tracker;
    const std::function<bool()> m_isListened;
    const std::function<void(const CostTick &)> m_tell;
    std::optional<CostTick> m_told;
    QTimer m_timer;
};

} // namespace sandglass::stream
