#pragma once

#include "services/core/time.h"
#include "ui/sandboxes/worstcase.h"

#include <QDialog>
#include <QTimer>

#include <functional>
#include <optional>
#include <vector>

class QLabel;

namespace sandglass::ui {

class TimeoutEdit;

/// Asks how long paused sandboxes are to run on, and shows the end that they had beside the one that they will get,
/// and what that costs at most.
class ResumeDialog final : public QDialog
{
    Q_OBJECT
public:
    static constexpr int usualSeconds = 15 * 60;

    using Price = std::function<WorstCase(std::chrono::seconds)>; ///< of running all of them for that long

    /// `plannedEnds`: of each sandbox, as it was told last; empty: not known. `what` names them.
    ResumeDialog(std::vector<std::optional<Timestamp>> plannedEnds, const QString &what, Clock clock, Price price,
                 QWidget *parent = nullptr);

    [[nodiscard]] int seconds() const;

private:
    void update();
    [[nodiscard]] QString formerEnd(Timestamp now) const;

    std::vector<std::optional<Timestamp>> m_plannedEnds;
    Clock m_clock;
    Price m_price;
    TimeoutEdit *m_timeout;
    QLabel *m_former;
    QLabel *m_next;
    QLabel *m_cost;
    QTimer m_ticker; ///< the new end moves on with the clock
};

} // namespace sandglass::ui
