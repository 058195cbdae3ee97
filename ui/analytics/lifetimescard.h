#pragma once

#include "ui/charts/lifetimechart.h"

#include <QWidget>

class QStackedWidget;
class QStandardItemModel;

namespace sandglass::models {
class Analytics;
}

namespace sandglass::ui {

class EmptyState;
class SegmentedControl;

/// How long the sandboxes lived that ended in the time window: as a chart, or as the table behind it.
class LifetimesCard final : public QWidget
{
    Q_OBJECT
public:
    explicit LifetimesCard(models::Analytics &analytics, QWidget *parent = nullptr);

private:
    void fill();
    void fillTable(const LifetimeChart::Counts &counts);

    models::Analytics &m_analytics;
    SegmentedControl *m_view;
    LifetimeChart *m_chart;
    QStandardItemModel *m_table;
    QStackedWidget *m_stack;
    EmptyState *m_empty = nullptr;
};

} // namespace sandglass::ui
