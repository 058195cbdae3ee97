#include "services/engine/images/imagename.h"

#include "services/engine/api/errors.h"

#include <algorithm>
#include <array>

namespace sandglass::engine {

namespace {

constexpr std::size_t kLongest = 512;
constexpr std::array<std::string_view, 2> kDockerHub{"docker.io/", "index.docker.io/"};

std::string_view withoutHub(std::string_view image)
{
    for (const std::string_view prefix : kDockerHub) {
        if (image.starts_with(prefix))
            image.remove_prefix(prefix.size());
    }
    return image;
}

/// As Docker tells a host from the first folder of a path.
bool hasRegistry(std::string_view image)
{
    const auto slash = image.find('/');
    const std::string_view first = image.substr(0, slash);
    return slash != image.npos && (first == "localhost" || first.find_first_of(".:") != first.npos);
}

} // namespace

bool isHostBase(std::string_view image)
{
    image = withoutHub(image);
    image = image.substr(0, image.find_first_of(":@"));
    return image.empty() || image == "e2bdev/base" || image == "e2bdev/code-interpreter";
}

Result<> checkImageName(std::string_view image)
{
    const auto isLetter = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    };
    const bool isFine = !image.empty() && image.size() <= kLongest && isLetter(image.front())
        && std::ranges::all_of(
            image, [&](char c) { return isLetter(c) || std::string_view("._-/:@").find(c) != std::string_view::npos; });
    if (isFine)
        return {};
    return refuse(400, "'" + std::string(image.substr(0, kLongest)) + "' is no reference of an image");
}

std::optional<std::string> debianSuite(std::string_view image)
{
    struct Release
    {
        std::string_view number, name;
    };
    constexpr std::array releases{Release{"11", "bullseye"}, Release{"12", "bookworm"}, Release{"13", "trixie"}};
    image = withoutHub(image);
    if (image.starts_with("library/"))
        image.remove_prefix(8);
    const auto colon = image.find(':');
    if (image.substr(0, colon) != "debian" || image.find('@') != image.npos)
        return std::nullopt;
    std::string_view tag = colon == image.npos ? "latest" : image.substr(colon + 1);
    if (tag.ends_with("-slim"))
        tag.remove_suffix(5);
    for (const Release &release : releases) {
        const bool isPoint = tag.starts_with(release.number) && tag.substr(2).starts_with('.');
        if (tag == release.name || tag == release.number || isPoint)
            return std::string(release.name);
    }
    if (tag == "latest" || tag == "stable")
        return "stable";
    if (tag == "oldstable" || tag == "testing" || tag == "sid" || tag == "unstable")
        return std::string(tag);
    return std::nullopt;
}

std::string withRegistry(const std::string &image)
{
    if (hasRegistry(image))
        return image;
    return (image.find('/') == image.npos ? "docker.io/library/" : "docker.io/") + image;
}

std::string registryOf(const std::string &image)
{
    const std::string whole = withRegistry(image);
    return whole.substr(0, whole.find('/'));
}

} // namespace sandglass::engine
