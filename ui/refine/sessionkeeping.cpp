#include "ui/refine/sessionkeeping.h"

#include "models/runs/runsession.h"

#include <QFile>
#include <QLoggingCategory>

#include <utility>

namespace sandglass::ui {

using models::SessionFiles;

namespace {

Q_LOGGING_CATEGORY(logRefine, "sandglass.refine")

} // namespace

SessionKeeping::SessionKeeping(models::RunSession &session, SessionSharing::Place place, QString path, QObject *parent)
    : QObject(parent), m_session(session), m_place(std::move(place)), m_path(std::move(path))
{
    connect(&m_files, &SessionFiles::opened, this,
            [this](const SessionFiles::Opened &opened) { takeUp(opened.contents); });
    connect(&m_files, &SessionFiles::failed, this, [this](SessionFiles::State during, const Error &error) {
        qCWarning(logRefine, "%s: %s",
                  during == SessionFiles::State::Saving ? "the session is not kept"
                                                        : "the session that was kept is lost",
                  error.message.c_str());
    });
    connect(&m_files, &SessionFiles::changed, this, &SessionKeeping::onIdle);
    connect(&m_session, &models::RunSession::attemptFinished, this, &SessionKeeping::keep);
    connect(&m_session, &models::RunSession::attemptPriced, this, &SessionKeeping::keep);
    connect(m_session.attempts(), &QAbstractItemModel::modelReset, this, &SessionKeeping::keep); // another one
    if (QFile::exists(m_path))
        m_files.open(m_path);
}

/// Where the person has begun another one meanwhile, that one is it.
void SessionKeeping::takeUp(models::SessionContents contents)
{
    if (contents.rows.empty() || m_session.attempts()->rowCount() > 0
        || m_session.state() != models::RunSession::State::Idle)
        return;
    contents.code = m_place.contents().code;
    m_place.show(contents);
}

void SessionKeeping::keep()
{
    // At an end that comes before what was kept has been read: nothing is newer than that.
    if (m_files.state() == SessionFiles::State::Opening && m_session.attempts()->rowCount() == 0)
        return;
    m_isStale = true;
    onIdle();
}

void SessionKeeping::onIdle()
{
    if (!m_isStale || m_files.state() != SessionFiles::State::Idle)
        return;
    m_isStale = false;
    m_files.save(m_path, m_place.contents());
}

} // namespace sandglass::ui
