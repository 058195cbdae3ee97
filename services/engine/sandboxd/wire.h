#pragma once

#include "services/core/json.h"
#include "services/core/uniquefd.h"

#include <vector>

/// The language between engine, broker and sandglass-sandboxd: one JSON object per packet of a SOCK_SEQPACKET Unix
/// socket, with descriptors beside it. Bodies above a packet's comfortable size travel in a memory file.
namespace sandglass::engine::wire {

struct Incoming
{
    enum class State {
        Message,
        Nothing,   ///< a non-blocking socket has no packet now
        Closed,    ///< the other side is gone
        Malformed, ///< a packet that is no JSON object, or too large
    };
    State state = State::Nothing;
    Json body;
    std::vector<UniqueFd> fds;

    /// The descriptor at `index`, or an empty one when fewer arrived.
    [[nodiscard]] UniqueFd takeFd(std::size_t index) { return index < fds.size() ? std::move(fds[index]) : UniqueFd(); }
};

inline constexpr std::size_t maxFds = 8;
inline constexpr std::size_t maxBodyBytes = 64U << 20;

/// Sends one message; the descriptors stay the caller's. False with errno (EAGAIN when a non-blocking socket is full).
[[nodiscard]] bool send(int socket, const Json &body, const std::vector<int> &fds = {});
[[nodiscard]] Incoming receive(int socket);

/// Two connected ends, close-on-exec, blocking. False with errno.
[[nodiscard]] bool socketPair(UniqueFd &first, UniqueFd &second);

} // namespace sandglass::engine::wire
