#include "ui/widgets/timeoutedit.h"

#include <QComboBox>
#include <QHBoxLayout>
#include <QSpinBox>

#include <algorithm>

namespace sandglass::ui {

namespace {

constexpr int most = 86'400;
constexpr qint64 mostSeconds = 1'000'000; // the service refuses that much by itself

} // namespace

TimeoutEdit::TimeoutEdit(const QString &objectName, QWidget *parent)
    : QWidget(parent), m_number(new QSpinBox(this)), m_unit(new QComboBox(this))
{
    m_number->setObjectName(objectName);
    m_number->setAccessibleName(tr("Timeout"));
    m_number->setRange(1, most);
    m_unit->setObjectName(objectName + QStringLiteral("Unit"));
    m_unit->setAccessibleName(tr("Unit of the timeout"));
    m_unit->addItem(tr("seconds"), 1);
    m_unit->addItem(tr("minutes"), 60);
    m_unit->addItem(tr("hours"), 3600);
    auto *layout = new QHBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->addWidget(m_number);
    layout->addWidget(m_unit);
    layout->addStretch();
    setFocusProxy(m_number);
    connect(m_number, &QSpinBox::valueChanged, this, &TimeoutEdit::changed);
    connect(m_unit, &QComboBox::currentIndexChanged, this, &TimeoutEdit::changed);
}

void TimeoutEdit::setSeconds(int seconds)
{
    const int unit = seconds % 3600 == 0 ? 2 : seconds % 60 == 0 ? 1 : 0;
    m_unit->setCurrentIndex(unit);
    m_number->setValue(seconds / m_unit->itemData(unit).toInt());
}

int TimeoutEdit::seconds() const
{
    return static_cast<int>(std::min(qint64{m_number->value()} * m_unit->currentData().toInt(), mostSeconds));
}

} // namespace sandglass::ui
