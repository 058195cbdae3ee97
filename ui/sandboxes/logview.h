#pragma once

#include "ui/widgets/lineview.h"

namespace sandglass::models {
class SandboxLogModel;
}

namespace sandglass::ui {

/// The entries of a SandboxLogModel: time, where they come from, message; those of level warn and error coloured and
/// marked by a word.
class LogView final : public LineView
{
    Q_OBJECT
public:
    explicit LogView(models::SandboxLogModel &log, QWidget *parent = nullptr); ///< which must outlive it

Q_SIGNALS:
    void topReached(); ///< somebody has scrolled to the oldest

protected:
    void write(QTextCursor &cursor, int row) override;
    [[nodiscard]] QString textOf(int row) const override;

private:
    models::SandboxLogModel &m_log;
};

} // namespace sandglass::ui
