#pragma once

#include "ui/settings/section.h"

namespace sandglass::models {
class Settings;
}

namespace sandglass::ui {

/// What is looked after when a person pauses and resumes.
class PauseSection final : public Section
{
    Q_OBJECT
public:
    PauseSection(models::Settings &settings, QWidget *parent);
};

} // namespace sandglass::ui
