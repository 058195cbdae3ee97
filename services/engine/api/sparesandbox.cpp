#include "services/engine/api/sparesandbox.h"

#include "services/core/ids.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <tuple>
#include <utility>

namespace sandglass::engine {
namespace {

bool sameKind(const LaunchSpec &a, const LaunchSpec &b)
{
    const auto limits = [](const SandboxLimits &l) {
        return std::tuple(l.vcpuCount, l.memoryMb, l.diskMb, l.maxProcesses, l.maxOpenFiles);
    };
    return a.layers == b.layers && a.hostname == b.hostname && a.preimport == b.preimport && a.volumes == b.volumes
        && limits(a.limits) == limits(b.limits);
}

} // namespace

SpareSandbox::SpareSandbox(boost::asio::io_context &io, SandboxHost &host) : m_io(io), m_host(host) {}

SpareSandbox::~SpareSandbox()
{
    *m_alive = false;
}

bool SpareSandbox::take(LaunchSpec &wanted, const Then &then)
{
    if (!m_spare || !sameKind(m_spare->spec, wanted))
        return false;
    const auto spare = std::exchange(m_spare, nullptr);
    wanted.sandboxId = spare->spec.sandboxId;
    if (spare->sandbox)
        boost::asio::post(m_io, [then, sandbox = std::move(spare->sandbox)] { then(sandbox); });
    else
        spare->taker = then;
    return true;
}

void SpareSandbox::keep(LaunchSpec kind)
{
    if (m_closed || !kind.preimport || !kind.volumes.empty() || !m_host.canFork(kind.layers, *kind.preimport))
        return;
    if (m_spare && sameKind(m_spare->spec, kind))
        return;
    m_spare = std::make_shared<Spare>();
    m_spare->spec = std::move(kind);
    m_spare->spec.sandboxId = newSandboxId();
    m_host.launch(m_spare->spec, [this, alive = m_alive, spare = m_spare](Result<std::shared_ptr<Sandbox>> sandbox) {
        if (*alive)
            launched(spare, std::move(sandbox));
    });
}

void SpareSandbox::launched(const std::shared_ptr<Spare> &spare, Result<std::shared_ptr<Sandbox>> sandbox)
{
    if (spare->taker)
        return std::exchange(spare->taker, nullptr)(std::move(sandbox));
    if (m_spare != spare)
        return; // another kind took its place: letting go of it ends it
    if (!sandbox) {
        m_spare.reset();
        return;
    }
    spare->sandbox = std::move(*sandbox);
    spare->sandbox->onGone([this, alive = m_alive, weak = std::weak_ptr(spare)](const std::string &) {
        if (*alive && m_spare && m_spare == weak.lock())
            m_spare.reset();
    });
}

void SpareSandbox::close()
{
    m_closed = true;
    m_spare.reset();
}

} // namespace sandglass::engine
