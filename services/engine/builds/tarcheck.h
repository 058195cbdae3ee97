#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace sandglass::engine {

struct TarLimits
{
    std::int64_t bytes = 8LL << 30; ///< of the archive once it is unpacked
    std::int64_t entries = 500'000;
    std::size_t pathLength = 4096;
    int depth = 128;
};

/// Reads a tar archive (ustar, pax, GNU long names) piece by piece and says what must not be unpacked: names that are
/// absolute or climb out with "..", links that lead out of the archive, names that go through a link, devices and
/// pipes, more than the limits. Keeps names only.
class TarCheck final
{
public:
    explicit TarCheck(TarLimits limits = {}) : m_limits(limits) {}

    /// False once something is wrong; error() says what.
    [[nodiscard]] bool add(std::string_view piece);
    /// The archive ends here. False when it is cut off.
    [[nodiscard]] bool finish();
    [[nodiscard]] const std::string &error() const { return m_error; }

private:
    struct Header;
    bool fail(std::string message);
    bool block(std::string_view bytes);
    bool header(std::string_view bytes);
    bool entry(char type, std::string name, const std::string &link);
    bool hardLink(const std::string &path, const std::string &link);
    bool symbolicLink(const std::string &path, const std::string &link);
    bool extended();
    [[nodiscard]] std::optional<std::string> inside(std::string_view name);
    [[nodiscard]] bool goesThroughLink(std::string_view path) const;

    const TarLimits m_limits;
    std::string m_error, m_block; ///< a block that is not yet whole
    std::string m_text;           ///< of a long name or of pax headers
    char m_textType = 0;          ///< 0: what follows is a file's content
    std::int64_t m_left = 0;      ///< bytes of content to come
    std::int64_t m_bytes = 0, m_entries = 0;
    int m_zeroBlocks = 0;
    std::optional<std::string> m_longName, m_longLink; ///< for the next entry
    std::optional<std::int64_t> m_longSize;
    std::set<std::string, std::less<>> m_links, m_files;
};

} // namespace sandglass::engine
