#pragma once

#include "models/sandboxes/sandboxactions.h"
#include "ui/shell/page.h"

#include <QList>

class QAction;
class QModelIndex;
class QLabel;
class QPushButton;

namespace sandglass::models {
class OrphanListModel;
class SandboxListModel;
} // namespace sandglass::models

namespace sandglass::ui {

class CardSplitter;
class EmptyState;
class OrphanStrip;
class SandboxInspector;
class SandboxViews;
class SearchField;
class SegmentedControl;
class StartStrip;
class TableView;
class Toast;

/// Every sandbox with live state, age, cost and time left; pause, resume, extend and kill by hand. A kill waits five
/// seconds for Undo before it goes out.
class SandboxesPage final : public Page
{
    Q_OBJECT
public:
    SandboxesPage(models::SandboxListModel &sandboxes, models::SandboxActions &actions, QWidget *parent = nullptr);

    [[nodiscard]] QString title() const override { return tr("Sandboxes"); }
    [[nodiscard]] QString subtitle() const override;
    [[nodiscard]] QWidget *headerTools() override { return m_tools; }
    void focusSearch() override;
    /// Why sandboxes can neither be started nor changed from here; empty: they can.
    void setReadOnly(const QString &why);
    void settle(); ///< sends a kill that still waits for Undo
    /// Told of above the table, with a dialog to clean up. `orphans` must outlive the page.
    void setOrphans(models::OrphanListModel &orphans);
    void setStartStrip(StartStrip *strip); ///< above the table; becomes the page's
    /// Looks into the only one selected, below the table; becomes the page's.
    void setInspector(SandboxInspector *inspector);
    void showSandbox(const QString &sandboxId); ///< searches for it in every state, and selects it
    [[nodiscard]] QByteArray saveState() const override;
    void restoreState(const QByteArray &state) override;

Q_SIGNALS:
    void newSandboxRequested();

private:
    void buildTools();
    void buildBar();
    void buildViews();
    void buildActions();
    void applyFilter();
    void updateSelection();
    void shareRoom(); ///< between the table and the inspector
    void inspect(const QList<QModelIndex> &rows);
    void updateFormula();
    void updateCounts();
    void showMenu(const QPoint &globalPosition);
    void pauseSelected();
    void resumeSelected();
    void extendSelected();
    void killSelected();
    void copyIds();
    void onDone(models::SandboxActions::Verb verb, const QString &id, const Result<> &outcome);
    [[nodiscard]] QStringList selectedIds() const;
    [[nodiscard]] QList<QPushButton *> changers() const; ///< buttons that do something to sandboxes
    QAction *add(const QString &text, const QKeySequence &keys, void (SandboxesPage::*slot)());

    models::SandboxListModel &m_sandboxes;
    models::SandboxActions &m_sandboxActions;
    QWidget *m_tools = nullptr;
    SearchField *m_search = nullptr;
    QWidget *m_bar = nullptr;
    OrphanStrip *m_orphans = nullptr;
    SegmentedControl *m_view = nullptr; ///< table or map
    SegmentedControl *m_states = nullptr;
    QLabel *m_selected = nullptr;
    QLabel *m_detail = nullptr;  ///< of the only one selected, where there is something to say
    QLabel *m_formula = nullptr; ///< how the cost of the one selected comes about
    QPushButton *m_pause = nullptr;
    QPushButton *m_resume = nullptr;
    QPushButton *m_extend = nullptr;
    QPushButton *m_kill = nullptr;
    CardSplitter *m_splitter = nullptr;
    SandboxViews *m_views = nullptr;
    SandboxInspector *m_inspector = nullptr; ///< may be null
    TableView *m_table = nullptr;            ///< holds the selection, of the map too
    EmptyState *m_empty = nullptr;
    Toast *m_toast = nullptr;
    QPushButton *m_newSandbox = nullptr;
    QList<QAction *> m_changes; ///< actions that do something to sandboxes
    QString m_whyReadOnly;
    QStringList m_selection; ///< kept over model resets
};

} // namespace sandglass::ui
