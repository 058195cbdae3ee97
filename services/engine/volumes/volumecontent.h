#pragma once

#include "services/engine/api/router.h"
#include "services/engine/api/upload.h"
#include "services/engine/volumes/volumes.h"

#include <functional>
#include <memory>
#include <string>

namespace sandglass::engine {

/// The contents of volumes over HTTP: /volumecontent/{id}/path, /dir and /file, opened by the volume's own token. What
/// takes time is done on the worker. io thread only.
class VolumeContent final : public http::Handler
{
public:
    /// All outlive it; bodies of uploads wait in `spoolDirectory`.
    VolumeContent(boost::asio::io_context &io, http::IoThread &worker, Volumes &volumes, std::string spoolDirectory);
    ~VolumeContent() override { *m_alive = false; }
    VolumeContent(const VolumeContent &) = delete;
    VolumeContent &operator=(const VolumeContent &) = delete;

    [[nodiscard]] static bool isFor(std::string_view path) { return path.starts_with("/volumecontent/"); }
    [[nodiscard]] http::Admission admit(const http::RequestHead &head) override;
    void handle(http::Request request, std::shared_ptr<http::BodySink> sink,
                std::shared_ptr<http::Exchange> exchange) override;

private:
    using ExchangePtr = std::shared_ptr<http::Exchange>;
    using Work = std::function<void(const VolumeTree &tree)>;
    [[nodiscard]] const Volume *find(const http::RequestHead &head) const;
    void addPathRoutes();
    void addDirectoryRoutes();
    /// Runs `work` on the worker with the volume open; `changes`: what it holds is added up afterwards.
    void with(const std::string &id, const ExchangePtr &exchange, bool changes, Work work);
    void download(const http::Request &request, const std::string &id, const ExchangePtr &exchange);
    void upload(const http::Request &request, const std::string &id, std::shared_ptr<Upload> upload,
                const ExchangePtr &exchange);

    boost::asio::io_context &m_io;
    http::IoThread &m_worker;
    Volumes &m_volumes;
    std::string m_spoolDirectory;
    Router m_router;
    std::shared_ptr<bool> m_alive = std::make_shared<bool>(true);
};

} // namespace sandglass::engine
