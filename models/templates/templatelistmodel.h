#pragma once

#include "services/core/result.h"
#include "services/core/time.h"
#include "services/e2b/types.h"

#include <QAbstractTableModel>
#include <QFuture>

#include <functional>
#include <optional>
#include <vector>

namespace sandglass::models {

/// The templates of one connection. Refreshing changes only the rows that differ, so selections survive.
class TemplateListModel final : public QAbstractTableModel
{
    Q_OBJECT
public:
    enum Column { NameColumn, StatusColumn, SizeColumn, SpawnsColumn, UpdatedColumn, ColumnCount };
    enum Role {
        SortRole = Qt::UserRole + 1, ///< raw values: text, number, milliseconds
        IdRole,
        SearchRole, ///< names, id and status in lower case
    };
    enum class State { NotLoaded, Loading, Loaded, Failed };
    Q_ENUM(State)

    /// Asks the API; e2b::Client::listTemplates of the active connection.
    using Lister = std::function<QFuture<Result<std::vector<e2b::TemplateInfo>>>()>;

    explicit TemplateListModel(Lister lister, Clock clock = systemNow, QObject *parent = nullptr);
    ~TemplateListModel() override;

    [[nodiscard]] int rowCount(const QModelIndex &parent = {}) const final;
    [[nodiscard]] int columnCount(const QModelIndex &parent = {}) const final;
    [[nodiscard]] QVariant data(const QModelIndex &index, int role) const final;
    [[nodiscard]] QVariant headerData(int section, Qt::Orientation orientation, int role) const final;

    [[nodiscard]] const e2b::TemplateInfo &at(int row) const { return m_rows[static_cast<std::size_t>(row)]; }
    [[nodiscard]] const e2b::TemplateInfo *find(const QString &templateId) const;

    void refresh(); ///< the newest request wins; rows stay while it runs
    void forget();  ///< another connection: rows of the old one would be a lie
    [[nodiscard]] State state() const { return m_state; }
    [[nodiscard]] const Error &error() const { return m_error; }           ///< after Failed
    [[nodiscard]] std::optional<Timestamp> asOf() const { return m_asOf; } ///< when the rows were last true

    /// First name, else the id.
    [[nodiscard]] static QString displayName(const e2b::TemplateInfo &info);

Q_SIGNALS:
    void stateChanged();

private:
    void take(Result<std::vector<e2b::TemplateInfo>> answer);
    void merge(std::vector<e2b::TemplateInfo> fresh);
    void setState(State state);

    Lister m_lister;
    Clock m_clock;
    QFuture<Result<std::vector<e2b::TemplateInfo>>> m_request;
    quint64 m_generation = 0;
    std::vector<e2b::TemplateInfo> m_rows;
    State m_state = State::NotLoaded;
    Error m_error;
    std::optional<Timestamp> m_asOf;
};

} // namespace sandglass::models
