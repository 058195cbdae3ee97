#pragma once

#include <QModelIndex>
#include <QString>

namespace sandglass::ui {

/// "Running", "Paused", … : what the event made of the sandbox.
[[nodiscard]] QString eventWord(const QModelIndex &event);
/// A sentence: "created", "timeout · ran 5 m 00 s · $0.0091".
[[nodiscard]] QString eventDetail(const QModelIndex &event);
/// "12 ms", "list", "import": how long after it happened a webhook brought it, or how else it came here.
[[nodiscard]] QString eventDelivery(const QModelIndex &event);

} // namespace sandglass::ui
