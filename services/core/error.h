#pragma once

#include <string>

namespace sandglass {

/// Why something from a network, a disk, a person or a sandbox did not work. A value, never thrown across a room.
struct Error
{
    enum class Kind {
        Transport, ///< no HTTP answer: refused, reset, name not found, TLS
        Timeout,   ///< no answer in time; whether the other side acted is unknown
        Http,      ///< an HTTP status outside 2xx whose body is not the service's own error shape
        Service,   ///< the service said no in its own words (E2B: {"code", "message"}, or text of the interpreter)
        Decode,    ///< an answer arrived but is not what the protocol promises
        Local,     ///< disk, process, database or configuration of this machine
        Cancelled, ///< the caller asked for it
    };

    Kind kind = Kind::Local;
    int status = 0;           ///< HTTP status, 0 when none arrived
    std::string message = {}; ///< the server's or system's own words in English, secrets removed; ui phrases it
    std::string code =
        {}; ///< machine-readable detail when there is one: Connect code ("not_found"), E2B error_code, errno name

    friend bool operator==(const Error &, const Error &) = default;

    /// True when the same call may succeed later without anybody changing anything (says nothing about idempotency).
    [[nodiscard]] bool isRetryable() const
    {
        return kind == Kind::Transport || kind == Kind::Timeout || status == 429 || status == 502 || status == 503
            || status == 504;
    }
};

} // namespace sandglass
