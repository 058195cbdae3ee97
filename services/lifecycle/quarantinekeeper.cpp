#include "services/lifecycle/quarantinekeeper.h"

#include "services/lifecycle/quarantine.h"

namespace sandglass::lifecycle {

QuarantineKeeper::QuarantineKeeper(Quarantine &quarantine, std::filesystem::path file,
                                   std::chrono::milliseconds interval)
    : m_quarantine(quarantine), m_file(std::move(file)), m_interval(interval)
{
    if (const auto loaded = loadQuarantine(quarantine, m_file); !loaded)
        m_failure = loaded.error();
    m_savedRevision = quarantine.revision();
    m_thread = std::thread([this] { run(); });
}

QuarantineKeeper::~QuarantineKeeper()
{
    {
        const std::lock_guard lock(m_mutex);
        m_isStopping = true;
    }
    m_stopped.notify_all();
    m_thread.join();
}

std::optional<Error> QuarantineKeeper::lastFailure() const
{
    const std::lock_guard lock(m_mutex);
    return m_failure;
}

void QuarantineKeeper::run()
{
    for (bool isLast = false; !isLast;) {
        {
            std::unique_lock lock(m_mutex);
            isLast = m_stopped.wait_for(lock, m_interval, [this] { return m_isStopping; });
        }
        save();
    }
}

void QuarantineKeeper::save()
{
    const std::uint64_t revision = m_quarantine.revision();
    if (revision == m_savedRevision)
        return;
    const auto saved = saveQuarantine(m_quarantine, m_file);
    if (saved)
        m_savedRevision = revision;
    const std::lock_guard lock(m_mutex);
    m_failure = saved ? std::nullopt : std::optional(saved.error());
}

} // namespace sandglass::lifecycle
