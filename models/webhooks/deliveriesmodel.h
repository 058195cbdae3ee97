#pragma once

#include "services/core/result.h"
#include "services/e2b/webhooktypes.h"

#include <QAbstractTableModel>

#include <vector>

namespace sandglass::e2b {
class Client;
}

namespace sandglass::models {

/// The delivery log of one webhook, newest first, by pages; one row per event with all its attempts.
class DeliveriesModel final : public QAbstractTableModel
{
    Q_OBJECT
public:
    enum Column { TimeColumn, EventColumn, SandboxColumn, AttemptsColumn, ResultColumn, TookColumn, ColumnCount };
    enum Role {
        SuccessRole = Qt::UserRole + 1, ///< of the last attempt
    };
    enum class State { NothingChosen, Loading, Loaded, Failed };
    Q_ENUM(State)
    static constexpr std::size_t maximumRows = 1'000; ///< older ones are not fetched
    static constexpr int pageSize = 50;

    explicit DeliveriesModel(e2b::Client &client, QObject *parent = nullptr);

    [[nodiscard]] int rowCount(const QModelIndex &parent = {}) const final;
    [[nodiscard]] int columnCount(const QModelIndex &parent = {}) const final;
    [[nodiscard]] QVariant data(const QModelIndex &index, int role) const final;
    [[nodiscard]] QVariant headerData(int section, Qt::Orientation orientation, int role) const final;
    /// The view asks for the next page when its last row comes into sight.
    [[nodiscard]] bool canFetchMore(const QModelIndex &parent) const final;
    void fetchMore(const QModelIndex &parent) final;

    [[nodiscard]] const e2b::DeliveryGroup &at(int row) const { return m_rows[static_cast<std::size_t>(row)]; }
    [[nodiscard]] State state() const { return m_state; }
    [[nodiscard]] const Error &error() const { return m_error; } ///< after Failed
    [[nodiscard]] const QString &webhookId() const { return m_webhookId; }
    [[nodiscard]] bool isFailedOnly() const { return m_isFailedOnly; }

    void show(const QString &webhookId); ///< empty = none
    void setFailedOnly(bool isFailedOnly);
    void refresh(); ///< from the first page on

Q_SIGNALS:
    void stateChanged();

private:
    void ask(const std::string &cursor);
    void setState(State state);

    e2b::Client &m_client;
    QString m_webhookId;
    bool m_isFailedOnly = false;
    std::vector<e2b::DeliveryGroup> m_rows;
    std::string m_next; ///< cursor of the next page; empty = there is none
    bool m_isAsking = false;
    quint64 m_request = 0;
    State m_state = State::NothingChosen;
    Error m_error;
};

} // namespace sandglass::models
