#pragma once

#include "models/runs/sessionfiles.h"
#include "ui/refine/sessionsharing.h"

#include <QObject>
#include <QString>

namespace sandglass::models {
class RunSession;
}

namespace sandglass::ui {

/// Keeps the session in a file of the program's own, whole after each attempt, and takes it up at the next start. The
/// code itself is CodeDocument's: it changes between attempts, too.
class SessionKeeping final : public QObject
{
    Q_OBJECT
public:
    /// `place` as for SessionSharing. Reads what is in `path`, if anything. All of it must outlive this; what is being
    /// written then is written to its end.
    SessionKeeping(models::RunSession &session, SessionSharing::Place place, QString path, QObject *parent);

    void keep(); ///< as it is now

private:
    void takeUp(models::SessionContents contents);
    void onIdle();

    models::RunSession &m_session;
    SessionSharing::Place m_place;
    const QString m_path;
    models::SessionFiles m_files;
    bool m_isStale = false; ///< what is in the file, or being written to it
};

} // namespace sandglass::ui
