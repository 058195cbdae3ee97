#pragma once

#include "ui/settings/section.h"

class QComboBox;

namespace sandglass::models {
class Settings;
}

namespace sandglass::ui {

/// How long events stay in the journal.
class HistorySection final : public Section
{
    Q_OBJECT
public:
    HistorySection(models::Settings &settings, QWidget *parent);

private:
    void show(int days);

    QComboBox *m_keep;
};

} // namespace sandglass::ui
