#include "ui/widgets/secretline.h"

#include "ui/theme/theme.h"
#include "ui/widgets/buttons.h"
#include "ui/widgets/elidedlabel.h"
#include "ui/widgets/row.h"

#include <QClipboard>
#include <QGuiApplication>
#include <QHBoxLayout>
#include <QPushButton>

namespace sandglass::ui {

using namespace std::chrono_literals;

namespace {
constexpr auto shownFor = 30s;
}

SecretLine::SecretLine(const QString &what, const QString &objectName, QWidget *parent)
    : QWidget(parent)
    , m_what(what)
    , m_text(new ElidedLabel({}, this))
    , m_reveal(makeQuietButton(tr("Reveal"), objectName + QStringLiteral("Reveal"), this))
    , m_copy(makeQuietButton(tr("Copy"), objectName + QStringLiteral("Copy"), this))
{
    m_text->setObjectName(objectName);
    m_text->setFont(Theme::monoFont());
    m_text->setTextFormat(Qt::PlainText);
    m_reveal->setCheckable(true);
    m_reveal->setAccessibleName(tr("Reveal %1").arg(what));
    m_copy->setAccessibleName(tr("Copy %1").arg(what));
    auto *layout = makeRow(this, metrics::unit);
    layout->addWidget(m_text, 1);
    layout->addWidget(m_reveal);
    layout->addWidget(m_copy);
    m_hide.setSingleShot(true);
    m_hide.setInterval(shownFor);
    m_forget.setSingleShot(true);
    m_forget.setInterval(shownFor);
    connect(&m_hide, &QTimer::timeout, this, [this] { m_reveal->setChecked(false); });
    connect(m_reveal, &QPushButton::toggled, this, &SecretLine::update);
    connect(m_copy, &QPushButton::clicked, this, &SecretLine::copy);
}

void SecretLine::setSecret(const QString &secret, const QString &place, const QString &missing)
{
    m_secret = secret;
    m_hidden = secret.isEmpty() ? missing : QString(16, u'•');
    if (!secret.isEmpty() && !place.isEmpty())
        m_hidden += tr("   kept in %1").arg(place);
    m_reveal->setEnabled(!secret.isEmpty());
    m_copy->setEnabled(!secret.isEmpty());
    update(m_reveal->isChecked());
}

void SecretLine::update(bool isVisible)
{
    m_text->setText(isVisible && !m_secret.isEmpty() ? m_secret : m_hidden);
    m_reveal->setText(isVisible ? tr("Hide") : tr("Reveal"));
    if (!isVisible)
        m_hide.stop();
    else if (!m_hide.isActive())
        m_hide.start();
}

void SecretLine::copy()
{
    QGuiApplication::clipboard()->setText(m_secret);
    m_forget.disconnect(this);
    connect(&m_forget, &QTimer::timeout, this, [copied = m_secret] {
        if (QGuiApplication::clipboard()->text() == copied)
            QGuiApplication::clipboard()->clear();
    });
    m_forget.start();
    Q_EMIT toast(tr("Copied %1; the clipboard forgets it in 30 seconds").arg(m_what));
}

} // namespace sandglass::ui
