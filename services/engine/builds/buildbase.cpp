#include "services/engine/builds/buildbase.h"

#include <array>
#include <fstream>

namespace sandglass::engine {

bool isHostBase(std::string_view image)
{
    for (const std::string_view prefix : {"docker.io/", "index.docker.io/"}) {
        if (image.starts_with(prefix))
            image.remove_prefix(prefix.size());
    }
    image = image.substr(0, image.find_first_of(":@"));
    return image.empty() || image == "e2bdev/base" || image == "e2bdev/code-interpreter";
}

std::string hostBaseStamp(const std::string &stateDirectory)
{
    std::string stamp;
    std::getline(std::ifstream(stateDirectory + "/layers/base.stamp"), stamp);
    return stamp;
}

std::string missingImage(const std::string &image)
{
    return "the image '" + image
        + "' cannot be used: the local engine builds on 'e2bdev/base', 'e2bdev/code-interpreter' and on its own "
          "templates";
}

std::string hintFor(std::string_view command, const std::vector<std::string> &layers)
{
    const bool isHost = !layers.empty() && layers.front() == "base";
    for (const std::string_view tool : {"apt-get ", "apt ", "dpkg "}) {
        if (isHost && command.find(tool) != command.npos)
            return " (the base of this template is the system of this machine, whose packages a build cannot change: "
                   "install them on the machine)";
    }
    return {};
}

} // namespace sandglass::engine
