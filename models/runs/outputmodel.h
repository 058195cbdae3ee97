#pragma once

#include <QAbstractListModel>
#include <QTimer>

#include <cstdint>
#include <deque>
#include <vector>

namespace sandglass::models {

/// What a run printed, as lines. Bounded: the first headRows() and the last tailRows() lines are kept, one Gap row
/// between them counts what was left out; lines are folded at lineLimit() characters. Text is collected for at most
/// 50 ms before it changes rows, so a program that prints 100 MB costs the UI thread a few row changes per batch.
class OutputModel final : public QAbstractListModel
{
    Q_OBJECT
public:
    enum class Kind : std::uint8_t { Stdout, Stderr, Error /**< last line of a traceback */, Note, Gap };
    Q_ENUM(Kind)
    enum Role { TextRole = Qt::DisplayRole, KindRole = Qt::UserRole + 1 };

    struct Line
    {
        Kind kind = Kind::Stdout;
        QString text;
    };

    explicit OutputModel(QObject *parent = nullptr, int headRows = 1'000, int tailRows = 4'000, int lineLimit = 1'000);

    [[nodiscard]] int rowCount(const QModelIndex &parent = {}) const final;
    [[nodiscard]] QVariant data(const QModelIndex &index, int role) const final;

    /// Text as it arrives, any split. CR without LF rewrites the line, terminal colours are dropped.
    void append(Kind kind, const QString &text);
    /// One whole line of our own words.
    void appendLine(Kind kind, const QString &text);
    void clear();
    /// Rows of an older run, as snapshot() gave them.
    void setLines(const std::vector<Line> &lines);
    /// What is kept, cut to `characterLimit` in the middle.
    [[nodiscard]] std::vector<Line> snapshot(qsizetype characterLimit = 128 << 10) const;
    void flush(); ///< takes the collected text over at once (end of a run)

    [[nodiscard]] const Line &line(int row) const { return m_rows[static_cast<std::size_t>(row)]; }
    [[nodiscard]] std::int64_t leftOutLines() const { return m_leftOut; }
    [[nodiscard]] std::int64_t characters() const { return m_characters; } ///< all that arrived
    [[nodiscard]] QString plainText() const;                               ///< what is kept, for "Copy all"

private:
    enum class Escape : std::uint8_t { None, Started, Sequence, Command };
    void addCharacters(Kind kind, QStringView text);
    [[nodiscard]] Line &newestLine(); ///< only while m_lastIsOpen
    void followEscape(QChar c);
    [[nodiscard]] qsizetype addPrintable(Kind kind, QStringView text);
    void closeLine();
    void trimPending();
    void makeRoomForTail(int fresh);

    const int m_headRows;
    const int m_tailRows;
    const int m_lineLimit;
    std::deque<Line> m_rows;    ///< head, then (once something was left out) the gap row, then the tail
    std::deque<Line> m_pending; ///< finished and open lines not yet shown
    bool m_lastIsOpen = false;  ///< the newest line, shown or pending, has not seen its end yet
    bool m_rewrite = false;     ///< a CR came: the next character starts the line anew
    bool m_openChanged = false; ///< the newest shown row grew since the last flush
    Escape m_escape = Escape::None;
    std::int64_t m_leftOut = 0;
    std::int64_t m_pendingLeftOut = 0;
    std::int64_t m_characters = 0;
    QTimer m_batch;
};

} // namespace sandglass::models
