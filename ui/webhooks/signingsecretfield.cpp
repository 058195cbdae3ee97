#include "ui/webhooks/signingsecretfield.h"

#include "services/core/ids.h"
#include "services/core/qtstring.h"
#include "services/e2b/webhooktypes.h"
#include "ui/theme/theme.h"
#include "ui/widgets/buttons.h"
#include "ui/widgets/labels.h"

#include <QGridLayout>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>

namespace sandglass::ui {

SigningSecretField::SigningSecretField(const QString &lineName, const QString &buttonName, QWidget *parent)
    : QWidget(parent)
    , m_line(new QLineEdit)
    , m_reveal(makeQuietButton(tr("Reveal"), lineName + QStringLiteral("Reveal")))
    , m_hint(makeMuted({}))
{
    m_line->setObjectName(lineName);
    m_line->setAccessibleName(tr("Secret"));
    m_line->setFont(Theme::monoFont());
    m_line->setEchoMode(QLineEdit::Password);
    m_reveal->setCheckable(true);
    m_reveal->setAccessibleName(tr("Reveal the secret"));
    m_hint->setWordWrap(true);
    m_hint->setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Preferred); // else it wraps at its first guess
    QPushButton *generator = makeButton(tr("Generate"), buttonName);
    auto *grid = new QGridLayout(this);
    grid->setContentsMargins(0, 0, 0, 0);
    grid->setSpacing(metrics::gap);
    grid->addWidget(m_line, 0, 0);
    grid->addWidget(m_reveal, 0, 1);
    grid->addWidget(generator, 0, 2);
    grid->addWidget(m_hint, 1, 0, 1, 3);
    setFocusProxy(m_line);
    connect(m_line, &QLineEdit::textChanged, this, &SigningSecretField::changed);
    connect(generator, &QPushButton::clicked, this, &SigningSecretField::generate);
    connect(m_reveal, &QPushButton::toggled, this, [this](bool isRevealed) {
        m_line->setEchoMode(isRevealed ? QLineEdit::Normal : QLineEdit::Password);
        m_reveal->setText(isRevealed ? tr("Hide") : tr("Reveal"));
    });
}

void SigningSecretField::setSecret(const QString &secret)
{
    m_line->setText(secret);
    m_reveal->setChecked(false);
}

void SigningSecretField::generate()
{
    m_line->setText(toQString(newWebhookSecret()));
    m_reveal->setChecked(true);
}

void SigningSecretField::setHint(const QString &sentence)
{
    m_hint->setText(sentence);
}

QString SigningSecretField::text() const
{
    return m_line->text();
}

std::string SigningSecretField::secret() const
{
    return toUtf8(m_line->text());
}

QString SigningSecretField::problem(bool mayBeEmpty) const
{
    constexpr auto least = static_cast<qsizetype>(e2b::leastSecretLength);
    const qsizetype length = m_line->text().toUtf8().size();
    if (length >= least || (mayBeEmpty && length == 0))
        return {};
    return tr("The secret has %1 characters; it needs %2.").arg(length).arg(least);
}

} // namespace sandglass::ui
