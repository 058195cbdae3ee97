#pragma once

#include "services/core/result.h"

#include <QAbstractListModel>
#include <QString>

#include <string>

namespace sandglass {
class KeyStore;
}

namespace sandglass::models {

/// A list of places that may want a key: their names and addresses are the list's own, their keys are in the KeyStore
/// only.
class KeyedListModel : public QAbstractListModel
{
    Q_OBJECT
public:
    [[nodiscard]] QString keyStore() const; ///< where keys are kept, for people
    /// Why a key could not be read at the start, in the key store's words; empty = all could be asked for.
    [[nodiscard]] const QString &keyProblem() const { return m_keyProblem; }

    [[nodiscard]] QVariant data(const QModelIndex &index, int role) const final; ///< name; id as Qt::UserRole
    [[nodiscard]] int rowOf(const QString &id) const;                            ///< -1 when unknown

Q_SIGNALS:
    void keyStoreFailed(const QString &reason);

protected:
    /// A key's name in the store is `keyPrefix` and the id.
    KeyedListModel(KeyStore &keys, std::string keyPrefix, QObject *parent);

    [[nodiscard]] virtual std::string idOf(int row) const = 0;
    [[nodiscard]] virtual std::string nameOf(int row) const = 0;
    virtual void keyRead(int row, std::string key) = 0; ///< the store has one for that row

    void readKey(const QString &id);
    void keepKey(const QString &id, const QString &key); ///< empty removes
    /// Errors: of a name that a list shows.
    [[nodiscard]] static Result<> checkName(const std::string &name);

private:
    KeyStore &m_keys;
    const std::string m_keyPrefix;
    QString m_keyProblem;
};

} // namespace sandglass::models
