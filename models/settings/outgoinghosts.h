#pragma once

#include <QList>
#include <QString>

namespace sandglass::models {

class ConnectionsModel;
class Settings;

/// A place this program, or something it starts, may talk to.
struct OutgoingHost
{
    enum class When {
        Now,      ///< as things are set
        OnDemand, ///< only after the step that `condition` names
        Never,    ///< switched off
    };
    QString host; ///< "https://api.e2b.app", or a description where there is no fixed name
    QString purpose;
    When when = When::OnDemand;
    QString condition; ///< what has to happen, or why not
    friend bool operator==(const OutgoingHost &, const OutgoingHost &) = default;
};

/// Where traces go, as the settings or the environment have it.
struct TraceTarget
{
    QString endpoint;
    bool isOn = false;
};

/// Every place, of the settings as they are now. Nothing else is ever asked for: there are no usage statistics, no
/// crash reports and no search for updates.
[[nodiscard]] QList<OutgoingHost> outgoingHosts(const ConnectionsModel &connections, const Settings &settings,
                                                const TraceTarget &traces);

} // namespace sandglass::models
