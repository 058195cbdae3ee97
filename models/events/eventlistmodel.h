#pragma once

#include "models/events/eventhistory.h"
#include "services/lifecycle/journal.h"

#include <QAbstractTableModel>

#include <deque>
#include <string>
#include <vector>

namespace sandglass::lifecycle {
class Picture;
}

namespace sandglass::models {

/// Lifecycle events, newest first: the last ones at once, older ones from the journal as they are asked for
/// (fetchMore), a search through all of it. Bounded: the oldest leave memory (they stay in the journal).
class EventListModel final : public QAbstractTableModel
{
    Q_OBJECT
public:
    enum Column { TimeColumn, TypeColumn, SandboxColumn, TemplateColumn, DetailColumn, DeliveryColumn, ColumnCount };
    enum Role {
        TypeRole = Qt::UserRole + 1, ///< lifecycle::EventType as int
        TimestampMsRole,             ///< qint64, the event's own time
        DelayMsRole,                 ///< qint64, from the event's time to its receipt
        SourceRole,                  ///< lifecycle::EventSource as int
        KillReasonRole,
        RunMsRole,    ///< qint64 execution time; invalid when not told
        CostPicoRole, ///< qint64 price of that execution; invalid when not known
        RawRole,      ///< the body as received
        SandboxIdRole,
        EventIdRole,
        IsCodeRunRole, ///< bool: a run of code that this program has made; its RunMsRole is what the code took
        CodeErrorRole, ///< QString: the error of such a run, "error" when it has no name; invalid when it went well
        SessionRole,   ///< of the path it came by; empty = none
        PlannedMsRole, ///< qint64: of an end before its time that nobody asked for, when it was to be; else invalid
    };
    static constexpr std::size_t capacity = 100'000;
    static constexpr std::size_t mostFound = 10'000; ///< by a search beyond the loaded ones; it ends there

    /// `history`: where older events are read; without it there are those that the picture gives. Outlives the model.
    explicit EventListModel(lifecycle::Picture &picture, EventHistory *history = nullptr, QObject *parent = nullptr);

    [[nodiscard]] int rowCount(const QModelIndex &parent = {}) const final;
    [[nodiscard]] int columnCount(const QModelIndex &parent = {}) const final;
    [[nodiscard]] QVariant data(const QModelIndex &index, int role) const final;
    [[nodiscard]] QVariant headerData(int section, Qt::Orientation orientation, int role) const final;

    [[nodiscard]] bool canFetchMore(const QModelIndex &parent) const final;
    void fetchMore(const QModelIndex &parent) final; ///< the rows come later

    /// All words must occur in type, sandbox, event id, template, session, reason or metadata; "session:NAME" stands
    /// for all of that session's name, "session:" for any. Upper and lower case are the same. What is loaded is
    /// searched at once, the rest of the journal from there back in a thread of its own, which the next call breaks
    /// off.
    void setSearch(const QString &search);
    [[nodiscard]] bool isSearching() const { return !m_words.empty(); }
    /// Loaded ones of a type that this version does not know; the word "unknown" finds them.
    [[nodiscard]] int unknownCount() const { return m_unknown; }
    [[nodiscard]] int loadedCount() const { return static_cast<int>(m_rows.size()); } ///< before the search
    [[nodiscard]] qint64 totalCount() const; ///< events of the picture, loaded or not

    enum class Search { None, Running, Complete, Full, Failed };
    [[nodiscard]] Search search() const { return m_search; }
    [[nodiscard]] qint64 searchedCount() const;                        ///< events that the search has seen
    [[nodiscard]] const QString &failure() const { return m_failure; } ///< of a search that failed, or of fetchMore

Q_SIGNALS:
    void countsChanged();

private:
    struct Row
    {
        std::int64_t seq = 0;
        std::string id, sandboxId, templateName, teamId, killReason, session, searchText;
        lifecycle::EventType type = lifecycle::EventType::Unknown;
        lifecycle::EventSource source = lifecycle::EventSource::Webhook;
        Timestamp timestamp{}, receivedAt{};
        std::optional<lifecycle::Execution> execution;
        std::string raw;
        struct CodeRun
        {
            std::optional<std::int64_t> durationMs;
            std::optional<std::string> error;
        };
        std::optional<CodeRun> codeRun;
    };
    [[nodiscard]] static Row::CodeRun codeRunOf(const lifecycle::Event &event);
    [[nodiscard]] static Row rowOf(const lifecycle::StoredEvent &stored);
    [[nodiscard]] const Row &at(int row) const; ///< of the view: newest first
    [[nodiscard]] static bool accepts(const Row &row, const std::vector<std::string> &words);
    [[nodiscard]] bool accepts(const Row &row) const { return accepts(row, m_words); }
    [[nodiscard]] QVariant costOf(const Row &row) const;
    [[nodiscard]] QVariant plannedEndOf(const Row &row) const;
    [[nodiscard]] lifecycle::EventScan olderOnes(std::int64_t beforeSeq) const;
    void load();
    void searchHistory();
    void takeFound(const EventHistory::Batch &batch);
    void takeOlder(const EventHistory::Batch &batch);
    void take(const std::vector<lifecycle::StoredEvent> &events);
    void append(const lifecycle::StoredEvent &stored);
    void trim();
    [[nodiscard]] static bool isUnknown(const Row &row)
    {
        return row.type == lifecycle::EventType::Unknown && !row.codeRun;
    }
    void drop(std::int64_t rows, int shown);

    lifecycle::Picture &m_picture;
    std::deque<Row> m_rows;           ///< oldest first, so that news is an append
    std::int64_t m_removed = 0;       ///< rows that left at the front: keeps m_shown's numbers valid
    std::deque<std::int64_t> m_shown; ///< m_removed + position, oldest first
    std::vector<std::string> m_words; ///< lower case
    int m_unknown = 0;

    EventHistory *m_history;
    std::deque<Row> m_found; ///< by the search beyond m_rows, newest first
    Search m_search = Search::None;
    qint64 m_looked = 0; ///< events beyond m_rows
    QString m_failure;
    bool m_hasAll = true;           ///< nothing is older than m_rows
    bool m_isFetching = false;      ///< an answer to fetchMore is to come
    std::int64_t m_pastReached = 0; ///< in a picture of the past: seq down to which fetchMore has read
};

} // namespace sandglass::models
