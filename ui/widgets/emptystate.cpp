#include "ui/widgets/emptystate.h"

#include "ui/widgets/buttons.h"
#include "ui/widgets/labels.h"

#include <QVBoxLayout>

namespace sandglass::ui {

EmptyState::EmptyState(const QString &title, const QString &sentence, const QString &action, QWidget *parent)
    : QWidget(parent)
{
    auto *layout = new QVBoxLayout(this);
    layout->setSpacing(8);
    layout->addStretch(1);
    m_title = makeHeading(title);
    m_title->setAlignment(Qt::AlignHCenter);
    layout->addWidget(m_title);
    m_sentence = makeMuted(sentence);
    m_sentence->setAlignment(Qt::AlignHCenter);
    m_sentence->setWordWrap(true);
    layout->addWidget(m_sentence);
    m_action = makeButton(action, QStringLiteral("emptyStateAction"));
    layout->addWidget(m_action, 0, Qt::AlignHCenter);
    layout->addStretch(1);
    connect(m_action, &QPushButton::clicked, this, &EmptyState::actionTriggered);
    setTexts(title, sentence, action);
}

void EmptyState::setTexts(const QString &title, const QString &sentence, const QString &action)
{
    m_title->setText(title);
    m_sentence->setText(sentence);
    m_action->setText(action);
    m_action->setVisible(!action.isEmpty());
}

} // namespace sandglass::ui
