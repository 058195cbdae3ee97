#include "ui/webhooks/detailslabel.h"

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
    setMinimumHeight(heightForWidth(width()));
}

void DetailsLabel::resizeEvent(QResizeEvent *event)
{
    QLabel::resizeEvent(event);
    setMinimumHeight(heightForWidth(width()));
}

} // namespace sandglass::ui
