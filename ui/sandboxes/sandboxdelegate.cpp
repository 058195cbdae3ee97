#include "ui/sandboxes/sandboxdelegate.h"

#include "models/sandboxes/sandboxlistmodel.h"
#include "ui/sandboxes/sandboxlook.h"
#include "ui/text/format.h"
#include "ui/theme/theme.h"

#include <QPainter>

namespace sandglass::ui {

using models::SandboxListModel;

void SandboxDelegate::paintCell(QPainter &painter, const QRect &area, const QModelIndex &index) const
{
    const Tokens &t = Theme::tokens();
    switch (index.column()) {
    case SandboxListModel::StateColumn: {
        const StateLook look =
            lookOf(static_cast<lifecycle::SandboxState>(index.data(SandboxListModel::StateRole).toInt()));
        paintShape(painter, QRectF(area.left(), area.top(), 10, area.height()), look);
        const QString reason = index.data(SandboxListModel::KillReasonRole).toString();
        paintText(painter, area.adjusted(18, 0, 0, 0),
                  reason.isEmpty() ? wordFor(look) : wordFor(look) + u" · " + reason, colorFor(look));
        break;
    }
    case SandboxListModel::IdColumn:
        paintMono(painter, area, index.data().toString(), t.text);
        break;
    case SandboxListModel::MetadataColumn:
        paintMono(painter, area, index.data().toString(), t.muted);
        break;
    case SandboxListModel::AgeColumn:
        paintText(painter, area,
                  formatAge(std::chrono::milliseconds(index.data(SandboxListModel::AgeMsRole).toLongLong())), t.text,
                  Qt::AlignRight);
        break;
    case SandboxListModel::LeftColumn: {
        if (index.data(SandboxListModel::EarlyMsRole).isValid()) {
            paintText(painter, area, tr("early"), t.warn, Qt::AlignRight); // how much: below the table
            break;
        }
        const QVariant left = index.data(SandboxListModel::LeftMsRole);
        paintText(painter, area,
                  left.isValid() ? formatLeft(std::chrono::milliseconds(left.toLongLong())) : QStringLiteral("—"),
                  left.isValid() ? t.text : t.faint, Qt::AlignRight);
        break;
    }
    case SandboxListModel::SizeColumn:
        paintText(painter, area, index.data().toString(), t.text, Qt::AlignRight);
        break;
    case SandboxListModel::CostColumn: {
        const QVariant cost = index.data(SandboxListModel::CostPicoRole);
        paintText(painter, area,
                  formatMoney(cost.isValid() ? std::optional(Money::fromPicoDollars(cost.toLongLong())) : std::nullopt),
                  cost.isValid() ? t.text : t.faint, Qt::AlignRight);
        break;
    }
    default:
        paintText(painter, area, index.data().toString(), t.text);
    }
}

} // namespace sandglass::ui
