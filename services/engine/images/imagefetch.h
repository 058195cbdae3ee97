#pragma once

#include "services/engine/images/baseimages.h"
#include "services/engine/images/imagesource.h"

#include <boost/asio/awaitable.hpp>

#include <atomic>
#include <map>
#include <memory>
#include <optional>
#include <string>

namespace sandglass::engine {

/// One image on its way, for all who wait for it.
class ImageFetch final : public std::enable_shared_from_this<ImageFetch>
{
public:
    struct Waiter
    {
        BaseImages::OnLine onLine;
        BaseImages::Then then;
    };

    ImageFetch(BaseImages &images, http::IoThread &thread, ImageWish wish);

    void start(std::function<void()> done);
    void add(std::uint64_t number, Waiter waiter) { m_waiters[number] = std::move(waiter); }
    [[nodiscard]] std::optional<Waiter> remove(std::uint64_t number);
    [[nodiscard]] bool isAlone() const { return m_waiters.empty(); }
    /// What runs ends soon; who waits hears of it.
    void stop() { *m_isCancelled = true; }
    [[nodiscard]] bool isStopped() const { return *m_isCancelled; }
    [[nodiscard]] const std::string &making() const { return m_making; }

private:
    template<typename T>
    using Awaitable = boost::asio::awaitable<Result<T>>;
    using Unpack = std::function<Result<std::int64_t>(const std::string &folder, const ImageWork &work)>;

    Awaitable<std::string> work(); ///< the layer's name
    using Found = std::optional<Podman::Image>;
    Awaitable<Found> find(Podman podman, std::string name);
    Awaitable<Found> pull(Podman podman); ///< what it finds then
    Awaitable<std::string> fromArchive(std::string archive);
    Awaitable<std::string> fromPodman(Podman podman, std::optional<std::string> suite);
    Awaitable<std::string> fromDebian(std::string program, std::string suite);
    /// Makes a layer, and has the cache know it by `keys`.
    Awaitable<std::string> makeLayer(std::vector<std::string> keys, Unpack unpack);
    template<typename T>
    Awaitable<T> onThread(std::function<Result<T>(const ImageWork &)> step);
    void remember(const std::vector<std::string> &keys, const std::string &layer, std::int64_t bytes);
    [[nodiscard]] std::optional<std::string> known(const std::string &key) const;
    [[nodiscard]] std::string key(const std::string &kind, const std::string &what) const;
    void tell(const std::string &line) const;
    void ended(const Result<std::string> &layer);

    BaseImages &m_images;
    http::IoThread &m_thread;
    const ImageWish m_wish;
    std::map<std::uint64_t, Waiter> m_waiters;
    std::function<void()> m_done;
    std::string m_making; ///< a layer that is not finished
    const std::shared_ptr<std::atomic<bool>> m_isCancelled = std::make_shared<std::atomic<bool>>(false);
};

} // namespace sandglass::engine
