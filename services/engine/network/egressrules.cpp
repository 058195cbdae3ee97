#include "services/engine/network/egressrules.h"

#include "services/engine/network/hostname.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace sandglass::engine {

namespace {

namespace ip = boost::asio::ip;

constexpr int kExplicit = 8; ///< a range at least so narrow was meant, also where it is private

tl::unexpected<Error> bad(std::string message)
{
    return failure(Error::Kind::Service, std::move(message), 400);
}

/// An IPv4 address that came dressed as IPv6 is the IPv4 address.
ip::address plain(const ip::address &address)
{
    if (address.is_v6() && address.to_v6().is_v4_mapped())
        return ip::make_address_v4(ip::v4_mapped, address.to_v6());
    return address;
}

template<std::size_t Size>
bool sharePrefix(const std::array<unsigned char, Size> &a, const std::array<unsigned char, Size> &b, int bits)
{
    for (std::size_t i = 0; bits > 0 && i < Size; ++i, bits -= 8) {
        const unsigned mask = bits >= 8 ? 0xffU : 0xffU << static_cast<unsigned>(8 - bits) & 0xffU;
        if ((a[i] & mask) != (b[i] & mask))
            return false;
    }
    return true;
}

/// The texts under `name`; none when it is absent.
Result<std::vector<std::string>> textsOf(const Json &network, const char *name)
{
    std::vector<std::string> texts;
    const Json &list = memberOr(network, name);
    if (list.is_null())
        return texts;
    if (!list.is_array())
        return bad(std::string("network.") + name + " has to be a list of texts");
    for (const Json &each : list) {
        if (!each.is_string())
            return bad(std::string("network.") + name + " has to be a list of texts");
        texts.push_back(each.get<std::string>());
    }
    return texts;
}

bool holds(const std::vector<Cidr> &ranges, const ip::address &address, int narrowest = 0)
{
    return std::ranges::any_of(ranges,
                               [&](const Cidr &range) { return range.prefix >= narrowest && range.contains(address); });
}

/// "0.0.0.0" alone is not all addresses, as whoever writes it may think.
bool isNoDestination(const Cidr &range)
{
    return range.prefix != 0 && range.network.is_unspecified();
}

const std::vector<Cidr> &privateRanges()
{
    static const std::vector<Cidr> ranges = [] {
        std::vector<Cidr> made;
        for (const char *text :
             {"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
              "192.0.0.0/24", "192.168.0.0/16", "198.18.0.0/15", "224.0.0.0/3", "::/96", "64:ff9b::/96", "2002::/16",
              "fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8"})
            made.push_back(*Cidr::parse(text));
        return made;
    }();
    return ranges;
}

} // namespace

std::optional<Cidr> Cidr::parse(std::string_view text)
{
    const auto slash = text.find('/');
    boost::system::error_code failed;
    Cidr range;
    range.network = plain(ip::make_address(std::string(text.substr(0, slash)), failed));
    if (failed)
        return std::nullopt;
    const int most = range.network.is_v4() ? 32 : 128;
    range.prefix = most;
    if (slash == text.npos)
        return range;
    const std::string_view bits = text.substr(slash + 1);
    const auto [end, error] = std::from_chars(bits.data(), bits.data() + bits.size(), range.prefix);
    if (error != std::errc() || end != bits.data() + bits.size() || range.prefix < 0 || range.prefix > most)
        return std::nullopt;
    return range;
}

bool Cidr::contains(const ip::address &given) const
{
    const ip::address address = plain(given);
    if (address.is_v4() != network.is_v4())
        return false;
    return address.is_v4() ? sharePrefix(address.to_v4().to_bytes(), network.to_v4().to_bytes(), prefix)
                           : sharePrefix(address.to_v6().to_bytes(), network.to_v6().to_bytes(), prefix);
}

std::string Cidr::text() const
{
    return network.to_string() + "/" + std::to_string(prefix);
}

bool isPrivateAddress(const ip::address &address)
{
    return holds(privateRanges(), address);
}

Result<EgressRules> EgressRules::parse(const Json &network, bool internet)
{
    EgressRules rules;
    rules.internet = internet;
    if (network.is_null())
        return rules;
    if (!network.is_object())
        return bad("network has to be an object");
    auto proxy = SocksProxy::parse(memberOr(network, "egressProxy"));
    if (!proxy)
        return failure(proxy.error());
    rules.proxy = std::move(*proxy);
    auto headers = HeaderRules::parse(memberOr(network, "rules"));
    if (!headers)
        return failure(headers.error());
    rules.headers = std::move(*headers);
    const auto allow = textsOf(network, "allowOut"), deny = textsOf(network, "denyOut");
    if (!allow || !deny)
        return failure(allow ? deny.error() : allow.error());
    for (const std::string &text : *deny) {
        const auto range = Cidr::parse(text);
        if (!range || isNoDestination(*range))
            return bad("invalid denied CIDR " + text);
        rules.denied.push_back(*range);
    }
    for (const std::string &text : *allow) {
        const auto range = Cidr::parse(text);
        if (range && !isNoDestination(*range))
            rules.allowed.push_back(*range);
        else if (!range && isDomainName(lowered(text)))
            rules.allowedDomains.push_back(lowered(text));
        else
            return bad("invalid allowed address " + text);
    }
    const bool deniesAll = std::ranges::any_of(rules.denied, [](const Cidr &range) { return range.prefix == 0; });
    if (!rules.allowedDomains.empty() && !deniesAll)
        return bad(
            "When specifying allowed domains in allow out, you must include 'ALL_TRAFFIC' in deny out to block all "
            "other traffic.");
    return rules;
}

bool EgressRules::allowsDomain(std::string_view host) const
{
    std::string name = lowered(host);
    if (name.ends_with('.'))
        name.pop_back();
    return std::ranges::any_of(allowedDomains, [&name](const std::string &each) {
        return each.starts_with("*.") ? name.ends_with(std::string_view(each).substr(1)) : name == each;
    });
}

bool EgressRules::allows(std::string_view host, const ip::address &address) const
{
    if (isPrivateAddress(address))
        return holds(allowed, address, kExplicit);
    if (holds(allowed, address) || allowsDomain(host))
        return true;
    return internet && !holds(denied, address);
}

Json EgressRules::toJson() const
{
    const auto texts = [](const std::vector<Cidr> &ranges) {
        Json list = Json::array();
        for (const Cidr &range : ranges)
            list.push_back(range.text());
        return list;
    };
    return {{"allowed_cidrs", texts(allowed)}, {"denied_cidrs", texts(denied)}, {"allowed_domains", allowedDomains}};
}

} // namespace sandglass::engine
