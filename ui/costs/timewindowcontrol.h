#pragma once

#include <QWidget>

class QPushButton;

namespace sandglass::models {
class TimeWindow;
}

namespace sandglass::ui {

class SegmentedControl;

/// "1 h | 8 h | Today | 24 h | 7 d | 30 d | 90 d": how far back the linked charts and tables look. A selected stretch
/// stands beside it as a button that goes back to the whole.
class TimeWindowControl final : public QWidget
{
    Q_OBJECT
public:
    TimeWindowControl(models::TimeWindow &window, const QString &objectName, QWidget *parent = nullptr);

private:
    void update();

    models::TimeWindow &m_window;
    SegmentedControl *m_lengths;
    QPushButton *m_selection;
};

} // namespace sandglass::ui
