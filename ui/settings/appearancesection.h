#pragma once

#include "ui/settings/section.h"

class QComboBox;

namespace sandglass::models {
class Settings;
}

namespace sandglass::ui {

/// System, light or dark; applied at once.
class AppearanceSection final : public Section
{
    Q_OBJECT
public:
    AppearanceSection(models::Settings &settings, QWidget *parent);

private:
    QComboBox *m_theme;
};

/// Brings the theme in line with the setting; at start and whenever it changes.
void applyAppearance(const models::Settings &settings);

} // namespace sandglass::ui
