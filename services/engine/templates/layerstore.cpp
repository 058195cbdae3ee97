#include "services/engine/templates/layerstore.h"

#include "services/core/ids.h"

#include <filesystem>
#include <sys/stat.h>

namespace sandglass::engine {

namespace fs = std::filesystem;

std::string LayerStore::newName() const
{
    return m_prefix + newHexToken(8);
}

std::string LayerStore::pathOf(std::string_view name) const
{
    return m_directory + "/" + std::string(name);
}

std::vector<std::string> LayerStore::names() const
{
    std::vector<std::string> found;
    std::error_code failed;
    for (fs::directory_iterator it(m_directory, failed), end; !failed && it != end; it.increment(failed)) {
        if (std::string name = it->path().filename(); name.starts_with(m_prefix))
            found.push_back(std::move(name));
    }
    return found;
}

void LayerStore::remove(std::string_view name) const
{
    if (!name.starts_with(m_prefix) || name.find('/') != name.npos)
        return;
    const fs::path layer = pathOf(name);
    std::error_code failed;
    ::chmod(layer.c_str(), 0700);
    for (fs::recursive_directory_iterator it(layer, failed), end; !failed && it != end; it.increment(failed)) {
        if (it->symlink_status(failed).type() == fs::file_type::directory)
            ::chmod(it->path().c_str(), 0700); // before it is opened
    }
    fs::remove_all(layer, failed);
}

} // namespace sandglass::engine
