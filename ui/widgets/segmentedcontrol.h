#pragma once

#include <QButtonGroup>
#include <QWidget>

namespace sandglass::ui {

/// A row of joined buttons of which one is on: "1 h | 8 h | 24 h | 7 d".
class SegmentedControl final : public QWidget
{
    Q_OBJECT
public:
    SegmentedControl(const QStringList &segments, const QString &objectName, QWidget *parent = nullptr);
    void addSegment(const QString &text); ///< at the end
    [[nodiscard]] int currentIndex() const;
    void setCurrentIndex(int index);

Q_SIGNALS:
    void currentChanged(int index);

private:
    QButtonGroup m_buttons;
};

} // namespace sandglass::ui
