#pragma once

#include "services/core/result.h"
#include "services/e2b/sandboxreadings.h"

#include <QAbstractListModel>
#include <QTimer>

#include <deque>
#include <string>
#include <vector>

namespace sandglass::e2b {
class Client;
}

namespace sandglass::models {

/// The log of one sandbox as its service keeps it: the newest entries first asked for, new ones appended every 2 s
/// while somebody looks and the sandbox runs, older ones on demand. Oldest first. Bounded: the oldest rows go first.
class SandboxLogModel final : public QAbstractListModel
{
    Q_OBJECT
public:
    enum class State {
        Idle,        ///< no sandbox, or nobody has looked yet
        Asking,      ///< no answer yet
        Ready,       ///< rowCount() 0: nothing fits
        Unsupported, ///< the service keeps no logs
        Failed,      ///< see error(); the rows stay
    };
    Q_ENUM(State)
    static constexpr int capacity = 10'000;
    static constexpr std::size_t page = 400; ///< more at once would hold up the window

    explicit SandboxLogModel(e2b::Client &client, QObject *parent = nullptr);

    [[nodiscard]] int rowCount(const QModelIndex &parent = {}) const override;
    [[nodiscard]] QVariant data(const QModelIndex &index, int role) const override; ///< the message
    [[nodiscard]] const e2b::SandboxLogEntry &at(int row) const { return m_rows[static_cast<std::size_t>(row)]; }

    /// Another id begins anew; empty = none.
    void setSandbox(const QString &id, bool isRunning);
    void setWatched(bool watched);
    void setFollowing(bool follows); ///< false: what is shown stays as it is
    /// Only entries of this level and above whose message holds `text`, case counts (the service searches so). Begins
    /// anew.
    void setFilter(e2b::LogLevel least, const QString &text);
    void setInterval(std::chrono::milliseconds interval); ///< 2 s
    void forget();                                        ///< another service answers from now on

    [[nodiscard]] bool hasOlder() const { return m_hasOlder; }
    void loadOlder();

    [[nodiscard]] State state() const { return m_state; }
    [[nodiscard]] bool isRunning() const { return m_isRunning; }
    [[nodiscard]] bool isFiltered() const { return !m_search.empty() || m_least != e2b::LogLevel::Debug; }
    [[nodiscard]] QString sandboxId() const;
    [[nodiscard]] const Error &error() const { return m_error; }

Q_SIGNALS:
    void stateChanged();

private:
    enum class Part { Newest, Newer, Older };
    void begin();
    void follow();
    void ask(Part part);
    void take(Part part, Result<std::vector<e2b::SandboxLogEntry>> answer);
    [[nodiscard]] std::vector<e2b::SandboxLogEntry> unknownOf(std::vector<e2b::SandboxLogEntry> entries) const;
    void append(std::vector<e2b::SandboxLogEntry> entries);
    void prepend(std::vector<e2b::SandboxLogEntry> entries);

    e2b::Client &m_client;
    std::string m_id;
    std::string m_search;
    e2b::LogLevel m_least = e2b::LogLevel::Debug;
    bool m_isRunning = false;
    bool m_isWatched = false;
    bool m_follows = true;
    bool m_isAsking = false;
    bool m_hasOlder = false;
    bool m_wantsOlder = false; ///< once the request under way is answered
    int m_round = 0;           ///< answers to earlier rounds are of another sandbox, filter or service
    State m_state = State::Idle;
    Error m_error;
    std::deque<e2b::SandboxLogEntry> m_rows;
    std::chrono::milliseconds m_interval{2'000};
    QTimer m_next;
};

} // namespace sandglass::models
