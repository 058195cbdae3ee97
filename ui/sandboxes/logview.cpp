#include "ui/sandboxes/logview.h"

#include "models/sandboxes/sandboxlogmodel.h"
#include "services/core/qtstring.h"
#include "ui/text/format.h"
#include "ui/theme/theme.h"

#include <QScrollBar>
#include <QTextCursor>

namespace sandglass::ui {

namespace {

QString levelWord(e2b::LogLevel level)
{
    if (level == e2b::LogLevel::Error)
        return LogView::tr("error: ");
    return level == e2b::LogLevel::Warn ? LogView::tr("warning: ") : QString();
}

/// "stdout", "stderr"; what else there is speaks for itself.
QString sourceOf(const e2b::SandboxLogEntry &entry)
{
    const auto type = entry.fields.find("event_type");
    if (type == entry.fields.end() || !type->second.starts_with("std"))
        return {};
    return u'[' + toQString(type->second) + u"] ";
}

QColor colourOf(const e2b::SandboxLogEntry &entry)
{
    const Tokens &tokens = Theme::tokens();
    if (entry.level == e2b::LogLevel::Error)
        return tokens.err;
    if (entry.level == e2b::LogLevel::Warn)
        return tokens.warn;
    return sourceOf(entry).isEmpty() ? tokens.muted : tokens.text;
}

} // namespace

LogView::LogView(models::SandboxLogModel &log, QWidget *parent)
    : LineView(QStringLiteral("logView"), parent), m_log(log)
{
    setAccessibleName(tr("Log of the sandbox"));
    follow(&m_log);
    connect(verticalScrollBar(), &QScrollBar::valueChanged, this, [this](int value) {
        if (value == 0 && verticalScrollBar()->maximum() > 0)
            Q_EMIT topReached();
    });
}

void LogView::write(QTextCursor &cursor, int row)
{
    const e2b::SandboxLogEntry &entry = m_log.at(row);
    QTextCharFormat format;
    format.setForeground(Theme::tokens().faint);
    cursor.insertText(formatClock(entry.time) + u' ' + sourceOf(entry), format);
    format.setForeground(colourOf(entry));
    QString message = toQString(entry.message);
    message.replace(u'\n', QChar::LineSeparator); // one block per entry
    cursor.insertText(levelWord(entry.level) + message, format);
}

QString LogView::textOf(int row) const
{
    const e2b::SandboxLogEntry &entry = m_log.at(row);
    return toQString(formatRfc3339(entry.time)) + u' ' + sourceOf(entry) + levelWord(entry.level)
        + toQString(entry.message);
}

} // namespace sandglass::ui
