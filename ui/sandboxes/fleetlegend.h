#pragma once

#include <QWidget>

namespace sandglass::ui {

/// What the cells of a FleetMap mean, in one line.
class FleetLegend final : public QWidget
{
    Q_OBJECT
public:
    explicit FleetLegend(QWidget *parent = nullptr);
    [[nodiscard]] QSize sizeHint() const override;

protected:
    void paintEvent(QPaintEvent *event) override;
};

} // namespace sandglass::ui
