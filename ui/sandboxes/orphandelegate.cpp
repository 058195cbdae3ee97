#include "ui/sandboxes/orphandelegate.h"

#include "models/sandboxes/orphanlistmodel.h"
#include "ui/text/format.h"
#include "ui/theme/theme.h"

#include <QKeyEvent>
#include <QMouseEvent>
#include <QPainter>

namespace sandglass::ui {

using models::OrphanListModel;
using Fate = OrphanListModel::Fate;

namespace {

void paintBox(QPainter &painter, const QRect &area, bool isChecked)
{
    const Tokens &t = Theme::tokens();
    constexpr int side = 15;
    const QRectF box(area.left() + 0.5, area.center().y() - side / 2 + 0.5, side, side);
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(QPen(isChecked ? t.accent : t.muted, 1));
    painter.setBrush(isChecked ? QBrush(t.accent) : QBrush(Qt::NoBrush));
    painter.drawRoundedRect(box, 3, 3);
    if (!isChecked)
        return;
    painter.setPen(QPen(t.surface, 2, Qt::SolidLine, Qt::RoundCap, Qt::RoundJoin));
    painter.setBrush(Qt::NoBrush);
    painter.drawPolyline(QPolygonF(
        {box.topLeft() + QPointF(3.5, 7.5), box.topLeft() + QPointF(6.5, 10.5), box.topLeft() + QPointF(11.5, 4.5)}));
}

QColor colorOf(Fate fate)
{
    const Tokens &t = Theme::tokens();
    switch (fate) {
    case Fate::Target:
    case Fate::Failed:
        return t.err;
    case Fate::Killed:
        return t.text;
    default:
        return t.muted;
    }
}

} // namespace

void OrphanDelegate::paintCell(QPainter &painter, const QRect &area, const QModelIndex &index) const
{
    const Tokens &t = Theme::tokens();
    const QString text = index.data().toString();
    switch (index.column()) {
    case OrphanListModel::ChosenColumn:
        painter.save();
        painter.setOpacity(index.flags() & Qt::ItemIsUserCheckable ? 1 : 0.4);
        paintBox(painter, area, index.data(Qt::CheckStateRole).toInt() == Qt::Checked);
        painter.restore();
        break;
    case OrphanListModel::IdColumn:
        paintMono(painter, area, text, t.text);
        break;
    case OrphanListModel::MetadataColumn:
        paintMono(painter, area, text, t.muted);
        break;
    case OrphanListModel::AgeColumn: {
        const QVariant age = index.data(OrphanListModel::AgeMsRole);
        paintText(painter, area, age.isValid() ? formatAge(std::chrono::milliseconds(age.toLongLong())) : tr("unknown"),
                  age.isValid() ? t.text : t.faint, Qt::AlignRight);
        break;
    }
    case OrphanListModel::CostColumn: {
        const QVariant cost = index.data(OrphanListModel::CostPicoRole);
        paintText(painter, area,
                  formatMoney(cost.isValid() ? std::optional(Money::fromPicoDollars(cost.toLongLong())) : std::nullopt),
                  cost.isValid() ? t.text : t.faint, Qt::AlignRight);
        break;
    }
    case OrphanListModel::FateColumn: {
        const auto fate = static_cast<Fate>(index.data(OrphanListModel::FateRole).toInt());
        const QString mark = fate == Fate::Target || fate == Fate::Killed ? QStringLiteral("■ ")
            : fate == Fate::Failed                                        ? QStringLiteral("✕ ")
                                                                          : QString();
        paintText(painter, area, mark + text, colorOf(fate));
        break;
    }
    default:
        paintText(painter, area, text, t.text);
    }
}

bool OrphanDelegate::editorEvent(QEvent *event, QAbstractItemModel *model, const QStyleOptionViewItem &,
                                 const QModelIndex &index)
{
    const bool isClick = event->type() == QEvent::MouseButtonRelease && index.column() == OrphanListModel::ChosenColumn
        && static_cast<QMouseEvent *>(event)->button() == Qt::LeftButton;
    const bool isKey = event->type() == QEvent::KeyPress && static_cast<QKeyEvent *>(event)->key() == Qt::Key_Space;
    if (!isClick && !isKey)
        return false;
    const QModelIndex box = index.siblingAtColumn(OrphanListModel::ChosenColumn);
    const bool isChecked = box.data(Qt::CheckStateRole).toInt() == Qt::Checked;
    return model->setData(box, isChecked ? Qt::Unchecked : Qt::Checked, Qt::CheckStateRole);
}

} // namespace sandglass::ui
