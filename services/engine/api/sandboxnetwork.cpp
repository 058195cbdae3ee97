#include "services/engine/api/sandboxnetwork.h"

#include <string>
#include <utility>

namespace sandglass::engine {

Environment proxyEnvironment()
{
    const std::string proxy = "http://127.0.0.1:" + std::to_string(kEgressPort);
    const std::string here = "localhost,127.0.0.1,::1";
    return {{"http_proxy", proxy}, {"https_proxy", proxy}, {"no_proxy", here},
            {"HTTP_PROXY", proxy}, {"HTTPS_PROXY", proxy}, {"NO_PROXY", here}};
}

void openEgress(boost::asio::io_context &io, const std::shared_ptr<LiveSandbox> &live)
{
    live->sandbox->listenPort(kEgressPort, [&io, weak = std::weak_ptr(live)](Result<UniqueFd> fd) {
        const auto self = weak.lock();
        if (!self)
            return;
        if (!fd) {
            self->log->add({{}, LogLevel::Warn, "system", "network", 0, "No way out: " + fd.error().message});
            return;
        }
        const auto refused = [log = self->log](const std::string &target, const std::string &reason) {
            log->add({{}, LogLevel::Warn, "system", "network", 0, "Connection to " + target + " refused: " + reason});
        };
        self->egress = std::make_unique<EgressProxy>(io, std::move(*fd), self->request.egress, refused);
    });
}

void replaceEgress(LiveSandbox &live, EgressRules rules, const Json &network)
{
    Json &told = live.request.network;
    if (!told.is_object())
        told = Json::object();
    for (const char *name : {"allowOut", "denyOut", "egressProxy", "rules"}) {
        told.erase(name);
        if (network.contains(name))
            told[name] = network[name];
    }
    live.request.egress = rules;
    if (live.egress)
        live.egress->setRules(std::move(rules));
}

} // namespace sandglass::engine
