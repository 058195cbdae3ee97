#include "services/engine/builds/tarcheck.h"

#include <algorithm>

namespace sandglass::engine {

bool TarCheck::goesThroughLink(std::string_view path) const
{
    for (auto slash = path.find('/'); slash != path.npos; slash = path.find('/', slash + 1)) {
        if (m_links.contains(path.substr(0, slash)))
            return true;
    }
    return false;
}

bool TarCheck::entry(const TarEntry &found)
{
    const auto path = inside(found.name);
    if (!path)
        return false;
    if (goesThroughLink(*path))
        return fail("'" + *path + "' goes through a symbolic link of the archive");
    switch (found.type) {
    case '0':
    case '\0':
    case '7':
        m_links.erase(*path);
        m_files.insert(*path);
        return true;
    case '1':
        return hardLink(*path, found.link);
    case '2':
        return symbolicLink(*path, found.link);
    case '5':
        m_links.erase(*path);
        return true;
    case '3':
    case '4':
    case '6':
        return fail("'" + *path + "' is a device or a pipe");
    default:
        return fail("'" + *path + "' is of a kind that is not unpacked");
    }
}

bool TarCheck::hardLink(const std::string &path, const std::string &link)
{
    const auto target = inside(link);
    if (!target)
        return fail("'" + path + "' is a link out of the archive");
    if (!m_files.contains(*target))
        return fail("'" + path + "' is a link to '" + *target + "', which the archive does not hold before it");
    m_files.insert(path);
    return true;
}

/// Relative targets may climb, but not above the top of the archive.
bool TarCheck::symbolicLink(const std::string &path, const std::string &link)
{
    int depth = static_cast<int>(std::ranges::count(path, '/'));
    bool isInside = !link.starts_with('/');
    for (const std::string_view part : pathParts(link)) {
        depth += part == ".." ? -1 : 1;
        isInside = isInside && depth >= 0;
    }
    if (!isInside)
        return fail("'" + path + "' is a symbolic link out of the archive ('" + link.substr(0, 200)
                    + "'): copy what it points to instead (resolveSymlinks)");
    m_files.erase(path);
    m_links.insert(path);
    return true;
}

} // namespace sandglass::engine
