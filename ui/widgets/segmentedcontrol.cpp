#include "ui/widgets/segmentedcontrol.h"

#include <QHBoxLayout>
#include <QPushButton>

namespace sandglass::ui {

SegmentedControl::SegmentedControl(const QStringList &segments, const QString &objectName, QWidget *parent)
    : QWidget(parent)
{
    setObjectName(objectName);
    auto *layout = new QHBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(0);
    for (int i = 0; i < segments.size(); ++i) {
        auto *button = new QPushButton(segments.at(i));
        button->setObjectName(objectName + QString::number(i));
        button->setCheckable(true);
        button->setProperty("kind", QStringLiteral("segment"));
        if (i == 0)
            button->setProperty("edge", QStringLiteral("first"));
        else if (i == segments.size() - 1)
            button->setProperty("edge", QStringLiteral("last"));
        m_buttons.addButton(button, i);
        layout->addWidget(button);
    }
    m_buttons.setExclusive(true);
    connect(&m_buttons, &QButtonGroup::idToggled, this, [this](int index, bool on) {
        if (on)
            Q_EMIT currentChanged(index);
    });
}

int SegmentedControl::currentIndex() const
{
    return m_buttons.checkedId();
}

void SegmentedControl::setCurrentIndex(int index)
{
    if (QAbstractButton *button = m_buttons.button(index))
        button->setChecked(true);
}

} // namespace sandglass::ui
