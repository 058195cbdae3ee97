#pragma once

#include <QWidget>

class QCheckBox;
class QComboBox;
class QLabel;
class QLineEdit;
class QPushButton;
class QSpinBox;

namespace sandglass::models {
class GuardDesk;
}

namespace sandglass::ui {

/// From when on a sandbox counts as forgotten, and what happens then. Changes take effect with Apply.
class RunawayCard final : public QWidget
{
    Q_OBJECT
public:
    explicit RunawayCard(models::GuardDesk &desk, QWidget *parent = nullptr);

Q_SIGNALS:
    void applied();

private:
    void makeFields();
    void layOut();
    void fill();
    void apply();
    void updateState();
    void markEdited();

    models::GuardDesk &m_desk;
    QLineEdit *m_threshold = nullptr;
    QLineEdit *m_perTemplate = nullptr;
    QComboBox *m_response = nullptr;
    QCheckBox *m_dryRun = nullptr;
    QSpinBox *m_grace = nullptr;
    QLineEdit *m_exceptions = nullptr;
    QPushButton *m_apply = nullptr;
    QLabel *m_state = nullptr;
    QLabel *m_problem = nullptr;
};

} // namespace sandglass::ui
