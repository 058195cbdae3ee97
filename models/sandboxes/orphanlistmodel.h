#pragma once

#include "services/core/money.h"
#include "services/core/result.h"
#include "services/cost/auditlog.h"
#include "services/lifecycle/reconcilecleanup.h"

#include <QAbstractTableModel>
#include <QString>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace sandglass::lifecycle {
class Tracker;
struct StoredEvent;
} // namespace sandglass::lifecycle

namespace sandglass::models {

/// Sandboxes that the provider lists and no event has told of, and their clean-up by a person: choose, dry run, kill.
/// Nothing is killed that was not a target of the dry run shown last. Lives on the tracker's thread.
class OrphanListModel final : public QAbstractTableModel
{
    Q_OBJECT
public:
    enum Column {
        ChosenColumn,
        IdColumn,
        TemplateColumn,
        OwnerColumn,
        AgeColumn,
        CostColumn,
        MetadataColumn,
        FateColumn, ///< in words: what would be, is or was done to it, and why not
        ColumnCount
    };
    enum Role {
        AgeMsRole = Qt::UserRole + 1, ///< qint64; invalid when the list does not tell
        CostPicoRole,                 ///< qint64 pico-dollars; invalid when unknown
        FateRole,                     ///< Fate as int
    };
    enum class Stage { Choosing, DryRun, Killing, Done };
    Q_ENUM(Stage)
    enum class Fate { None, Target, Spared, UnderWay, Killed, Failed, Skipped };
    Q_ENUM(Fate)

    struct Filter
    {
        std::optional<lifecycle::Owner> owner;
        std::optional<lifecycle::AgeTier> age;
        friend bool operator==(const Filter &, const Filter &) = default;
    };
    struct Counts
    {
        int all = 0;
        int mine = 0;        ///< by their metadata: of earlier runs of this program
        int lostAnswers = 0; ///< of `mine`: a create call whose answer never came has made them
        friend bool operator==(const Counts &, const Counts &) = default;
    };
    struct Surroundings
    {
        const lifecycle::Tracker &tracker;
        std::string installation;                            ///< whose sandboxes are its own
        std::function<bool(const std::string &)> isMadeHere; ///< answered create calls of this run: no orphans
        lifecycle::CleanUp::Kill kill;                       ///< at the connection in use
    };
    /// Younger ones may have an event on its way.
    static constexpr std::chrono::seconds settling{30};

    explicit OrphanListModel(Surroundings surroundings, QObject *parent = nullptr);
    ~OrphanListModel() override;

    [[nodiscard]] int rowCount(const QModelIndex &parent = {}) const final;
    [[nodiscard]] int columnCount(const QModelIndex &parent = {}) const final;
    [[nodiscard]] QVariant data(const QModelIndex &index, int role) const final;
    /// Qt::CheckStateRole of any column, while choosing.
    bool setData(const QModelIndex &index, const QVariant &value, int role) final;
    [[nodiscard]] QVariant headerData(int section, Qt::Orientation orientation, int role) const final;
    [[nodiscard]] Qt::ItemFlags flags(const QModelIndex &index) const final;

    /// The provider's whole list. While something is being killed, and until back(), the rows stay as they are.
    void takeList(const std::vector<lifecycle::ObservedSandbox> &list);
    void noteLostAnswer(const std::string &sandboxId);
    void forget(); ///< another connection: its sandboxes are others. Stops a clean-up.

    void setFilter(Filter filter);
    void chooseShown(bool isChosen);
    [[nodiscard]] int chosenCount() const { return static_cast<int>(m_chosen.size()); }
    [[nodiscard]] const Counts &counts() const { return m_counts; } ///< before the filter

    [[nodiscard]] Stage stage() const { return m_stage; }
    void dryRun(); ///< of what is chosen; all rows are shown then, those to be killed first
    void back();   ///< to choosing, also from Done
    void kill();   ///< what the dry run shows; nothing in any other stage
    void cancel(); ///< what is under way is waited for
    [[nodiscard]] int targetCount() const { return static_cast<int>(m_plan.targets.size()); }
    [[nodiscard]] int sparedCount() const { return static_cast<int>(m_plan.spared.size()); }
    [[nodiscard]] int answeredCount() const;                                          ///< of targetCount()
    [[nodiscard]] const lifecycle::CleanUpResult &result() const { return m_result; } ///< when Done

Q_SIGNALS:
    void countsChanged();
    void choiceChanged();
    void stageChanged();
    void progressed();
    void audited(const std::vector<sandglass::cost::AuditEntry> &entries);

private:
    struct Outcome
    {
        Fate fate = Fate::None;
        QString words;
    };
    void dropKnown();
    void replace(std::vector<lifecycle::Orphan> orphans);
    void recount();
    void arrange();
    void setStage(Stage stage);
    void markPlan();
    void settle(const std::string &id, Outcome outcome);
    void onFinished(const lifecycle::CleanUpResult &result);
    [[nodiscard]] bool accepts(const lifecycle::Orphan &orphan) const;
    [[nodiscard]] std::optional<Money> costOf(const lifecycle::Orphan &orphan) const;
    [[nodiscard]] cost::AuditEntry entryOf(const lifecycle::Orphan &orphan, const std::string &answer) const;
    [[nodiscard]] const lifecycle::Orphan &at(int row) const { return m_all[m_shown[static_cast<std::size_t>(row)]]; }
    [[nodiscard]] QVariant display(const lifecycle::Orphan &orphan, int column) const;

    Surroundings m_around;
    std::vector<lifecycle::Orphan> m_all;
    std::vector<std::size_t> m_shown; ///< into m_all
    std::set<std::string> m_chosen;
    std::set<std::string> m_lostAnswers;
    Filter m_filter;
    Counts m_counts;
    Stage m_stage = Stage::Choosing;
    lifecycle::CleanUpPlan m_plan;
    std::map<std::string, Outcome> m_outcomes;
    lifecycle::CleanUpResult m_result;
    std::unique_ptr<lifecycle::CleanUp> m_cleanUp;
    std::optional<std::vector<lifecycle::ObservedSandbox>> m_waiting; ///< a list that came while rows had to stay
};

} // namespace sandglass::models
