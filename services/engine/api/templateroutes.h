#pragma once

#include "services/engine/api/router.h"
#include "services/engine/api/snapshots.h"
#include "services/engine/builds/templatebuilds.h"

#include <memory>
#include <string>

namespace sandglass::engine {

/// The part of the control plane that speaks of templates, their builds and tags (e2b-protocol 2.2, 6). io thread only.
class TemplateRoutes final
{
public:
    TemplateRoutes(TemplateBuilds &builds, Snapshots &snapshots) : m_builds(builds), m_snapshots(snapshots) {}

    void addTo(Router &router);
    /// For PUT on an upload URL: who has its token needs no key. Nothing for other requests.
    [[nodiscard]] std::optional<http::Admission> admitUpload(const http::RequestHead &head);

private:
    using ExchangePtr = std::shared_ptr<http::Exchange>;
    void addBuildRoutes(Router &router);
    void addTagRoutes(Router &router);
    void list(const http::Request &request, bool isPaged, const ExchangePtr &exchange);
    void show(const http::Request &request, const std::string &reference, const ExchangePtr &exchange);
    void showAlias(const std::string &alias, const ExchangePtr &exchange);
    void remove(const std::string &reference, const ExchangePtr &exchange);
    void change(const http::Request &request, const std::string &reference, bool isOld, const ExchangePtr &exchange);
    void requestBuild(const http::Request &request, bool isOld, const ExchangePtr &exchange);
    void startBuild(const http::Request &request, const PathParameters &path, const ExchangePtr &exchange);
    void fileLink(const http::Request &request, const PathParameters &path, const ExchangePtr &exchange);
    void status(const http::Request &request, const PathParameters &path, const ExchangePtr &exchange);
    void logs(const http::Request &request, const PathParameters &path, const ExchangePtr &exchange);
    void listTags(const std::string &reference, const ExchangePtr &exchange);
    void assignTags(const http::Request &request, const ExchangePtr &exchange);
    void removeTags(const http::Request &request, const ExchangePtr &exchange);

    TemplateBuilds &m_builds;
    Snapshots &m_snapshots;
};

/// Answers an upload whose body has come in.
void serveBuildUpload(TemplateBuilds &builds, const std::shared_ptr<BuildUpload> &upload,
                      const std::shared_ptr<http::Exchange> &exchange);

} // namespace sandglass::engine
