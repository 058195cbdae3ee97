#include "ui/costs/costdelegate.h"

#include "models/costs/costtablemodel.h"
#include "ui/text/format.h"
#include "ui/theme/theme.h"

namespace sandglass::ui {

using models::CostTableModel;

namespace {

/// "> 3 h 05 m" where some are left out, "—" where there is no such figure.
QString atLeast(const QModelIndex &index, const QString &text)
{
    if (index.data(CostTableModel::IsRestRole).toBool())
        return QStringLiteral("—");
    return index.data(CostTableModel::IsShortRole).toBool() ? QStringLiteral("> ") + text : text;
}

} // namespace

CostDelegate::CostDelegate(bool monoNames, QObject *parent) : CellDelegate(parent), m_monoNames(monoNames) {}

void CostDelegate::paintCell(QPainter &painter, const QRect &area, const QModelIndex &index) const
{
    const Tokens &t = Theme::tokens();
    switch (index.column()) {
    case CostTableModel::NameColumn:
        if (m_monoNames && !index.data(CostTableModel::IsRestRole).toBool())
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
        paintText(painter, area,
                  atLeast(index,
                          formatAge(std::chrono::milliseconds(index.data(CostTableModel::RuntimeMsRole).toLongLong()))),
                  t.text, Qt::AlignRight);
        break;
    case CostTableModel::CountColumn:
        paintText(painter, area, atLeast(index, formatCount(index.data().toLongLong())), t.text, Qt::AlignRight);
        break;
    default:
        paintText(painter, area, index.data().toString(), t.muted);
    }
}

} // namespace sandglass::ui
