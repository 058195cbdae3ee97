#include "models/webhooks/quarantinemodel.h"

#include "services/core/displayzone.h"
#include "services/core/qtstring.h"
#include "services/core/whendone.h"
#include "services/lifecycle/receiver.h"

#include <QDateTime>
#include <QPromise>

#include <algorithm>
#include <memory>
#include <utility>

namespace sandglass::models {

using lifecycle::QuarantineEntry;
using lifecycle::RefusalKind;

namespace {

QString wordFor(RefusalKind kind)
{
    switch (kind) {
    case RefusalKind::Signature:
        return QuarantineModel::tr("wrong signature");
    case RefusalKind::NoSignature:
        return QuarantineModel::tr("no signature");
    case RefusalKind::Malformed:
        return QuarantineModel::tr("not readable");
    case RefusalKind::TooLarge:
        return QuarantineModel::tr("too large");
    case RefusalKind::Method:
        return QuarantineModel::tr("wrong method");
    case RefusalKind::Path:
        return QuarantineModel::tr("wrong path");
    case RefusalKind::Clock:
        return QuarantineModel::tr("time far off");
    }
    return {};
}

} // namespace

QuarantineModel::QuarantineModel(QObject *parent) : QAbstractTableModel(parent) {}

int QuarantineModel::rowCount(const QModelIndex &parent) const
{
    return parent.isValid() ? 0 : static_cast<int>(m_rows.size());
}

int QuarantineModel::columnCount(const QModelIndex &parent) const
{
    return parent.isValid() ? 0 : ColumnCount;
}

QVariant QuarantineModel::data(const QModelIndex &index, int role) const
{
    if (role != Qt::DisplayRole || !checkIndex(index, CheckIndexOption::IndexIsValid))
        return {};
    const QuarantineEntry &entry = at(index.row());
    switch (index.column()) {
    case TimeColumn:
        return DisplayZone::at(entry.time);
    case ReasonColumn:
        return wordFor(entry.kind);
    case StatusColumn:
        return entry.status;
    case SenderColumn:
        return toQString(entry.remote);
    case DiagnosisColumn:
        return toQString(explain(entry.diagnosis));
    default:
        return {};
    }
}

QVariant QuarantineModel::headerData(int section, Qt::Orientation orientation, int role) const
{
    if (orientation != Qt::Horizontal || role != Qt::DisplayRole)
        return {};
    switch (section) {
    case TimeColumn:
        return tr("Time");
    case ReasonColumn:
        return tr("Reason");
    case StatusColumn:
        return tr("Answer");
    case SenderColumn:
        return tr("Sender");
    case DiagnosisColumn:
        return tr("Doctor");
    default:
        return {};
    }
}

int QuarantineModel::rowOf(std::int64_t id) const
{
    const auto found = std::ranges::find(m_rows, id, &QuarantineEntry::id);
    return found == m_rows.end() ? -1 : static_cast<int>(found - m_rows.begin());
}

QString QuarantineModel::lastRefusal() const
{
    return m_rows.empty() ? QString() : toQString(explain(m_rows.front().diagnosis));
}

QString QuarantineModel::receiverUrl() const
{
    return m_receiver == nullptr ? QString() : toQString(m_receiver->url());
}

bool QuarantineModel::canRetry(const QuarantineEntry &entry)
{
    return entry.isBodyWhole() && !entry.signature.empty() && entry.status != 200;
}

void QuarantineModel::setReceiver(lifecycle::Receiver *receiver)
{
    m_receiver = receiver;
    m_revision = 0;
    beginResetModel();
    m_rows.clear();
    m_counts = {};
    endResetModel();
    refresh();
    Q_EMIT countsChanged();
}

void QuarantineModel::refresh()
{
    if (m_receiver == nullptr)
        return;
    const lifecycle::Quarantine &quarantine = m_receiver->quarantine();
    const std::uint64_t revision = quarantine.revision();
    if (std::exchange(m_revision, revision) == revision)
        return;
    beginResetModel();
    m_rows = quarantine.entries();
    m_counts = quarantine.counts();
    endResetModel();
    Q_EMIT countsChanged();
}

void QuarantineModel::retry(std::int64_t id)
{
    if (m_receiver == nullptr)
        return;
    auto promise = std::make_shared<QPromise<Result<bool>>>(); // the answer comes on the receiver's thread
    promise->start();
    whenDone(promise->future(), this, [this, id](const Result<bool> &outcome) {
        refresh();
        Q_EMIT retried(id, outcome);
    });
    m_receiver->retry(id, [promise](Result<bool> outcome) {
        promise->addResult(std::move(outcome));
        promise->finish();
    });
}

void QuarantineModel::remove(std::int64_t id)
{
    if (m_receiver != nullptr)
        m_receiver->quarantine().remove(id);
    refresh();
}

void QuarantineModel::clear()
{
    if (m_receiver != nullptr)
        m_receiver->quarantine().clear();
    refresh();
}

} // namespace sandglass::models
