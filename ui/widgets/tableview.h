#pragma once

#include <QTableView>

#include <vector>

namespace sandglass::ui {

/// A table as the pages show it: rows of one height, no vertical header, whole rows selected, movable columns.
class TableView : public QTableView
{
    Q_OBJECT
public:
    explicit TableView(const QString &objectName, QWidget *parent = nullptr);

    /// Column widths in pixels, in order of the columns; -1 = takes what is left. `least`, where given: what a column
    /// needs at least. Where it would get less, columns that are wider than they need become narrower; when that does
    /// not do, the table scrolls. 0 = as wide as set.
    void setColumnWidths(const QList<int> &widths, const QList<int> &least = {});
    /// Columns that are hidden, the first one first, where there is no room for all: what they tell stands elsewhere,
    /// too. Together with `least`.
    void setOptionalColumns(const QList<int> &columns);
    void fixHeight(int rows); ///< as high as the header and so many rows
    [[nodiscard]] QByteArray saveColumns();
    void restoreColumns(const QByteArray &state);

protected:
    void resizeEvent(QResizeEvent *event) override;

private:
    void fit();
    void hideOptional();
    void setWidths(const std::vector<int> &widths);

    std::vector<int> m_wanted; ///< -1: takes what is left
    std::vector<int> m_least;  ///< empty: the header sees to the widths
    QList<int> m_optional;
    bool m_isFitting = false;
};

} // namespace sandglass::ui
