#include "services/engine/api/sandboxnetwork.h"

#include "services/engine/api/errors.h"
#include "services/engine/network/hostname.h"
#include "services/engine/network/proxyrequest.h"

#include <algorithm>
#include <string>
#include <utility>

namespace sandglass::engine {

namespace {

bool isOfHost(char c)
{
    constexpr std::string_view others = "-._:[]";
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || others.find(c) != others.npos;
}

} // namespace

Environment proxyEnvironment()
{
    const std::string proxy = "http://127.0.0.1:" + std::to_string(kEgressPort);
    const std::string here = "localhost,127.0.0.1,::1";
    return {{"http_proxy", proxy}, {"https_proxy", proxy}, {"no_proxy", here},
            {"HTTP_PROXY", proxy}, {"HTTPS_PROXY", proxy}, {"NO_PROXY", here}};
}

void hidePassword(Json &network)
{
    if (const auto proxy = network.find("egressProxy"); proxy != network.end() && proxy->is_object())
        proxy->erase("password");
}

std::string maskedHost(std::string_view mask, std::uint16_t port)
{
    constexpr std::string_view variable = "${PORT}";
    std::string text(mask);
    const std::string number = std::to_string(port);
    for (auto at = text.find(variable); at != text.npos; at = text.find(variable, at + number.size()))
        text.replace(at, variable.size(), number);
    return text;
}

Result<std::string> parseHostMask(const Json &mask)
{
    if (mask.is_null())
        return std::string();
    if (!mask.is_string())
        return refuse(400, "maskRequestHost has to be a text");
    const auto text = mask.get<std::string>();
    if (!std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; }))
        return refuse(400, "mask request host '" + text + "' is not ASCII. Please use ASCII characters only.");
    HostAndPort place; // the variable may stand anywhere in it
    const std::string example = maskedHost(text, 1);
    if (!splitAuthority(example, 80, place) || !std::ranges::all_of(example, isOfHost))
        return refuse(400, "mask request host is not valid: " + text);
    return text;
}

void openEgress(boost::asio::io_context &io, const std::shared_ptr<LiveSandbox> &live, SecretLookup secret)
{
    live->sandbox->listenPort(
        kEgressPort, [&io, weak = std::weak_ptr(live), secret = std::move(secret)](Result<UniqueFd> fd) {
            const auto self = weak.lock();
            if (!self)
                return;
            if (!fd) {
                self->log->add({{}, LogLevel::Warn, "system", "network", 0, "No way out: " + fd.error().message});
                return;
            }
            const auto refused = [log = self->log](const std::string &target, const std::string &reason) {
                log->add(
                    {{}, LogLevel::Warn, "system", "network", 0, "Connection to " + target + " refused: " + reason});
            };
            self->egress = std::make_unique<EgressProxy>(io, std::move(*fd), self->request.egress, refused, secret);
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
    hidePassword(told);
    if (const Json &internet = memberOr(network, "allow_internet_access"); internet.is_boolean())
        live.request.allowInternet = internet.get<bool>();
    live.request.egress = rules;
    if (live.egress)
        live.egress->setRules(std::move(rules));
}

} // namespace sandglass::engine
