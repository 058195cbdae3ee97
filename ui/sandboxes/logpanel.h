#pragma once

#include <QWidget>

class QCheckBox;
class QLabel;
class QPushButton;

namespace sandglass::models {
class SandboxLogModel;
}

namespace sandglass::ui {

class LogView;
class SearchField;
class SegmentedControl;

/// The log of the selected sandbox: follows it, searches it, copies and saves it.
class LogPanel final : public QWidget
{
    Q_OBJECT
public:
    explicit LogPanel(models::SandboxLogModel &log, QWidget *parent = nullptr); ///< which must outlive it

Q_SIGNALS:
    void told(const QString &text); ///< "Copied 12 lines"

protected:
    void showEvent(QShowEvent *event) override;
    void hideEvent(QHideEvent *event) override;

private:
    void buildBar();
    void applyFilter();
    void update();
    void updatePlaceholder();
    void copy();
    void save();
    void write(const QString &path);

    models::SandboxLogModel &m_log;
    QWidget *m_bar = nullptr;
    SegmentedControl *m_levels = nullptr;
    SearchField *m_search = nullptr;
    QCheckBox *m_follow = nullptr;
    QPushButton *m_copy = nullptr;
    QPushButton *m_save = nullptr;
    LogView *m_view = nullptr;
    QLabel *m_words = nullptr;
};

} // namespace sandglass::ui
