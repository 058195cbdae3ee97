#pragma once

#include "services/core/result.h"
#include "services/e2b/testdelivery.h"
#include "services/lifecycle/subscription.h"

#include <QAbstractTableModel>
#include <QTimer>

#include <array>
#include <filesystem>
#include <string>
#include <vector>

namespace sandglass {
class KeyStore;
}
namespace sandglass::lifecycle {
class Tracker;
struct StoredEvent;
} // namespace sandglass::lifecycle

namespace sandglass::models {

/// What a callback can ask for, in the short names of the original.
inline constexpr std::array<const char *, 7> callbackEventTypes = {
    "sandbox.created", "sandbox.updated",      "sandbox.paused",        "sandbox.resumed",
    "sandbox.killed",  "sandbox.checkpointed", "sandbox.code_executed",
};

/// Where this program passes events on to by itself, as E2B would send them.
struct Callback
{
    std::string id;
    std::string url;
    lifecycle::EventFilter filter; ///< types as in callbackEventTypes
    bool isPaused = false;         ///< by a person; events meanwhile are not kept for it
    friend bool operator==(const Callback &a, const Callback &b)
    {
        return a.id == b.id && a.url == b.url && a.filter.types == b.filter.types
            && a.filter.templateName == b.filter.templateName && a.isPaused == b.isPaused;
    }
};

/// The callbacks and what became of their events since the program started. Kept in a file, their secrets in the key
/// store. Lives on the tracker's thread; changes of the figures are collected for a fifth of a second.
class CallbackListModel final : public QAbstractTableModel
{
    Q_OBJECT
public:
    enum Column {
        UrlColumn,
        EventsColumn,
        TemplateColumn,
        StateColumn,
        DeliveredColumn,
        LostColumn, ///< and dropped
        WaitingColumn,
        ColumnCount
    };
    enum Role {
        IdRole = Qt::UserRole + 1,
        StateRole,
        LastErrorRole, ///< in words; empty when there was none
    };
    enum class State { Starting /**< its secret is being read */, Active, Paused, GaveUp, NoSecret };
    Q_ENUM(State)
    static constexpr std::size_t mostCallbacks = 50;

    /// All must outlive this. What the tracker records from now on is told.
    CallbackListModel(lifecycle::Tracker &tracker, KeyStore &keys, std::filesystem::path file,
                      QObject *parent = nullptr);

    [[nodiscard]] int rowCount(const QModelIndex &parent = {}) const final;
    [[nodiscard]] int columnCount(const QModelIndex &parent = {}) const final;
    [[nodiscard]] QVariant data(const QModelIndex &index, int role) const final;
    [[nodiscard]] QVariant headerData(int section, Qt::Orientation orientation, int role) const final;

    [[nodiscard]] const Callback &at(int row) const { return m_rows[static_cast<std::size_t>(row)].callback; }
    [[nodiscard]] int rowOf(const std::string &id) const; ///< -1 when unknown
    [[nodiscard]] State stateOf(int row) const;
    [[nodiscard]] lifecycle::CallbackStatus statusOf(int row) const;
    [[nodiscard]] const QString &failure() const { return m_failure; } ///< the file; empty: nothing is wrong

    /// The id on success. Errors (Local): URL, secret of less than 32 characters, a type twice, too many, not written.
    [[nodiscard]] Result<std::string> add(Callback callback, const std::string &secret);
    /// In place of the one with its id; an empty secret keeps the one it has. Its figures begin anew.
    [[nodiscard]] Result<> edit(Callback callback, const std::string &secret);
    void setPaused(const std::string &id, bool isPaused);
    void resume(const std::string &id); ///< one that gave up, or was paused
    void remove(const std::string &id);
    void sendTest(const std::string &id); ///< tested() follows

Q_SIGNALS:
    void changed(); ///< rows, states or figures
    void tested(const QString &id, const sandglass::Result<sandglass::e2b::TestDeliveryReport> &report);
    void secretNotKept(const QString &reason); ///< the key store said no: the callback ends with the program

private:
    struct Row
    {
        Callback callback;
        std::string secret;
        bool isSecretRead = false;
        int subscription = 0; ///< 0 = none
    };
    void load();
    [[nodiscard]] Result<> save();
    void readSecret(const std::string &id);
    void keepSecret(const std::string &id, const std::string &secret);
    void follow(Row &row); ///< subscribes as it is now
    void tell(const std::vector<lifecycle::StoredEvent> &events);
    void updateSoon();
    [[nodiscard]] Row *find(const std::string &id);
    [[nodiscard]] Result<> check(const Callback &callback, const std::string &secret) const;

    KeyStore &m_keys;
    std::filesystem::path m_file;
    lifecycle::Subscriptions m_subscriptions;
    std::vector<Row> m_rows;
    e2b::TestDelivery m_tester;
    QTimer m_soon;
    QString m_failure;
};

} // namespace sandglass::models
