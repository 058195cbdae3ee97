#include "ui/webhooks/detailslabel.h"

#include <algorithm>

namespace sandglass::ui {

DetailsLabel::DetailsLabel(const QString &objectName, QWidget *parent) : QLabel(parent)
{
    setObjectName(objectName);
    setTextFormat(Qt::PlainText);
    setTextInteractionFlags(Qt::TextSelectableByMouse);
    setWordWrap(true);
    hide();
}

void DetailsLabel::showText(const QString &text)
{
    setText(text);
    setVisible(!text.isEmpty());
    setMinimumHeight(std::max(0, heightForWidth(width()))); // -1: no width yet
}

void DetailsLabel::resizeEvent(QResizeEvent *event)
{
    QLabel::resizeEvent(event);
    setMinimumHeight(std::max(0, heightForWidth(width()))); // -1: no width yet
}

} // namespace sandglass::ui
