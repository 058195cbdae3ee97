#pragma once

#include "ui/settings/section.h"

class QLabel;

namespace sandglass::models {
class Settings;
}

namespace sandglass::ui {

/// The icon in the tray, and what closing the window means while it is there.
class TraySection final : public Section
{
    Q_OBJECT
public:
    TraySection(models::Settings &settings, QWidget *parent);

    void setState(const QString &state);

private:
    QLabel *m_state = nullptr;
};

} // namespace sandglass::ui
