#pragma once

#include "services/core/json.h"
#include "services/core/result.h"
#include "services/engine/network/headerrules.h"
#include "services/engine/network/socksproxy.h"

#include <boost/asio/ip/address.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sandglass::engine {

/// A range of addresses: "10.0.0.0/8", "2001:db8::/32", or one address.
struct Cidr
{
    boost::asio::ip::address network;
    int prefix = 0;

    [[nodiscard]] static std::optional<Cidr> parse(std::string_view text);
    [[nodiscard]] bool contains(const boost::asio::ip::address &address) const;
    [[nodiscard]] std::string text() const;
    friend bool operator==(const Cidr &, const Cidr &) = default;
};

/// Where a sandbox may connect to (NetworkConfig of the API, e2b-protocol 2.3): what is allowed wins over what is
/// denied; without an entry the public internet is open when `internet` is. Addresses of this machine and of private
/// networks are closed unless an allowed range names them: 0.0.0.0/0 does not.
struct EgressRules
{
    bool internet = false;
    std::vector<Cidr> allowed, denied;
    std::vector<std::string> allowedDomains; ///< lower case; "*.x.y" stands for every name below x.y
    std::optional<SocksProxy> proxy;         ///< set: what is allowed goes through it, and nothing past it
    HeaderRules headers;                     ///< of http:// requests; TLS to such a host is refused

    /// `network` is the API's object or null, `internet` its allow_internet_access. Error 400, in E2B's words where it
    /// has any: no such range or name, a domain without 0.0.0.0/0 in denyOut, a proxy or rules that are not usable.
    [[nodiscard]] static Result<EgressRules> parse(const Json &network, bool internet);

    [[nodiscard]] bool allowsDomain(std::string_view host) const;
    /// `host` as the client wrote it, `address` what it stands for.
    [[nodiscard]] bool allows(std::string_view host, const boost::asio::ip::address &address) const;
    /// {allowed_cidrs, denied_cidrs, allowed_domains} of the "updated" event.
    [[nodiscard]] Json toJson() const;
};

/// Loopback, private, link-local, carrier-grade NAT, multicast, unspecified and reserved addresses, also where they are
/// written as IPv6.
[[nodiscard]] bool isPrivateAddress(const boost::asio::ip::address &address);

} // namespace sandglass::engine
