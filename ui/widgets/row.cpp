#include "ui/widgets/row.h"

#include "ui/theme/theme.h"

#include <QHBoxLayout>
#include <QWidget>

namespace sandglass::ui {

QHBoxLayout *makeRow(QWidget *box, int spacing, std::initializer_list<QWidget *> widgets)
{
    auto *row = new QHBoxLayout(box);
    row->setContentsMargins(0, 0, 0, 0);
    row->setSpacing(spacing);
    for (QWidget *widget : widgets)
        row->addWidget(widget);
    return row;
}

QWidget *makeButtonBar(std::initializer_list<QWidget *> buttons)
{
    auto *bar = new QWidget;
    makeRow(bar, metrics::gap, buttons)->addStretch(1);
    return bar;
}

} // namespace sandglass::ui
