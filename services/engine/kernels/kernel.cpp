#include "services/engine/kernels/kernel.h"

#include "services/engine/kernels/runnerkernel.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

namespace sandglass::engine {

std::shared_ptr<Kernel> startKernel(std::shared_ptr<Sandbox> sandbox, boost::asio::io_context &io, std::string language,
                                    std::string workingDirectory, std::map<std::string, std::string> environment,
                                    std::function<void(Result<std::shared_ptr<Kernel>>)> then)
{
    auto profile = kernelProfile(language);
    if (!profile) {
        boost::asio::post(io, [error = profile.error(), then = std::move(then)] { then(tl::unexpected(error)); });
        return nullptr;
    }
    if (sandbox->hasOwnSystem())
        profile->useOwnSystem();
    const auto kernel = std::make_shared<RunnerKernel>(std::move(sandbox), io, std::move(*profile),
                                                       std::move(workingDirectory), std::move(environment));
    kernel->start([weak = std::weak_ptr<Kernel>(kernel), then = std::move(then)](Result<> started) {
        if (started)
            then(weak.lock()); // calls us, hence is alive
        else
            then(tl::unexpected(started.error()));
    });
    return kernel;
}

} // namespace sandglass::engine
