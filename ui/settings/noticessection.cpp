#include "ui/settings/noticessection.h"

#include "models/settings/settings.h"
#include "ui/theme/theme.h"

#include <QCheckBox>
#include <QFormLayout>
#include <QHBoxLayout>
#include <QLabel>
#include <QPushButton>
#include <QVBoxLayout>

namespace sandglass::ui {

using models::Settings;

NoticesSection::NoticesSection(Settings &settings, QWidget *parent)
    : Section(
        tr("Notifications"),
        tr("Budgets that pass a level, runaways, and what the guard does, also while the window is out of sight."),
        parent)
    , m_settings(settings)
    , m_enabled(new QCheckBox(tr("Tell alerts as notifications of the desktop"), this))
    , m_test(new QPushButton(tr("Show one now"), this))
{
    m_enabled->setObjectName(QStringLiteral("desktopNotices"));
    m_test->setObjectName(QStringLiteral("testNotice"));
    body()->addWidget(m_enabled);
    m_state = addValue(addForm(), tr("State"), false);
    m_state->setObjectName(QStringLiteral("desktopNoticesState"));
    auto *buttons = new QHBoxLayout;
    buttons->addWidget(m_test);
    buttons->addStretch();
    body()->addSpacing(metrics::unit);
    body()->addLayout(buttons);
    connect(m_enabled, &QCheckBox::toggled, this,
            [this](bool isOn) { m_settings.set(Settings::Key::DesktopNotices, isOn); });
    connect(m_test, &QPushButton::clicked, this, &NoticesSection::testRequested);
    connect(&m_settings, &Settings::changed, this, [this](Settings::Key key) {
        if (key == Settings::Key::DesktopNotices)
            update();
    });
    setState(tr("not asked yet"), false);
}

void NoticesSection::setState(const QString &state, bool canTry)
{
    m_state->setText(state);
    m_canTry = canTry;
    update();
}

void NoticesSection::update()
{
    const bool isOn = m_settings.value(Settings::Key::DesktopNotices).toBool();
    m_enabled->setChecked(isOn);
    m_test->setEnabled(isOn && m_canTry);
}

} // namespace sandglass::ui
