#pragma once

#include <QByteArray>
#include <QString>

class QWidget;

namespace sandglass::ui {

struct ChartData;

/// Asks for a file and draws the chart into it: PNG at twice its size, or SVG. Tells when it could not be written.
void saveChartPicture(QWidget &chart, const QString &name);
/// Asks for a file and writes the table to it.
void saveChartData(QWidget &chart, const QString &name, const QByteArray &csv);

/// The same without a dialog; false when the file could not be written. The suffix of `path` (.png, .svg) decides.
[[nodiscard]] bool writeChartPicture(QWidget &chart, const QString &path);
/// RFC 4180 with a header: bucket_start (UTC, ISO 8601 with milliseconds), then a column per series with the shortest
/// digits that give the number back. A gap is an empty field.
[[nodiscard]] QByteArray chartCsv(const ChartData &data);

} // namespace sandglass::ui
