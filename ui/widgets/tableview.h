#pragma once

#include <QTableView>

namespace sandglass::ui {

/// A table as the pages show it: rows of one height, no vertical header, whole rows selected, movable columns.
class TableView : public QTableView
{
    Q_OBJECT
public:
    explicit TableView(const QString &objectName, QWidget *parent = nullptr);

    /// Column widths in pixels, in order of the columns; -1 = takes what is left.
    void setColumnWidths(const QList<int> &widths);
    void fixHeight(int rows); ///< as high as the header and so many rows
    [[nodiscard]] QByteArray saveColumns() const;
    void restoreColumns(const QByteArray &state);
};

} // namespace sandglass::ui
