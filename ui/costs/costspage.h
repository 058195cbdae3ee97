#pragma once

#include "ui/shell/page.h"

class QComboBox;
class QHBoxLayout;
class QLabel;

namespace sandglass::models {
class CostTableModel;
class LiveSeries;
class TimeWindow;
} // namespace sandglass::models

namespace sandglass::ui {

class Card;
class SegmentedControl;
class TableView;
class TimeChart;

/// What the window cost: over time, by template and by sandbox.
class CostsPage final : public Page
{
    Q_OBJECT
public:
    CostsPage(models::TimeWindow &window, models::LiveSeries &series, models::CostTableModel &byTemplate,
              models::CostTableModel &bySandbox, QWidget *parent = nullptr);

    void showForecast(QWidget *card); ///< beside the chart; once; takes ownership
    /// Lets the person choose days in place of templates; once, before offerMetadata().
    void offerDays(models::CostTableModel &byDay);
    /// Lets the person choose a metadata key in place of templates; once.
    void offerMetadata(models::CostTableModel &byMetadata);

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
    void arrangeTables(); ///< side by side where both have room, else the chosen one alone
    [[nodiscard]] Card *buildTable(models::CostTableModel &model, const QString &title, const QString &objectName,
                                   bool monoNames);
    void tellReading(Card &card, const models::CostTableModel &model);
    void updateChart();
    void updateFigures();
    void updateGroupings();
    void chooseGrouping();
    [[nodiscard]] bool showsDays() const;
    void exportCsv();
    void writeCsv(const QString &path);

    models::TimeWindow &m_window;
    models::LiveSeries &m_series;
    models::CostTableModel &m_byTemplate;
    models::CostTableModel &m_bySandbox;
    QWidget *m_tools = nullptr;
    SegmentedControl *m_tables = nullptr; ///< which one a narrow window shows
    QHBoxLayout *m_charts = nullptr;
    TimeChart *m_chart = nullptr;
    QLabel *m_figures = nullptr;
    TableView *m_groupTable = nullptr; ///< by template, or by a metadata key
    Card *m_groupCard = nullptr;
    Card *m_sandboxCard = nullptr;
    QComboBox *m_grouping = nullptr; ///< the key as data; none = by template or day
    models::CostTableModel *m_byDay = nullptr;
    models::CostTableModel *m_byMetadata = nullptr;
    bool m_wantsDays = false; ///< of the last time, until it can be chosen
    QString m_wantedKey;      ///< of the last time, until it has been seen
};

} // namespace sandglass::ui
