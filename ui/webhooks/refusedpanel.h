#pragma once

#include "services/core/result.h"

#include <QWidget>

class QLabel;
class QPushButton;

namespace sandglass::models {
class QuarantineModel;
}

namespace sandglass::ui {

class DetailsLabel;
class TablePane;
class TableView;
class Toast;

/// The deliveries this receiver refused, with the doctor's word: what is wrong and what to do. One can be judged again,
/// copied as a command, or forgotten; forgetting all waits five seconds for Undo.
class RefusedPanel final : public QWidget
{
    Q_OBJECT
public:
    explicit RefusedPanel(models::QuarantineModel &quarantine, QWidget *parent = nullptr);
    void settle(); ///< forgets what still waits for Undo

Q_SIGNALS:
    void toast(const QString &text);

private:
    [[nodiscard]] QWidget *buildBar();
    void updateState();
    void updateSelection();
    void copyCurl();
    void clear();
    void onRetried(const Result<bool> &outcome);
    [[nodiscard]] qint64 currentId() const; ///< 0 = none

    models::QuarantineModel &m_quarantine;
    QPushButton *m_retry = nullptr;
    QPushButton *m_curl = nullptr;
    QPushButton *m_remove = nullptr;
    QPushButton *m_clear = nullptr;
    QLabel *m_skipped = nullptr;
    TablePane *m_pane = nullptr;
    TableView *m_table = nullptr;
    DetailsLabel *m_details = nullptr;
    Toast *m_toast = nullptr;
    qint64 m_selected = 0; ///< kept over model resets
};

} // namespace sandglass::ui
