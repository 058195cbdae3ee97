#include "models/webhooks/webhooklistmodel.h"

#include "services/core/qtstring.h"
#include "services/core/whendone.h"
#include "services/e2b/client.h"
#include "services/e2b/webhookclient.h"

#include <algorithm>
#include <utility>

namespace sandglass::models {

namespace {

constexpr std::string_view typePrefix = "sandbox.lifecycle.";

QString eventsText(const std::vector<std::string> &events)
{
    const bool isAll = std::ranges::all_of(
        webhookEventTypes, [&](const char *type) { return std::ranges::find(events, type) != events.end(); });
    if (isAll)
        return WebhookListModel::tr("all");
    QStringList words;
    for (const std::string &type : events)
        words << shortEventType(type);
    return words.join(QStringLiteral(", "));
}

} // namespace

QString shortEventType(const std::string &type)
{
    const std::string_view whole = type;
    return toQString(whole.starts_with(typePrefix) ? whole.substr(typePrefix.size()) : whole);
}

WebhookListModel::WebhookListModel(e2b::Client &client, QObject *parent) : QAbstractTableModel(parent), m_client(client)
{}

int WebhookListModel::rowCount(const QModelIndex &parent) const
{
    return parent.isValid() ? 0 : static_cast<int>(m_rows.size());
}

int WebhookListModel::columnCount(const QModelIndex &parent) const
{
    return parent.isValid() ? 0 : ColumnCount;
}

QVariant WebhookListModel::data(const QModelIndex &index, int role) const
{
    if (!checkIndex(index, CheckIndexOption::IndexIsValid))
        return {};
    const Row &row = at(index.row());
    switch (role) {
    case IdRole:
        return toQString(row.info.id);
    case EnabledRole:
        return row.info.enabled;
    case BusyRole:
        return row.isBusy;
    case OwnRole:
        return isOwn(row.info);
    case Qt::ToolTipRole:
        return index.column() == UrlColumn ? toQString(row.info.url) : QVariant();
    case Qt::DisplayRole:
        break;
    default:
        return {};
    }
    switch (index.column()) {
    case NameColumn:
        return toQString(row.info.name);
    case UrlColumn:
        return toQString(row.info.url);
    case EventsColumn:
        return eventsText(row.info.events);
    case StateColumn:
        return row.isBusy ? tr("changing…") : row.info.enabled ? tr("on") : tr("off");
    case DeliveriesColumn:
        return row.total ? QVariant(static_cast<qlonglong>(*row.total)) : QVariant();
    case FailedColumn:
        return row.failed ? QVariant(static_cast<qlonglong>(*row.failed)) : QVariant();
    default:
        return {};
    }
}

QVariant WebhookListModel::headerData(int section, Qt::Orientation orientation, int role) const
{
    if (orientation != Qt::Horizontal)
        return {};
    const bool isFigure = section == DeliveriesColumn || section == FailedColumn;
    if (role == Qt::ToolTipRole && isFigure)
        return tr("in the last 24 hours");
    if (role == Qt::TextAlignmentRole && isFigure)
        return static_cast<int>(Qt::AlignRight | Qt::AlignVCenter);
    if (role != Qt::DisplayRole)
        return {};
    switch (section) {
    case NameColumn:
        return tr("Name");
    case UrlColumn:
        return tr("URL");
    case EventsColumn:
        return tr("Events");
    case StateColumn:
        return tr("State");
    case DeliveriesColumn:
        return tr("Sent 24 h");
    case FailedColumn:
        return tr("Failed");
    default:
        return {};
    }
}

const e2b::Connection &WebhookListModel::connection() const
{
    return m_client.connection();
}

int WebhookListModel::rowOf(const QString &id) const
{
    const auto found = std::ranges::find(m_rows, toUtf8(id), [](const Row &row) { return row.info.id; });
    return found == m_rows.end() ? -1 : static_cast<int>(found - m_rows.begin());
}

void WebhookListModel::refresh()
{
    if (m_client.connection().apiKey.empty()) {
        m_error = {.kind = Error::Kind::Local, .message = "the connection has no API key", .code = "no_key"};
        return setState(State::Failed);
    }
    if (m_rows.empty())
        setState(State::Loading);
    ++m_asked;
    whenDone(m_client.webhooks().list(), this,
             [this, request = ++m_request](Result<std::vector<e2b::WebhookInfo>> answer) {
                 --m_asked;
                 if (request == m_request)
                     take(std::move(answer));
             });
}

void WebhookListModel::forget()
{
    ++m_request;
    ++m_connection;
    beginResetModel();
    m_rows.clear();
    m_secrets.clear();
    endResetModel();
    setState(State::NotLoaded);
}

void WebhookListModel::setOwnUrls(const QStringList &urls)
{
    if (std::exchange(m_ownUrls, urls) == urls || m_rows.empty())
        return;
    Q_EMIT dataChanged(index(0, 0), index(rowCount() - 1, ColumnCount - 1));
}

bool WebhookListModel::isOwn(const e2b::WebhookInfo &info) const
{
    return m_ownUrls.contains(toQString(info.url));
}

void WebhookListModel::take(Result<std::vector<e2b::WebhookInfo>> answer)
{
    if (!answer) {
        m_error = answer.error();
        return setState(m_error.code == "not_supported" ? State::NotSupported : State::Failed);
    }
    merge(std::move(*answer));
    setState(State::Loaded);
    for (std::size_t i = 0; i < std::min(m_rows.size(), maximumAsked); ++i)
        askStatistics(m_rows[i].info.id);
}

void WebhookListModel::merge(std::vector<e2b::WebhookInfo> fresh)
{
    const auto idOfRow = [](const Row &row) -> const std::string & { return row.info.id; };
    const bool isSame = std::ranges::equal(fresh, m_rows, {}, &e2b::WebhookInfo::id, idOfRow);
    if (!isSame)
        beginResetModel();
    std::vector<Row> rows;
    for (e2b::WebhookInfo &info : fresh) {
        Row row;
        if (const auto known = std::ranges::find(m_rows, info.id, idOfRow); known != m_rows.end())
            row = *known;
        row.info = std::move(info);
        rows.push_back(std::move(row));
    }
    m_rows = std::move(rows);
    if (!isSame)
        endResetModel();
    else if (!m_rows.empty())
        Q_EMIT dataChanged(index(0, 0), index(rowCount() - 1, ColumnCount - 1));
}

void WebhookListModel::askStatistics(const std::string &id)
{
    ++m_asked;
    whenDone(m_client.webhooks().statistics(id), this,
             [this, id, connection = m_connection](const Result<e2b::DeliveryStatistics> &answer) {
                 --m_asked;
                 const int row = rowOf(toQString(id));
                 if (connection != m_connection || row < 0)
                     return;
                 Row &entry = m_rows[static_cast<std::size_t>(row)];
                 entry.total = answer ? std::optional(answer->total) : std::nullopt;
                 entry.failed = answer ? std::optional(answer->failed) : std::nullopt;
                 rowChanged(row);
             });
}

void WebhookListModel::refreshOwnStatistics()
{
    for (std::size_t i = 0; i < std::min(m_rows.size(), maximumAsked); ++i) {
        if (isOwn(m_rows[i].info))
            askStatistics(m_rows[i].info.id);
    }
}

void WebhookListModel::create(const e2b::WebhookSpec &spec)
{
    change(Verb::Create, {}, m_client.webhooks().create(spec), spec.signatureSecret);
}

void WebhookListModel::edit(const QString &id, const e2b::WebhookEdit &edit)
{
    change(Verb::Edit, id, m_client.webhooks().edit(toUtf8(id), edit), edit.signatureSecret.value_or(std::string()));
}

void WebhookListModel::setEnabled(const QString &id, bool enabled)
{
    change(enabled ? Verb::Enable : Verb::Disable, id, m_client.webhooks().setEnabled(toUtf8(id), enabled));
}

void WebhookListModel::rotateSecret(const QString &id, const QString &secret)
{
    change(Verb::RotateSecret, id, m_client.webhooks().rotateSecret(toUtf8(id), toUtf8(secret)), toUtf8(secret));
}

void WebhookListModel::remove(const QString &id)
{
    ++m_open;
    setBusy(id, true);
    whenDone(m_client.webhooks().remove(toUtf8(id)), this,
             [this, id, connection = m_connection](const Result<> &answer) {
                 if (const int row = rowOf(id); answer && row >= 0 && connection == m_connection) {
                     beginRemoveRows({}, row, row);
                     m_rows.erase(m_rows.begin() + row);
                     endRemoveRows();
                     m_secrets.erase(toUtf8(id));
                     Q_EMIT stateChanged();
                 }
                 finish(Verb::Remove, id, answer);
             });
}

void WebhookListModel::change(Verb verb, const QString &id, QFuture<Result<e2b::WebhookInfo>> call,
                              const std::string &secret)
{
    ++m_open;
    setBusy(id, true);
    whenDone(std::move(call), this,
             [this, verb, id, secret, connection = m_connection](const Result<e2b::WebhookInfo> &answer) {
                 if (!answer || connection != m_connection)
                     return finish(verb, id, answer ? Result<>() : failure(answer.error()));
                 if (!secret.empty())
                     m_secrets.insert_or_assign(answer->id, secret);
                 const QString answered = toQString(answer->id);
                 if (const int row = rowOf(answered); row >= 0) {
                     m_rows[static_cast<std::size_t>(row)].info = *answer;
                     rowChanged(row);
                 } else {
                     beginInsertRows({}, rowCount(), rowCount());
                     m_rows.push_back({*answer, {}, {}, false});
                     endInsertRows();
                     setState(State::Loaded);
                     Q_EMIT stateChanged();
                 }
                 finish(verb, answered, {});
             });
}

void WebhookListModel::finish(Verb verb, const QString &id, const Result<> &outcome)
{
    --m_open;
    setBusy(id, false);
    Q_EMIT done(verb, id, outcome);
}

void WebhookListModel::sendTest(const QString &id, const QString &url, const QString &secret)
{
    whenDone(m_tester.send(toUtf8(url), toUtf8(secret), toUtf8(id)), this,
             [this, id](const Result<e2b::TestDeliveryReport> &report) { Q_EMIT tested(id, report); });
}

QString WebhookListModel::knownSecret(const QString &id) const
{
    const auto found = m_secrets.find(toUtf8(id));
    return found == m_secrets.end() ? QString() : toQString(found->second);
}

void WebhookListModel::setBusy(const QString &id, bool isBusy)
{
    const int row = id.isEmpty() ? -1 : rowOf(id);
    if (row < 0)
        return;
    m_rows[static_cast<std::size_t>(row)].isBusy = isBusy;
    rowChanged(row);
}

void WebhookListModel::rowChanged(int row)
{
    Q_EMIT dataChanged(index(row, 0), index(row, ColumnCount - 1));
}

void WebhookListModel::setState(State state)
{
    if (std::exchange(m_state, state) != state || state == State::Failed)
        Q_EMIT stateChanged();
}

} // namespace sandglass::models
