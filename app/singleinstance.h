#pragma once

#include "services/core/paths.h"
#include "services/core/result.h"
#include "services/core/uniquefd.h"

#include <QLocalServer>
#include <QObject>
#include <QStringList>

#include <memory>

namespace sandglass::app {

/// One program for each profile: two would answer for the same budgets and write over each other's text. A second
/// start tells the first one what it was to open, and ends.
class SingleInstance final : public QObject
{
    Q_OBJECT
public:
    /// What a start is to show.
    struct Wish
    {
        QStringList files; ///< absolute paths
        QString page;      ///< empty: the one that is there
    };

    /// Takes the profile for this process, until the end of the object. Null: another one has it, and shows `wish`
    /// now. Blocks for 5 s at most. Error: that one does not answer, or the folders cannot be used.
    [[nodiscard]] static Result<std::unique_ptr<SingleInstance>> take(const ProfilePaths &paths, const Wish &wish);

Q_SIGNALS:
    void asked(const sandglass::app::SingleInstance::Wish &wish); ///< by a later start

private:
    explicit SingleInstance(UniqueFd lock);
    void listen(const QString &path);
    void answer();

    UniqueFd m_lock;
    QLocalServer m_server;
};

} // namespace sandglass::app
