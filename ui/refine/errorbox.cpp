#include "ui/refine/errorbox.h"

#include "ui/theme/theme.h"

#include <QHBoxLayout>
#include <QLabel>
#include <QPainter>
#include <QPushButton>
#include <QVBoxLayout>

namespace sandglass::ui {

ErrorBox::ErrorBox(QWidget *parent)
    : QFrame(parent)
    , m_text(new QLabel(this))
    , m_fix(new QPushButton(this))
    , m_traceback(new QPushButton(tr("Traceback"), this))
{
    setObjectName(QStringLiteral("errorBox"));
    setCursor(Qt::ArrowCursor);
    m_text->setTextFormat(Qt::RichText);
    m_text->setObjectName(QStringLiteral("errorText"));
    m_fix->setObjectName(QStringLiteral("errorFix"));
    m_traceback->setObjectName(QStringLiteral("errorTraceback"));
    auto *buttons = new QHBoxLayout;
    buttons->setSpacing(metrics::gap);
    for (QPushButton *button : {m_fix, m_traceback}) {
        button->setFocusPolicy(Qt::TabFocus);
        button->setFixedHeight(24);
        button->setProperty("compact", true);
        buttons->addWidget(button);
    }
    buttons->addStretch();
    auto *layout = new QVBoxLayout(this);
    layout->setContentsMargins(14, 8, 12, 8);
    layout->setSpacing(6);
    layout->addWidget(m_text);
    layout->addLayout(buttons);
    connect(Theme::instance(), &Theme::changed, this, &ErrorBox::showText);
    connect(m_fix, &QPushButton::clicked, this, &ErrorBox::fixRequested);
    connect(m_traceback, &QPushButton::clicked, this, &ErrorBox::tracebackRequested);
}

void ErrorBox::setError(const QString &name, const QString &message, const QString &fixLabel)
{
    m_name = name;
    m_message = message;
    showText();
    m_fix->setText(fixLabel);
    m_fix->setVisible(!fixLabel.isEmpty());
    setAccessibleName(name + QStringLiteral(": ") + message);
}

void ErrorBox::showText()
{
    const Tokens &t = Theme::tokens();
    QString shown = m_message.simplified();
    if (shown.size() > 200) // the whole text is in the traceback
        shown = shown.left(199) + u'…';
    m_text->setText(
        QStringLiteral("<span style='color:%1;font-weight:600'>%2</span>&nbsp; <span style='color:%3'>%4</span>")
            .arg(t.err.name(), m_name.toHtmlEscaped(), t.muted.name(), shown.toHtmlEscaped()));
}

void ErrorBox::paintEvent(QPaintEvent *)
{
    QPainter painter(this);
    painter.fillRect(rect(), Theme::tokens().raised);
    painter.fillRect(0, 0, 3, height(), Theme::tokens().err);
}

} // namespace sandglass::ui
