#include "ui/widgets/segmentedcontrol.h"

#include "ui/widgets/buttons.h"
#include "ui/widgets/row.h"

#include <QHBoxLayout>
#include <QPushButton>

namespace sandglass::ui {

SegmentedControl::SegmentedControl(const QStringList &segments, const QString &objectName, QWidget *parent)
    : QWidget(parent)
{
    setObjectName(objectName);
    makeRow(this, 0);
    for (const QString &segment : segments)
        addSegment(segment);
    m_buttons.setExclusive(true);
    connect(&m_buttons, &QButtonGroup::idToggled, this, [this](int index, bool on) {
        if (on)
            Q_EMIT currentChanged(index);
    });
}

void SegmentedControl::addSegment(const QString &text)
{
    const int number = static_cast<int>(m_buttons.buttons().size());
    auto *button = new QPushButton(text);
    button->setObjectName(objectName() + QString::number(number));
    button->setCheckable(true);
    button->setProperty("kind", QStringLiteral("segment"));
    button->setProperty("edge", number == 0 ? QStringLiteral("first") : QStringLiteral("last"));
    if (number > 1)
        setLook(m_buttons.button(number - 1), "edge", QVariant());
    m_buttons.addButton(button, number);
    layout()->addWidget(button);
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
