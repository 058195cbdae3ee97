#include "ui/shell/statusstrip.h"

#include "ui/theme/theme.h"
#include "ui/widgets/buttons.h"
#include "ui/widgets/labels.h"

#include <QHBoxLayout>

namespace sandglass::ui {

StatusStrip::StatusStrip(QWidget *parent) : QFrame(parent)
{
    setObjectName(QStringLiteral("statusStrip"));
    setProperty("strip", QStringLiteral("status"));
    setFixedHeight(29);
    auto *layout = new QHBoxLayout(this);
    layout->setContentsMargins(metrics::pageMargin, 0, metrics::pageMargin, 0);
    layout->setSpacing(18);
    m_receiver = makeLabel({}, "muted");
    m_receiver->setObjectName(QStringLiteral("receiverStatus"));
    m_receiver->setTextInteractionFlags(Qt::TextSelectableByMouse);
    layout->addWidget(m_receiver);
    m_lastEvent = makeMuted({});
    layout->addWidget(m_lastEvent);
    m_journal = makeMuted({});
    layout->addWidget(m_journal);
    layout->addStretch(1);
    m_burnRate = makeMuted({});
    layout->addWidget(m_burnRate);
    m_today = makeMuted({});
    layout->addWidget(m_today);
    m_hint = makeMuted(tr("Ctrl+K for everything"));
    layout->addWidget(m_hint);
}

void StatusStrip::resizeEvent(QResizeEvent *event)
{
    QFrame::resizeEvent(event);
    constexpr int roomForAll = 1000; // figures before hints
    m_hint->setVisible(width() >= roomForAll);
    layout()->activate(); // in this frame, not the next
}

void StatusStrip::setStatus(const StatusLine &status)
{
    m_receiver->setText((status.isReceiving ? u"● " : u"○ ") + status.receiver);
    setLook(m_receiver, "role", status.isReceiving ? QStringLiteral("good") : QStringLiteral("error"));
    m_lastEvent->setText(status.lastEvent);
    m_journal->setText(status.journal);
    m_burnRate->setText(status.burnRate);
    m_today->setText(status.today);
}

} // namespace sandglass::ui
