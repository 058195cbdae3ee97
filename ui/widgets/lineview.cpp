#include "ui/widgets/lineview.h"

#include "ui/theme/theme.h"

#include <QAbstractItemModel>
#include <QPainter>
#include <QScrollBar>
#include <QTextBlock>

namespace sandglass::ui {

LineView::LineView(const QString &objectName, QWidget *parent) : QPlainTextEdit(parent)
{
    setObjectName(objectName);
    setReadOnly(true);
    setUndoRedoEnabled(false);
    setFrameShape(QFrame::NoFrame);
    setWordWrapMode(QTextOption::WrapAtWordBoundaryOrAnywhere);
    setFont(Theme::monoFont(12));
    document()->setDocumentMargin(2);
    if (Theme *theme = Theme::instance())
        connect(theme, &Theme::changed, this, &LineView::reload);
}

void LineView::follow(QAbstractItemModel *model)
{
    if (m_rows)
        m_rows->disconnect(this);
    m_rows = model;
    if (model) {
        connect(model, &QAbstractItemModel::rowsInserted, this,
                [this](const QModelIndex &, int first, int last) { insertRows(first, last); });
        connect(model, &QAbstractItemModel::rowsRemoved, this,
                [this](const QModelIndex &, int first, int last) { removeRows(first, last); });
        connect(model, &QAbstractItemModel::dataChanged, this, [this](const QModelIndex &from, const QModelIndex &to) {
            for (int row = from.row(); row <= to.row(); ++row)
                updateRow(row);
        });
        connect(model, &QAbstractItemModel::modelReset, this, &LineView::reload);
        connect(model, &QObject::destroyed, this, [this] { m_rows = nullptr; });
    }
    reload();
}

void LineView::setPlaceholder(const QString &title, const QString &hint)
{
    m_title = title;
    m_hint = hint;
    viewport()->update();
}

QString LineView::textOf(int row) const
{
    return document()->findBlockByNumber(row).text();
}

QString LineView::wholeText() const
{
    QString text;
    for (int row = 0; m_rows && row < m_rows->rowCount(); ++row)
        text += textOf(row) + u'\n';
    return text;
}

QString LineView::chosenText() const
{
    QString selected = textCursor().selectedText();
    if (selected.isEmpty())
        return wholeText();
    return selected.replace(QChar::ParagraphSeparator, u'\n').replace(QChar::LineSeparator, u'\n');
}

void LineView::reload()
{
    clear();
    if (m_rows && m_rows->rowCount() > 0)
        insertRows(0, m_rows->rowCount() - 1);
    viewport()->update();
}

void LineView::insertRows(int first, int last)
{
    const int value = verticalScrollBar()->value();
    const bool follows = value >= verticalScrollBar()->maximum() - 2;
    const bool wasEmpty = m_rows->rowCount() == last - first + 1;
    const bool atEnd = last + 1 == m_rows->rowCount();
    QTextCursor cursor(document());
    cursor.beginEditBlock();
    if (atEnd) {
        cursor.movePosition(QTextCursor::End);
        for (int row = first; row <= last; ++row) {
            if (row > first || !wasEmpty)
                cursor.insertBlock();
            write(cursor, row);
        }
    } else {
        cursor.setPosition(document()->findBlockByNumber(first).position());
        for (int row = first; row <= last; ++row) {
            write(cursor, row);
            cursor.insertBlock();
        }
    }
    cursor.endEditBlock();
    if (follows)
        verticalScrollBar()->setValue(verticalScrollBar()->maximum());
    else if (!atEnd) // what was in view stays there
        verticalScrollBar()->setValue(value + last - first + 1);
}

void LineView::removeRows(int first, int last)
{
    QTextCursor cursor(document());
    cursor.beginEditBlock();
    const QTextBlock from = document()->findBlockByNumber(first);
    const QTextBlock after = document()->findBlockByNumber(last + 1);
    if (after.isValid()) {
        cursor.setPosition(from.position());
        cursor.setPosition(after.position(), QTextCursor::KeepAnchor);
    } else { // up to the end: with the line break before it
        cursor.setPosition(std::max(0, from.position() - 1));
        cursor.movePosition(QTextCursor::End, QTextCursor::KeepAnchor);
    }
    cursor.removeSelectedText();
    cursor.endEditBlock();
}

void LineView::updateRow(int row)
{
    QTextCursor cursor(document()->findBlockByNumber(row));
    cursor.movePosition(QTextCursor::EndOfBlock, QTextCursor::KeepAnchor);
    cursor.beginEditBlock();
    cursor.removeSelectedText();
    write(cursor, row);
    cursor.endEditBlock();
}

void LineView::paintEvent(QPaintEvent *event)
{
    QPlainTextEdit::paintEvent(event);
    if (m_rows && m_rows->rowCount() > 0)
        return;
    QPainter painter(viewport());
    painter.setPen(Theme::tokens().muted);
    painter.setFont(Theme::uiFont(13, QFont::DemiBold));
    const QRect area = viewport()->rect().adjusted(2, 2, -8, 0);
    painter.drawText(area, Qt::AlignLeft | Qt::AlignTop, m_title);
    painter.setPen(Theme::tokens().faint);
    painter.setFont(Theme::uiFont(13));
    painter.drawText(area.adjusted(0, 22, 0, 0), Qt::AlignLeft | Qt::AlignTop | Qt::TextWordWrap, m_hint);
}

} // namespace sandglass::ui
