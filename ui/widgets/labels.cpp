#include "ui/widgets/labels.h"

#include "ui/theme/theme.h"

namespace sandglass::ui {

QLabel *makeLabel(const QString &text, const char *role, QWidget *parent)
{
    auto *label = new QLabel(text, parent);
    label->setTextFormat(Qt::PlainText); // texts from outside never become markup
    label->setProperty("role", QString::fromLatin1(role));
    return label;
}

QLabel *makeHeading(const QString &text, QWidget *parent)
{
    return makeLabel(text, "heading", parent);
}

QLabel *makeMuted(const QString &text, QWidget *parent)
{
    return makeLabel(text, "muted", parent);
}

QLabel *makeMono(const QString &text, QWidget *parent)
{
    QLabel *label = makeLabel(text, "mono", parent);
    label->setFont(Theme::monoFont());
    label->setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
    return label;
}

} // namespace sandglass::ui
