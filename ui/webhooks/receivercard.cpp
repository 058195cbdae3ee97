#include "ui/webhooks/receivercard.h"

#include "ui/text/format.h"
#include "ui/theme/theme.h"
#include "ui/widgets/buttons.h"
#include "ui/widgets/card.h"
#include "ui/widgets/elidedlabel.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/row.h"
#include "ui/widgets/secretline.h"

#include <QClipboard>
#include <QGridLayout>
#include <QGuiApplication>
#include <QLabel>
#include <QPushButton>
#include <QVBoxLayout>

namespace sandglass::ui {

namespace {

ElidedLabel *makeValue(const char *objectName)
{
    auto *label = new ElidedLabel;
    label->setObjectName(QString::fromLatin1(objectName));
    label->setTextFormat(Qt::PlainText);
    return label;
}

// Both sides of the card share their rows, so that what stands beside each other has one baseline.
constexpr int leftSide = 0, gap = 2, rightSide = 3, leastRow = 24;

void addRow(QGridLayout *grid, int row, int side, const QString &name, QWidget *value)
{
    grid->addWidget(makeMuted(name), row, side);
    grid->addWidget(value, row, side + 1);
    grid->setRowMinimumHeight(row, leastRow);
}

QWidget *sideBySide(std::initializer_list<QWidget *> widgets)
{
    auto *row = new QWidget;
    auto *layout = makeRow(row, metrics::unit);
    for (QWidget *widget : widgets)
        layout->addWidget(widget, widget == *widgets.begin() ? 1 : 0);
    return row;
}

} // namespace

ReceiverCard::ReceiverCard(QWidget *parent) : QWidget(parent)
{
    auto *card = new Card(tr("This program's receiver"));
    m_state = makeValue("webhookReceiverState");
    card->titleRow()->addWidget(m_state, 100);
    auto *grid = new QGridLayout;
    grid->setHorizontalSpacing(metrics::cardGap);
    grid->setVerticalSpacing(0);
    grid->setColumnMinimumWidth(gap, metrics::gap);
    grid->setColumnStretch(leftSide + 1, 3);
    grid->setColumnStretch(rightSide + 1, 2);
    addAddress(grid);
    addFigures(grid);
    card->body()->addLayout(grid);
    auto *layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->addWidget(card);
    connect(m_copyUrl, &QPushButton::clicked, this, [this] {
        QGuiApplication::clipboard()->setText(m_receiver.url);
        Q_EMIT toast(tr("Copied %1").arg(m_receiver.url));
    });
    connect(m_rotate, &QPushButton::clicked, this, &ReceiverCard::rotateRequested);
    connect(m_endOverlap, &QPushButton::clicked, this, &ReceiverCard::endOverlapRequested);
    connect(m_secret, &SecretLine::toast, this, &ReceiverCard::toast);
    setReceiver({});
}

void ReceiverCard::addAddress(QGridLayout *grid)
{
    m_url = makeValue("webhookReceiverUrl");
    m_url->setFont(Theme::monoFont());
    m_copyUrl = makeQuietButton(tr("Copy"), QStringLiteral("copyReceiverUrl"));
    m_copyUrl->setAccessibleName(tr("Copy the address"));
    m_secret = new SecretLine(tr("the secret"), QStringLiteral("webhookSecret"));
    m_rotate = makeQuietButton(tr("Rotate"), QStringLiteral("rotateReceiverSecret"));
    m_rotate->setToolTip(tr("Makes a new secret. The old one is accepted for another day."));
    m_overlap = makeValue("oldSecretUntil");
    m_endOverlap = makeQuietButton(tr("Refuse it now"), QStringLiteral("endSecretOverlap"));
    addRow(grid, 0, leftSide, tr("Address"), sideBySide({m_url, m_copyUrl}));
    addRow(grid, 1, leftSide, tr("Secret"), sideBySide({m_secret, m_rotate}));
    addRow(grid, 2, leftSide, tr("Old secret"), sideBySide({m_overlap, m_endOverlap}));
}

void ReceiverCard::addFigures(QGridLayout *grid)
{
    m_accepted = makeValue("webhookAccepted");
    m_refused = makeValue("webhookRefused");
    m_clock = makeValue("webhookClock");
    m_engine = makeValue("webhookEngine");
    addRow(grid, 0, rightSide, tr("Accepted"), m_accepted);
    addRow(grid, 1, rightSide, tr("Refused"), m_refused);
    addRow(grid, 2, rightSide, tr("Clock"), m_clock);
    addRow(grid, 3, rightSide, tr("Local engine"), m_engine);
}

void ReceiverCard::setReceiver(const ReceiverView &receiver)
{
    m_receiver = receiver;
    m_state->setText(stateText(receiver));
    setLook(m_state, "role",
            receiver.isListening             ? QStringLiteral("good")
                : receiver.failure.isEmpty() ? QStringLiteral("muted")
                                             : QStringLiteral("error"));
    m_url->setText(receiver.url.isEmpty() ? QStringLiteral("—") : receiver.url);
    m_copyUrl->setEnabled(receiver.isListening);
    m_secret->setSecret(receiver.secret, {}, QStringLiteral("—"));
    m_rotate->setEnabled(receiver.canRotate);
    m_overlap->setText(receiver.oldSecretUntil ? tr("accepted until %1").arg(formatDateTime(*receiver.oldSecretUntil))
                                               : tr("none is accepted"));
    m_endOverlap->setVisible(receiver.oldSecretUntil.has_value());
    m_accepted->setText(acceptedText(receiver.statistics));
    const QString reasons = refusalText(receiver.statistics);
    const QString refused = formatCount(static_cast<std::int64_t>(receiver.statistics.refused()));
    m_refused->setText(reasons.isEmpty() ? refused : tr("%1: %2").arg(refused, reasons));
    m_clock->setText(clockText(receiver.statistics));
    m_engine->setText(receiver.isRegistered ? tr("delivers here")
                          : receiver.registrationFailure.isEmpty()
                          ? tr("not connected")
                          : tr("not registered: %1").arg(receiver.registrationFailure));
}

} // namespace sandglass::ui
