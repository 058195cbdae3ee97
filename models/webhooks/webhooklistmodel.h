#pragma once

#include "services/core/result.h"
#include "services/e2b/testdelivery.h"
#include "services/e2b/types.h"
#include "services/e2b/webhooktypes.h"

#include <QAbstractTableModel>
#include <QStringList>

#include <array>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace sandglass::e2b {
class Client;
}

namespace sandglass::models {

/// What a webhook can subscribe to, in the order of a sandbox's life.
inline constexpr std::array<const char *, 6> webhookEventTypes = {
    "sandbox.lifecycle.created", "sandbox.lifecycle.updated",      "sandbox.lifecycle.paused",
    "sandbox.lifecycle.resumed", "sandbox.lifecycle.checkpointed", "sandbox.lifecycle.killed",
};

/// "created" for "sandbox.lifecycle.created"; another family's name as it is.
[[nodiscard]] QString shortEventType(const std::string &type);

/// The webhooks of one API with their deliveries of the last 24 hours, and what can be done to them. Every action
/// answers once with done(); the row changes when the service has said yes.
class WebhookListModel final : public QAbstractTableModel
{
    Q_OBJECT
public:
    enum Column { NameColumn, UrlColumn, EventsColumn, StateColumn, DeliveriesColumn, FailedColumn, ColumnCount };
    enum Role {
        IdRole = Qt::UserRole + 1,
        EnabledRole,
        BusyRole, ///< an action on it has no answer yet
        OwnRole,  ///< its URL leads to this program's receiver
    };
    enum class State { NotLoaded, Loading, Loaded, Failed, NotSupported };
    Q_ENUM(State)
    enum class Verb { Create, Edit, Enable, Disable, Remove, RotateSecret };
    Q_ENUM(Verb)

    struct Row
    {
        e2b::WebhookInfo info;
        std::optional<std::int64_t> total, failed; ///< of the last 24 hours; empty = not known
        bool isBusy = false;
    };
    /// Statistics are asked for so many of them; the rest show none.
    static constexpr std::size_t maximumAsked = 50;

    explicit WebhookListModel(e2b::Client &client, QObject *parent = nullptr);

    [[nodiscard]] int rowCount(const QModelIndex &parent = {}) const final;
    [[nodiscard]] int columnCount(const QModelIndex &parent = {}) const final;
    [[nodiscard]] QVariant data(const QModelIndex &index, int role) const final;
    [[nodiscard]] QVariant headerData(int section, Qt::Orientation orientation, int role) const final;

    [[nodiscard]] const Row &at(int row) const { return m_rows[static_cast<std::size_t>(row)]; }
    [[nodiscard]] int rowOf(const QString &id) const; ///< -1 when unknown
    [[nodiscard]] State state() const { return m_state; }
    [[nodiscard]] const Error &error() const { return m_error; } ///< after Failed or NotSupported
    [[nodiscard]] const e2b::Connection &connection() const;
    [[nodiscard]] bool isCurrent() const { return m_asked == 0; } ///< no list or figure is on its way
    [[nodiscard]] int openCount() const { return m_open; }        ///< actions without an answer yet

    void refresh(); ///< the newest request wins; rows stay while it runs
    /// Deliveries have come: asks for the figures of those webhooks anew that lead to this program.
    void refreshOwnStatistics();
    void forget(); ///< another connection: rows of the old one would be a lie
    /// Where this program receives: URLs that lead to it.
    void setOwnUrls(const QStringList &urls);

    void create(const e2b::WebhookSpec &spec); ///< done() carries the new id, or an empty one
    void edit(const QString &id, const e2b::WebhookEdit &edit);
    void setEnabled(const QString &id, bool enabled);
    void rotateSecret(const QString &id, const QString &secret);
    void remove(const QString &id);
    /// Sends a test delivery from this machine; tested() follows.
    void sendTest(const QString &id, const QString &url, const QString &secret);
    /// What was given when it was made or rotated in this run of the program: no API tells a secret.
    [[nodiscard]] QString knownSecret(const QString &id) const;

Q_SIGNALS:
    void stateChanged();
    void done(sandglass::models::WebhookListModel::Verb verb, const QString &id, const sandglass::Result<> &outcome);
    void tested(const QString &id, const sandglass::Result<sandglass::e2b::TestDeliveryReport> &report);

private:
    void take(Result<std::vector<e2b::WebhookInfo>> answer);
    void merge(std::vector<e2b::WebhookInfo> fresh);
    void askStatistics(const std::string &id);
    void change(Verb verb, const QString &id, QFuture<Result<e2b::WebhookInfo>> call, const std::string &secret = {});
    void finish(Verb verb, const QString &id, const Result<> &outcome);
    void setBusy(const QString &id, bool isBusy);
    void setState(State state);
    void rowChanged(int row);
    [[nodiscard]] bool isOwn(const e2b::WebhookInfo &info) const;

    e2b::Client &m_client;
    e2b::TestDelivery m_tester;
    std::vector<Row> m_rows;
    QStringList m_ownUrls;
    std::map<std::string, std::string> m_secrets; ///< by id
    State m_state = State::NotLoaded;
    Error m_error;
    quint64 m_request = 0;    ///< the newest list call
    quint64 m_connection = 0; ///< answers of an earlier connection change no row
    int m_open = 0;
    int m_asked = 0;
};

} // namespace sandglass::models
