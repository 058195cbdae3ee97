#include "models/webhooks/callbacklistmodel.h"

#include "services/core/ids.h"
#include "services/core/json.h"
#include "services/core/keystore.h"
#include "services/core/qtstring.h"
#include "services/core/whendone.h"
#include "services/e2b/callbackposter.h"
#include "services/e2b/webhooktypes.h"
#include "services/lifecycle/recordfile.h"
#include "services/lifecycle/tracker.h"

#include <QPointer>

#include <algorithm>
#include <set>
#include <utility>

using namespace std::chrono_literals;

namespace sandglass::models {

using lifecycle::Tracker;

namespace {

std::string secretName(const std::string &id)
{
    return "callback-secret/" + id;
}

Json toJson(const Callback &callback)
{
    return {{"id", callback.id},
            {"url", callback.url},
            {"events", callback.filter.types},
            {"template", callback.filter.templateName},
            {"paused", callback.isPaused}};
}

Callback fromJson(const Json &row)
{
    Callback callback{
        stringOr(row, "id"), stringOr(row, "url"), {{}, stringOr(row, "template")}, boolOr(row, "paused")};
    if (const auto types = row.find("events"); types != row.end() && types->is_array()) {
        for (const Json &type : *types) {
            if (type.is_string())
                callback.filter.types.push_back(type.get<std::string>());
        }
    }
    return callback;
}

QString shortName(const std::string &type)
{
    const QString name = toQString(type);
    return name.mid(name.lastIndexOf(u'.') + 1);
}

} // namespace

CallbackListModel::CallbackListModel(Tracker &tracker, KeyStore &keys, std::filesystem::path file, QObject *parent)
    : QAbstractTableModel(parent)
    , m_keys(keys)
    , m_file(std::move(file))
    , m_subscriptions(
          [&tracker](const lifecycle::Event &event) {
              const lifecycle::Sandbox *sandbox = tracker.fold().find(event.sandboxId);
              return sandbox != nullptr ? sandbox->templateAlias : event.templateAlias;
          },
          e2b::callbackPoster())
{
    m_soon.setSingleShot(true);
    m_soon.setInterval(200ms);
    connect(&m_soon, &QTimer::timeout, this, [this] {
        if (!m_rows.empty())
            Q_EMIT dataChanged(index(0, 0), index(rowCount() - 1, ColumnCount - 1));
        Q_EMIT changed();
    });
    connect(&tracker, &Tracker::eventsRecorded, this, &CallbackListModel::tell);
    load();
}

void CallbackListModel::load()
{
    const auto stored = lifecycle::readRecord(m_file);
    if (!stored) {
        m_failure = toQString(stored.error().message);
        return;
    }
    for (const Json &row : stored->is_array() ? *stored : Json::array()) {
        Callback callback = row.is_object() ? fromJson(row) : Callback();
        if (callback.id.empty() || m_rows.size() >= mostCallbacks || find(callback.id) != nullptr)
            continue;
        m_rows.push_back({std::move(callback), {}, false, 0});
    }
    std::vector<std::string> ids;
    for (const Row &row : m_rows)
        ids.push_back(row.callback.id);
    for (const std::string &id : ids) // it may answer at once
        readSecret(id);
}

void CallbackListModel::readSecret(const std::string &id)
{
    m_keys.read(secretName(id), [self = QPointer(this), id](const Result<std::optional<std::string>> &answer) {
        Row *row = self ? self->find(id) : nullptr;
        if (row == nullptr || row->isSecretRead)
            return;
        row->isSecretRead = true;
        row->secret = answer ? answer->value_or(std::string()) : std::string();
        self->follow(*row);
    });
}

Result<> CallbackListModel::save()
{
    Json rows = Json::array();
    for (const Row &row : m_rows)
        rows.push_back(toJson(row.callback));
    auto written = lifecycle::writeRecord(m_file, rows);
    m_failure = written ? QString() : toQString(written.error().message);
    return written;
}

CallbackListModel::Row *CallbackListModel::find(const std::string &id)
{
    const auto row = std::ranges::find_if(m_rows, [&id](const Row &r) { return r.callback.id == id; });
    return row != m_rows.end() ? &*row : nullptr;
}

int CallbackListModel::rowOf(const std::string &id) const
{
    const auto row = std::ranges::find_if(m_rows, [&id](const Row &r) { return r.callback.id == id; });
    return row != m_rows.end() ? static_cast<int>(row - m_rows.begin()) : -1;
}

Result<> CallbackListModel::check(const Callback &callback, const std::string &secret) const
{
    if (auto fine = lifecycle::HttpCallback::check({.url = callback.url, .secret = secret}); !fine)
        return fine;
    if (secret.size() < e2b::leastSecretLength)
        return sandglass::failure(Error::Kind::Local, "the secret has fewer than 32 characters", 0, "secret_too_short");
    const std::set<std::string> types(callback.filter.types.begin(), callback.filter.types.end());
    if (types.size() != callback.filter.types.size() || callback.filter.templateName.size() > 256)
        return sandglass::failure(Error::Kind::Local, "the filter names a type twice, or is too long", 0, "bad_filter");
    return {};
}

void CallbackListModel::follow(Row &row)
{
    if (row.subscription != 0)
        m_subscriptions.unsubscribe(std::exchange(row.subscription, 0));
    if (!row.callback.isPaused && !row.secret.empty()) {
        const auto id = m_subscriptions.subscribe(
            row.callback.filter, lifecycle::CallbackTarget{.url = row.callback.url, .secret = row.secret});
        if (id) {
            row.subscription = *id;
            const lifecycle::HttpCallback *http = m_subscriptions.callback(*id);
            connect(http, &lifecycle::HttpCallback::delivered, this, &CallbackListModel::updateSoon);
            connect(http, &lifecycle::HttpCallback::troubled, this, &CallbackListModel::updateSoon);
        }
    }
    updateSoon();
}

void CallbackListModel::tell(const std::vector<lifecycle::StoredEvent> &events)
{
    if (m_rows.empty())
        return;
    for (const lifecycle::StoredEvent &stored : events)
        m_subscriptions.publish(stored.event);
    updateSoon();
}

void CallbackListModel::updateSoon()
{
    if (!m_soon.isActive())
        m_soon.start();
}

Result<std::string> CallbackListModel::add(Callback callback, const std::string &secret)
{
    if (m_rows.size() >= mostCallbacks)
        return sandglass::failure(Error::Kind::Local, "there are too many callbacks already");
    if (auto fine = check(callback, secret); !fine)
        return sandglass::failure(fine.error());
    callback.id = newUuid();
    const std::string id = callback.id;
    const int row = rowCount();
    beginInsertRows({}, row, row);
    m_rows.push_back({std::move(callback), secret, true, 0});
    endInsertRows();
    if (auto saved = save(); !saved) {
        beginRemoveRows({}, row, row);
        m_rows.pop_back();
        endRemoveRows();
        return sandglass::failure(saved.error());
    }
    keepSecret(id, secret);
    follow(m_rows.back());
    return id;
}

Result<> CallbackListModel::edit(Callback callback, const std::string &secret)
{
    Row *row = find(callback.id);
    if (row == nullptr)
        return sandglass::failure(Error::Kind::Local, "the callback is gone");
    const std::string &valid = secret.empty() ? row->secret : secret;
    if (auto fine = check(callback, valid); !fine)
        return fine;
    std::swap(row->callback, callback);
    if (auto saved = save(); !saved) {
        std::swap(row->callback, callback);
        return saved;
    }
    if (!secret.empty()) {
        row->secret = secret;
        row->isSecretRead = true;
        keepSecret(callback.id, secret);
    }
    follow(*row);
    return {};
}

void CallbackListModel::keepSecret(const std::string &id, const std::string &secret)
{
    m_keys.write(secretName(id), secret, [self = QPointer(this)](const Result<> &kept) {
        if (self && !kept)
            Q_EMIT self->secretNotKept(toQString(kept.error().message));
    });
}

void CallbackListModel::setPaused(const std::string &id, bool isPaused)
{
    Row *row = find(id);
    if (row == nullptr || row->callback.isPaused == isPaused)
        return;
    row->callback.isPaused = isPaused;
    (void)save(); // failure() tells; for this run it holds all the same
    follow(*row);
}

void CallbackListModel::resume(const std::string &id)
{
    setPaused(id, false);
    if (const Row *row = find(id); row != nullptr && row->subscription != 0)
        m_subscriptions.resume(row->subscription);
    updateSoon();
}

void CallbackListModel::remove(const std::string &id)
{
    const int row = rowOf(id);
    if (row < 0)
        return;
    if (const int subscription = m_rows[static_cast<std::size_t>(row)].subscription; subscription != 0)
        m_subscriptions.unsubscribe(subscription);
    beginRemoveRows({}, row, row);
    m_rows.erase(m_rows.begin() + row);
    endRemoveRows();
    (void)save();
    m_keys.remove(secretName(id), [](const Result<> &) {});
    Q_EMIT changed();
}

void CallbackListModel::sendTest(const std::string &id)
{
    const Row *row = find(id);
    if (row == nullptr)
        return;
    whenDone(
        m_tester.send(row->callback.url, row->secret, "test"), this,
        [this, name = toQString(id)](const Result<e2b::TestDeliveryReport> &report) { Q_EMIT tested(name, report); });
}

CallbackListModel::State CallbackListModel::stateOf(int number) const
{
    const Row &row = m_rows[static_cast<std::size_t>(number)];
    if (row.callback.isPaused)
        return State::Paused;
    if (!row.isSecretRead)
        return State::Starting;
    if (row.subscription == 0)
        return State::NoSecret;
    return statusOf(number).hasGivenUp ? State::GaveUp : State::Active;
}

lifecycle::CallbackStatus CallbackListModel::statusOf(int number) const
{
    const Row &row = m_rows[static_cast<std::size_t>(number)];
    const auto *http = row.subscription != 0 ? m_subscriptions.callback(row.subscription) : nullptr;
    return http != nullptr ? http->status() : lifecycle::CallbackStatus{};
}

int CallbackListModel::rowCount(const QModelIndex &parent) const
{
    return parent.isValid() ? 0 : static_cast<int>(m_rows.size());
}

int CallbackListModel::columnCount(const QModelIndex &parent) const
{
    return parent.isValid() ? 0 : ColumnCount;
}

QVariant CallbackListModel::data(const QModelIndex &index, int role) const
{
    if (!checkIndex(index, CheckIndexOption::IndexIsValid))
        return {};
    const Callback &callback = at(index.row());
    if (role == IdRole)
        return toQString(callback.id);
    if (role == StateRole)
        return static_cast<int>(stateOf(index.row()));
    const lifecycle::CallbackStatus status = statusOf(index.row());
    if (role == LastErrorRole || (role == Qt::ToolTipRole && index.column() == StateColumn))
        return toQString(status.lastError.message);
    if (role != Qt::DisplayRole && role != Qt::ToolTipRole)
        return {};
    switch (index.column()) {
    case UrlColumn:
        return toQString(callback.url);
    case EventsColumn: {
        QStringList names;
        for (const std::string &type : callback.filter.types)
            names << shortName(type);
        return names.isEmpty() ? tr("all") : names.join(QStringLiteral(", "));
    }
    case TemplateColumn:
        return callback.filter.templateName.empty() ? tr("any") : toQString(callback.filter.templateName);
    case StateColumn:
        switch (stateOf(index.row())) {
        case State::Starting:
            return tr("starting");
        case State::Active:
            return tr("active");
        case State::Paused:
            return tr("paused");
        case State::GaveUp:
            return tr("gave up");
        case State::NoSecret:
            return tr("no secret");
        }
        return {};
    case DeliveredColumn:
        return static_cast<qint64>(status.delivered);
    case LostColumn:
        return static_cast<qint64>(status.lost + status.dropped);
    case WaitingColumn:
        return static_cast<qint64>(status.waiting);
    default:
        return {};
    }
}

QVariant CallbackListModel::headerData(int section, Qt::Orientation orientation, int role) const
{
    if (orientation == Qt::Horizontal && role == Qt::TextAlignmentRole && section >= DeliveredColumn)
        return static_cast<int>(Qt::AlignRight | Qt::AlignVCenter);
    if (orientation != Qt::Horizontal || role != Qt::DisplayRole)
        return {};
    switch (section) {
    case UrlColumn:
        return tr("URL");
    case EventsColumn:
        return tr("Events");
    case TemplateColumn:
        return tr("Template");
    case StateColumn:
        return tr("State");
    case DeliveredColumn:
        return tr("Delivered");
    case LostColumn:
        return tr("Lost");
    case WaitingColumn:
        return tr("Waiting");
    default:
        return {};
    }
}

} // namespace sandglass::models
