#include "ui/settings/section.h"

#include "ui/theme/theme.h"

#include <QApplication>
#include <QClipboard>
#include <QFormLayout>
#include <QLabel>
#include <QVBoxLayout>

namespace sandglass::ui {

Section::Section(const QString &heading, const QString &sentence, QWidget *parent)
    : QFrame(parent), m_body(new QVBoxLayout(this))
{
    setProperty("card", true);
    m_body->setContentsMargins(20, metrics::cardPadding, 20, 20);
    m_body->setSpacing(metrics::gap);
    m_body->addWidget(makeText("heading", heading));
    QLabel *text = makeText("muted", sentence);
    text->setWordWrap(true);
    text->setVisible(!sentence.isEmpty());
    m_body->addWidget(text);
    m_body->addSpacing(metrics::unit);
}

QLabel *Section::makeText(const char *role, const QString &text)
{
    auto *label = new QLabel(text, this);
    label->setProperty("role", QString::fromLatin1(role));
    if (QLatin1String(role) == QLatin1String("mono"))
        label->setFont(Theme::monoFont(12));
    return label;
}

QFormLayout *Section::addForm()
{
    auto *form = new QFormLayout;
    form->setHorizontalSpacing(metrics::pageMargin);
    form->setVerticalSpacing(metrics::gap);
    form->setFieldGrowthPolicy(QFormLayout::ExpandingFieldsGrow);
    form->setLabelAlignment(Qt::AlignLeft | Qt::AlignVCenter);
    m_body->addLayout(form);
    return form;
}

QLabel *Section::addValue(QFormLayout *form, const QString &name, bool isMono)
{
    QLabel *value = makeText(isMono ? "mono" : "");
    value->setTextInteractionFlags(Qt::TextSelectableByMouse);
    value->setTextFormat(Qt::PlainText);
    value->setWordWrap(true);
    value->setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Preferred); // else it wraps at its first guess
    form->addRow(makeText("muted", name), value);
    return value;
}

void Section::copy(const QString &text, const QString &what)
{
    QApplication::clipboard()->setText(text);
    Q_EMIT toast(tr("Copied %1").arg(what));
}

} // namespace sandglass::ui
