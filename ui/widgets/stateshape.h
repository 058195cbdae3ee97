#pragma once

#include <QColor>
#include <QRectF>
#include <QString>

class QPainter;

namespace sandglass::ui {

/// What a sandbox or an event is about, for people: told by shape, word and colour together.
enum class StateLook { Running, Paused, Killed, Lost, Runaway, Updated, Unknown };

[[nodiscard]] QString wordFor(StateLook look);
[[nodiscard]] QColor colorFor(StateLook look);
/// ● running, ❚❚ paused, ■ killed, ◌ lost, ▲ runaway, ◆ updated, ○ unknown; drawn, not typed.
void paintShape(QPainter &painter, const QRectF &area, StateLook look);

} // namespace sandglass::ui
