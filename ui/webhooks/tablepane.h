#pragma once

#include <QStackedWidget>

namespace sandglass::ui {

class EmptyState;
class TableView;

/// The middle of a panel: a table in a card, one row of which can be chosen, or while it holds nothing, words in its
/// place.
class TablePane final : public QStackedWidget
{
    Q_OBJECT
public:
    TablePane(TableView *table, EmptyState *empty); ///< takes both

    void showTable(bool hasRows);
    [[nodiscard]] int currentRow() const; ///< -1: none
    /// A right click on the chosen row opens a menu of what `owner` has for actions.
    void offerActionsOf(QWidget &owner);

private:
    TableView *m_table;
};

} // namespace sandglass::ui
