#include "ui/refine/outputview.h"

#include "models/runs/outputmodel.h"
#include "ui/theme/theme.h"

#include <QPainter>
#include <QScrollBar>
#include <QTextBlock>

namespace sandglass::ui {

using models::OutputModel;

namespace {

QString prefixOf(OutputModel::Kind kind)
{
    switch (kind) {
    case OutputModel::Kind::Stdout:
        return QStringLiteral("[stdout] ");
    case OutputModel::Kind::Stderr:
    case OutputModel::Kind::Error:
        return QStringLiteral("[stderr] ");
    case OutputModel::Kind::Note:
    case OutputModel::Kind::Gap:
        return {};
    }
    return {};
}

QColor colourOf(OutputModel::Kind kind)
{
    const Tokens &t = Theme::tokens();
    switch (kind) {
    case OutputModel::Kind::Error:
        return t.err;
    case OutputModel::Kind::Note:
    case OutputModel::Kind::Gap:
        return t.muted;
    default:
        return t.text;
    }
}

} // namespace

OutputView::OutputView(QWidget *parent) : QPlainTextEdit(parent)
{
    setObjectName(QStringLiteral("outputView"));
    setAccessibleName(tr("Output"));
    setReadOnly(true);
    setUndoRedoEnabled(false);
    setFrameShape(QFrame::NoFrame);
    setWordWrapMode(QTextOption::WrapAtWordBoundaryOrAnywhere);
    setFont(Theme::monoFont(12));
    document()->setDocumentMargin(2);
    if (Theme *theme = Theme::instance())
        connect(theme, &Theme::changed, this, &OutputView::reload);
}

void OutputView::setModel(OutputModel *model)
{
    if (m_model)
        m_model->disconnect(this);
    m_model = model;
    if (model) {
        connect(model, &QAbstractItemModel::rowsInserted, this,
                [this](const QModelIndex &, int first, int last) { insertRows(first, last); });
        connect(model, &QAbstractItemModel::rowsRemoved, this,
                [this](const QModelIndex &, int first, int last) { removeRows(first, last); });
        connect(model, &QAbstractItemModel::dataChanged, this, [this](const QModelIndex &from, const QModelIndex &to) {
            for (int row = from.row(); row <= to.row(); ++row)
                updateRow(row);
        });
        connect(model, &QAbstractItemModel::modelReset, this, &OutputView::reload);
        connect(model, &QObject::destroyed, this, [this] { m_model = nullptr; });
    }
    reload();
}

void OutputView::setPlaceholder(const QString &title, const QString &hint)
{
    m_title = title;
    m_hint = hint;
    viewport()->update();
}

void OutputView::reload()
{
    clear();
    if (m_model && m_model->rowCount() > 0)
        insertRows(0, m_model->rowCount() - 1);
    viewport()->update();
}

void OutputView::write(QTextCursor &cursor, int row)
{
    const OutputModel::Kind kind = m_model->line(row).kind;
    QTextCharFormat format;
    if (const QString prefix = prefixOf(kind); !prefix.isEmpty()) {
        format.setForeground(Theme::tokens().faint);
        cursor.insertText(prefix, format);
    }
    format.setForeground(colourOf(kind));
    cursor.insertText(m_model->index(row).data().toString(), format);
}

void OutputView::insertRows(int first, int last)
{
    const bool follows = verticalScrollBar()->value() >= verticalScrollBar()->maximum() - 2;
    const bool wasEmpty = m_model->rowCount() == last - first + 1;
    const bool atEnd = last + 1 == m_model->rowCount();
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
}

void OutputView::removeRows(int first, int last)
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

void OutputView::updateRow(int row)
{
    QTextCursor cursor(document()->findBlockByNumber(row));
    cursor.movePosition(QTextCursor::EndOfBlock, QTextCursor::KeepAnchor);
    cursor.beginEditBlock();
    cursor.removeSelectedText();
    write(cursor, row);
    cursor.endEditBlock();
}

void OutputView::paintEvent(QPaintEvent *event)
{
    QPlainTextEdit::paintEvent(event);
    if (m_model && m_model->rowCount() > 0)
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
