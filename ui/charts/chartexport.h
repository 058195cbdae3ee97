#pragma once

#include <QByteArray>
#include <QString>

#include <functional>

class QWidget;

namespace sandglass::ui {

struct ChartData;

/// Asks for a file and draws the chart into it: PNG at twice its size, or SVG. Tells when it could not be written.
void saveChartPicture(QWidget &chart, const QString &name);
/// Asks for a file and writes the table to it.
void saveChartData(QWidget &chart, const QString &name, const QByteArray &csv);

/// The same without the question where. The suffix of `path` (.png, .svg) decides.
void writeChartPicture(QWidget &chart, const QString &path);
enum class PictureFormat { Png, Svg };
/// Draws the chart now; what is returned encodes the picture, in any thread: that takes most of the time.
[[nodiscard]] std::function<QByteArray()> chartPicture(QWidget &chart, PictureFormat format);
/// RFC 4180 with a header: bucket_start (UTC, ISO 8601 with milliseconds), then a column per series with the shortest
/// digits that give the number back. A gap is an empty field.
[[nodiscard]] QByteArray chartCsv(const ChartData &data);

} // namespace sandglass::ui
