#pragma once

#include "ui/settings/section.h"

class QComboBox;
class QFormLayout;
class QLabel;
class QLineEdit;

namespace sandglass::models {
class Settings;
}

namespace sandglass::ui {

/// System, light or dark, time zone and currency; applied at once.
class AppearanceSection final : public Section
{
    Q_OBJECT
public:
    AppearanceSection(models::Settings &settings, QWidget *parent);

private:
    void buildZone(models::Settings &settings, QFormLayout &form);

    QComboBox *m_theme;
    void buildCurrency(models::Settings &settings, QFormLayout &form);
    void takeCurrency(models::Settings &settings);

    QComboBox *m_zone;
    QComboBox *m_currency = nullptr;
    QLineEdit *m_rate = nullptr;
    QLabel *m_currencyProblem = nullptr;
};

/// Brings the theme in line with the setting; at start and whenever it changes.
void applyAppearance(const models::Settings &settings);
/// The same for the time zone. What is painted already follows as it is painted anew.
void applyTimeZone(const models::Settings &settings);
/// The same for the currency; dollars where what is stored makes no sense.
void applyCurrency(const models::Settings &settings);

} // namespace sandglass::ui
