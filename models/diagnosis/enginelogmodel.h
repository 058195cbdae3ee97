#pragma once

#include "services/core/mailbox.h"
#include "services/core/result.h"
#include "services/core/workthread.h"
#include "services/telemetry/logtail.h"

#include <QAbstractListModel>
#include <QString>
#include <QTimer>

#include <chrono>
#include <deque>
#include <filesystem>
#include <memory>

namespace sandglass::models {

/// The log that an engine keeps of itself: its newest entries, and what is added while somebody looks. Oldest first.
/// Bounded: the oldest go first. The file is read in a thread of its own.
class EngineLogModel final : public QAbstractListModel
{
    Q_OBJECT
public:
    static constexpr std::size_t capacity = 5'000;
    enum class Level { Info, Warning, Error };
    struct Entry
    {
        Timestamp time{};
        Level level = Level::Info;
        QString message;
        QString fields; ///< "sandbox i4x… · status 500"; empty when there are none
    };

    /// `file`: the newest of the log's files; there need not be one yet.
    explicit EngineLogModel(std::filesystem::path file, QObject *parent = nullptr);
    ~EngineLogModel() override;

    [[nodiscard]] int rowCount(const QModelIndex &parent = {}) const override;
    [[nodiscard]] QVariant data(const QModelIndex &index, int role) const override; ///< the message
    [[nodiscard]] const Entry &at(int row) const { return m_rows[static_cast<std::size_t>(row)]; }

    /// Reads twice a second while somebody looks.
    void setWatched(bool watched);
    void setFollowing(bool follows); ///< false: what is shown stays as it is
    /// Only entries of this level and above that hold `text`, in any case.
    void setFilter(Level least, const QString &text);
    [[nodiscard]] bool isFiltered() const { return !m_search.isEmpty() || m_least != Level::Info; }
    /// Why the file could not be read the last time; empty: it could, or there is none.
    [[nodiscard]] const QString &trouble() const { return m_trouble; }

Q_SIGNALS:
    void stateChanged(); ///< something was read, or cannot be

private:
    void ask();
    void take(const Result<std::vector<telemetry::LogEntry>> &answer);
    void append(const std::vector<Entry> &entries);
    [[nodiscard]] bool fits(const Entry &entry) const;

    std::shared_ptr<telemetry::LogTail> m_tail; ///< the thread's while it reads
    std::deque<Entry> m_all;
    std::deque<Entry> m_rows; ///< of all, what fits
    Level m_least = Level::Info;
    QString m_search;
    QString m_trouble;
    bool m_follows = true;
    bool m_isAsking = false;
    QTimer m_next;
    Mailbox m_answers;
    std::unique_ptr<WorkThread> m_thread; ///< last: posts to the mailbox until it has ended
};

} // namespace sandglass::models
