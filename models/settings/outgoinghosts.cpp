#include "models/settings/outgoinghosts.h"

#include "models/settings/connectionsmodel.h"
#include "models/settings/settings.h"
#include "services/core/qtstring.h"
#include "services/e2b/urls.h"

#include <QCoreApplication>
#include <QUrl>

namespace sandglass::models {

namespace {

using When = OutgoingHost::When;

struct Texts
{
    Q_DECLARE_TR_FUNCTIONS(sandglass::models::OutgoingHosts)
};

/// Scheme and host; what else an address may hold (a password, a path) is nobody's business here.
QString originOf(const QString &address)
{
    const QUrl url(address);
    return url.isValid() && !url.host().isEmpty()
        ? url.toString(QUrl::RemoveUserInfo | QUrl::RemovePath | QUrl::RemoveQuery | QUrl::RemoveFragment)
        : address;
}

void addLocalEngine(QList<OutgoingHost> &hosts, const e2b::Connection &connection)
{
    if (connection.apiUrl.empty())
        return; // not running, nothing to talk to
    hosts.append({originOf(toQString(connection.apiUrl)), Texts::tr("the local engine's API"), When::Now,
                  Texts::tr("stays on this machine")});
    hosts.append({originOf(toQString(connection.sandboxUrl)), Texts::tr("code and files of local sandboxes"), When::Now,
                  Texts::tr("stays on this machine")});
}

void addConnection(QList<OutgoingHost> &hosts, const ConnectionsModel::Row &row, bool isActive)
{
    const e2b::Connection &connection = row.connection;
    if (connection.kind == e2b::Connection::Kind::Local)
        return addLocalEngine(hosts, connection);
    const QString name = toQString(connection.name);
    const When when = isActive ? When::Now : When::OnDemand;
    const QString condition =
        isActive ? Texts::tr("the active connection") : Texts::tr("when you choose or test this connection");
    hosts.append({originOf(toQString(e2b::apiBase(connection))),
                  Texts::tr("%1: lists, creates and ends sandboxes, reads events, registers webhooks").arg(name), when,
                  condition});
    QString sandboxes = connection.sandboxUrl.empty()
        ? QString(QStringLiteral("https://*.") + toQString(connection.domain))
        : originOf(toQString(connection.sandboxUrl));
    hosts.append({std::move(sandboxes), Texts::tr("%1: code, commands and files of its sandboxes").arg(name), when,
                  isActive ? Texts::tr("when you run code there") : condition});
}

} // namespace

QList<OutgoingHost> outgoingHosts(const ConnectionsModel &connections, const Settings &settings,
                                  const TraceTarget &traces)
{
    QList<OutgoingHost> hosts;
    for (int row = 0; row < connections.rowCount(); ++row) {
        const auto &entry = connections.at(row);
        addConnection(hosts, entry, toQString(entry.connection.id) == connections.activeId());
    }
    const QVariantList models = settings.value(Settings::Key::Models).toList();
    for (const QVariant &entry : models) {
        const QVariantMap model = entry.toMap();
        hosts.append({originOf(model.value(QStringLiteral("baseUrl")).toString()),
                      Texts::tr("%1: gets requirement, code, errors and output, and proposes code")
                          .arg(model.value(QStringLiteral("name")).toString()),
                      When::OnDemand, Texts::tr("when you have this model refine, or test it")});
    }
    const QStringList collectors = settings.value(Settings::Key::Collectors).toStringList();
    for (const QString &url : collectors)
        hosts.append({originOf(url), Texts::tr("fetches the events of a collector"), When::Now,
                      Texts::tr("while the collector is in the list above")});
    hosts.append({originOf(traces.endpoint), Texts::tr("traces of your runs, for your own OpenTelemetry collector"),
                  traces.isOn ? When::Now : When::Never,
                  traces.isOn ? Texts::tr("tracing is on") : Texts::tr("tracing is off")});
    hosts.append({Texts::tr("Cloudflare, or the SSH server you name"),
                  Texts::tr("makes the receiver reachable: cloudflared or ssh runs as a child"), When::OnDemand,
                  Texts::tr("while you keep a tunnel open")});
    hosts.append({Texts::tr("Addresses of webhooks at the local engine"),
                  Texts::tr("the engine delivers lifecycle events to them"), When::OnDemand,
                  Texts::tr("when a program registers one; ours is on this machine")});
    hosts.append({Texts::tr("Code in local sandboxes"), Texts::tr("it reaches nothing outside"), When::Never,
                  Texts::tr("local sandboxes have no network")});
    return hosts;
}

} // namespace sandglass::models
