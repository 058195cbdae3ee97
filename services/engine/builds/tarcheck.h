#pragma once

#include "services/engine/images/tarreader.h"

#include <set>
#include <string>
#include <string_view>

namespace sandglass::engine {

/// Says what of a tar archive must not be unpacked: names that are absolute or climb out with "..", links that lead out
/// of the archive, names that go through a link, devices and pipes, more than the limits. Keeps names only.
class TarCheck final : public TarReader
{
public:
    using TarReader::TarReader;

private:
    bool entry(const TarEntry &found) override;
    bool hardLink(const std::string &path, const std::string &link);
    bool symbolicLink(const std::string &path, const std::string &link);
    [[nodiscard]] bool goesThroughLink(std::string_view path) const;

    std::set<std::string, std::less<>> m_links, m_files;
};

} // namespace sandglass::engine
