#include "ui/refine/codeeditor.h"

#include "ui/refine/editortheme.h"
#include "ui/refine/errorbox.h"
#include "ui/theme/theme.h"

#include <QDragEnterEvent>
#include <QKeyEvent>
#include <QMimeData>
#include <QRegularExpression>
#include <QScrollBar>
#include <QUrl>

namespace sandglass::ui {

namespace {

constexpr int numberMargin = 0;
constexpr int foldMargin = 2;
constexpr int annotationLines = 4; // blank lines under the failing line; the box lies over them

QString withLineFeeds(QString text)
{
    text.replace(QStringLiteral("\r\n"), QStringLiteral("\n"));
    return text;
}

} // namespace

CodeEditor::CodeEditor(QWidget *parent)
    : QsciScintilla(parent), m_lexer(new QsciLexerPython(this)), m_box(new ErrorBox(viewport()))
{
    setObjectName(QStringLiteral("codeEditor"));
    setAccessibleName(tr("Code"));
    configure();
    applyTheme();
    m_box->hide();
    connect(this, &QsciScintilla::textChanged, this, &CodeEditor::onTextChanged);
    connect(this, &QsciScintilla::linesChanged, this, &CodeEditor::updateLineNumberWidth);
    connect(this, &QsciScintillaBase::SCN_UPDATEUI, this, &CodeEditor::placeErrorBox);
    connect(this, &QsciScintillaBase::SCN_PAINTED, this, &CodeEditor::placeErrorBox);
    connect(this, &QsciScintillaBase::SCN_ZOOM, this, [this] {
        updateLineNumberWidth();
        placeErrorBox();
    });
    connect(m_box, &ErrorBox::fixRequested, this, &CodeEditor::applyFix);
    connect(m_box, &ErrorBox::tracebackRequested, this, &CodeEditor::tracebackRequested);
    if (Theme *theme = Theme::instance())
        connect(theme, &Theme::changed, this, &CodeEditor::applyTheme);
}

CodeEditor::~CodeEditor()
{
    disconnect(); // QScintilla still sends notifications while its base goes down
}

void CodeEditor::configure()
{
    setUtf8(true);
    setEolMode(EolUnix);
    setFrameShape(QFrame::NoFrame);
    setLexer(m_lexer);
    setAutoIndent(true);
    setIndentationsUseTabs(false);
    setIndentationWidth(4);
    setTabWidth(4);
    setTabIndents(true);
    setBackspaceUnindents(true);
    setBraceMatching(SloppyBraceMatch);
    setCaretLineVisible(true);
    setCaretWidth(2);
    setMarginType(numberMargin, NumberMargin);
    setMarginWidth(1, 0);
    setMarginSensitivity(foldMargin, true);
    setFolding(PlainFoldStyle, foldMargin);
    setMarginWidth(foldMargin, 14);
    setAnnotationDisplay(AnnotationStandard);
    setScrollWidth(1);
    setScrollWidthTracking(true);
    SendScintilla(SCI_SETEXTRAASCENT, 2);
    SendScintilla(SCI_SETEXTRADESCENT, 2);
    SendScintilla(SCI_SETMULTIPLESELECTION, 1);
    SendScintilla(SCI_SETADDITIONALSELECTIONTYPING, 1);
    SendScintilla(SCI_SETENDATLASTLINE, 0);
    SendScintilla(SCI_SETMARGINLEFT, 0L, 8L);
    const QKeyCombination redo = Qt::CTRL | Qt::SHIFT | Qt::Key_Z; // besides Ctrl+Y
    standardCommands()->find(QsciCommand::Redo)->setAlternateKey(redo.toCombined());
}

void CodeEditor::applyTheme()
{
    applyEditorTheme(*this, *m_lexer);
    updateLineNumberWidth();
    if (m_error)
        showError(ErrorMark(*m_error));
}

void CodeEditor::updateLineNumberWidth()
{
    setMarginWidth(numberMargin, QStringLiteral("  ") + QString::number(std::max(lines(), 99)));
}

void CodeEditor::loadCode(const QString &code)
{
    clearError();
    m_loading = true;
    setText(withLineFeeds(code));
    SendScintilla(SCI_EMPTYUNDOBUFFER);
    m_loading = false;
    Q_EMIT codeEdited();
}

void CodeEditor::replaceCode(const QString &code)
{
    const QString replacement = withLineFeeds(code);
    if (replacement == text())
        return;
    int line = 0;
    int column = 0;
    getCursorPosition(&line, &column);
    const int top = firstVisibleLine();
    m_loading = true; // the editor tells of the text between, which is empty
    beginUndoAction();
    selectAll();
    replaceSelectedText(replacement);
    endUndoAction();
    m_loading = false;
    onTextChanged();
    line = std::min(line, lines() - 1);
    setCursorPosition(line, std::min(column, lineLength(line)));
    setFirstVisibleLine(top);
}

void CodeEditor::onTextChanged()
{
    if (m_loading)
        return;
    clearError();
    Q_EMIT codeEdited();
}

void CodeEditor::showError(const ErrorMark &mark)
{
    clearError();
    const int line = std::clamp(mark.line, 0, std::max(lines() - 1, 0));
    m_error = ErrorMark{line, mark.name, mark.message};
    m_errorHandle = markerAdd(line, errorMarker);
    const QString reserved =
        mark.name % QStringLiteral(": ") % mark.message.simplified().left(200) % QString(annotationLines - 1, u'\n');
    annotate(line, reserved, errorAnnotationStyle());
    const auto fix = fixFor(*m_error, text(line));
    m_box->setError(mark.name, mark.message, fix ? fix->label : QString());
    if (isVisible())
        ensureLineVisible(line);
    placeErrorBox();
}

void CodeEditor::clearError()
{
    if (!m_error)
        return;
    m_error.reset();
    markerDeleteHandle(m_errorHandle);
    clearAnnotations();
    m_box->hide();
}

void CodeEditor::placeErrorBox()
{
    if (!m_error) {
        m_box->hide();
        return;
    }
    const auto position = SendScintilla(SCI_POSITIONFROMLINE, m_error->line);
    const int textHeight = static_cast<int>(SendScintilla(SCI_TEXTHEIGHT, m_error->line));
    const int x = static_cast<int>(SendScintilla(SCI_POINTXFROMPOSITION, 0UL, position));
    const int y = static_cast<int>(SendScintilla(SCI_POINTYFROMPOSITION, 0UL, position)) + textHeight;
    const int room = textHeight * annotationLines;
    const int height = std::min(std::max(m_box->sizeHint().height(), 40), room - 6);
    const int width = std::clamp(viewport()->width() - x - metrics::cardGap, 160, 660);
    const QRect place(x, y + 3, width, height);
    if (m_box->geometry() != place)
        m_box->setGeometry(place);
    m_box->setVisible(y > -room && y < viewport()->height());
}

void CodeEditor::applyFix()
{
    if (!m_error)
        return;
    const int line = m_error->line;
    const auto fix = fixFor(*m_error, text(line));
    if (!fix)
        return;
    beginUndoAction();
    setSelection(line, 0, line + 1, 0);
    replaceSelectedText(fix->newLine ? *fix->newLine + u'\n' : QString());
    endUndoAction();
    setCursorPosition(std::min(line, lines() - 1), 0);
    setFocus();
}

void CodeEditor::resetZoom()
{
    zoomTo(0);
}

bool CodeEditor::findText(const QString &text, bool forward)
{
    if (text.isEmpty())
        return false;
    int line = 0;
    int column = 0;
    int endLine = 0;
    int endColumn = 0;
    getCursorPosition(&endLine, &endColumn);
    if (hasSelectedText())
        getSelection(&line, &column, &endLine, &endColumn);
    else
        line = endLine, column = endColumn;
    return findFirst(text, false, false, false, true, forward, forward ? endLine : line, forward ? endColumn : column,
                     true);
}

bool CodeEditor::event(QEvent *event)
{
    if (event->type() == QEvent::ShortcutOverride) {
        // Scintilla claims these keys for its own commands; here they belong to the page's actions.
        const auto *key = static_cast<QKeyEvent *>(event);
        const bool ctrl = key->modifiers().testFlag(Qt::ControlModifier);
        const bool claimed = key->key() == Qt::Key_Escape
            || (ctrl
                && (key->key() == Qt::Key_Return || key->key() == Qt::Key_Enter || key->key() == Qt::Key_Plus
                    || key->key() == Qt::Key_Equal || key->key() == Qt::Key_Minus || key->key() == Qt::Key_0
                    || key->key() == Qt::Key_F || key->key() == Qt::Key_K || key->key() == Qt::Key_O
                    || key->key() == Qt::Key_S));
        if (claimed) {
            event->ignore();
            return false;
        }
    }
    return QsciScintilla::event(event);
}

void CodeEditor::resizeEvent(QResizeEvent *event)
{
    QsciScintilla::resizeEvent(event);
    placeErrorBox();
}

void CodeEditor::dragEnterEvent(QDragEnterEvent *event)
{
    if (event->mimeData()->hasUrls())
        event->acceptProposedAction();
    else
        QsciScintilla::dragEnterEvent(event);
}

void CodeEditor::dropEvent(QDropEvent *event)
{
    const QList<QUrl> urls = event->mimeData()->urls();
    if (!urls.isEmpty() && urls.first().isLocalFile())
        Q_EMIT filesDropped(urls.first().toLocalFile());
    else
        QsciScintilla::dropEvent(event);
}

std::optional<LineFix> fixFor(const ErrorMark &mark, const QString &line)
{
    static const QRegularExpression import(
        QStringLiteral(R"(^(import\s+[\w.]+(\s+as\s+\w+)?|from\s+[\w.]+\s+import\s+[^(\\]+)\s*$)"));
    QString bare = line;
    while (bare.endsWith(u'\n') || bare.endsWith(u'\r'))
        bare.chop(1);
    // Only at the top level: an import may be the only statement of a block.
    if ((mark.name == u"ModuleNotFoundError" || mark.name == u"ImportError") && import.match(bare).hasMatch())
        return LineFix{CodeEditor::tr("Remove the import"), std::nullopt};
    if (mark.name == u"SyntaxError" && mark.message.contains(u"expected ':'") && !bare.contains(u'#')
        && !bare.trimmed().isEmpty() && !bare.trimmed().endsWith(u':'))
        return LineFix{CodeEditor::tr("Add the colon"), QString(bare + u':')};
    return std::nullopt;
}

} // namespace sandglass::ui
