#include "services/engine/builds/startcommand.h"

#include "services/engine/api/await.h"
#include "services/engine/builds/buildaccount.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <algorithm>

namespace sandglass::engine {

namespace asio = boost::asio;

namespace {

constexpr std::chrono::seconds kPatience{10};
constexpr std::chrono::milliseconds kFirstInterval{10}, kInterval{500};

using ProcessPtr = std::shared_ptr<RunningProcess>;

ProcessStart shell(const ProcessTable &processes, const std::string &text)
{
    ProcessStart wish;
    wish.command = "/bin/bash";
    wish.arguments = {"-l", "-c", text};
    wish.wantStdin = false;
    wish.user = *findUser({});
    wish.config = {{"cmd", wish.command}, {"args", wish.arguments}, {"envs", Json::object()}};
    processes.applyDefaults(wish, false);
    return wish;
}

/// Waits for the end of a process only.
class End final : public RunningProcess::Listener
{
public:
    explicit End(std::function<void(Result<int>)> then) : m_then(std::move(then)) {}
    void data(RunningProcess::Output /*kind*/, std::string_view /*bytes*/) override {}
    void end(const ExitStatus &status) override { m_then(status.exited ? status.code : 128 + status.code); }
    void fail(const Error &error) override { m_then(failure(error)); }
    [[nodiscard]] bool isFull() override { return false; }

private:
    std::function<void(Result<int>)> m_then;
};

asio::awaitable<Result<int>> statusOf(std::shared_ptr<ProcessTable> processes, std::string command)
{
    Result<ProcessPtr> started = co_await answerOf<ProcessPtr>(
        [&](auto then) { processes->start(shell(*processes, command), std::move(then)); });
    if (!started)
        co_return failure(started.error());
    const ProcessPtr process = *started;
    process->abandonOutputAtExit();
    co_return co_await answerOf<int>(
        [&](std::function<void(Result<int>)> then) { process->add(std::make_shared<End>(std::move(then))); });
}

asio::awaitable<void> startAndWait(asio::io_context &io, std::shared_ptr<ProcessTable> processes,
                                   TemplateDefaults defaults, std::function<void()> then)
{
    const Result<ProcessPtr> started = co_await answerOf<ProcessPtr>([&](std::function<void(Result<ProcessPtr>)> told) {
        processes->start(shell(*processes, defaults.startCommand), std::move(told));
    });
    const bool isWaitedFor = started && !defaults.readyCommand.empty() && !defaults.readyCommand.starts_with("sleep ");
    const auto until = std::chrono::steady_clock::now() + kPatience;
    asio::steady_timer pause(io);
    for (auto interval = kFirstInterval; isWaitedFor; interval = std::min(interval * 2, kInterval)) {
        const Result<int> status = co_await statusOf(processes, defaults.readyCommand);
        if (!status || *status == 0 || (*started)->hasEnded() || std::chrono::steady_clock::now() >= until)
            break;
        pause.expires_after(interval);
        co_await pause.async_wait(asio::as_tuple(asio::use_awaitable));
    }
    then();
}

} // namespace

std::optional<ProcessDefaults> processDefaults(const TemplateDefaults &defaults)
{
    const TemplateDefaults ofEvery;
    if (defaults.user == ofEvery.user && defaults.directory == ofEvery.directory)
        return std::nullopt;
    auto account = buildAccount(defaults.user);
    if (!account)
        return std::nullopt;
    return ProcessDefaults{std::move(*account), defaults.directory};
}

void runStartCommand(asio::io_context &io, std::shared_ptr<ProcessTable> processes, const TemplateDefaults &defaults,
                     std::function<void()> then)
{
    asio::co_spawn(io, startAndWait(io, std::move(processes), defaults, std::move(then)), asio::detached);
}

} // namespace sandglass::engine
