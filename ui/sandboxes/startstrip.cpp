#include "ui/sandboxes/startstrip.h"

#include "models/templates/startqueue.h"
#include "services/core/qtstring.h"
#include "ui/theme/theme.h"
#include "ui/widgets/buttons.h"
#include "ui/widgets/elidedlabel.h"
#include "ui/widgets/row.h"

#include <QVBoxLayout>

namespace sandglass::ui {

StartStrip::StartStrip(models::StartQueue &queue, QWidget *parent) : QFrame(parent), m_queue(queue)
{
    setObjectName(QStringLiteral("startStrip"));
    setProperty("card", true);
    m_lines = new QVBoxLayout(this);
    m_lines->setContentsMargins(metrics::cardGap, 8, 8, 8);
    m_lines->setSpacing(4);
    connect(&m_queue, &models::StartQueue::changed, this, &StartStrip::fill);
    fill();
}

QString StartStrip::sentenceFor(const QString &templateId, int before)
{
    return before == 0 ? tr("%1 waits for a free place, first in line").arg(templateId)
                       : tr("%1 waits for a free place, %2 before it").arg(templateId).arg(before);
}

void StartStrip::fill()
{
    while (const QLayoutItem *item = m_lines->takeAt(0)) {
        item->widget()->hide();
        item->widget()->deleteLater(); // one of its buttons may be what is clicked
        delete item;
    }
    int before = 0;
    for (const models::StartQueue::Entry &entry : m_queue.entries()) {
        m_lines->addWidget(
            makeLine(entry.id, sentenceFor(toQString(entry.spec.templateId), before), toQString(entry.reason)));
        ++before;
    }
    setVisible(before > 0);
}

QWidget *StartStrip::makeLine(int id, const QString &sentence, const QString &reason)
{
    auto *line = new QWidget;
    auto *label = new ElidedLabel(reason.isEmpty() ? sentence : tr("%1 · the service says: %2").arg(sentence, reason));
    label->setObjectName(QStringLiteral("waitingStart"));
    auto *cancel = makeButton(tr("Cancel"), QStringLiteral("cancelStart"));
    cancel->setAccessibleName(tr("Cancel: %1").arg(sentence));
    connect(cancel, &QPushButton::clicked, this, [this, id] { m_queue.cancel(id); });
    auto *row = makeRow(line, metrics::gap);
    row->addWidget(label, 1);
    row->addWidget(cancel);
    return line;
}

} // namespace sandglass::ui
