#pragma once

#include "services/core/result.h"
#include "services/e2b/types.h"

#include <QFuture>
#include <QObject>
#include <QTimer>

#include <functional>
#include <string>
#include <vector>

namespace sandglass::models {

/// Starts of sandboxes that the provider refused because as many run as it allows (429). They wait in order; when a
/// place may have become free the first is asked for anew, alone, and the next as soon as that one has started. The
/// provider decides, so there are never more than it allows. Nothing is kept over the end of the program.
class StartQueue final : public QObject
{
    Q_OBJECT
public:
    static constexpr std::size_t mostWaiting = 5;
    using Creator = std::function<QFuture<Result<e2b::SandboxInfo>>(const e2b::SandboxSpec &)>;
    using Killer = std::function<QFuture<Result<>>(const std::string &sandboxId)>;

    StartQueue(Creator creator, Killer killer, QObject *parent = nullptr);

    struct Entry
    {
        int id = 0;
        e2b::SandboxSpec spec;
        std::string reason; ///< the provider's words; empty: it was not asked yet
    };
    /// In their order: as many stand before one as its index says.
    [[nodiscard]] const std::vector<Entry> &entries() const { return m_entries; }
    [[nodiscard]] bool isFull() const { return m_entries.size() >= mostWaiting; }
    /// False when it is full.
    bool add(const e2b::SandboxSpec &spec, const std::string &reason);
    /// What is being asked for at this moment is killed as soon as its id is known.
    void cancel(int id);
    void clear();                                         ///< another connection: each is given up
    void tryNow();                                        ///< a sandbox has ended or paused
    void setInterval(std::chrono::milliseconds interval); ///< between tries without such news; 15 s

    [[nodiscard]] static bool isLimit(const Error &error) { return error.status == 429; }

Q_SIGNALS:
    void changed();
    void started(const sandglass::e2b::SandboxInfo &sandbox);
    void givenUp(const QString &templateId, const QString &why); ///< refused for another reason, or cleared

private:
    void take(int id, Result<e2b::SandboxInfo> answer);
    void remove(int id);

    Creator m_creator;
    Killer m_killer;
    std::vector<Entry> m_entries;
    int m_made = 0;
    int m_asking = 0;        ///< id of the one whose answer is awaited; 0 = none
    bool m_askAgain = false; ///< news came meanwhile
    QTimer m_next;
};

} // namespace sandglass::models
