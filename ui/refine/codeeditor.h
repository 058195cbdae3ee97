#pragma once

#include "ui/refine/scintilla.h"

#include <QString>

#include <optional>

namespace sandglass::ui {

class ErrorBox;

/// A fault at a line of the text: what the box below the line says.
struct ErrorMark
{
    int line = 0; ///< from 0
    QString name; ///< "ModuleNotFoundError"
    QString message;
    friend bool operator==(const ErrorMark &, const ErrorMark &) = default;
};

/// The Python editor: QScintilla in the colours of the theme, with one error mark at a time.
class CodeEditor final : public QsciScintilla
{
    Q_OBJECT
public:
    explicit CodeEditor(QWidget *parent = nullptr);
    ~CodeEditor() override;

    void loadCode(const QString &code);    ///< a new subject: the undo history starts empty
    void replaceCode(const QString &code); ///< one undoable step; does nothing when equal

    void showError(const ErrorMark &mark);
    void clearError();
    [[nodiscard]] const std::optional<ErrorMark> &error() const { return m_error; }

    void resetZoom();
    /// Next occurrence from the caret, wrapping around; false when there is none.
    bool findText(const QString &text, bool forward);

Q_SIGNALS:
    void codeEdited(); ///< by the person, by undo or by replaceCode
    void tracebackRequested();
    void filesDropped(const QString &path);

protected:
    bool event(QEvent *event) override;
    void resizeEvent(QResizeEvent *event) override;
    void dragEnterEvent(QDragEnterEvent *event) override;
    void dropEvent(QDropEvent *event) override;

private:
    void configure();
    void applyTheme();
    void onTextChanged();
    void placeErrorBox();
    void updateLineNumberWidth();
    void applyFix();

    QsciLexerPython *m_lexer;
    ErrorBox *m_box;
    std::optional<ErrorMark> m_error;
    int m_errorHandle = -1; ///< Scintilla's handle of the marker: follows the line while text above it changes
    bool m_loading = false;
};

/// "if n <= 1" after a SyntaxError "expected ':'" -> "if n <= 1:"; a line that imports a missing module -> empty.
/// No value when no safe one-line remedy is known.
struct LineFix
{
    QString label;                  ///< the verb on the button
    std::optional<QString> newLine; ///< empty: remove the line
};
[[nodiscard]] std::optional<LineFix> fixFor(const ErrorMark &mark, const QString &line);

} // namespace sandglass::ui
