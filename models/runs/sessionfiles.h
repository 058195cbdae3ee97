#pragma once

#include "models/runs/sharedrows.h"
#include "services/core/mailbox.h"
#include "services/core/result.h"
#include "services/core/workthread.h"
#include "services/refine/sessionfile.h"

#include <QObject>

#include <atomic>
#include <memory>
#include <optional>

namespace sandglass::models {

/// Saves sessions to files and opens them, one at a time, in a thread of its own. What is being saved when this goes
/// is saved to its end; what is being opened is given up.
class SessionFiles final : public QObject
{
    Q_OBJECT
public:
    enum class State { Idle, Saving, Opening };
    Q_ENUM(State)

    struct Opened
    {
        SessionContents contents;
        int placesCleaned = 0; ///< secrets that were taken out when it was saved
        std::optional<Timestamp> savedAt;
    };

    explicit SessionFiles(QObject *parent = nullptr);
    ~SessionFiles() override;

    /// False (and nothing happens) unless Idle. Attempts that still run are left out.
    bool save(const QString &path, SessionContents contents);
    bool open(const QString &path);
    void cancel(); ///< failed() follows, with Cancelled, unless it was done by then

    [[nodiscard]] State state() const { return m_state; }
    [[nodiscard]] QString path() const { return m_path; } ///< of what is or was done last
    [[nodiscard]] double done() const { return m_done; }  ///< 0 to 1

Q_SIGNALS:
    void changed(); ///< state or progress
    void saved(const sandglass::refine::WrittenSession &written);
    void opened(const sandglass::models::SessionFiles::Opened &opened);
    /// Nothing was written, or nothing read.
    void failed(sandglass::models::SessionFiles::State during, const sandglass::Error &error);

private:
    struct Job; ///< shared with the thread
    [[nodiscard]] std::shared_ptr<Job> begin(State state, const QString &path);
    [[nodiscard]] refine::SessionProgress reporter(const std::shared_ptr<Job> &job);
    void end();
    [[nodiscard]] WorkThread &thread();

    State m_state = State::Idle;
    QString m_path;
    double m_done = 0;
    std::shared_ptr<Job> m_job;
    Mailbox m_inbox;
    std::unique_ptr<WorkThread> m_thread; ///< last: posts to the inbox until it has ended
};

} // namespace sandglass::models
