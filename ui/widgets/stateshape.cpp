#include "ui/widgets/stateshape.h"

#include "ui/theme/theme.h"

#include <QCoreApplication>
#include <QPainter>
#include <QPolygonF>

namespace sandglass::ui {

QString wordFor(StateLook look)
{
    const auto tr = [](const char *text) { return QCoreApplication::translate("StateLook", text); };
    switch (look) {
    case StateLook::Running:
        return tr("Running");
    case StateLook::Paused:
        return tr("Paused");
    case StateLook::Killed:
        return tr("Killed");
    case StateLook::Lost:
        return tr("Lost");
    case StateLook::Runaway:
        return tr("Runaway");
    case StateLook::Updated:
        return tr("Updated");
    case StateLook::Unknown:
        break;
    }
    return tr("Unknown");
}

QColor colorFor(StateLook look)
{
    const Tokens &t = Theme::tokens();
    switch (look) {
    case StateLook::Running:
        return t.run;
    case StateLook::Paused:
        return t.pause;
    case StateLook::Runaway:
        return t.warn;
    case StateLook::Updated:
        return t.accent;
    case StateLook::Killed:
    case StateLook::Lost:
    case StateLook::Unknown:
        break;
    }
    return t.dead;
}

void paintShape(QPainter &painter, const QRectF &area, StateLook look)
{
    const qreal side = std::min({area.width(), area.height(), 10.0});
    const QRectF box(area.center().x() - side / 2, area.center().y() - side / 2, side, side);
    const QColor color = colorFor(look);
    painter.save();
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(Qt::NoPen);
    painter.setBrush(color);
    switch (look) {
    case StateLook::Running:
        painter.drawEllipse(box);
        break;
    case StateLook::Paused:
        painter.drawRect(QRectF(box.left(), box.top(), side * 0.34, side));
        painter.drawRect(QRectF(box.right() - side * 0.34, box.top(), side * 0.34, side));
        break;
    case StateLook::Killed:
        painter.drawRect(box.adjusted(0.5, 0.5, -0.5, -0.5));
        break;
    case StateLook::Runaway:
        painter.drawPolygon(QPolygonF{{box.center().x(), box.top()}, box.bottomRight(), box.bottomLeft()});
        break;
    case StateLook::Updated:
        painter.drawPolygon(QPolygonF{{box.center().x(), box.top()},
                                      {box.right(), box.center().y()},
                                      {box.center().x(), box.bottom()},
                                      {box.left(), box.center().y()}});
        break;
    case StateLook::Lost:
    case StateLook::Unknown: {
        QPen pen(color, 1.4);
        if (look == StateLook::Lost)
            pen.setDashPattern({1.6, 1.6});
        painter.setPen(pen);
        painter.setBrush(Qt::NoBrush);
        painter.drawEllipse(box.adjusted(0.7, 0.7, -0.7, -0.7));
        break;
    }
    }
    painter.restore();
}

} // namespace sandglass::ui
