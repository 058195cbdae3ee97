#include "ui/costs/costdelegate.h"

#include "models/costs/costtablemodel.h"
#include "ui/text/format.h"
#include "ui/theme/theme.h"

#include <QPainter>

namespace sandglass::ui {

using models::CostTableModel;

CostDelegate::CostDelegate(bool monoNames, QObject *parent) : CellDelegate(parent), m_monoNames(monoNames) {}

void CostDelegate::paintCell(QPainter &painter, const QRect &area, const QModelIndex &index) const
{
    const Tokens &t = Theme::tokens();
    switch (index.column()) {
    case CostTableModel::NameColumn:
        if (m_monoNames)
            paintMono(painter, area, index.data().toString(), t.text);
        else
            paintText(painter, area, index.data().toString(), t.text);
        break;
    case CostTableModel::AmountColumn: {
        const QVariant amount = index.data(CostTableModel::AmountPicoRole);
        paintText(
            painter, area,
            formatMoney(amount.isValid() ? std::optional(Money::fromPicoDollars(amount.toLongLong())) : std::nullopt),
            amount.isValid() ? t.text : t.faint, Qt::AlignRight);
        break;
    }
    case CostTableModel::ShareColumn: {
        const double share = index.data(CostTableModel::ShareRole).toDouble();
        const QRectF bar(area.left(), area.center().y() - 2, area.width() - 46, 5);
        painter.setRenderHint(QPainter::Antialiasing);
        painter.setPen(Qt::NoPen);
        painter.setBrush(t.grid);
        painter.drawRoundedRect(bar, 2.5, 2.5);
        painter.setBrush(t.accent);
        painter.drawRoundedRect(QRectF(bar.left(), bar.top(), bar.width() * share, bar.height()), 2.5, 2.5);
        paintText(painter, area, QStringLiteral("%1 %").arg(share * 100, 0, 'f', share < 0.1 ? 1 : 0), t.muted,
                  Qt::AlignRight);
        break;
    }
    case CostTableModel::RuntimeColumn:
        paintText(painter, area,
                  formatAge(std::chrono::milliseconds(index.data(CostTableModel::RuntimeMsRole).toLongLong())), t.text,
                  Qt::AlignRight);
        break;
    case CostTableModel::CountColumn:
        paintText(painter, area, formatCount(index.data().toLongLong()), t.text, Qt::AlignRight);
        break;
    default:
        paintText(painter, area, index.data().toString(), t.muted);
    }
}

} // namespace sandglass::ui
