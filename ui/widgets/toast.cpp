#include "ui/widgets/toast.h"

#include "ui/widgets/buttons.h"
#include "ui/widgets/labels.h"

#include <QEvent>
#include <QHBoxLayout>

#include <algorithm>
#include <functional>
#include <utility>

using namespace std::chrono_literals;

namespace sandglass::ui {

Toast::Toast(QWidget *parent) : QFrame(parent)
{
    setObjectName(QStringLiteral("toast"));
    setProperty("toast", true);
    auto *layout = new QHBoxLayout(this);
    layout->setContentsMargins(16, 8, 8, 8);
    m_sentence = makeLabel({}, "plain");
    layout->addWidget(m_sentence);
    m_action = makeQuietButton({}, QStringLiteral("toastAction"));
    layout->addWidget(m_action);
    m_timer.setSingleShot(true);
    connect(&m_timer, &QTimer::timeout, this, &Toast::expire);
    connect(m_action, &QPushButton::clicked, this, [this] {
        m_timer.stop();
        m_onExpired = nullptr;
        hide();
        if (const auto action = std::exchange(m_onAction, nullptr))
            action();
    });
    parent->installEventFilter(this);
    hide();
}

void Toast::show(const QString &sentence)
{
    show(sentence, {}, 3s, {});
}

void Toast::show(const QString &sentence, const QString &action, std::chrono::milliseconds duration,
                 std::function<void()> onAction, std::function<void()> onExpired)
{
    if (m_timer.isActive())
        expire(); // what the former one promised still happens
    m_sentence->setText(sentence);
    setAccessibleName(sentence);
    m_action->setText(action);
    m_action->setVisible(!action.isEmpty());
    m_onAction = std::move(onAction);
    m_onExpired = std::move(onExpired);
    m_timer.start(duration);
    adjustSize();
    place();
    raise();
    QFrame::show();
}

void Toast::settle()
{
    if (m_timer.isActive())
        expire();
}

bool Toast::eventFilter(QObject *watched, QEvent *event)
{
    if (watched == parentWidget() && event->type() == QEvent::Resize)
        place();
    return QFrame::eventFilter(watched, event);
}

void Toast::place()
{
    constexpr int gap = 8;
    const QSize room = parentWidget()->size();
    QRect place((room.width() - width()) / 2, room.height() - height() - 48, width(), height());
    place.translate(parentWidget()->mapTo(window(), QPoint()));
    QList<QRect> taken;
    for (const Toast *other : window()->findChildren<Toast *>()) {
        if (other != this && other->isVisible())
            taken << QRect(other->mapTo(window(), QPoint()), other->size()).adjusted(0, -gap, 0, gap);
    }
    std::ranges::sort(taken, std::ranges::greater(), &QRect::bottom); // from below, so that one pass is enough
    for (const QRect &each : taken) {
        if (place.intersects(each))
            place.moveBottom(each.top());
    }
    move(parentWidget()->mapFrom(window(), place.topLeft()));
}

void Toast::expire()
{
    m_timer.stop();
    hide();
    m_onAction = nullptr;
    if (const auto expired = std::exchange(m_onExpired, nullptr))
        expired();
}

} // namespace sandglass::ui
