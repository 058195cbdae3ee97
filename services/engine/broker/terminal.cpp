#include "services/engine/broker/terminal.h"

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <sys/ioctl.h>
#include <termios.h>
#include <utility>

namespace sandglass::engine {
namespace {

using std::chrono::milliseconds;

/// Waits before each look at the size; the answer goes out after `answerAfter` of them.
constexpr std::array checks{milliseconds(5), milliseconds(15), milliseconds(30), milliseconds(50)};
constexpr std::size_t answerAfter = 2;

bool same(const winsize &one, const winsize &other)
{
    return one.ws_col == other.ws_col && one.ws_row == other.ws_row;
}

} // namespace

Terminal::Terminal(boost::asio::io_context &io, UniqueFd master) : m_io(io), m_master(std::move(master)) {}

void Terminal::resize(SpawnSpec::PtySize size, Sandbox::Then<void> then)
{
    winsize before{};
    winsize wanted{};
    wanted.ws_col = static_cast<unsigned short>(std::clamp(size.columns, 1, 10'000));
    wanted.ws_row = static_cast<unsigned short>(std::clamp(size.rows, 1, 10'000));
    if (ioctl(m_master.get(), TIOCGWINSZ, &before) != 0 || ioctl(m_master.get(), TIOCSWINSZ, &wanted) != 0) {
        auto error = failure(Error::Kind::Service, std::strerror(errno), 0, "internal");
        boost::asio::post(m_io, [then = std::move(then), error = std::move(error)] { then(error); });
        return;
    }
    settle(before, wanted, ++m_asked, 0, std::move(then));
}

void Terminal::settle(const winsize &before, const winsize &wanted, int asking, std::size_t check,
                      Sandbox::Then<void> then)
{
    if (check == answerAfter)
        std::exchange(then, nullptr)({});
    if (check == checks.size() || (asking != m_asked && !then))
        return;
    auto timer = std::make_shared<boost::asio::steady_timer>(m_io, checks[check]);
    timer->async_wait([self = shared_from_this(), timer, before, wanted, asking, check,
                       then = std::move(then)](const auto &) mutable {
        winsize now{};
        if (asking == self->m_asked && !same(before, wanted) && ioctl(self->m_master.get(), TIOCGWINSZ, &now) == 0
            && same(now, before))
            ioctl(self->m_master.get(), TIOCSWINSZ, &wanted);
        self->settle(before, wanted, asking, check + 1, std::move(then));
    });
}

} // namespace sandglass::engine
