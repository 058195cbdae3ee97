#pragma once

#include "services/core/mailbox.h"
#include "services/core/result.h"
#include "services/core/time.h"
#include "services/core/workthread.h"
#include "services/e2b/filelist.h"

#include <QObject>
#include <QString>

#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

namespace sandglass::e2b {
class Client;
}

namespace sandglass::models {

/// What lay in a sandbox's home before a pause and after the resume.
struct FileRecord
{
    struct Side
    {
        Timestamp at{};
        e2b::FileList list;
        std::string trouble; ///< why there is no list; empty: there is one
    };
    Side before;
    std::optional<Side> after;                     ///< not resumed yet
    std::optional<e2b::FileDifference> difference; ///< both sides have a list
};

/// Lists the files of sandboxes before they are paused and after they are resumed from this window, and compares. One
/// file for each sandbox in `folder`, the newest mostKept of them. A listing that fails or takes too long holds up
/// nothing: the record says why there is none.
class FileCheck final : public QObject
{
    Q_OBJECT
public:
    static constexpr int mostKept = 100;

    FileCheck(e2b::Client &client, std::filesystem::path folder, Clock clock = systemNow, QObject *parent = nullptr);
    ~FileCheck() override; ///< what was learnt is on disk by then

    void setEnabled(bool isEnabled);
    [[nodiscard]] bool isEnabled() const { return m_isEnabled; }
    void setLimit(std::chrono::milliseconds limit) { m_limit = limit; } ///< of a listing as a whole; 5 s

    /// Calls `goOn` once: when the files are listed, cannot be, or time is up. At once when it is switched off.
    void beforePause(const QString &id, std::function<void()> goOn);
    void pauseAnswered(const QString &id, bool isPaused);
    void resumed(const QString &id);
    void letGo(); ///< whoever waits goes on now: the program ends

    /// Null: nothing is known, or not read from disk yet; then changed() follows if there is something.
    [[nodiscard]] std::shared_ptr<const FileRecord> record(const QString &id);
    [[nodiscard]] bool isListing(const QString &id) const { return m_listing.contains(id); }

Q_SIGNALS:
    void changed(const QString &id);
    void compared(const QString &id, const sandglass::e2b::FileDifference &difference);

private:
    using RecordPtr = std::shared_ptr<const FileRecord>;
    void list(const QString &id, std::function<void(FileRecord::Side)> then);
    void conclude(const QString &id, FileRecord::Side after);
    void keep(const QString &id, FileRecord record);
    void remember(const QString &id, RecordPtr record);
    void load(const QString &id, std::function<void()> then);
    [[nodiscard]] WorkThread &thread();

    e2b::Client &m_client;
    const std::filesystem::path m_folder;
    Clock m_clock;
    bool m_isEnabled = true;
    std::chrono::milliseconds m_limit{5'000};
    int m_nextListing = 0;
    std::map<int, std::function<void(FileRecord::Side)>> m_waiting; ///< listings without an answer
    std::multiset<QString> m_listing;
    std::map<QString, FileRecord::Side> m_pending; ///< listed, the pause has no answer yet
    std::map<QString, RecordPtr> m_records;        ///< null: there is none on disk
    std::set<QString> m_loading;
    Mailbox m_inbox;
    std::unique_ptr<WorkThread> m_thread; ///< last: posts to the inbox until it has ended
};

} // namespace sandglass::models
