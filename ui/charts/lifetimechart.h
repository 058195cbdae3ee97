#pragma once

#include "models/analytics/analysis.h"

#include <QWidget>

namespace sandglass::ui {

class ChartScale;

/// How many sandboxes lived how long: a bar for each step of models::lifetimeSteps, read-out under the pointer or by
/// arrow keys. The context menu saves picture and data.
class LifetimeChart final : public QWidget
{
    Q_OBJECT
public:
    using Counts = decltype(models::Analysis::lifetimes);

    LifetimeChart(const QString &name, const QString &objectName, QWidget *parent = nullptr);

    void setCounts(const Counts &counts);
    [[nodiscard]] const Counts &counts() const { return m_counts; }
    [[nodiscard]] int currentStep() const { return m_step; } ///< read out; -1: none

    /// RFC 4180 with a header: from_seconds, to_seconds (empty in the last row), sandboxes, share.
    [[nodiscard]] static QByteArray csv(const Counts &counts);
    [[nodiscard]] static QString edgeText(std::size_t step);  ///< "3 m"
    [[nodiscard]] static QString rangeText(std::size_t step); ///< "3 m to 10 m", "3 d and more"

    [[nodiscard]] QSize sizeHint() const override { return {480, 220}; }
    [[nodiscard]] QSize minimumSizeHint() const override { return {220, 140}; }

protected:
    void paintEvent(QPaintEvent *event) override;
    void contextMenuEvent(QContextMenuEvent *event) override;
    void mouseMoveEvent(QMouseEvent *event) override;
    void leaveEvent(QEvent *event) override;
    void keyPressEvent(QKeyEvent *event) override;

private:
    [[nodiscard]] ChartScale scale() const;
    [[nodiscard]] QRectF barArea(const ChartScale &chart, int step) const;
    void paintAxes(QPainter &painter, const ChartScale &chart) const;
    void paintReadOut(QPainter &painter, const ChartScale &chart) const;
    void setStep(int step);
    void describe();

    QString m_name;
    Counts m_counts{};
    int m_step = -1;
};

} // namespace sandglass::ui
