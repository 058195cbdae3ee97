#pragma once

#include "models/runs/outputmodel.h"
#include "services/core/money.h"
#include "services/e2b/types.h"
#include "services/refine/modeluse.h"

#include <QAbstractListModel>
#include <QString>

#include <chrono>
#include <memory>
#include <optional>
#include <vector>

namespace sandglass::models {

/// A line of the difference between two attempts.
struct DiffRow
{
    enum class Kind { Same, Added, Removed, Skipped /**< text says how many lines */ };
    Kind kind = Kind::Same;
    QString text;
    friend bool operator==(const DiffRow &, const DiffRow &) = default;
};

/// Where an attempt failed, for the editor.
struct ErrorPlace
{
    int line = -1; ///< from 0; -1 = not known
    QString name;
    QString message;
    friend bool operator==(const ErrorPlace &, const ErrorPlace &) = default;
};

/// One attempt as shown: a value, complete in itself.
struct AttemptRow
{
    enum class Verdict { Running, Passed, Ran /**< no check given */, CheckFailed, Raised, TimedOut, Stopped, Broken };
    int number = 0;
    QString author; ///< "you" or the name of a generator
    Verdict verdict = Verdict::Running;
    QString reason; ///< "ModuleNotFoundError", or what was missing
    std::optional<std::chrono::nanoseconds> duration;
    std::optional<Money> cost;             ///< of the sandbox
    std::optional<refine::ModelUse> model; ///< that wrote the code
    int added = 0;
    int removed = 0;
    QString code;
    std::vector<DiffRow> diff;             ///< against the attempt before; empty for the first
    std::vector<OutputModel::Line> output; ///< bounded, see OutputModel::snapshot
    std::vector<e2b::ExecutionResult> results;
    std::optional<ErrorPlace> error;
    QString traceback; ///< as the interpreter told it, cut at tracebackLimit
    QString sandboxId; ///< empty: none could be made
    std::optional<Timestamp> startedAt;

    /// Model and sandbox. Empty when a part is not known.
    [[nodiscard]] std::optional<Money> wholeCost() const
    {
        return refine::wholeCost(model, !sandboxId.isEmpty(), cost);
    }

    static constexpr qsizetype tracebackLimit = 64 << 10;
};

/// The attempts of a session, newest first.
class AttemptsModel final : public QAbstractListModel
{
    Q_OBJECT
public:
    enum Role { NumberRole = Qt::UserRole + 1, VerdictRole };
    using QAbstractListModel::QAbstractListModel;

    [[nodiscard]] int rowCount(const QModelIndex &parent = {}) const final;
    [[nodiscard]] QVariant data(const QModelIndex &index, int role) const final;
    [[nodiscard]] const AttemptRow &at(int row) const;
    [[nodiscard]] const AttemptRow *byNumber(int number) const; ///< null when it left the list

    /// Oldest first. What is in a list is never changed, only replaced: other threads may read it.
    using Rows = std::vector<std::shared_ptr<const AttemptRow>>;
    [[nodiscard]] const Rows &rows() const { return m_rows; }

    void put(AttemptRow attempt); ///< replaces the row with the same number, else adds it at the top
    void setRows(Rows rows);      ///< others in their place; at most capacity, numbers ascending

    static constexpr int capacity = 200;                  ///< the oldest leave
    static constexpr std::size_t resultBytes = 64U << 20; ///< of all attempts; beyond it the oldest lose their results

private:
    void add(AttemptRow attempt);

    Rows m_rows;
};

} // namespace sandglass::models
