#pragma once

#include "services/engine/broker/channel.h"
#include "services/engine/broker/localsandbox.h"
#include "services/engine/broker/sandbox.h"

#include <map>
#include <set>
#include <sys/types.h>

namespace sandglass::engine {

/// The engine's side of the broker process.
class LocalHost final : public SandboxHost
{
public:
    LocalHost(UniqueFd socket, pid_t broker, IsolationTier tier);
    ~LocalHost() override;

    void attach(boost::asio::io_context &io) override;
    [[nodiscard]] const IsolationTier &tier() const override { return m_tier; }
    void launch(LaunchSpec spec, std::function<void(Result<std::shared_ptr<Sandbox>>)> then) override;
    void prepare(std::vector<std::string> layers, std::vector<std::string> preimport) override;
    [[nodiscard]] bool canFork(const std::vector<std::string> &layers,
                               const std::vector<std::string> &preimport) const override;
    void onForkServer(std::function<void(bool ready, const std::string &why)> callback) override;

private:
    using Then = std::function<void(Result<std::shared_ptr<Sandbox>>)>;
    struct Launching
    {
        LaunchSpec spec;
        Then then;
    };

    void received(wire::Incoming message);
    void launched(std::int64_t token, UniqueFd control);
    void refused(std::int64_t token, const Json &message);
    void aboutKernel(std::int64_t token, const std::string &event, wire::Incoming message);
    void forkServerChanged(const Json &message);
    void brokerGone();
    void later(Then then, Error error);

    UniqueFd m_socket; ///< until attach()
    pid_t m_broker;
    IsolationTier m_tier;
    boost::asio::io_context *m_io = nullptr;
    std::shared_ptr<Channel> m_channel;
    std::map<std::int64_t, Launching> m_launching;
    std::map<std::int64_t, std::weak_ptr<LocalSandbox>> m_sandboxes;
    std::set<std::string> m_forkServers; ///< keys of those that serve
    std::function<void(bool, const std::string &)> m_onForkServer;
    std::int64_t m_nextToken = 1;
};

} // namespace sandglass::engine
