#pragma once

#include "services/engine/broker/sandbox.h"

#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace sandglass::engine {

/// One sandbox of the kind that was made last, launched ahead with its kernel, which knows nothing of whoever will have
/// it: the next create finds it there, or under way. It is nobody's until then: not listed, not counted, without
/// events. io thread only.
class SpareSandbox final
{
public:
    using Then = std::function<void(Result<std::shared_ptr<Sandbox>>)>;

    SpareSandbox(boost::asio::io_context &io, SandboxHost &host);
    ~SpareSandbox();
    SpareSandbox(const SpareSandbox &) = delete;
    SpareSandbox &operator=(const SpareSandbox &) = delete;

    /// Gives the spare one away when it is of the wanted kind: its id goes into `wanted`, and `then` is called later.
    /// False: there is none.
    [[nodiscard]] bool take(LaunchSpec &wanted, const Then &then);
    /// Launches one of this kind, unless one is there, or kernels are not forked at present: then it would cost what it
    /// saves. One of another kind ends.
    void keep(LaunchSpec kind);
    /// Ends it; none comes after.
    void close();

private:
    struct Spare
    {
        LaunchSpec spec;
        std::shared_ptr<Sandbox> sandbox; ///< null while it starts
        Then taker;                       ///< who waits for its start
    };

    void launched(const std::shared_ptr<Spare> &spare, Result<std::shared_ptr<Sandbox>> sandbox);

    boost::asio::io_context &m_io;
    SandboxHost &m_host;
    std::shared_ptr<Spare> m_spare;
    bool m_closed = false;
    std::shared_ptr<bool> m_alive = std::make_shared<bool>(true);
};

} // namespace sandglass::engine
