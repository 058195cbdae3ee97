#pragma once

#include "ui/shell/page.h"

class QHBoxLayout;

namespace sandglass::models {
class CostTableModel;
class LiveSeries;
class TimeWindow;
} // namespace sandglass::models

namespace sandglass::ui {

class SegmentedControl;
class TimeChart;

/// What the window cost: over time, by template and by sandbox.
class CostsPage final : public Page
{
    Q_OBJECT
public:
    CostsPage(models::TimeWindow &window, models::LiveSeries &series, models::CostTableModel &byTemplate,
              models::CostTableModel &bySandbox, QWidget *parent = nullptr);

    void showForecast(QWidget *card); ///< beside the chart; once; takes ownership

    [[nodiscard]] QString title() const override { return tr("Costs"); }
    [[nodiscard]] bool isCurrent() const final;
    [[nodiscard]] QString subtitle() const override;
    [[nodiscard]] QWidget *headerTools() override { return m_tools; }
    void refresh() override;
    [[nodiscard]] QByteArray saveState() const override;
    void restoreState(const QByteArray &state) override;

protected:
    void showEvent(QShowEvent *event) override;
    void hideEvent(QHideEvent *event) override;
    void resizeEvent(QResizeEvent *event) override;

private:
    void buildTools();
    QWidget *buildTable(models::CostTableModel &model, const QString &title, const QString &objectName, bool monoNames);
    void arrangeTables(); ///< side by side where both have room, else the chosen one alone
    void updateChart();
    void exportCsv();
    void writeCsv(const QString &path);

    models::TimeWindow &m_window;
    models::LiveSeries &m_series;
    models::CostTableModel &m_byTemplate;
    models::CostTableModel &m_bySandbox;
    QWidget *m_tools = nullptr;
    SegmentedControl *m_grouping = nullptr;
    QWidget *m_templates = nullptr;
    QWidget *m_sandboxes = nullptr;
    QHBoxLayout *m_charts = nullptr;
    TimeChart *m_chart = nullptr;
};

} // namespace sandglass::ui
