#include "ui/widgets/stattile.h"

#include "ui/theme/theme.h"
#include "ui/widgets/labels.h"

#include <QVBoxLayout>

namespace sandglass::ui {

StatTile::StatTile(const QString &name, const QString &objectName, QWidget *parent) : QFrame(parent), m_name(name)
{
    setObjectName(objectName);
    setProperty("card", true);
    auto *layout = new QVBoxLayout(this);
    layout->setContentsMargins(metrics::cardPadding, 12, metrics::cardPadding, 12);
    layout->setSpacing(2);
    layout->addWidget(makeMuted(name));
    m_value = makeLabel(QStringLiteral("—"), "figure");
    layout->addWidget(m_value);
    m_detail = makeMuted({});
    m_detail->setWordWrap(true);
    m_detail->setAlignment(Qt::AlignLeft | Qt::AlignTop);
    layout->addWidget(m_detail);
    layout->addStretch();
    setMinimumWidth(120);
    QSizePolicy policy(QSizePolicy::Expanding, QSizePolicy::Minimum);
    policy.setHeightForWidth(true); // a narrow tile breaks its detail into lines
    setSizePolicy(policy);
}

void StatTile::setValue(const QString &value)
{
    if (m_value->text() == value)
        return;
    m_value->setText(value);
    describe();
}

void StatTile::setDetail(const QString &detail)
{
    if (m_detail->text() == detail)
        return;
    m_detail->setText(detail);
    describe();
}

QString StatTile::value() const
{
    return m_value->text();
}

void StatTile::describe()
{
    setAccessibleName(m_name);
    setAccessibleDescription(m_value->text() + u", " + m_detail->text());
}

} // namespace sandglass::ui
