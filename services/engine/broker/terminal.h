#pragma once

#include "services/core/uniquefd.h"
#include "services/engine/broker/sandbox.h"

#include <boost/asio/io_context.hpp>

#include <memory>

struct winsize;

namespace sandglass::engine {

/// Our end of a process's pseudo-terminal, as far as its size goes. Lives on the thread of the io_context.
class Terminal : public std::enable_shared_from_this<Terminal>
{
public:
    /// `master` is a duplicate of our own.
    Terminal(boost::asio::io_context &io, UniqueFd master);

    /// Sets the size (1 to 10,000 each way) and answers once it has held for a moment (about 20 ms): readline, and with
    /// it every interactive shell, writes the size it has just read back at each prompt, and so undoes a resize that
    /// comes between the two. For 100 ms a size that has returned to the one before is set again.
    void resize(SpawnSpec::PtySize size, Sandbox::Then<void> then);

private:
    void settle(const winsize &before, const winsize &wanted, int asking, std::size_t check, Sandbox::Then<void> then);

    boost::asio::io_context &m_io;
    UniqueFd m_master;
    int m_asked = 0; ///< resizes so far: a later one ends the watch of those before
};

} // namespace sandglass::engine
