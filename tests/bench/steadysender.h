#pragma once

#include <cstdint>
#include <functional>
#include <string>

namespace sandglass::bench {

/// A provider at a steady pace: signed deliveries over one keep-alive connection to a receiver on loopback.
class SteadySender final
{
public:
    SteadySender(std::uint16_t port, std::string secret) : m_port(port), m_secret(std::move(secret)) {}

    /// Sends `count` bodies, `perSecond` of them a second, and waits for each answer; blocks, for a thread of its own.
    /// `bodyOf(i)` is called just before it is sent. False when an answer was not 200, or `isStopped` said so.
    [[nodiscard]] bool send(int count, int perSecond, const std::function<std::string(int)> &bodyOf,
                            const std::function<bool()> &isStopped = {}) const;

private:
    std::uint16_t m_port;
    std::string m_secret;
};

} // namespace sandglass::bench
