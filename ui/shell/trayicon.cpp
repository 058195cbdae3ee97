#include "ui/shell/trayicon.h"

#include "ui/theme/theme.h"

#include <QFontMetricsF>
#include <QPainter>
#include <QPixmap>

#include <algorithm>
#include <cmath>

using namespace Qt::Literals::StringLiterals;

namespace sandglass::ui {

namespace {

constexpr int mostCounted = 99;

QColor inkOn(const QColor &ground)
{
    constexpr int middle = 120; // of 255; the tokens of both themes lie well away from it
    return qGray(ground.rgb()) < middle ? QColor(Qt::white) : QColor(0x14, 0x16, 0x1a);
}

void drawBadge(QPainter &painter, const QString &text, bool isAlert, int side)
{
    const double unit = side / 22.0; // the size that most panels have
    QFont font = Theme::uiFont(std::max(8, qRound(12 * unit)), QFont::Bold);
    const auto widthOf = [&] { return QFontMetricsF(font).horizontalAdvance(text); };
    while (widthOf() > side - 4 * unit && font.pixelSize() > 6)
        font.setPixelSize(font.pixelSize() - 1);
    const QFontMetricsF metrics(font);
    const double height = std::round(14 * unit);
    const double width = std::min<double>(side, std::max(height, std::ceil(widthOf() + 5 * unit)));
    const QRectF place(side - width, side - height, width, height);
    const double radius = isAlert ? 1.5 * unit : height / 2;
    const double gap = std::max(1.0, unit);
    painter.setPen(Qt::NoPen);
    painter.setBrush(Qt::black);
    painter.setCompositionMode(QPainter::CompositionMode_Clear); // sets it off against the icon
    painter.drawRoundedRect(place.adjusted(-gap, -gap, gap, gap), radius + gap, radius + gap);
    painter.setCompositionMode(QPainter::CompositionMode_SourceOver);
    const Tokens &t = Theme::tokens();
    const QColor ground = isAlert ? t.err : t.run;
    painter.setBrush(ground);
    painter.drawRoundedRect(place, radius, radius);
    painter.setFont(font);
    painter.setPen(inkOn(ground));
    // Digits stand on the base line: centred by their own height, not by that of letters with tails.
    const double baseLine = place.center().y() + metrics.capHeight() / 2;
    painter.drawText(QPointF(place.center().x() - widthOf() / 2, std::round(baseLine)), text);
}

} // namespace

QString badgeText(const TrayBadge &badge)
{
    if (badge.running > mostCounted)
        return QString::number(mostCounted) + u'+';
    if (badge.running > 0)
        return QString::number(badge.running);
    return badge.isAlert ? u"!"_s : QString();
}

QImage drawTrayIcon(const TrayBadge &badge, int side)
{
    QImage image(side, side, QImage::Format_ARGB32_Premultiplied);
    image.fill(Qt::transparent);
    QPainter painter(&image);
    painter.setRenderHint(QPainter::Antialiasing);
    QIcon(u":/sandglass/icons/sandglass.svg"_s).paint(&painter, image.rect());
    if (const QString text = badgeText(badge); !text.isEmpty())
        drawBadge(painter, text, badge.isAlert, side);
    return image;
}

QIcon makeTrayIcon(const TrayBadge &badge)
{
    QIcon icon;
    for (const int side : {16, 22, 24, 32})
        icon.addPixmap(QPixmap::fromImage(drawTrayIcon(badge, side)));
    return icon;
}

} // namespace sandglass::ui
