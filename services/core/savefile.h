#pragma once

#include "services/core/result.h"

#include <QByteArray>
#include <QString>

#include <functional>

class QObject;

namespace sandglass {

/// Writes beside `path` and renames, so that what was there stays whole until the new is. Waits for the disk; any
/// thread. Error: Local, with the system's reason.
[[nodiscard]] Result<> saveFile(const QString &path, const QByteArray &bytes);

/// saveFile() in a thread of its own, which also calls `bytes`: what it holds must be its own. `done` is called in the
/// thread of `owner`, where this is called; not once `owner` has gone, which waits for the disk then.
void saveFileInBackground(QObject *owner, const QString &path, std::function<QByteArray()> bytes,
                          std::function<void(const Result<> &)> done);

} // namespace sandglass
