#include "services/core/savefile.h"

#include "services/core/mailbox.h"
#include "services/core/qtstring.h"
#include "services/core/workthread.h"

#include <QPointer>
#include <QSaveFile>

#include <utility>

namespace sandglass {

namespace {

/// One file on its way to the disk; goes by itself once it is there.
class Saving final : public QObject
{
public:
    Saving(QObject *owner, const QString &path, std::function<QByteArray()> bytes,
           std::function<void(const Result<> &)> done)
        : QObject(owner), m_done(std::move(done))
    {
        m_thread.post([this, path, bytes = std::move(bytes)] {
            m_answers.post([this, result = saveFile(path, bytes())] { tell(result); });
        });
    }

private:
    void tell(const Result<> &result)
    {
        const QPointer<Saving> self(this); // the owner may go in the call, and this with it
        const auto done = std::move(m_done);
        done(result);
        if (self)
            self->deleteLater();
    }

    std::function<void(const Result<> &)> m_done;
    Mailbox m_answers{this};
    WorkThread m_thread; ///< last: posts to the mailbox until it has ended
};

} // namespace

Result<> saveFile(const QString &path, const QByteArray &bytes)
{
    QSaveFile file(path);
    if (!file.open(QIODevice::WriteOnly) || file.write(bytes) != bytes.size() || !file.commit())
        return failure(Error::Kind::Local, toUtf8(file.errorString()));
    return {};
}

void saveFileInBackground(QObject *owner, const QString &path, std::function<QByteArray()> bytes,
                          std::function<void(const Result<> &)> done)
{
    new Saving(owner, path, std::move(bytes), std::move(done));
}

} // namespace sandglass
