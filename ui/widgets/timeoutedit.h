#pragma once

#include <QWidget>

class QComboBox;
class QSpinBox;

namespace sandglass::ui {

/// A number and its unit: seconds, minutes or hours.
class TimeoutEdit final : public QWidget
{
    Q_OBJECT
public:
    /// The number's field gets the name.
    explicit TimeoutEdit(const QString &objectName, QWidget *parent = nullptr);

    void setSeconds(int seconds); ///< in the largest unit that it is a whole number of
    [[nodiscard]] int seconds() const;

Q_SIGNALS:
    void changed();

private:
    QSpinBox *m_number;
    QComboBox *m_unit;
};

} // namespace sandglass::ui
