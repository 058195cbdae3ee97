#include "services/lifecycle/recordfile.h"

#include "services/core/qtstring.h"

#include <QFile>
#include <QSaveFile>

namespace sandglass::lifecycle {
namespace {

constexpr qint64 sizeLimit = 4 << 20;

Error localError(const std::string &what, const QFileDevice &file)
{
    return {Error::Kind::Local, 0, what + " " + toUtf8(file.fileName()) + ": " + toUtf8(file.errorString()), {}};
}

} // namespace

Result<Json> readRecord(const std::filesystem::path &path)
{
    QFile file(toQString(path.string()));
    if (!file.exists())
        return Json();
    if (!file.open(QIODevice::ReadOnly))
        return failure(localError("cannot read", file));
    if (file.size() > sizeLimit)
        return failure(Error::Kind::Local, "the file " + path.string() + " is too large");
    Json value = Json::parse(file.readAll().toStdString(), nullptr, false);
    if (value.is_discarded())
        return failure(Error::Kind::Decode, "the file " + path.string() + " is damaged");
    return value;
}

Result<> writeRecord(const std::filesystem::path &path, const Json &value)
{
    QSaveFile file(toQString(path.string()));
    const std::string text = dumpJson(value, 1);
    const bool isWritten = file.open(QIODevice::WriteOnly)
        && file.setPermissions(QFileDevice::ReadOwner | QFileDevice::WriteOwner)
        && file.write(text.data(), static_cast<qint64>(text.size())) == static_cast<qint64>(text.size())
        && file.commit();
    if (!isWritten)
        return failure(localError("cannot write", file));
    return {};
}

} // namespace sandglass::lifecycle
