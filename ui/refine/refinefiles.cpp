// What the page reads and writes: files of code, and sessions.

#include "models/runs/codedocument.h"
#include "models/runs/runsession.h"
#include "services/core/qtstring.h"
#include "ui/refine/attemptspanel.h"
#include "ui/refine/banners.h"
#include "ui/refine/codeeditor.h"
#include "ui/refine/outputpanel.h"
#include "ui/refine/refinepage.h"
#include "ui/refine/sessionkeeping.h"
#include "ui/refine/sessionsharing.h"
#include "ui/widgets/filedialogs.h"

#include <QDropEvent>
#include <QMimeData>

namespace sandglass::ui {

void RefinePage::openDialog()
{
    askWhatToOpen(this, tr("Open a file"), m_document.path(), tr("Python (*.py);;All files (*)"),
                  [this](const QString &path) { openFile(path); });
}

void RefinePage::openFile(const QString &path)
{
    if (refine::looksLikeSession(toUtf8(path)))
        return m_sharing->openFile(path);
    m_document.open(path);
}

void RefinePage::showOpened(const QString &text, bool isOverUnsaved)
{
    m_welcome->hide();
    if (isOverUnsaved && !m_editor->text().isEmpty()) {
        m_editor->replaceCode(text); // also what was typed while the disk was slow
        Q_EMIT toast(tr("Opened %1. Ctrl+Z brings back what was not saved.").arg(m_document.title()));
    } else {
        m_editor->loadCode(text);
    }
    m_editor->setFocus();
}

void RefinePage::save()
{
    if (m_document.path().isEmpty())
        return saveAs();
    m_document.save(m_document.path(), m_editor->text());
}

void RefinePage::saveAs()
{
    askWhereToSave(this, tr("Save"), m_document.path().isEmpty() ? m_document.title() : m_document.path(),
                   tr("Python (*.py);;All files (*)"),
                   [this](const QString &path) { m_document.save(path, m_editor->text()); });
}

void RefinePage::saveSession()
{
    m_sharing->askWhereToSaveIt();
}

void RefinePage::openSession()
{
    m_sharing->askWhichSession();
}

void RefinePage::keepSessionIn(const QString &path)
{
    m_keeping = new SessionKeeping(
        m_session, {[this] { return contents(); }, [this](const models::SessionContents &shown) { takeUp(shown); }},
        path, this);
}

void RefinePage::keepSession()
{
    if (m_keeping)
        m_keeping->keep();
}

models::SessionContents RefinePage::contents() const
{
    return {m_document.title(),        m_editor->text(),         m_panel->requirement(),
            m_panel->expectedOutput(), m_session.templateName(), m_session.attempts()->rows()};
}

void RefinePage::takeUp(const models::SessionContents &contents)
{
    m_welcome->hide();
    if (!contents.templateName.isEmpty())
        setTemplate(contents.templateName);
    m_panel->setRequirement(contents.requirement);
    m_panel->setExpectedOutput(contents.expectedOutput);
    m_editor->replaceCode(contents.code);
    m_session.takeUp(contents.templateName, contents.rows);
    if (contents.rows.empty())
        m_output->showAttempt({}, true);
    m_panel->selectNewest();
    Q_EMIT badgeChanged(contents.rows.empty() ? QString() : QString::number(contents.rows.size()));
}

void RefinePage::dragEnterEvent(QDragEnterEvent *event)
{
    if (event->mimeData()->hasUrls())
        event->acceptProposedAction();
}

void RefinePage::dropEvent(QDropEvent *event)
{
    const QList<QUrl> urls = event->mimeData()->urls();
    if (!urls.isEmpty() && urls.first().isLocalFile())
        openFile(urls.first().toLocalFile());
}

} // namespace sandglass::ui
