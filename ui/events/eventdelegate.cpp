#include "ui/events/eventdelegate.h"

#include "models/events/eventlistmodel.h"
#include "ui/events/eventtext.h"
#include "ui/sandboxes/sandboxlook.h"
#include "ui/text/format.h"
#include "ui/theme/theme.h"

#include <QPainter>

namespace sandglass::ui {

using models::EventListModel;

void EventDelegate::paintCell(QPainter &painter, const QRect &area, const QModelIndex &index) const
{
    const Tokens &t = Theme::tokens();
    switch (index.column()) {
    case EventListModel::TimeColumn:
        paintMono(painter, area, formatClock(fromUnixMs(index.data(EventListModel::TimestampMsRole).toLongLong())),
                  t.faint);
        break;
    case EventListModel::TypeColumn: {
        const StateLook look = lookOf(static_cast<lifecycle::EventType>(index.data(EventListModel::TypeRole).toInt()));
        paintShape(painter, QRectF(area.left(), area.top(), 10, area.height()), look);
        paintText(painter, area.adjusted(18, 0, 0, 0), eventWord(index), colorFor(look));
        break;
    }
    case EventListModel::SandboxColumn:
        paintMono(painter, area, index.data().toString(), t.text);
        break;
    case EventListModel::DetailColumn:
        paintText(painter, area, eventDetail(index), t.muted);
        break;
    case EventListModel::DeliveryColumn:
        paintText(painter, area, eventDelivery(index), t.faint);
        break;
    default:
        paintText(painter, area, index.data().toString(), t.text);
    }
}

} // namespace sandglass::ui
