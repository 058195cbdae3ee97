#pragma once

#include "services/core/workthread.h"
#include "services/lifecycle/backfill.h"
#include "services/lifecycle/historygaps.h"
#include "services/lifecycle/poller.h"

#include <QElapsedTimer>
#include <QObject>
#include <QTimer>

#include <filesystem>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace sandglass::e2b {
class Client;
}

namespace sandglass::app {

/// What the API of one connection tells beyond the webhooks, put into the journal: its list of sandboxes, polled, and
/// the events that no webhook has brought.
class Watching final : public QObject
{
    Q_OBJECT
public:
    /// `state`: the folder of its small files.
    Watching(e2b::Client &client, lifecycle::Journal &journal, lifecycle::Tracker &tracker,
             const std::filesystem::path &state, QObject *parent = nullptr);
    ~Watching() override;

    void follow(); ///< starts over: the client's connection has changed
    void stop();
    void tellTeams(); ///< teamsKnown() of every connection, as kept from earlier runs
    void catchUp();   ///< at once, whatever was under way: the machine has slept
    /// Sandboxes that run by the provider's last list; empty before the first.
    [[nodiscard]] std::optional<int> runningListed() const { return m_running; }
    [[nodiscard]] const lifecycle::HistoryGaps &gaps() const { return m_gaps; }

Q_SIGNALS:
    void gapsChanged();
    /// By the lists of sandboxes of a connection so far.
    void teamsKnown(const QString &connection, const std::set<std::string> &teams);
    void listed(); ///< the provider has just named its sandboxes
    /// All of them, before listed().
    void sandboxesListed(const std::vector<sandglass::lifecycle::ObservedSandbox> &list);

private:
    void startPolling();
    void startFilling();
    void readTeams();
    void learnTeams(const lifecycle::Poller::List &list);
    void onFilled(const lifecycle::BackfillReport &report);

    e2b::Client &m_client;
    lifecycle::Journal &m_journal;
    lifecycle::Tracker &m_tracker;
    lifecycle::BackfillMarks m_marks;
    lifecycle::HistoryGaps m_gaps;
    std::filesystem::path m_teamsFile;
    std::set<std::string> m_teams; ///< whose sandboxes this key's list names: those of them it lacks are lost
    std::optional<int> m_running;
    QTimer m_soon; ///< after news of a webhook
    std::chrono::milliseconds m_soonDelay{0};
    QElapsedTimer m_sinceSoon;
    std::unique_ptr<lifecycle::Poller> m_poller;
    std::unique_ptr<lifecycle::Backfill> m_backfill;
    WorkThread m_disk; ///< writes m_teamsFile
};

} // namespace sandglass::app
