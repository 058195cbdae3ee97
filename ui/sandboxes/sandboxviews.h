#pragma once

#include <QStackedWidget>

namespace sandglass::models {
class SandboxListModel;
}

namespace sandglass::ui {

class EmptyState;
class FleetMap;
class TableView;

/// Sandboxes as a table or as a map, with one selection; or in words why there are none.
class SandboxViews final : public QStackedWidget
{
    Q_OBJECT
public:
    enum class View { Table, Map };

    explicit SandboxViews(models::SandboxListModel &sandboxes, QWidget *parent = nullptr);

    void setView(View view);
    [[nodiscard]] View view() const { return m_view; }
    [[nodiscard]] TableView *table() const { return m_table; } ///< holds the selection of both
    [[nodiscard]] EmptyState *empty() const { return m_empty; }
    void setEmpty(bool isEmpty);
    void showRow(int row); ///< scrolls to it

Q_SIGNALS:
    void menuRequested(const QPoint &globalPosition);

private:
    void buildTable();
    void buildMap();
    void choose();

    models::SandboxListModel &m_sandboxes;
    View m_view = View::Table;
    bool m_isEmpty = false;
    TableView *m_table = nullptr;
    FleetMap *m_map = nullptr;
    EmptyState *m_empty = nullptr;
};

} // namespace sandglass::ui
