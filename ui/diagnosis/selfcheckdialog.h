#pragma once

#include <QDialog>

#include <vector>

class QLabel;
class QPushButton;

namespace sandglass::models {
class SelfCheck;
}

namespace sandglass::ui {

/// What a look at everything the program stands on has found: a line for each thing, with what to do. Looks when it
/// opens and whenever it is asked to.
class SelfCheckDialog final : public QDialog
{
    Q_OBJECT
public:
    /// `check` must outlive it.
    explicit SelfCheckDialog(models::SelfCheck &check, QWidget *parent = nullptr);

private:
    struct Line
    {
        QLabel *sign = nullptr;
        QLabel *sentence = nullptr;
        QLabel *remedy = nullptr;
    };
    [[nodiscard]] QWidget *buildLines();
    [[nodiscard]] QWidget *buildButtons();
    void update();

    models::SelfCheck &m_check;
    std::vector<Line> m_lines;
    QLabel *m_summary;
    QPushButton *m_again = nullptr;
    QPushButton *m_copy = nullptr;
};

} // namespace sandglass::ui
