#pragma once

#include "ui/widgets/celldelegate.h"

namespace sandglass::ui {

class CostDelegate final : public CellDelegate
{
    Q_OBJECT
public:
    /// `monoNames`: the first column holds ids.
    CostDelegate(bool monoNames, QObject *parent);

protected:
    void paintCell(QPainter &painter, const QRect &area, const QModelIndex &index) const override;

private:
    bool m_monoNames;
};

} // namespace sandglass::ui
