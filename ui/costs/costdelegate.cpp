#include "ui/costs/costdelegate.h"

#include "models/costs/costtablemodel.h"
#include "ui/text/format.h"
#include "ui/theme/theme.h"

namespace sandglass::ui {

using models::CostTableModel;

CostDelegate::CostDelegate(bool monoNames, QObject *parent) : CellDelegate(parent), m_monoNames(monoNames) {}

void CostDelegate::paintCell(QPainter &painter, const QRect &area, const QModelIndex &index) const
{
    const Tokens &t = Theme::tokens();
    switch (index.column()) {
    case CostTableModel::NameColumn:
        if (!index.data(CostTableModel::IsNamedRole).toBool())
            paintText(painter, area, index.data().toString(), t.muted);
        else if (m_monoNames)
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
    case CostTableModel::ShareColumn:
        paintShare(painter, area, index.data(CostTableModel::ShareRole).toDouble());
        break;
    case CostTableModel::RuntimeColumn:
        if (const QVariant runtime = index.data(CostTableModel::RuntimeMsRole); runtime.isValid())
            paintText(painter, area, formatAge(std::chrono::milliseconds(runtime.toLongLong())), t.text,
                      Qt::AlignRight);
        break;
    case CostTableModel::CountColumn:
        if (const QVariant count = index.data(); count.isValid())
            paintText(painter, area, formatCount(count.toLongLong()), t.text, Qt::AlignRight);
        break;
    default:
        paintText(painter, area, index.data().toString(), t.muted);
    }
}

} // namespace sandglass::ui
