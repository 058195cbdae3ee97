#pragma once

#include "ui/settings/section.h"

class QComboBox;

namespace sandglass::models {
class Settings;
}

namespace sandglass::ui {

class TimeoutEdit;

/// What New sandbox offers first.
class NewSandboxSection final : public Section
{
    Q_OBJECT
public:
    NewSandboxSection(models::Settings &settings, QWidget *parent);

private:
    void update();

    models::Settings &m_settings;
    TimeoutEdit *m_timeout;
    QComboBox *m_onTimeout;
};

} // namespace sandglass::ui
