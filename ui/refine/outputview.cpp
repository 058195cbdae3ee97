#include "ui/refine/outputview.h"

#include "models/runs/outputmodel.h"
#include "ui/theme/theme.h"

#include <QTextCursor>

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

OutputView::OutputView(QWidget *parent) : LineView(QStringLiteral("outputView"), parent)
{
    setAccessibleName(tr("Output"));
}

void OutputView::setModel(OutputModel *model)
{
    m_model = model;
    follow(model);
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

} // namespace sandglass::ui
