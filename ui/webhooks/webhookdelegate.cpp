#include "ui/webhooks/webhookdelegate.h"

#include "models/webhooks/deliveriesmodel.h"
#include "models/webhooks/quarantinemodel.h"
#include "models/webhooks/webhooklistmodel.h"
#include "ui/text/format.h"
#include "ui/theme/theme.h"

#include <QDateTime>
#include <QPainter>

namespace sandglass::ui {

using models::DeliveriesModel;
using models::QuarantineModel;
using models::WebhookListModel;

namespace {

/// The time of today, or day and time.
QString momentText(const QVariant &value)
{
    const QDateTime time = value.toDateTime();
    if (!time.isValid())
        return QStringLiteral("—");
    return time.date() == QDate::currentDate() ? time.toString(QStringLiteral("HH:mm:ss"))
                                               : time.toString(QStringLiteral("d MMM HH:mm"));
}

} // namespace

void WebhookDelegate::paintCell(QPainter &painter, const QRect &area, const QModelIndex &index) const
{
    const Tokens &t = Theme::tokens();
    const bool isOn = index.data(WebhookListModel::EnabledRole).toBool();
    const QString text = index.data().toString();
    switch (index.column()) {
    case WebhookListModel::NameColumn:
        paintText(painter, area, text, isOn ? t.text : t.muted);
        break;
    case WebhookListModel::UrlColumn:
        if (index.data(WebhookListModel::OwnRole).toBool()) {
            const QString mark = tr("this program  ");
            const int width = painter.fontMetrics().horizontalAdvance(mark);
            paintText(painter, area, mark, t.accent);
            paintMono(painter, area.adjusted(width, 0, 0, 0), text, t.text);
        } else {
            paintMono(painter, area, text, isOn ? t.text : t.muted);
        }
        break;
    case WebhookListModel::StateColumn:
        paintText(painter, area, (isOn ? QStringLiteral("● ") : QStringLiteral("○ ")) + text, isOn ? t.run : t.muted);
        break;
    case WebhookListModel::DeliveriesColumn:
    case WebhookListModel::FailedColumn: {
        const QVariant count = index.data();
        const bool isBad = index.column() == WebhookListModel::FailedColumn && count.toLongLong() > 0;
        paintText(painter, area, count.isValid() ? formatCount(count.toLongLong()) : QStringLiteral("—"),
                  isBad                 ? t.err
                      : count.isValid() ? t.text
                                        : t.faint,
                  Qt::AlignRight);
        break;
    }
    default:
        paintText(painter, area, text, t.muted);
    }
}

void DeliveryDelegate::paintCell(QPainter &painter, const QRect &area, const QModelIndex &index) const
{
    const Tokens &t = Theme::tokens();
    const bool isSuccess = index.data(DeliveriesModel::SuccessRole).toBool();
    switch (index.column()) {
    case DeliveriesModel::TimeColumn:
        paintText(painter, area, momentText(index.data()), t.muted);
        break;
    case DeliveriesModel::SandboxColumn:
        paintMono(painter, area, index.data().toString(), t.text);
        break;
    case DeliveriesModel::AttemptsColumn:
        paintText(painter, area, formatCount(index.data().toLongLong()), t.text, Qt::AlignRight);
        break;
    case DeliveriesModel::ResultColumn:
        paintText(painter, area, (isSuccess ? QStringLiteral("✓ ") : QStringLiteral("✕ ")) + index.data().toString(),
                  isSuccess ? t.run : t.err);
        break;
    case DeliveriesModel::TookColumn:
        paintText(painter, area,
                  index.data().isValid() ? formatDuration(std::chrono::milliseconds(index.data().toLongLong()))
                                         : QStringLiteral("—"),
                  t.muted, Qt::AlignRight);
        break;
    default:
        paintText(painter, area, index.data().toString(), t.text);
    }
}

void RefusedDelegate::paintCell(QPainter &painter, const QRect &area, const QModelIndex &index) const
{
    const Tokens &t = Theme::tokens();
    const QString text = index.data().toString();
    switch (index.column()) {
    case QuarantineModel::TimeColumn:
        paintText(painter, area, momentText(index.data()), t.muted);
        break;
    case QuarantineModel::ReasonColumn:
        paintText(painter, area, u"✕ " + text, t.err);
        break;
    case QuarantineModel::SenderColumn:
        paintMono(painter, area, text, t.muted);
        break;
    default:
        paintText(painter, area, text, t.text);
    }
}

} // namespace sandglass::ui
