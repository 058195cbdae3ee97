#pragma once

#include "ui/widgets/lineview.h"

namespace sandglass::models {
class OutputModel;
}

namespace sandglass::ui {

/// The lines of an OutputModel, each with its muted [stdout] or [stderr].
class OutputView final : public LineView
{
    Q_OBJECT
public:
    explicit OutputView(QWidget *parent = nullptr);
    void setModel(models::OutputModel *model); ///< null: empty. The model must outlive the view or be taken away

protected:
    void write(QTextCursor &cursor, int row) override;

private:
    models::OutputModel *m_model = nullptr;
};

} // namespace sandglass::ui
