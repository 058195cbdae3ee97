#include "app/collector/secretfile.h"

#include "services/core/ids.h"
#include "services/core/qtstring.h"

#include <QFile>
#include <QSaveFile>

namespace sandglass::collectorapp {

Result<std::string> readSecret(const std::filesystem::path &path, std::size_t shortest)
{
    constexpr qint64 longestLine = 4096;
    QFile file(toQString(path.string()));
    if (!file.open(QIODevice::ReadOnly))
        return failure(Error::Kind::Local, "cannot read " + path.string() + ": " + toUtf8(file.errorString()));
    std::string secret = file.readLine(longestLine).trimmed().toStdString();
    if (secret.size() < shortest)
        return failure(Error::Kind::Local,
                       path.string() + " holds less than " + std::to_string(shortest) + " characters");
    return secret;
}

Result<std::string> keepSecret(const std::filesystem::path &path, std::size_t shortest)
{
    std::error_code ignored;
    if (std::filesystem::exists(path, ignored))
        return readSecret(path, shortest);
    const std::string secret = newWebhookSecret();
    QSaveFile file(toQString(path.string()));
    const bool isWritten = file.open(QIODevice::WriteOnly)
        && file.setPermissions(QFileDevice::ReadOwner | QFileDevice::WriteOwner)
        && file.write(QByteArray::fromStdString(secret + "\n")) > 0 && file.commit();
    if (!isWritten)
        return failure(Error::Kind::Local, "cannot write " + path.string() + ": " + toUtf8(file.errorString()));
    return secret;
}

} // namespace sandglass::collectorapp
