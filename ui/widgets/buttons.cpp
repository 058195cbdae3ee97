#include "ui/widgets/buttons.h"

#include <QStyle>
#include <QVariant>

namespace sandglass::ui {

namespace {

QPushButton *makeKind(const char *kind, const QString &text, const QString &objectName, QWidget *parent)
{
    auto *button = new QPushButton(text, parent);
    button->setObjectName(objectName);
    button->setCursor(Qt::PointingHandCursor);
    if (kind != nullptr)
        button->setProperty("kind", QString::fromLatin1(kind));
    return button;
}

} // namespace

QPushButton *makePrimaryButton(const QString &text, const QString &objectName, QWidget *parent)
{
    return makeKind("primary", text, objectName, parent);
}

QPushButton *makeButton(const QString &text, const QString &objectName, QWidget *parent)
{
    return makeKind(nullptr, text, objectName, parent);
}

QPushButton *makeDangerButton(const QString &text, const QString &objectName, QWidget *parent)
{
    return makeKind("danger", text, objectName, parent);
}

QPushButton *makeQuietButton(const QString &text, const QString &objectName, QWidget *parent)
{
    return makeKind("quiet", text, objectName, parent);
}

void setLook(QWidget *widget, const char *property, const QVariant &value)
{
    if (widget->property(property) == value)
        return;
    widget->setProperty(property, value);
    widget->style()->unpolish(widget);
    widget->style()->polish(widget);
}

} // namespace sandglass::ui
