#include "ui/settings/streamsection.h"

#include "ui/text/format.h"
#include "ui/theme/theme.h"

#include <QCheckBox>
#include <QFormLayout>
#include <QHBoxLayout>
#include <QLabel>
#include <QPushButton>
#include <QSignalBlocker>
#include <QSpinBox>
#include <QVBoxLayout>

namespace sandglass::ui {

StreamSection::StreamSection(QWidget *parent)
    : Section(tr("Live stream"),
              tr("Tells other programs on this machine every event and the running cost, over a WebSocket with a "
                 "token."),
              parent)
    , m_enabled(new QCheckBox(tr("Serve the live stream"), this))
    , m_port(new QSpinBox(this))
    , m_state(nullptr)
    , m_clients(nullptr)
    , m_copyUrl(new QPushButton(tr("Copy address"), this))
    , m_copyToken(new QPushButton(tr("Copy token"), this))
{
    constexpr int highestPort = 65'535;
    m_enabled->setObjectName(QStringLiteral("streamEnabled"));
    m_port->setObjectName(QStringLiteral("streamPort"));
    m_port->setAccessibleName(tr("Port of the live stream"));
    m_port->setRange(0, highestPort);
    m_port->setSpecialValueText(tr("any free"));
    m_port->setKeyboardTracking(false); // a port that is being typed is none yet
    m_port->setMaximumWidth(120);
    m_copyUrl->setObjectName(QStringLiteral("copyStreamAddress"));
    m_copyToken->setObjectName(QStringLiteral("copyStreamToken"));
    body()->addWidget(m_enabled);
    QFormLayout *form = addForm();
    form->addRow(makeText("muted", tr("Port")), m_port);
    m_state = addValue(form, tr("Address"), true);
    m_state->setObjectName(QStringLiteral("streamState"));
    m_clients = addValue(form, tr("Clients"), false);
    m_clients->setObjectName(QStringLiteral("streamClients"));
    auto *buttons = new QHBoxLayout;
    buttons->addWidget(m_copyUrl);
    buttons->addWidget(m_copyToken);
    buttons->addStretch();
    body()->addSpacing(metrics::unit);
    body()->addLayout(buttons);
    connect(m_enabled, &QCheckBox::toggled, this, &StreamSection::enabledChanged);
    connect(m_port, &QSpinBox::valueChanged, this, &StreamSection::portChanged);
    connect(m_copyUrl, &QPushButton::clicked, this, [this] { copy(m_stream.url, m_stream.url); });
    connect(m_copyToken, &QPushButton::clicked, this, [this] { copy(m_stream.token, tr("the token")); });
    setStream({});
}

void StreamSection::setStream(const StreamView &stream)
{
    m_stream = stream;
    const QSignalBlocker blockEnabled(m_enabled);
    const QSignalBlocker blockPort(m_port);
    m_enabled->setChecked(stream.isEnabled || stream.isForced);
    m_enabled->setEnabled(!stream.isForced);
    m_enabled->setToolTip(stream.isForced ? tr("Asked for by --stream-port") : QString());
    m_port->setEnabled(!stream.isForced);
    if (!m_port->hasFocus())
        m_port->setValue(stream.port);
    m_state->setText(stream.isListening             ? stream.url
                         : stream.failure.isEmpty() ? tr("○ Off")
                                                    : tr("✕ Not listening: %1").arg(stream.failure));
    QString clients = formatCount(stream.clients);
    if (stream.dropped > 0)
        clients += tr(" · %1 dropped as too slow").arg(formatCount(static_cast<std::int64_t>(stream.dropped)));
    m_clients->setText(clients);
    m_copyUrl->setEnabled(stream.isListening);
    m_copyToken->setEnabled(stream.isListening && !stream.token.isEmpty());
}

} // namespace sandglass::ui
