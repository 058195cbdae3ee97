#include "ui/refine/editortheme.h"

#include "ui/refine/scintilla.h"
#include "ui/theme/theme.h"

#include <QFontInfo>

namespace sandglass::ui {

namespace {

constexpr int annotationStyleNumber = 80; // above the lexer's and Scintilla's own styles

QFont editorFont()
{
    QFont font = Theme::monoFont(13);
    const qreal points = QFontInfo(font).pointSizeF(); // QScintilla ignores sizes in pixels
    font.setPointSizeF(points > 0 ? points : 10);
    return font;
}

QColor blend(const QColor &over, const QColor &under, qreal share)
{
    const auto mix = [share](int a, int b) { return static_cast<int>(a * share + b * (1 - share)); };
    return QColor(mix(over.red(), under.red()), mix(over.green(), under.green()), mix(over.blue(), under.blue()));
}

void setLexerColours(QsciLexerPython &lexer, const Tokens &t)
{
    const QColor keyword = t.series.value(4, t.accent);
    const QColor number = t.series.value(1, t.accent);
    const QColor string = t.series.value(2, t.run);
    lexer.setDefaultColor(t.text);
    lexer.setDefaultPaper(t.code);
    lexer.setDefaultFont(editorFont());
    lexer.setFont(editorFont(), -1);
    lexer.setPaper(t.code, -1);
    lexer.setColor(t.text, -1);
    for (int style : {int(QsciLexerPython::Comment), int(QsciLexerPython::CommentBlock)})
        lexer.setColor(t.faint, style);
    lexer.setColor(number, QsciLexerPython::Number);
    lexer.setColor(keyword, QsciLexerPython::Keyword);
    for (int style : {int(QsciLexerPython::DoubleQuotedString), int(QsciLexerPython::SingleQuotedString),
                      int(QsciLexerPython::TripleSingleQuotedString), int(QsciLexerPython::TripleDoubleQuotedString),
                      int(QsciLexerPython::DoubleQuotedFString), int(QsciLexerPython::SingleQuotedFString),
                      int(QsciLexerPython::TripleSingleQuotedFString), int(QsciLexerPython::TripleDoubleQuotedFString)})
        lexer.setColor(string, style);
    lexer.setColor(t.err, QsciLexerPython::UnclosedString);
    lexer.setEolFill(false, QsciLexerPython::UnclosedString);
    lexer.setColor(t.series.value(0, t.text), QsciLexerPython::FunctionMethodName);
    lexer.setColor(t.series.value(0, t.text), QsciLexerPython::ClassName);
    lexer.setColor(t.series.value(3, t.text), QsciLexerPython::Decorator);
}

void setFoldMarks(QsciScintilla &editor, const Tokens &t)
{
    using S = QsciScintillaBase;
    const auto define = [&editor](int marker, int symbol) {
        editor.SendScintilla(S::SCI_MARKERDEFINE, static_cast<unsigned long>(marker), static_cast<long>(symbol));
    };
    define(S::SC_MARKNUM_FOLDER, S::SC_MARK_ARROW);
    define(S::SC_MARKNUM_FOLDEROPEN, S::SC_MARK_ARROWDOWN);
    define(S::SC_MARKNUM_FOLDEREND, S::SC_MARK_ARROW);
    define(S::SC_MARKNUM_FOLDEROPENMID, S::SC_MARK_ARROWDOWN);
    for (int marker : {S::SC_MARKNUM_FOLDERSUB, S::SC_MARKNUM_FOLDERTAIL, S::SC_MARKNUM_FOLDERMIDTAIL})
        define(marker, S::SC_MARK_EMPTY);
    const QColor quiet = blend(t.faint, t.code, 0.55);
    for (int marker :
         {S::SC_MARKNUM_FOLDER, S::SC_MARKNUM_FOLDEROPEN, S::SC_MARKNUM_FOLDEREND, S::SC_MARKNUM_FOLDEROPENMID,
          S::SC_MARKNUM_FOLDERSUB, S::SC_MARKNUM_FOLDERTAIL, S::SC_MARKNUM_FOLDERMIDTAIL}) {
        // QsciScintilla's own setters leave these markers out.
        editor.SendScintilla(S::SCI_MARKERSETFORE, marker, quiet);
        editor.SendScintilla(S::SCI_MARKERSETBACK, marker, quiet);
    }
}

} // namespace

void applyEditorTheme(QsciScintilla &editor, QsciLexerPython &lexer)
{
    const Tokens &t = Theme::tokens();
    setLexerColours(lexer, t);
    editor.setPaper(t.code);
    editor.setColor(t.text);
    editor.setMarginsFont(editorFont());
    editor.setMarginsBackgroundColor(t.code);
    editor.setMarginsForegroundColor(t.faint);
    editor.setFoldMarginColors(t.code, t.code);
    editor.setCaretForegroundColor(t.accent);
    editor.setCaretLineBackgroundColor(blend(t.text, t.code, 0.045));
    editor.setSelectionBackgroundColor(blend(t.accent, t.code, t.isDark ? 0.30 : 0.24));
    editor.SendScintilla(QsciScintillaBase::SCI_SETSELFORE, 0UL, 0L); // keep the syntax colours inside a selection
    editor.setMatchedBraceForegroundColor(t.accent);
    editor.setMatchedBraceBackgroundColor(t.accentbg);
    editor.setUnmatchedBraceForegroundColor(t.err);
    editor.setUnmatchedBraceBackgroundColor(t.code);
    setFoldMarks(editor, t);
    editor.markerDefine(QsciScintilla::Background, errorMarker);
    editor.setMarkerBackgroundColor(blend(t.err, t.code, t.isDark ? 0.16 : 0.13), errorMarker);
}

QsciStyle errorAnnotationStyle()
{
    const Tokens &t = Theme::tokens();
    return QsciStyle(annotationStyleNumber, QStringLiteral("error"), t.code, t.code, editorFont());
}

} // namespace sandglass::ui
