#include "models/webhooks/deliveriesmodel.h"

#include "models/webhooks/webhooklistmodel.h"
#include "services/core/displayzone.h"
#include "services/core/qtstring.h"
#include "services/core/whendone.h"
#include "services/e2b/client.h"
#include "services/e2b/webhookclient.h"

#include <QDateTime>

#include <algorithm>
#include <utility>

namespace sandglass::models {

using e2b::DeliveryQuery;

DeliveriesModel::DeliveriesModel(e2b::Client &client, QObject *parent) : QAbstractTableModel(parent), m_client(client)
{}

int DeliveriesModel::rowCount(const QModelIndex &parent) const
{
    return parent.isValid() ? 0 : static_cast<int>(m_rows.size());
}

int DeliveriesModel::columnCount(const QModelIndex &parent) const
{
    return parent.isValid() ? 0 : ColumnCount;
}

QVariant DeliveriesModel::data(const QModelIndex &index, int role) const
{
    if (!checkIndex(index, CheckIndexOption::IndexIsValid))
        return {};
    const e2b::DeliveryGroup &group = at(index.row());
    const e2b::WebhookDelivery *last = group.attempts.empty() ? nullptr : &group.attempts.back();
    if (role == SuccessRole)
        return last != nullptr && last->isSuccess;
    if (role != Qt::DisplayRole)
        return {};
    switch (index.column()) {
    case TimeColumn:
        return last != nullptr && last->timestamp ? QVariant(DisplayZone::at(*last->timestamp)) : QVariant();
    case EventColumn:
        return shortEventType(group.eventType);
    case SandboxColumn:
        return toQString(group.sandboxId);
    case AttemptsColumn:
        return static_cast<int>(group.attempts.size());
    case ResultColumn:
        if (last == nullptr)
            return {};
        if (last->isSuccess || last->errorClass.empty())
            return last->responseStatus > 0 ? QString::number(last->responseStatus) : QString();
        return last->responseStatus > 0
            ? QStringLiteral("%1 %2").arg(last->responseStatus).arg(toQString(last->errorClass))
            : toQString(last->errorClass);
    case TookColumn:
        return last != nullptr ? QVariant(static_cast<qlonglong>(last->durationMs)) : QVariant();
    default:
        return {};
    }
}

QVariant DeliveriesModel::headerData(int section, Qt::Orientation orientation, int role) const
{
    if (orientation == Qt::Horizontal && role == Qt::TextAlignmentRole
        && (section == AttemptsColumn || section == TookColumn))
        return static_cast<int>(Qt::AlignRight | Qt::AlignVCenter);
    if (orientation != Qt::Horizontal || role != Qt::DisplayRole)
        return {};
    switch (section) {
    case TimeColumn:
        return tr("Time");
    case EventColumn:
        return tr("Event");
    case SandboxColumn:
        return tr("Sandbox");
    case AttemptsColumn:
        return tr("Attempts");
    case ResultColumn:
        return tr("Answer");
    case TookColumn:
        return tr("Took");
    default:
        return {};
    }
}

bool DeliveriesModel::canFetchMore(const QModelIndex &parent) const
{
    return !parent.isValid() && !m_next.empty() && !m_isAsking && m_rows.size() < maximumRows;
}

void DeliveriesModel::fetchMore(const QModelIndex &parent)
{
    if (canFetchMore(parent))
        ask(m_next);
}

void DeliveriesModel::show(const QString &webhookId)
{
    if (std::exchange(m_webhookId, webhookId) == webhookId)
        return;
    ++m_request;
    m_isAsking = false;
    beginResetModel();
    m_rows.clear();
    m_next.clear();
    endResetModel();
    refresh();
}

void DeliveriesModel::setFailedOnly(bool isFailedOnly)
{
    if (std::exchange(m_isFailedOnly, isFailedOnly) != isFailedOnly)
        refresh();
}

void DeliveriesModel::refresh()
{
    if (m_webhookId.isEmpty())
        return setState(State::NothingChosen);
    if (m_rows.empty())
        setState(State::Loading);
    ask({});
}

void DeliveriesModel::ask(const std::string &cursor)
{
    DeliveryQuery query;
    query.cursor = cursor;
    query.limit = pageSize;
    query.outcome = m_isFailedOnly ? DeliveryQuery::Outcome::Failed : DeliveryQuery::Outcome::All;
    m_isAsking = true;
    const bool isFirst = cursor.empty();
    whenDone(m_client.webhooks().deliveries(toUtf8(m_webhookId), query), this,
             [this, isFirst, request = ++m_request](Result<e2b::DeliveryPage> answer) {
                 if (request != m_request)
                     return;
                 m_isAsking = false;
                 if (!answer) {
                     m_error = answer.error();
                     m_next.clear(); // or the view would ask again at once, and again
                     return setState(State::Failed);
                 }
                 m_next = answer->nextCursor;
                 auto &groups = answer->groups;
                 if (isFirst) {
                     beginResetModel();
                     m_rows = std::move(groups);
                     endResetModel();
                 } else if (!groups.empty()) {
                     beginInsertRows({}, rowCount(), rowCount() + static_cast<int>(groups.size()) - 1);
                     std::ranges::move(groups, std::back_inserter(m_rows));
                     endInsertRows();
                 }
                 setState(State::Loaded);
             });
}

void DeliveriesModel::setState(State state)
{
    m_state = state;
    Q_EMIT stateChanged(); // also for more rows of the same state
}

} // namespace sandglass::models
