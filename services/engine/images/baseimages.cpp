#include "services/engine/images/baseimages.h"

#include "services/core/paths.h"
#include "services/engine/images/imagefetch.h"

#include <boost/asio/post.hpp>

#include <filesystem>

namespace sandglass::engine {

namespace {

/// Who may not see an image must not get it through somebody who may.
std::string keyOf(const ImageWish &wish)
{
    std::string key = wish.image + '\0' + (wish.anew ? "anew" : "");
    if (wish.login)
        key += '\0' + wish.login->username + '\0' + wish.login->password;
    return layerKey("wish", key);
}

} // namespace

BaseImages::BaseImages(boost::asio::io_context &io, LayerCache &cache, LayerStore layers, std::string scratch,
                       Archives archives)
    : m_io(io)
    , m_cache(cache)
    , m_layers(std::move(layers))
    , m_scratch(std::move(scratch))
    , m_archives(std::move(archives))
{
    std::error_code failed;
    std::filesystem::remove_all(m_scratch, failed); // an engine that was killed may have left a password
    (void)ensurePrivateDirectory(m_scratch);        // else a pull with a password says so
    for (auto &thread : m_threads)
        thread = std::make_unique<http::IoThread>("engine-images");
}

BaseImages::~BaseImages()
{
    for (const auto &[key, fetch] : m_fetches)
        fetch->stop();
    for (auto &thread : m_threads)
        thread->stop();
}

std::uint64_t BaseImages::fetch(const ImageWish &wish, OnLine onLine, Then then)
{
    const std::uint64_t number = ++m_last;
    const std::string key = keyOf(wish);
    const auto running = m_fetches.find(key);
    if (running != m_fetches.end() && !running->second->isStopped()) {
        onLine("Another build is fetching the image: waiting for it");
        running->second->add(number, {std::move(onLine), std::move(then)});
        return number;
    }
    const auto fetch = std::make_shared<ImageFetch>(*this, *m_threads[number % m_threads.size()], wish);
    m_fetches[key] = fetch;
    fetch->add(number, {std::move(onLine), std::move(then)});
    fetch->start([this, key, raw = fetch.get()] {
        if (const auto mine = m_fetches.find(key); mine != m_fetches.end() && mine->second.get() == raw)
            m_fetches.erase(mine);
    });
    return number;
}

void BaseImages::cancel(std::uint64_t number)
{
    for (auto &[key, fetch] : m_fetches) {
        auto waiter = fetch->remove(number);
        if (!waiter)
            continue;
        if (fetch->isAlone())
            fetch->stop();
        boost::asio::post(m_io, [then = std::move(waiter->then)] {
            then(failure(Error::Kind::Cancelled, "cancelled", 0, "canceled"));
        });
        return;
    }
}

std::set<std::string> BaseImages::layersInUse() const
{
    std::set<std::string> layers;
    for (const auto &[key, fetch] : m_fetches)
        layers.insert(fetch->making());
    for (const auto &each : m_held) {
        if (const auto layer = each.lock())
            layers.insert(*layer);
    }
    return layers;
}

} // namespace sandglass::engine
