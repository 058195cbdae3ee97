#include "services/engine/images/imagefetch.h"

#include "services/engine/api/await.h"
#include "services/engine/images/hostprogram.h"
#include "services/engine/images/imagename.h"

#include <boost/asio/co_spawn.hpp>

#include <sys/stat.h>

namespace sandglass::engine {

namespace asio = boost::asio;

namespace {

tl::unexpected<Error> cannotUse(const std::string &image, const std::string &why)
{
    return failure(Error::Kind::Service, "the image '" + image + "' cannot be used: " + why);
}

} // namespace

ImageFetch::ImageFetch(BaseImages &images, http::IoThread &thread, ImageWish wish)
    : m_images(images), m_thread(thread), m_wish(std::move(wish))
{}

void ImageFetch::start(std::function<void()> done)
{
    m_done = std::move(done);
    asio::co_spawn(m_images.m_io, work(),
                   [self = shared_from_this()](const std::exception_ptr &thrown, Result<std::string> layer) {
                       try {
                           if (thrown)
                               std::rethrow_exception(thrown);
                       } catch (const std::exception &exception) {
                           layer = cannotUse(self->m_wish.image, exception.what());
                       }
                       self->ended(layer);
                   });
}

std::optional<ImageFetch::Waiter> ImageFetch::remove(std::uint64_t number)
{
    auto found = m_waiters.extract(number);
    return found.empty() ? std::nullopt : std::optional(std::move(found.mapped()));
}

void ImageFetch::tell(const std::string &line) const
{
    const auto waiters = m_waiters; // one may leave
    for (const auto &[number, waiter] : waiters)
        waiter.onLine(line);
}

void ImageFetch::ended(const Result<std::string> &layer)
{
    Result<BaseSystem> result = layer ? Result<BaseSystem>(BaseSystem{*layer, {}, {}}) : failure(layer.error());
    if (layer) {
        result->settings = readImageSettings(m_images.m_layers.pathOf(*layer));
        result->hold = std::make_shared<const std::string>(*layer);
        std::erase_if(m_images.m_held, [](const auto &each) { return each.expired(); });
        m_images.m_held.push_back(result->hold);
    }
    m_making.clear();
    const auto waiters = std::exchange(m_waiters, {});
    m_done();
    for (const auto &[number, waiter] : waiters)
        waiter.then(result);
}

template<typename T>
ImageFetch::Awaitable<T> ImageFetch::onThread(std::function<Result<T>(const ImageWork &)> step)
{
    const auto self = shared_from_this();
    co_return co_await answerOf<T>([&](std::function<void(Result<T>)> then) {
        m_thread.post([weak = weak_from_this(), &io = m_images.m_io, isCancelled = m_isCancelled,
                       step = std::move(step), then = std::move(then)] {
            const ImageWork work{*isCancelled, [&io, weak](std::string line) {
                                     asio::post(io, [weak, line = std::move(line)] {
                                         if (const auto fetch = weak.lock())
                                             fetch->tell(line);
                                     });
                                 }};
            then(*isCancelled ? Result<T>(failure(Error::Kind::Cancelled, "cancelled", 0, "canceled")) : step(work));
        });
    });
}

std::string ImageFetch::key(const std::string &kind, const std::string &what) const
{
    constexpr const char *format = "1"; // raise when systems are set up differently
    return layerKey(kind + format, what);
}

std::optional<std::string> ImageFetch::known(const std::string &key) const
{
    const auto layer = m_images.m_cache.find(key);
    struct stat status
    {};
    const bool isThere = layer && ::stat(m_images.m_layers.pathOf(*layer).c_str(), &status) == 0;
    return isThere ? layer : std::nullopt;
}

ImageFetch::Awaitable<std::string> ImageFetch::work()
{
    const auto self = shared_from_this();
    if (const auto archive = m_images.m_archives.find(m_wish.image); archive != m_images.m_archives.end())
        co_return co_await fromArchive(archive->second);
    if (const auto fine = checkImageName(m_wish.image); !fine)
        co_return failure(fine.error());
    const auto suite = debianSuite(m_wish.image);
    if (const auto podman = findHostProgram("podman"))
        co_return co_await fromPodman(Podman(*podman), suite);
    const auto mmdebstrap = suite && !m_wish.login ? findHostProgram("mmdebstrap") : std::nullopt;
    if (mmdebstrap)
        co_return co_await fromDebian(*mmdebstrap, *suite);
    co_return cannotUse(m_wish.image,
                        suite ? "the local engine needs podman or mmdebstrap for it (apt install mmdebstrap)"
                              : "the local engine needs podman for it (apt install podman), or an archive of its files "
                                "(sandglass-engine --rootfs NAME=FILE.tar)");
}

ImageFetch::Awaitable<std::string> ImageFetch::fromArchive(std::string archive)
{
    struct stat status
    {};
    if (::stat(archive.c_str(), &status) != 0)
        co_return cannotUse(m_wish.image, "there is no " + archive);
    const auto stamp = [](const timespec &time) {
        return std::to_string(time.tv_sec) + "." + std::to_string(time.tv_nsec);
    };
    const std::string file = key("archive",
                                 archive + " " + std::to_string(status.st_ino) + " " + std::to_string(status.st_size)
                                     + " " + stamp(status.st_mtim) + " " + stamp(status.st_ctim));
    if (const auto layer = known(file))
        co_return *layer;
    tell("Unpacking the archive");
    ImageSettings settings;
    settings.image = m_wish.image;
    Unpack unpack = [archive, settings](const std::string &folder, const ImageWork &work) {
        return unpackArchive(archive, folder, settings, work);
    };
    co_return co_await makeLayer(std::vector<std::string>(1, file), std::move(unpack));
}

ImageFetch::Awaitable<ImageFetch::Found> ImageFetch::find(Podman podman, std::string name)
{
    std::function<Result<Found>(const ImageWork &)> step = [podman, name](const ImageWork &work) {
        return podman.find(name, work);
    };
    co_return co_await onThread<Found>(std::move(step));
}

ImageFetch::Awaitable<ImageFetch::Found> ImageFetch::pull(Podman podman)
{
    tell("Pulling " + withRegistry(m_wish.image));
    std::function<Result<bool>(const ImageWork &)> step =
        [podman, wish = m_wish, scratch = m_images.m_scratch](const ImageWork &work) -> Result<bool> {
        const auto done = podman.pull(wish.image, wish.login, scratch, work);
        return done ? Result<bool>(true) : failure(done.error());
    };
    const Result<bool> pulled = co_await onThread<bool>(std::move(step));
    if (!pulled)
        co_return failure(pulled.error());
    const Result<Found> found = co_await find(podman, withRegistry(m_wish.image));
    if (found && !*found)
        co_return failure(Error::Kind::Service, "podman has lost it");
    co_return found;
}

ImageFetch::Awaitable<std::string> ImageFetch::fromPodman(Podman podman, std::optional<std::string> suite)
{
    const std::string reference = key("reference", m_wish.image);
    const auto mmdebstrap = suite && !m_wish.login ? findHostProgram("mmdebstrap") : std::nullopt;
    Result<Found> found = co_await find(podman, m_wish.image);
    const bool isPulled = found && !*found;
    if (isPulled) {
        if (const auto layer = m_wish.anew ? std::nullopt : known(reference))
            co_return *layer;
        found = co_await pull(podman);
    }
    if (!found && mmdebstrap && !isStopped()) {
        tell("podman cannot get it: making it with mmdebstrap");
        co_return co_await fromDebian(*mmdebstrap, *suite);
    }
    if (!found)
        co_return cannotUse(m_wish.image, found.error().message);
    const Podman::Image image = **found;
    std::vector<std::string> keys(1, key("image", image.id));
    if (isPulled)
        keys.push_back(reference);
    Result<std::string> layer = known(keys.front()).value_or("");
    if (!layer->empty()) {
        remember(keys, *layer, 0);
    } else {
        tell("Unpacking the image");
        Unpack unpack = [podman, image](const std::string &folder, const ImageWork &work) {
            return podman.unpack(image, folder, work);
        };
        layer = co_await makeLayer(std::move(keys), std::move(unpack));
    }
    if (isPulled)
        m_thread.post([podman, name = m_wish.image] { podman.forget(name); });
    co_return layer;
}

ImageFetch::Awaitable<std::string> ImageFetch::fromDebian(std::string program, std::string suite)
{
    const std::string reference = key("debian", suite);
    if (const auto layer = m_wish.anew ? std::nullopt : known(reference))
        co_return *layer;
    tell("Making Debian " + suite + " with mmdebstrap");
    ImageSettings settings;
    settings.image = m_wish.image;
    Unpack unpack = [program, suite, settings](const std::string &folder, const ImageWork &work) {
        return makeDebian(program, suite, folder, settings, work);
    };
    co_return co_await makeLayer(std::vector<std::string>(1, reference), std::move(unpack));
}

ImageFetch::Awaitable<std::string> ImageFetch::makeLayer(std::vector<std::string> keys, Unpack unpack)
{
    m_making = m_images.m_layers.newName();
    const std::string name = m_making, folder = m_images.m_layers.pathOf(name);
    std::function<Result<std::int64_t>(const ImageWork &)> step = [unpack, folder, name,
                                                                   layers = m_images.m_layers](const ImageWork &work) {
        auto made = unpack(folder, work);
        if (!made)
            layers.remove(name);
        return made;
    };
    const Result<std::int64_t> bytes = co_await onThread<std::int64_t>(std::move(step));
    if (!bytes)
        co_return cannotUse(m_wish.image, bytes.error().message);
    remember(keys, name, *bytes);
    co_return name;
}

void ImageFetch::remember(const std::vector<std::string> &keys, const std::string &layer, std::int64_t bytes)
{
    for (const std::string &each : keys) {
        if (!known(each))
            m_images.m_cache.put(each, layer, bytes);
    }
}

} // namespace sandglass::engine
