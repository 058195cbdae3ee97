#include "ui/refine/banners.h"

#include "services/core/qtstring.h"
#include "ui/widgets/bannerrow.h"

#include <QLabel>
#include <QPushButton>

namespace sandglass::ui {

TroubleBanner::TroubleBanner(QWidget *parent)
    : QFrame(parent), m_text(new QLabel(this)), m_restart(new QPushButton(tr("Restart engine"), this))
{
    setObjectName(QStringLiteral("troubleBanner"));
    m_text->setObjectName(QStringLiteral("troubleText"));
    auto *again = new QPushButton(tr("Run again"), this);
    layOutBanner(*this, m_text, {m_restart, again});
    connect(again, &QPushButton::clicked, this, &TroubleBanner::runRequested);
    connect(m_restart, &QPushButton::clicked, this, &TroubleBanner::engineRestartRequested);
}

void TroubleBanner::setTrouble(const std::optional<Error> &trouble)
{
    setVisible(trouble.has_value());
    if (!trouble)
        return;
    const QString words = toQString(trouble->message);
    const bool isGone = trouble->kind == Error::Kind::Transport || trouble->kind == Error::Kind::Timeout;
    m_text->setText(isGone ? tr("The engine does not answer: %1. Your code and attempts are kept.").arg(words)
                           : tr("The run was not possible: %1").arg(words));
    m_restart->setVisible(isGone);
}

ExampleOffer::ExampleOffer(QWidget *parent) : QFrame(parent)
{
    setObjectName(QStringLiteral("exampleOffer"));
    auto *text = new QLabel(tr("New here? Start with a small program that has a fault in it: run it, see the error at "
                               "its line, fix it, run again."),
                            this);
    auto *load = new QPushButton(tr("Load the example"), this);
    load->setObjectName(QStringLiteral("loadExample"));
    load->setProperty("kind", QStringLiteral("primary"));
    auto *skip = new QPushButton(tr("No, thanks"), this);
    layOutBanner(*this, text, {load, skip});
    hide();
    connect(load, &QPushButton::clicked, this, &ExampleOffer::accepted);
    connect(skip, &QPushButton::clicked, this, &QWidget::hide);
}

} // namespace sandglass::ui
