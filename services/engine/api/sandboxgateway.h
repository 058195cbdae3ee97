#pragma once

#include "services/engine/api/registry.h"
#include "services/engine/api/sandboxroute.h"
#include "services/http/server.h"

#include <memory>
#include <string>

namespace sandglass::engine {

/// The listener for all traffic into sandboxes: finds the sandbox, resumes it when it may, checks the token, and hands
/// the request to envd's services, the interpreter, or a port of the sandbox.
class SandboxGateway final : public http::Handler
{
public:
    SandboxGateway(boost::asio::io_context &io, SandboxRegistry &registry, http::IoThread &files,
                   std::string spoolDirectory);

    [[nodiscard]] http::Admission admit(const http::RequestHead &head) override;
    void handle(http::Request request, std::shared_ptr<http::BodySink> sink,
                std::shared_ptr<http::Exchange> exchange) override;

private:
    using ExchangePtr = std::shared_ptr<http::Exchange>;
    using LivePtr = SandboxRegistry::LivePtr;
    struct Target
    {
        LivePtr live;
        std::uint16_t port = 0;
    };
    [[nodiscard]] std::variant<Target, http::Response> find(const http::RequestHead &head) const;
    [[nodiscard]] std::variant<Target, http::Response> findBySignature(const http::RequestHead &head,
                                                                       const http::Response &otherwise) const;
    void wake(const Target &target, std::shared_ptr<http::Request> request, std::shared_ptr<http::BodySink> sink,
              const ExchangePtr &exchange);
    void serve(const Target &target, const http::Request &request, const std::shared_ptr<http::BodySink> &sink,
               const ExchangePtr &exchange);
    void serveEnvd(const LivePtr &live, const http::Request &request, const std::shared_ptr<http::BodySink> &sink,
                   const ExchangePtr &exchange);
    void serveMetrics(const LivePtr &live, const ExchangePtr &exchange);
    void serveInterpreter(const LivePtr &live, const http::Request &request, const ExchangePtr &exchange);

    boost::asio::io_context &m_io;
    SandboxRegistry &m_registry;
    http::IoThread &m_files;
    std::string m_spoolDirectory;
};

} // namespace sandglass::engine
