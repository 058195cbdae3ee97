#include "ui/webhooks/webhookdelegate.h"

#include "models/webhooks/callbacklistmodel.h"
#include "models/webhooks/deliveriesmodel.h"
#include "models/webhooks/quarantinemodel.h"
#include "models/webhooks/webhooklistmodel.h"
#include "ui/text/format.h"
#include "ui/theme/theme.h"

#include <QDateTime>
#include <QPainter>

namespace sandglass::ui {

using models::CallbackListModel;
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

void CallbackDelegate::paintCell(QPainter &painter, const QRect &area, const QModelIndex &index) const
{
    using State = CallbackListModel::State;
    const Tokens &t = Theme::tokens();
    const auto state = static_cast<State>(index.data(CallbackListModel::StateRole).toInt());
    const QString text = index.data().toString();
    switch (index.column()) {
    case CallbackListModel::UrlColumn:
        paintMono(painter, area, text, state == State::Paused ? t.muted : t.text);
        break;
    case CallbackListModel::StateColumn: {
        const bool isBad = state == State::GaveUp || state == State::NoSecret;
        const QString mark = isBad   ? QStringLiteral("✕ ")
            : state == State::Active ? QStringLiteral("● ")
                                     : QStringLiteral("○ ");
        paintText(painter, area, mark + text, isBad ? t.err : state == State::Active ? t.run : t.muted);
        break;
    }
    case CallbackListModel::DeliveredColumn:
    case CallbackListModel::LostColumn:
    case CallbackListModel::WaitingColumn: {
        const qint64 count = index.data().toLongLong();
        const bool isBad = index.column() == CallbackListModel::LostColumn && count > 0;
        paintText(painter, area, formatCount(count), isBad ? t.err : t.text, Qt::AlignRight);
        break;
    }
    default:
        paintText(painter, area, text, t.muted);
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
