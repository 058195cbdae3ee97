#include "ui/shell/banner.h"

#include "ui/theme/theme.h"
#include "ui/widgets/buttons.h"
#include "ui/widgets/elidedlabel.h"

#include <QHBoxLayout>

namespace sandglass::ui {

Banner::Banner(const QString &objectName, QWidget *parent) : QFrame(parent)
{
    setObjectName(objectName);
    setProperty("banner", true);
    auto *layout = new QHBoxLayout(this);
    layout->setContentsMargins(metrics::pageMargin, 8, metrics::pageMargin, 8);
    m_sentence = new ElidedLabel;
    layout->addWidget(m_sentence, 1);
    m_action = makeButton({}, objectName + QStringLiteral("Action"));
    layout->addWidget(m_action);
    m_dismiss = makeQuietButton(tr("Dismiss"), objectName + QStringLiteral("Dismiss"));
    m_dismiss->hide();
    layout->addWidget(m_dismiss);
    connect(m_action, &QPushButton::clicked, this, &Banner::actionTriggered);
    connect(m_dismiss, &QPushButton::clicked, this, &QWidget::hide);
    hide();
}

void Banner::show(const QString &sentence, const QString &action)
{
    m_sentence->setText(sentence);
    setAccessibleName(sentence);
    m_action->setText(action);
    m_action->setVisible(!action.isEmpty());
    QFrame::show();
}

void Banner::setDismissible(bool dismissible)
{
    m_dismiss->setVisible(dismissible);
}

} // namespace sandglass::ui
