#pragma once

#include "ui/settings/section.h"

class QCheckBox;
class QLabel;
class QPushButton;

namespace sandglass::models {
class Settings;
}

namespace sandglass::ui {

/// Whether alerts are told as notifications of the desktop, and who shows them.
class NoticesSection final : public Section
{
    Q_OBJECT
public:
    NoticesSection(models::Settings &settings, QWidget *parent);

    /// `canTry`: there is somebody to ask.
    void setState(const QString &state, bool canTry);

Q_SIGNALS:
    void testRequested();

private:
    void update();

    models::Settings &m_settings;
    QCheckBox *m_enabled;
    QLabel *m_state = nullptr;
    QPushButton *m_test;
    bool m_canTry = false;
};

} // namespace sandglass::ui
