#pragma once

#include "services/core/time.h"

#include <QDialog>
#include <QTimer>

#include <optional>
#include <vector>

class QLabel;

namespace sandglass::ui {

class TimeoutEdit;

/// Asks how long paused sandboxes are to run on, and shows the end that they had beside the one that they will get.
class ResumeDialog final : public QDialog
{
    Q_OBJECT
public:
    static constexpr int usualSeconds = 15 * 60;

    /// `plannedEnds`: of each sandbox, as it was told last; empty: not known. `what` names them.
    ResumeDialog(std::vector<std::optional<Timestamp>> plannedEnds, const QString &what, Clock clock,
                 QWidget *parent = nullptr);

    [[nodiscard]] int seconds() const;

private:
    void update();
    [[nodiscard]] QString formerEnd(Timestamp now) const;

    std::vector<std::optional<Timestamp>> m_plannedEnds;
    Clock m_clock;
    TimeoutEdit *m_timeout;
    QLabel *m_former;
    QLabel *m_next;
    QTimer m_ticker; ///< the new end moves on with the clock
};

} // namespace sandglass::ui
