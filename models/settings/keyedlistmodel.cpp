#include "models/settings/keyedlistmodel.h"

#include "services/core/keystore.h"
#include "services/core/qtstring.h"

#include <QPointer>

#include <optional>
#include <utility>

namespace sandglass::models {

KeyedListModel::KeyedListModel(KeyStore &keys, std::string keyPrefix, QObject *parent)
    : QAbstractListModel(parent), m_keys(keys), m_keyPrefix(std::move(keyPrefix))
{}

QString KeyedListModel::keyStore() const
{
    return toQString(m_keys.description());
}

QVariant KeyedListModel::data(const QModelIndex &index, int role) const
{
    if (!checkIndex(index, CheckIndexOption::IndexIsValid | CheckIndexOption::ParentIsInvalid))
        return {};
    switch (role) {
    case Qt::DisplayRole:
        return toQString(nameOf(index.row()));
    case Qt::UserRole:
        return toQString(idOf(index.row()));
    default:
        return {};
    }
}

int KeyedListModel::rowOf(const QString &id) const
{
    for (int row = 0; row < rowCount(); ++row) {
        if (toQString(idOf(row)) == id)
            return row;
    }
    return -1;
}

void KeyedListModel::readKey(const QString &id)
{
    m_keys.read(m_keyPrefix + toUtf8(id), [self = QPointer(this), id](Result<std::optional<std::string>> answer) {
        if (!self)
            return;
        const int row = self->rowOf(id);
        if (!answer) {
            const QString name = row >= 0 ? toQString(self->nameOf(row)) : id;
            self->m_keyProblem = tr("the key of %1 cannot be read: %2").arg(name, toQString(answer.error().message));
            Q_EMIT self->keyStoreFailed(self->m_keyProblem);
        } else if (row >= 0 && *answer) {
            self->keyRead(row, std::move(**answer));
        }
    });
}

void KeyedListModel::keepKey(const QString &id, const QString &key)
{
    const auto report = [self = QPointer(this)](const Result<> &answer) {
        if (self && !answer)
            Q_EMIT self->keyStoreFailed(toQString(answer.error().message));
    };
    if (key.isEmpty())
        m_keys.remove(m_keyPrefix + toUtf8(id), report);
    else
        m_keys.write(m_keyPrefix + toUtf8(id), toUtf8(key), report);
}

Result<> KeyedListModel::checkName(const std::string &name)
{
    const QString shown = toQString(name).trimmed();
    if (shown.isEmpty() || shown.size() > 60)
        return failure(Error::Kind::Local, "The name needs 1 to 60 characters.");
    return {};
}

} // namespace sandglass::models
