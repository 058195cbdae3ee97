#include "services/engine/broker/forkservers.h"

#include "services/engine/broker/names.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <sys/stat.h>

namespace sandglass::engine {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds firstBackOff = 1s;
constexpr std::chrono::milliseconds longestBackOff = 1min;
constexpr std::size_t mostServers = 4; // each keeps some 50 to 120 MB

std::vector<std::string> texts(const Json &array)
{
    std::vector<std::string> all;
    for (const Json &text : array)
        all.push_back(text.is_string() ? text.get<std::string>() : std::string());
    return all;
}

} // namespace

std::string ForkServers::Settings::key() const
{
    return dumpJson(Json::array({Json(layers), Json(preimport)}));
}

ForkServers::Settings ForkServers::Settings::fromJson(const Json &request)
{
    return {texts(memberOr(request, "layers")), texts(memberOr(request, "preimport"))};
}

void ForkServers::use(SyscallFilter sandboxFilter, SyscallFilter ownFilter)
{
    m_sandboxFilter = std::move(sandboxFilter);
    m_ownFilter = std::move(ownFilter);
}

void ForkServers::prepare(const Settings &settings)
{
    const std::string key = settings.key();
    if (m_slots.contains(key))
        return;
    makeRoom();
    Slot &slot = m_slots[key];
    slot.settings = settings;
    slot.lastUse = Clock::now();
    start(slot);
}

void ForkServers::makeRoom()
{
    while (m_slots.size() >= mostServers) {
        const auto oldest = std::min_element(m_slots.begin(), m_slots.end(), [](const auto &a, const auto &b) {
            return a.second.lastUse < b.second.lastUse;
        });
        down(oldest->second, "another template needs its place");
        m_slots.erase(oldest);
    }
}

void ForkServers::fork(const Settings &settings, ForkOrder order)
{
    prepare(settings);
    Slot &slot = m_slots.at(settings.key());
    slot.lastUse = Clock::now();
    if (slot.server == nullptr)
        return m_listener.refused(order.token, "the fork-server is down");
    slot.server->fork(std::move(order));
}

Result<RootPlan> ForkServers::planOf(const Slot &slot) const
{
    RootPlan plan;
    plan.directory = slot.directory;
    for (const std::string &layer : slot.settings.layers) {
        const std::string path = std::string(layersDirectory) + "/" + layer;
        if (!isPlainName(layer) || !std::filesystem::is_directory(path))
            return failure(Error::Kind::Local, "template layer '" + layer + "' does not exist");
        plan.layers.push_back(path);
    }
    if (plan.layers.empty())
        return failure(Error::Kind::Local, "a fork-server needs at least one template layer");
    if (mkdir(slot.directory.c_str(), 0755) != 0)
        return failure(Error::Kind::Local, "cannot make " + slot.directory + ": " + std::strerror(errno));
    return plan;
}

void ForkServers::start(Slot &slot)
{
    // A name that no sandbox can have, so that no request of the engine names it.
    slot.directory = std::string(sandboxesDirectory) + "/.fork-server-" + std::to_string(++m_started);
    const auto plan = planOf(slot);
    auto launched = plan ? launchForkServer(*plan, m_ownFilter) : tl::unexpected(plan.error());
    if (!launched)
        return down(slot, launched.error().message);
    const std::string key = slot.settings.key();
    slot.server = std::make_unique<ForkServer>(std::move(*launched),
                                               ForkServer::Listener{[this, key] { m_listener.changed(key, true, {}); },
                                                                    [this, &slot](ForkedKernel kernel) {
                                                                        slot.backOff =
                                                                            0ms; // only now it is known to work
                                                                        m_listener.forked(std::move(kernel));
                                                                    },
                                                                    m_listener.exited, m_listener.refused});
    if (!slot.server->greet(ForkServer::greeting(m_sandboxFilter, slot.settings.preimport)))
        down(slot, "it takes no greeting");
}

void ForkServers::down(Slot &slot, const std::string &why)
{
    std::string reason = why;
    if (slot.server) {
        slot.server->readErrors();
        if (!slot.server->lastWords().empty())
            reason += ": " + slot.server->lastWords();
    }
    slot.server.reset(); // refuses what it has not answered
    std::error_code ignored;
    std::filesystem::remove_all(slot.directory, ignored);
    slot.backOff = std::clamp(slot.backOff * 2, firstBackOff, longestBackOff);
    slot.nextStart = Clock::now() + slot.backOff;
    m_listener.changed(slot.settings.key(), false, reason);
}

void ForkServers::watch(std::vector<pollfd> &waiting) const
{
    for (const auto &[key, slot] : m_slots) {
        if (!slot.server)
            continue;
        waiting.push_back({slot.server->controlFd(), POLLIN, 0});
        if (slot.server->errorsFd() >= 0)
            waiting.push_back({slot.server->errorsFd(), POLLIN, 0});
    }
}

void ForkServers::handle(const std::vector<pollfd> &waiting)
{
    const auto ready = [&waiting](int fd) {
        return std::any_of(waiting.begin(), waiting.end(),
                           [fd](const pollfd &each) { return each.fd == fd && each.revents != 0; });
    };
    for (auto &[key, slot] : m_slots) {
        if (slot.server && slot.server->errorsFd() >= 0 && ready(slot.server->errorsFd()))
            slot.server->readErrors();
        if (slot.server && ready(slot.server->controlFd()) && !slot.server->readAnswers())
            down(slot, "the fork-server ended");
    }
}

void ForkServers::readAnswers()
{
    for (auto &[key, slot] : m_slots) {
        if (slot.server)
            (void)slot.server->readAnswers(); // an end is told by reaped() or handle()
    }
}

void ForkServers::tick()
{
    const Clock::time_point now = Clock::now();
    for (auto &[key, slot] : m_slots) {
        if (slot.server && !slot.server->checkPatience(now))
            down(slot, slot.server->isReady() ? "the fork-server stopped answering" : "the fork-server did not start");
        else if (!slot.server && now >= slot.nextStart)
            start(slot);
    }
}

ForkServers::Clock::time_point ForkServers::nextDeadline() const
{
    Clock::time_point next = Clock::time_point::max();
    for (const auto &[key, slot] : m_slots)
        next = std::min(next, slot.server ? slot.server->nextDeadline() : slot.nextStart);
    return next;
}

void ForkServers::replaceStuck(const Settings &settings)
{
    const auto found = m_slots.find(settings.key());
    if (found != m_slots.end() && found->second.server)
        down(found->second, "the fork-server stopped reaping");
}

bool ForkServers::reaped(pid_t pid)
{
    for (auto &[key, slot] : m_slots) {
        if (slot.server && slot.server->pid() == pid) {
            down(slot, "the fork-server ended");
            return true;
        }
    }
    return false;
}

void ForkServers::stopAll()
{
    for (auto &[key, slot] : m_slots)
        down(slot, "the broker ends");
    m_slots.clear();
}

} // namespace sandglass::engine
