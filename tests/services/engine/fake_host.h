#pragma once

#include "services/engine/broker/sandbox.h"

#include <QTest>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <fcntl.h>

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

/// A host whose sandboxes run nothing and fail as told: for what a real one does not do on demand.
namespace sandglass::engine::test {

class FakeSandbox final : public Sandbox
{
public:
    FakeSandbox(boost::asio::io_context &io, LaunchSpec spec) : launchedWith(std::move(spec)), m_io(io) {}

    LaunchSpec launchedWith;
    std::string upper;            ///< the folder that writableLayer() opens
    std::deque<Result<>> resumes; ///< answers of the next calls; afterwards it works
    int resumeCalls = 0, kills = 0;
    ResourceUsage used;

    [[nodiscard]] const std::string &id() const override { return launchedWith.sandboxId; }
    void spawn(SpawnSpec, Then<SpawnedProcess> then) override { refuse(std::move(then)); }
    void forkPython(Then<SpawnedProcess> then) override { refuse(std::move(then)); }
    void signal(int, int, Then<void> then) override { answer(std::move(then), Result<>()); }
    void resizePty(int, SpawnSpec::PtySize, Then<void> then) override { refuse(std::move(then)); }
    void onExit(std::function<void(int, ExitStatus)>) override {}
    void onGone(std::function<void(std::string)>) override {}
    void openFile(std::string, std::string, bool, Then<UniqueFd> then) override { refuse(std::move(then)); }
    void stat(std::string, std::string, Then<FileEntry> then) override { refuse(std::move(then)); }
    void listDirectory(std::string, std::string, int, Then<std::vector<FileEntry>> then) override
    {
        refuse(std::move(then));
    }
    void makeDirectory(std::string, std::string, Then<FileEntry> then) override { refuse(std::move(then)); }
    void move(std::string, std::string, std::string, Then<FileEntry> then) override { refuse(std::move(then)); }
    void remove(std::string, std::string, Then<void> then) override { refuse(std::move(then)); }
    void watchDirectory(WatchSpec, Then<UniqueFd> then) override { refuse(std::move(then)); }
    void writableLayer(Then<UniqueFd> then) override
    {
        then(UniqueFd(::open(upper.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)));
    }
    void pause(Then<void> then) override { answer(std::move(then), Result<>()); }
    void resume(Then<void> then) override
    {
        ++resumeCalls;
        Result<> told;
        if (!resumes.empty()) {
            told = resumes.front();
            resumes.pop_front();
        }
        answer(std::move(then), std::move(told));
    }
    void connectPort(std::uint16_t, Then<UniqueFd> then) override { refuse(std::move(then)); }
    void listenPort(std::uint16_t, Then<UniqueFd> then) override { refuse(std::move(then)); }
    void usage(Then<ResourceUsage> then) override { answer(std::move(then), Result<ResourceUsage>(used)); }
    void kill(std::function<void()> then) override
    {
        ++kills;
        boost::asio::post(m_io, std::move(then));
    }

private:
    template<typename T>
    void answer(Then<T> then, Result<T> result)
    {
        boost::asio::post(m_io, [then = std::move(then), result = std::move(result)] { then(result); });
    }
    template<typename T>
    void refuse(Then<T> then)
    {
        boost::asio::post(m_io, [then = std::move(then)] {
            then(failure(Error::Kind::Local, "this sandbox runs nothing", 0, "unavailable"));
        });
    }

    boost::asio::io_context &m_io;
};

class FakeHost final : public SandboxHost
{
public:
    explicit FakeHost(boost::asio::io_context &io) : m_io(io)
    {
        m_tier.tier = 2;
        m_tier.summary = "Tier 2";
    }

    std::vector<std::shared_ptr<FakeSandbox>> launchedOnes;
    std::string upper; ///< FakeSandbox::upper of the next ones

    void attach(boost::asio::io_context &) override {}
    [[nodiscard]] const IsolationTier &tier() const override { return m_tier; }
    void launch(LaunchSpec spec, std::function<void(Result<std::shared_ptr<Sandbox>>)> then) override
    {
        launchedOnes.push_back(std::make_shared<FakeSandbox>(m_io, std::move(spec)));
        launchedOnes.back()->upper = upper;
        boost::asio::post(m_io, [then = std::move(then), made = launchedOnes.back()] { then(made); });
    }
    void prepare(std::vector<std::string>, std::vector<std::string>) override {}
    [[nodiscard]] bool canFork(const std::vector<std::string> &, const std::vector<std::string> &) const override
    {
        return false;
    }
    void onForkServer(std::function<void(bool, const std::string &)>) override {}

private:
    boost::asio::io_context &m_io;
    IsolationTier m_tier;
};

/// Turns the loop until `done`; false after half a minute.
inline bool turnUntil(boost::asio::io_context &io, const std::function<bool()> &done)
{
    return QTest::qWaitFor(
        [&] {
            io.restart();
            io.poll();
            return done();
        },
        30'000);
}

} // namespace sandglass::engine::test
