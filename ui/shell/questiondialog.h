#pragma once

#include <QDialog>

#include <functional>

class QHBoxLayout;
class QPushButton;

namespace sandglass::ui {

/// One question with a button for each answer. Shown with open(); deletes itself when it is answered.
class QuestionDialog final : public QDialog
{
    Q_OBJECT
public:
    QuestionDialog(const QString &title, const QString &question, const QString &explanation, QWidget *parent);

    /// From left to right; takes ownership. The dialog is gone from the screen when `onChosen` runs. Escape and the
    /// title bar choose the answer without `onChosen`.
    void addAnswer(QPushButton *button, std::function<void()> onChosen = {});

private:
    QHBoxLayout *m_buttons;
};

} // namespace sandglass::ui
