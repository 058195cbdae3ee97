#pragma once

#include "services/engine/images/imagename.h"
#include "services/engine/images/layercache.h"
#include "services/engine/images/systemsetup.h"
#include "services/engine/templates/layerstore.h"
#include "services/http/server.h"

#include <boost/asio/io_context.hpp>

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace sandglass::engine {

/// A system that templates can stand on.
struct BaseSystem
{
    std::string layer;
    ImageSettings settings;
    std::shared_ptr<const std::string> hold; ///< the layer stays as long as this is kept
};

struct ImageWish
{
    std::string image;
    std::optional<ImageLogin> login;
    bool anew = false; ///< what was fetched before does not do
};

class ImageFetch;

/// The images that builds ask for, each fetched and unpacked once into a layer of its own: archives that the engine was
/// started with, images of podman's, and Debian by mmdebstrap. Who asks for the same while it is fetched waits along.
/// Which layer is whose stands in the cache of layers. Remembers no password. io thread only.
class BaseImages final
{
public:
    using OnLine = std::function<void(const std::string &)>;
    using Then = std::function<void(Result<BaseSystem>)>;
    using Archives = std::map<std::string, std::string>; ///< names of images, and the archives of their files

    /// `scratch` is a folder of its own for what is private. What is passed outlives it.
    BaseImages(boost::asio::io_context &io, LayerCache &cache, LayerStore layers, std::string scratch,
               Archives archives);
    ~BaseImages(); ///< ends what is being fetched, and waits for that

    /// Calls `then` once, not before it returns. The number is for cancel().
    std::uint64_t fetch(const ImageWish &wish, OnLine onLine, Then then);
    /// Answers with an error of kind Cancelled; the fetch goes on only as long as somebody waits for it.
    void cancel(std::uint64_t number);
    [[nodiscard]] std::set<std::string> layersInUse() const;

private:
    friend class ImageFetch;

    boost::asio::io_context &m_io;
    LayerCache &m_cache;
    const LayerStore m_layers;
    const std::string m_scratch;
    const Archives m_archives;
    std::map<std::string, std::shared_ptr<ImageFetch>> m_fetches; ///< by what they were asked for
    std::vector<std::weak_ptr<const std::string>> m_held;
    std::uint64_t m_last = 0;
    std::array<std::unique_ptr<http::IoThread>, 2> m_threads; ///< more wait in line
};

} // namespace sandglass::engine
