#pragma once

#include "services/core/uniquefd.h"
#include "services/engine/network/egressrules.h"

#include <boost/asio/io_context.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace sandglass::engine {

/// Where programs in a sandbox find the proxy.
inline constexpr std::uint16_t kEgressPort = 3128;

/// The way out of a sandbox whose network is its own: an HTTP proxy on a socket that listens inside, with CONNECT for
/// everything that speaks TLS, in the engine's process and network. Names are looked up here, and what they stand for
/// is held against the rules, so that a name cannot lead to an address that is closed. Asks the rules anew for each
/// connection; those that stand go on. io thread only.
class EgressProxy final
{
public:
    /// A connection was refused: "host:port" and why.
    using Refused = std::function<void(std::string target, std::string reason)>;

    /// `listening` is a socket of the sandbox. `secret` tells the secrets that header rules name; may be empty.
    EgressProxy(boost::asio::io_context &io, UniqueFd listening, EgressRules rules, Refused refused,
                SecretLookup secret = {});
    ~EgressProxy(); ///< closes every connection
    EgressProxy(const EgressProxy &) = delete;
    EgressProxy &operator=(const EgressProxy &) = delete;

    void setRules(EgressRules rules);

private:
    struct Shared;
    std::shared_ptr<Shared> d;
};

} // namespace sandglass::engine
