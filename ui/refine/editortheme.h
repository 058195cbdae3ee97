#pragma once

class QsciLexerPython;
class QsciScintilla;
class QsciStyle;

namespace sandglass::ui {

inline constexpr int errorMarker = 8; ///< marker number of the failing line

/// Sets every colour and font of the editor from the theme's tokens: lexer styles, margins, caret, selection, fold
/// marks, error marker. Colours must be set on the lexer, since it resets the styles of the widget.
void applyEditorTheme(QsciScintilla &editor, QsciLexerPython &lexer);

/// The annotation below a failing line; invisible text on the editor's paper, since the error box lies over it.
[[nodiscard]] QsciStyle errorAnnotationStyle();

} // namespace sandglass::ui
