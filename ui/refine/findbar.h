#pragma once

#include <QWidget>

class QLabel;
class QLineEdit;

namespace sandglass::ui {

class CodeEditor;

/// Ctrl+F of the editor: Enter next, Shift+Enter previous, Esc closes.
class FindBar final : public QWidget
{
    Q_OBJECT
public:
    FindBar(CodeEditor &editor, QWidget *parent);
    void open(); ///< with the selection as first text

protected:
    void keyPressEvent(QKeyEvent *event) override;

private:
    void find(bool forward);
    void close();

    CodeEditor &m_editor;
    QLineEdit *m_text;
    QLabel *m_state;
};

} // namespace sandglass::ui
