#pragma once

#include "ui/widgets/celldelegate.h"

namespace sandglass::ui {

/// Rows of models::TemplateUsageModel.
class UsageDelegate final : public CellDelegate
{
    Q_OBJECT
public:
    using CellDelegate::CellDelegate;

protected:
    void paintCell(QPainter &painter, const QRect &area, const QModelIndex &index) const override;
};

} // namespace sandglass::ui
