#pragma once

#include "models/timetravel/viewpoint.h"

#include <QList>
#include <QTimer>
#include <QWidget>

class QAction;
class QDateTimeEdit;
class QPushButton;

namespace sandglass::ui {

class Banner;
class TimeSlider;

/// The strip above the pages that goes back in time: what is looked at and the way back, a time to enter, a line over
/// the whole history, steps by event, minute, hour and day.
class TravelBar final : public QWidget
{
    Q_OBJECT
public:
    explicit TravelBar(models::Viewpoint &viewpoint, QWidget *parent = nullptr);

    void open();
    void close(); ///< back to now, too
    /// Whether the page beneath shows the chosen moment, or the present whatever is chosen.
    void setPageFollows(bool follows);
    /// For the menu: travel, back to now, the steps.
    [[nodiscard]] const QList<QAction *> &steps() const { return m_steps; }
    [[nodiscard]] QAction *openAction() const { return m_open; }
    [[nodiscard]] QAction *backAction() const { return m_back; }

Q_SIGNALS:
    void failed(const QString &sentence);

private:
    void buildRow();
    void buildActions();
    void addStep(const QString &text, const QKeySequence &keys, models::Viewpoint::Step step, int count);
    void update();
    void updateSentence();
    void updateActions();
    void goToEntry();

    models::Viewpoint &m_viewpoint;
    Banner *m_banner = nullptr;
    QWidget *m_row = nullptr;
    QDateTimeEdit *m_entry = nullptr;
    QPushButton *m_previous = nullptr;
    QPushButton *m_next = nullptr;
    TimeSlider *m_slider = nullptr;
    QAction *m_open = nullptr;
    QAction *m_back = nullptr;
    QList<QAction *> m_steps;
    QTimer m_clock; ///< the present moves on
    bool m_pageFollows = true;
    bool m_isPrepared = false;
};

} // namespace sandglass::ui
