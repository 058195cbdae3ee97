#include "ui/charts/chartexport.h"

#include "services/core/qtstring.h"
#include "services/core/savefile.h"
#include "ui/charts/timechart.h"
#include "ui/costs/csv.h"
#include "ui/widgets/filedialogs.h"

#include <QBuffer>
#include <QCoreApplication>
#include <QImage>
#include <QLocale>
#include <QMessageBox>
#include <QPainter>
#include <QSvgGenerator>

#include <cmath>

namespace sandglass::ui {

namespace {

constexpr qreal pictureScale = 2;

QString translated(const char *text)
{
    return QCoreApplication::translate("ChartExport", text);
}

QString fileNameFor(const QString &name, const char *suffix)
{
    QString file = QStringLiteral("sandglass-") + name.toLower() + QString::fromLatin1(suffix);
    return file.replace(u' ', u'-');
}

void tellFailure(QWidget &chart, const QString &path)
{
    auto *box = new QMessageBox(QMessageBox::Warning, translated("Not saved"),
                                translated("%1 could not be written.").arg(path), QMessageBox::Ok, chart.window());
    box->setAttribute(Qt::WA_DeleteOnClose);
    box->open();
}

void save(QWidget &chart, const QString &path, std::function<QByteArray()> bytes)
{
    saveFileInBackground(&chart, path, std::move(bytes), [&chart, path](const Result<> &saved) {
        if (!saved)
            tellFailure(chart, path);
    });
}

} // namespace

void saveChartPicture(QWidget &chart, const QString &name)
{
    askWhereToSave(&chart, translated("Save the chart"), fileNameFor(name, ".png"),
                   translated("PNG picture (*.png);;SVG drawing (*.svg)"),
                   [&chart](const QString &path) { writeChartPicture(chart, path); });
}

void saveChartData(QWidget &chart, const QString &name, const QByteArray &csv)
{
    askWhereToSave(&chart, translated("Save the data"), fileNameFor(name, ".csv"), translated("CSV table (*.csv)"),
                   [&chart, csv](const QString &path) { save(chart, path, [csv] { return csv; }); });
}

void writeChartPicture(QWidget &chart, const QString &path)
{
    const bool isSvg = path.endsWith(u".svg", Qt::CaseInsensitive);
    save(chart, path, chartPicture(chart, isSvg ? PictureFormat::Svg : PictureFormat::Png));
}

std::function<QByteArray()> chartPicture(QWidget &chart, PictureFormat format)
{
    if (format == PictureFormat::Svg) {
        QByteArray drawing;
        QBuffer buffer(&drawing);
        QSvgGenerator generator;
        generator.setOutputDevice(&buffer);
        generator.setSize(chart.size());
        generator.setViewBox(chart.rect());
        generator.setTitle(chart.accessibleName());
        QPainter painter(&generator);
        chart.render(&painter, {}, {}, QWidget::DrawChildren);
        painter.end();
        return [drawing] { return drawing; };
    }
    QImage picture(chart.size() * pictureScale, QImage::Format_ARGB32_Premultiplied);
    picture.setDevicePixelRatio(pictureScale);
    picture.fill(chart.palette().color(QPalette::Base));
    chart.render(&picture, {}, {}, QWidget::DrawChildren);
    return [picture] {
        QByteArray encoded;
        QBuffer buffer(&encoded);
        picture.save(&buffer, "PNG");
        return encoded;
    };
}

QByteArray chartCsv(const ChartData &data)
{
    QStringList head{QStringLiteral("bucket_start")};
    for (const ChartData::Series &series : data.series)
        head << series.name;
    QString text = csvRecord(head);
    const int count = data.bucketCount();
    for (int i = 0; i < count; ++i) {
        const Timestamp start = data.from + (data.to - data.from) * i / count;
        QStringList record{toQString(formatRfc3339(start, 3))};
        for (const ChartData::Series &series : data.series) {
            const double value = series.values[static_cast<std::size_t>(i)];
            record << (std::isnan(value) ? QString() : QString::number(value, 'g', QLocale::FloatingPointShortest));
        }
        text += csvRecord(record);
    }
    return text.toUtf8();
}

} // namespace sandglass::ui
