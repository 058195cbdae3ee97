#pragma once

#include "ui/shell/page.h"

class QLabel;
class QStackedWidget;

namespace sandglass::models {
class TimelineModel;
class TimeWindow;
} // namespace sandglass::models

namespace sandglass::ui {

class EmptyState;
class TimelineView;

/// When each sandbox ran, paused and ended, side by side over the time window.
class TimelinePage final : public Page
{
    Q_OBJECT
public:
    TimelinePage(models::TimeWindow &window, models::TimelineModel &model, QWidget *parent = nullptr);

    [[nodiscard]] QString title() const override { return tr("Timeline"); }
    [[nodiscard]] bool isCurrent() const final;
    [[nodiscard]] QString subtitle() const override;
    [[nodiscard]] QWidget *headerTools() override { return m_tools; }
    [[nodiscard]] QByteArray saveState() const override; ///< the height of lanes
    void restoreState(const QByteArray &state) override;

Q_SIGNALS:
    void sandboxActivated(const QString &sandboxId); ///< wants to be seen in the table

protected:
    void showEvent(QShowEvent *event) override;
    void hideEvent(QHideEvent *event) override;

private:
    void buildTools();
    QWidget *buildCard();
    void onChanged();

    models::TimeWindow &m_window;
    models::TimelineModel &m_model;
    QWidget *m_tools = nullptr;
    QStackedWidget *m_stack = nullptr;
    EmptyState *m_empty = nullptr;
    TimelineView *m_view = nullptr;
    QLabel *m_leftOut = nullptr;
};

} // namespace sandglass::ui
