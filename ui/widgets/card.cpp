#include "ui/widgets/card.h"

#include "ui/theme/theme.h"
#include "ui/widgets/labels.h"

#include <QHBoxLayout>
#include <QVBoxLayout>

namespace sandglass::ui {

Card::Card(const QString &title, QWidget *parent) : QFrame(parent)
{
    setProperty("card", true);
    setAccessibleName(title);
    m_outer = new QVBoxLayout(this);
    m_outer->setContentsMargins(metrics::cardPadding, 14, metrics::cardPadding, 14);
    m_outer->setSpacing(metrics::gap);
    if (!title.isEmpty()) {
        m_titleRow = new QHBoxLayout;
        m_titleRow->setSpacing(metrics::gap);
        m_titleRow->addWidget(makeHeading(title));
        m_hint = makeLabel({}, "faint");
        m_titleRow->addWidget(m_hint);
        m_titleRow->addStretch(1);
        m_outer->addLayout(m_titleRow);
    }
    m_body = new QVBoxLayout;
    m_body->setSpacing(metrics::gap);
    m_outer->addLayout(m_body, 1);
}

void Card::setHint(const QString &hint)
{
    if (m_hint != nullptr)
        m_hint->setText(hint);
}

void Card::setFlush()
{
    m_outer->setContentsMargins(1, m_titleRow != nullptr ? 14 : 1, 1, 1);
    if (m_titleRow != nullptr)
        m_titleRow->setContentsMargins(metrics::cardPadding - 1, 0, metrics::cardPadding - 1, 0);
}

} // namespace sandglass::ui
