#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sandglass::engine {

struct TarLimits
{
    std::int64_t bytes = 8LL << 30; ///< of the archive once it is unpacked
    std::int64_t entries = 500'000;
    std::size_t pathLength = 4096;
    int depth = 128;
};

/// One entry as the archive tells it: nothing of it is checked.
struct TarEntry
{
    char type = '0';
    std::string name, link;
    std::uint32_t mode = 0;
    std::int64_t modified = 0; ///< seconds since 1970
};

/// Reads a tar archive (ustar, pax, GNU long names) piece by piece and hands out what is in it, within limits.
class TarReader
{
public:
    explicit TarReader(TarLimits limits = {}) : m_limits(limits) {}
    virtual ~TarReader() = default;

    /// False once something is wrong; error() says what.
    [[nodiscard]] bool add(std::string_view piece);
    /// The archive ends here. False when it is cut off.
    [[nodiscard]] virtual bool finish();
    [[nodiscard]] const std::string &error() const { return m_error; }

protected:
    /// False, and fail(), ends the reading.
    virtual bool entry(const TarEntry &entry) = 0;
    /// Of the last entry, when that is a file.
    virtual bool content(std::string_view /*piece*/) { return true; }

    bool fail(std::string message); ///< false
    /// The name without "." and double slashes. Nothing, and an error, for what does not stay inside.
    [[nodiscard]] std::optional<std::string> inside(std::string_view name);

private:
    bool block(std::string_view bytes);
    bool header(std::string_view bytes);
    bool extended();

    const TarLimits m_limits;
    std::string m_error, m_block; ///< a block that is not yet whole
    std::string m_text;           ///< of a long name or of pax headers
    char m_textType = 0;          ///< 0: what follows is a file's content
    std::int64_t m_left = 0;      ///< bytes of content to come
    std::int64_t m_bytes = 0, m_entries = 0;
    int m_zeroBlocks = 0;
    std::optional<std::string> m_longName, m_longLink; ///< for the next entry
    std::optional<std::int64_t> m_longSize;
};

/// "a", "b" of "./a//b/".
[[nodiscard]] std::vector<std::string_view> pathParts(std::string_view path);

} // namespace sandglass::engine
