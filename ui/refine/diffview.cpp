#include "ui/refine/diffview.h"

#include "ui/theme/theme.h"

#include <QTextBlock>

namespace sandglass::ui {

using models::DiffRow;

DiffView::DiffView(QWidget *parent) : QPlainTextEdit(parent)
{
    setObjectName(QStringLiteral("diffView"));
    setAccessibleName(tr("Difference"));
    setProperty("flat", true);
    setReadOnly(true);
    setUndoRedoEnabled(false);
    setLineWrapMode(QPlainTextEdit::NoWrap);
    setFrameShape(QFrame::NoFrame);
    setFont(Theme::monoFont(12));
    if (Theme *theme = Theme::instance())
        connect(theme, &Theme::changed, this, &DiffView::rebuild);
}

void DiffView::setDiff(std::vector<DiffRow> rows, const QString &whenEmpty)
{
    m_rows = std::move(rows);
    setPlaceholderText(whenEmpty);
    rebuild();
}

void DiffView::rebuild()
{
    clear();
    const Tokens &t = Theme::tokens();
    QTextCursor cursor(document());
    cursor.beginEditBlock();
    bool isFirst = true;
    for (const DiffRow &row : m_rows) {
        QTextBlockFormat block;
        QTextCharFormat text;
        QString sign = QStringLiteral("  ");
        const auto tint = [](QColor colour) {
            colour.setAlpha(38);
            return colour;
        };
        text.setForeground(t.muted);
        if (row.kind == DiffRow::Kind::Added) {
            sign = QStringLiteral("+ ");
            text.setForeground(t.run);
            block.setBackground(tint(t.run));
        } else if (row.kind == DiffRow::Kind::Removed) {
            sign = QStringLiteral("− ");
            text.setForeground(t.err);
            block.setBackground(tint(t.err));
        } else if (row.kind == DiffRow::Kind::Skipped) {
            text.setForeground(t.faint);
        }
        if (isFirst)
            cursor.setBlockFormat(block);
        else
            cursor.insertBlock(block);
        isFirst = false;
        cursor.insertText(sign + row.text, text);
    }
    cursor.endEditBlock();
    moveCursor(QTextCursor::Start);
}

} // namespace sandglass::ui
