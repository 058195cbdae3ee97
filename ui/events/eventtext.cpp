#include "ui/events/eventtext.h"

#include "models/events/eventlistmodel.h"
#include "ui/sandboxes/endtext.h"
#include "ui/sandboxes/sandboxlook.h"
#include "ui/text/format.h"

#include <QCoreApplication>

namespace sandglass::ui {

using lifecycle::EventType;
using models::EventListModel;

namespace {

QString translated(const char *text)
{
    return QCoreApplication::translate("EventText", text);
}

EventType typeOf(const QModelIndex &event)
{
    return static_cast<EventType>(event.data(EventListModel::TypeRole).toInt());
}

bool isCodeRun(const QModelIndex &event)
{
    return event.data(EventListModel::IsCodeRunRole).toBool();
}

QString codeRunWords(const QModelIndex &event)
{
    const QVariant error = event.data(EventListModel::CodeErrorRole);
    QString text = error.isValid() ? error.toString() : translated("no error");
    if (const QVariant took = event.data(EventListModel::RunMsRole); took.isValid())
        text += u" · " + formatDuration(std::chrono::milliseconds(took.toLongLong()));
    return text;
}

QString firstWords(const QModelIndex &event)
{
    switch (typeOf(event)) {
    case EventType::Created:
        return translated("created");
    case EventType::Updated:
        return translated("end time or network changed");
    case EventType::Paused:
        return translated("paused");
    case EventType::Resumed:
        return translated("resumed");
    case EventType::Killed: {
        const QString reason = event.data(EventListModel::KillReasonRole).toString();
        return reason.isEmpty() ? translated("killed") : reason;
    }
    case EventType::Checkpointed:
        return translated("snapshot taken");
    case EventType::Observed:
        return translated("seen in the list");
    case EventType::Lost:
        return translated("gone from the list without a killed event");
    case EventType::Unknown:
        break;
    }
    return translated("an event of a kind this version does not know");
}

} // namespace

QString eventWord(const QModelIndex &event)
{
    return isCodeRun(event) ? translated("Code run") : wordFor(lookOf(typeOf(event)));
}

QString eventDetail(const QModelIndex &event)
{
    if (isCodeRun(event))
        return codeRunWords(event);
    QString text = firstWords(event);
    if (const QVariant planned = event.data(EventListModel::PlannedMsRole); planned.isValid())
        text += u" · "
            + earlyEndText(fromUnixMs(planned.toLongLong()),
                           fromUnixMs(event.data(EventListModel::TimestampMsRole).toLongLong()));
    const QVariant run = event.data(EventListModel::RunMsRole);
    if (run.isValid() && typeOf(event) != EventType::Observed)
        text += translated(" · ran ") + formatAge(std::chrono::milliseconds(run.toLongLong()));
    if (const QVariant cost = event.data(EventListModel::CostPicoRole); cost.isValid())
        text += u" · " + formatMoney(Money::fromPicoDollars(cost.toLongLong()));
    return text;
}

QString eventDelivery(const QModelIndex &event)
{
    if (isCodeRun(event))
        return translated("this program");
    switch (static_cast<lifecycle::EventSource>(event.data(EventListModel::SourceRole).toInt())) {
    case lifecycle::EventSource::Webhook:
        return formatDuration(std::chrono::milliseconds(event.data(EventListModel::DelayMsRole).toLongLong()));
    case lifecycle::EventSource::Poll:
        return translated("list");
    case lifecycle::EventSource::Import:
        break;
    }
    return translated("import");
}

} // namespace sandglass::ui
