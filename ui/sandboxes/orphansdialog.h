#pragma once

#include <QDialog>

class QComboBox;
class QLabel;
class QProgressBar;
class QPushButton;

namespace sandglass::models {
class OrphanListModel;
}

namespace sandglass::ui {

class TableView;

/// Sandboxes without a record: choose, look at the dry run, kill. It cannot be closed over a clean-up: closing stops
/// it, and it goes when the calls under way are answered.
class OrphansDialog final : public QDialog
{
    Q_OBJECT
public:
    explicit OrphansDialog(models::OrphanListModel &orphans, QWidget *parent = nullptr);

    void reject() override;

private:
    [[nodiscard]] QWidget *buildFilter();
    [[nodiscard]] QWidget *buildButtons();
    void applyFilter();
    void update();
    [[nodiscard]] QString summary() const;

    models::OrphanListModel &m_orphans;
    bool m_isLeaving = false;
    QLabel *m_heading;
    QWidget *m_filter;
    QComboBox *m_owner;
    QComboBox *m_age;
    QPushButton *m_all;
    QPushButton *m_none;
    TableView *m_table;
    QLabel *m_summary;
    QProgressBar *m_progress;
    QPushButton *m_close;
    QPushButton *m_back;
    QPushButton *m_dryRun;
    QPushButton *m_kill;
    QPushButton *m_stop;
};

} // namespace sandglass::ui
