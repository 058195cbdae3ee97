#include "services/engine/builds/buildbase.h"

#include <fstream>

namespace sandglass::engine {

std::string hostBaseStamp(const std::string &stateDirectory)
{
    std::string stamp;
    std::getline(std::ifstream(stateDirectory + "/layers/base.stamp"), stamp);
    return stamp;
}

std::string hintFor(std::string_view command, const std::vector<std::string> &layers)
{
    const bool isHost = !layers.empty() && layers.front() == "base";
    for (const std::string_view tool : {"apt-get ", "apt ", "dpkg "}) {
        if (isHost && command.find(tool) != command.npos)
            return " (the base of this template is the system of this machine, whose packages a build cannot change: "
                   "install them on the machine, or build "
                   "from an image, as 'debian:12')";
    }
    return {};
}

} // namespace sandglass::engine
