#pragma once

#include "models/runs/attemptsmodel.h"

#include <QFrame>

#include <array>

class QPushButton;
class QStackedWidget;

namespace sandglass::models {
class OutputModel;
}

namespace sandglass::ui {

class DiffView;
class ElidedLabel;
class OutputView;
class ResultsView;

/// Below the editor: Output, Results, Diff, and the line that says where the code runs.
class OutputPanel final : public QFrame
{
    Q_OBJECT
public:
    enum Tab { OutputTab, ResultsTab, DiffTab, TabCount };
    explicit OutputPanel(QWidget *parent = nullptr);

    void setLiveOutput(models::OutputModel *model);
    /// Output, results and difference of one attempt; the live output while it runs.
    void showAttempt(const models::AttemptRow &attempt, bool isNewest);
    void setResults(const std::vector<e2b::ExecutionResult> &results);
    void setStateLine(const QString &text);
    void setTab(Tab tab);
    [[nodiscard]] Tab tab() const;

protected:
    void paintEvent(QPaintEvent *event) override;

private:
    void buildTabs();

    std::array<QPushButton *, TabCount> m_tabs;
    QStackedWidget *m_stack;
    OutputView *m_output;
    ResultsView *m_results;
    DiffView *m_diff;
    ElidedLabel *m_state;
    models::OutputModel *m_live = nullptr;
    models::OutputModel *m_past; ///< output of an older attempt
};

} // namespace sandglass::ui
