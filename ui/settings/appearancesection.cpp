#include "ui/settings/appearancesection.h"

#include "models/settings/settings.h"
#include "ui/theme/theme.h"

#include <QComboBox>
#include <QFormLayout>
#include <QLabel>

namespace sandglass::ui {

using models::Settings;

AppearanceSection::AppearanceSection(Settings &settings, QWidget *parent)
    : Section(tr("Appearance"), {}, parent), m_theme(new QComboBox(this))
{
    m_theme->setObjectName(QStringLiteral("appearance"));
    m_theme->addItem(tr("As the system"), QStringLiteral("system"));
    m_theme->addItem(tr("Light"), QStringLiteral("light"));
    m_theme->addItem(tr("Dark"), QStringLiteral("dark"));
    m_theme->setMaximumWidth(220);
    m_theme->setCurrentIndex(std::max(0, m_theme->findData(settings.text(Settings::Key::Appearance))));
    addForm()->addRow(makeText("muted", tr("Theme")), m_theme);
    connect(m_theme, &QComboBox::currentIndexChanged, this, [this, &settings] {
        settings.set(Settings::Key::Appearance, m_theme->currentData());
        applyAppearance(settings);
    });
    connect(&settings, &Settings::changed, this, [this, &settings](Settings::Key key) {
        if (key == Settings::Key::Appearance)
            m_theme->setCurrentIndex(std::max(0, m_theme->findData(settings.text(key))));
    });
}

void applyAppearance(const Settings &settings)
{
    const QString wanted = settings.text(Settings::Key::Appearance);
    if (Theme *theme = Theme::instance())
        theme->setMode(wanted == u"light"      ? Theme::Mode::Light
                           : wanted == u"dark" ? Theme::Mode::Dark
                                               : Theme::Mode::System);
}

} // namespace sandglass::ui
