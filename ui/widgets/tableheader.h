#pragma once

#include <QHeaderView>

namespace sandglass::ui {

/// The header of a TableView: titles stand above their columns' text, at its edge, and the arrow of the order beside
/// its title.
class TableHeader final : public QHeaderView
{
    Q_OBJECT
public:
    explicit TableHeader(QWidget *parent = nullptr);

protected:
    void paintSection(QPainter *painter, const QRect &rect, int logicalIndex) const override;
    [[nodiscard]] QSize sectionSizeFromContents(int logicalIndex) const override;
};

} // namespace sandglass::ui
