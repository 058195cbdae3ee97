#include "ui/settings/enginelogdialog.h"

#include "models/diagnosis/enginelogmodel.h"
#include "services/core/qtstring.h"
#include "ui/text/format.h"
#include "ui/theme/theme.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/lineview.h"
#include "ui/widgets/logbar.h"

#include <QLabel>
#include <QTextCursor>
#include <QVBoxLayout>

namespace sandglass::ui {

using models::EngineLogModel;

namespace {

constexpr QSize firstSize(860, 520);

class EngineLogView final : public LineView
{
public:
    explicit EngineLogView(EngineLogModel &log) : LineView(QStringLiteral("engineLogView")), m_log(log)
    {
        setAccessibleName(EngineLogDialog::tr("Log of the local engine"));
        follow(&m_log);
    }

protected:
    void write(QTextCursor &cursor, int row) override
    {
        const EngineLogModel::Entry &entry = m_log.at(row);
        QTextCharFormat format;
        format.setForeground(Theme::tokens().faint);
        cursor.insertText(formatClock(entry.time) + u' ', format);
        format.setForeground(colourOf(entry.level));
        QString message = entry.message;
        message.replace(u'\n', QChar::LineSeparator); // one block per entry
        cursor.insertText(levelWord(entry.level) + message, format);
        format.setForeground(Theme::tokens().muted);
        if (!entry.fields.isEmpty())
            cursor.insertText(u"  " + entry.fields, format);
    }

    [[nodiscard]] QString textOf(int row) const override
    {
        const EngineLogModel::Entry &entry = m_log.at(row);
        return toQString(formatRfc3339(entry.time, 3)) + u' ' + levelWord(entry.level) + entry.message
            + (entry.fields.isEmpty() ? QString() : u"  " + entry.fields);
    }

private:
    [[nodiscard]] static QString levelWord(EngineLogModel::Level level)
    {
        if (level == EngineLogModel::Level::Error)
            return EngineLogDialog::tr("error: ");
        return level == EngineLogModel::Level::Warning ? EngineLogDialog::tr("warning: ") : QString();
    }

    [[nodiscard]] static QColor colourOf(EngineLogModel::Level level)
    {
        const Tokens &tokens = Theme::tokens();
        if (level == EngineLogModel::Level::Error)
            return tokens.err;
        return level == EngineLogModel::Level::Warning ? tokens.warn : tokens.text;
    }

    EngineLogModel &m_log;
};

} // namespace

EngineLogDialog::EngineLogDialog(EngineLogModel &log, QWidget *parent)
    : QDialog(parent)
    , m_log(log)
    , m_view(new EngineLogView(log))
    , m_bar(new LogBar(*m_view, tr("Search the log"), [] { return QStringLiteral("sandglass-engine.log"); }))
    , m_words(makeMuted({}))
{
    setObjectName(QStringLiteral("engineLogDialog"));
    setWindowTitle(tr("Engine log"));
    m_words->setObjectName(QStringLiteral("engineLogWords"));
    m_words->setWordWrap(true);
    auto *layout = new QVBoxLayout(this);
    layout->setContentsMargins(metrics::pageMargin, 20, metrics::pageMargin, 16);
    layout->setSpacing(12);
    layout->addWidget(makeLabel(tr("Engine log"), "title"));
    layout->addWidget(m_bar);
    layout->addWidget(m_view, 1);
    layout->addWidget(m_words);
    resize(firstSize);
    connect(m_bar, &LogBar::filterChanged, this, &EngineLogDialog::applyFilter);
    connect(m_bar, &LogBar::followChanged, &m_log, &EngineLogModel::setFollowing);
    connect(m_bar, &LogBar::told, m_words, &QLabel::setText);
    connect(&m_log, &EngineLogModel::stateChanged, this, &EngineLogDialog::update);
    update();
}

void EngineLogDialog::showEvent(QShowEvent *event)
{
    QDialog::showEvent(event);
    m_log.setWatched(true);
}

void EngineLogDialog::hideEvent(QHideEvent *event)
{
    QDialog::hideEvent(event);
    m_log.setWatched(false);
}

void EngineLogDialog::applyFilter()
{
    using Level = EngineLogModel::Level;
    const auto least = m_bar->least();
    m_log.setFilter(least == LogBar::Least::Everything     ? Level::Info
                        : least == LogBar::Least::Warnings ? Level::Warning
                                                           : Level::Error,
                    m_bar->search());
}

void EngineLogDialog::update()
{
    m_bar->setHasRows(m_log.rowCount() > 0);
    if (!m_log.trouble().isEmpty())
        m_view->setPlaceholder(tr("The log could not be read"), m_log.trouble());
    else if (m_log.isFiltered())
        m_view->setPlaceholder(tr("No line fits"), tr("Change the search or the level above."));
    else
        m_view->setPlaceholder(tr("Nothing was written yet"),
                               tr("What the engine starts, ends and refuses stands here."));
}

} // namespace sandglass::ui
