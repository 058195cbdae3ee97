#pragma once

#include "services/net/httpclient.h"

#include <QNetworkRequest>

class QIODevice;
class QNetworkReply;

namespace sandglass::net {

/// The border between our values and Qt's network classes. Private to the room.

[[nodiscard]] Result<QNetworkRequest> toQt(const HttpRequest &request);

/// Sends with a body that cannot be rewound unless the request is idempotent: the network stack resends a request by
/// itself when a connection closes before the answer, and must not do so for a POST that creates something.
[[nodiscard]] QNetworkReply *dispatch(QNetworkAccessManager &manager, const QNetworkRequest &qtRequest,
                                      const HttpRequest &request);

[[nodiscard]] int statusOf(const QNetworkReply &reply);
[[nodiscard]] HeaderList headersOf(const QNetworkReply &reply);

/// True when the reply ended without a whole answer; a status such as 404 is an answer.
[[nodiscard]] bool isBroken(const QNetworkReply &reply);
[[nodiscard]] Error transportError(const QNetworkReply &reply);

/// Ends a reply whose answer `listener` no longer wants: it hears nothing more, and the reply goes soon after.
void abandon(QNetworkReply &reply, QObject &listener);

} // namespace sandglass::net
