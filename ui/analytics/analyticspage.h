#pragma once

#include "services/core/result.h"
#include "ui/shell/page.h"

#include <vector>

class QBoxLayout;
class QComboBox;
class QLabel;
class QPushButton;
class QSpinBox;
class QStackedWidget;

namespace sandglass::models {
class Analytics;
class TemplateUsageModel;
class TimeWindow;
} // namespace sandglass::models

namespace sandglass::ui {

class EmptyState;
class RunsCard;
class SearchField;
class StatTile;
class TableView;
class TimeChart;

/// How sandboxes are used within the time window, all of them or those of some templates: figures, how many at once
/// against a limit, starts, templates, lifetimes, and what the same runs would have cost otherwise.
class AnalyticsPage final : public Page
{
    Q_OBJECT
public:
    AnalyticsPage(models::Analytics &analytics, models::TimeWindow &window, models::TemplateUsageModel &usage,
                  QWidget *parent = nullptr);

    [[nodiscard]] QString title() const override { return tr("Analytics"); }
    [[nodiscard]] bool isCurrent() const final;
    [[nodiscard]] QString subtitle() const override;
    [[nodiscard]] QWidget *headerTools() override { return m_tools; }
    void focusSearch() override;
    void refresh() override;
    [[nodiscard]] QByteArray saveState() const override; ///< the limit line
    void restoreState(const QByteArray &state) override;
    /// The table of templates as CSV, amounts with every digit.
    [[nodiscard]] QByteArray usageCsv() const;

protected:
    void showEvent(QShowEvent *event) override;
    void hideEvent(QHideEvent *event) override;
    void resizeEvent(QResizeEvent *event) override; ///< cards side by side, or one below the other

private:
    void buildTools();
    [[nodiscard]] QWidget *buildTiles();
    [[nodiscard]] QWidget *buildConcurrency();
    [[nodiscard]] QWidget *buildStarts();
    [[nodiscard]] QWidget *buildUsage();
    void filterBy(const QString &pattern);
    void updateAll();
    void updateTiles();
    void updateCharts();
    void updateUsage();
    void updateLimit();
    void exportUsage();

    models::Analytics &m_analytics;
    models::TimeWindow &m_window;
    models::TemplateUsageModel &m_usage;
    QWidget *m_tools = nullptr;
    SearchField *m_filter = nullptr;
    QLabel *m_problem = nullptr;
    std::vector<QBoxLayout *> m_rows;
    StatTile *m_created = nullptr;
    StatTile *m_killed = nullptr;
    StatTile *m_lifetime = nullptr;
    StatTile *m_concurrent = nullptr;
    StatTile *m_failures = nullptr;
    StatTile *m_early = nullptr;
    TimeChart *m_concurrency = nullptr;
    QComboBox *m_plan = nullptr; ///< none, cost::listPlans(), a number of one's own
    QSpinBox *m_ownLimit = nullptr;
    TimeChart *m_starts = nullptr;
    RunsCard *m_runs = nullptr;
    QStackedWidget *m_usageStack = nullptr;
    TableView *m_table = nullptr;
    EmptyState *m_usageEmpty = nullptr;
    QPushButton *m_allTemplates = nullptr;
    QPushButton *m_export = nullptr;
};

} // namespace sandglass::ui
