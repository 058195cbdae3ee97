#include "models/settings/connectionnames.h"

#include "services/core/qtstring.h"

#include <QRegularExpression>
#include <QUrl>

namespace sandglass::models {

bool isHttpUrl(const std::string &text)
{
    const QUrl url(toQString(text), QUrl::StrictMode);
    return url.isValid() && !url.host().isEmpty() && url.userInfo().isEmpty()
        && (url.scheme() == u"https" || url.scheme() == u"http");
}

QString freshId(const QString &name, const QString &fallback, const std::function<bool(const QString &)> &isTaken)
{
    QString base = name.toLower();
    static const QRegularExpression other(QStringLiteral("[^a-z0-9]+"));
    base.replace(other, QStringLiteral("-"));
    if (base.isEmpty() || base == u"-")
        base = fallback;
    QString id = base;
    for (int number = 2; isTaken(id); ++number)
        id = base % u'-' % QString::number(number);
    return id;
}

} // namespace sandglass::models
