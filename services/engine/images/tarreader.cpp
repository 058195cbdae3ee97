#include "services/engine/images/tarreader.h"

#include <algorithm>
#include <charconv>
#include <utility>

namespace sandglass::engine {

namespace {

constexpr std::size_t kBlock = 512;
constexpr std::int64_t kMostText = 1 << 20; ///< of long names and pax headers

std::string field(std::string_view bytes, std::size_t at, std::size_t length)
{
    const std::string_view part = bytes.substr(at, length);
    return std::string(part.substr(0, part.find('\0')));
}

/// Octal text, or GNU's base 256 for what is too large for it. Nothing for anything else and below 0.
std::optional<std::int64_t> number(std::string_view bytes, std::size_t at, std::size_t length)
{
    std::string_view part = bytes.substr(at, length);
    std::uint64_t value = 0;
    if ((static_cast<unsigned char>(part.front()) & 0x80U) != 0) {
        if (static_cast<unsigned char>(part.front()) != 0x80U)
            return std::nullopt;
        for (const char c : part.substr(1)) {
            if (value > (UINT64_MAX >> 9U))
                return std::nullopt;
            value = value << 8U | static_cast<unsigned char>(c);
        }
        return static_cast<std::int64_t>(value);
    }
    const auto first = part.find_first_not_of(' ');
    part = first == part.npos ? std::string_view() : part.substr(first);
    part = part.substr(0, part.find_first_of(std::string_view("\0 ", 2)));
    if (part.empty())
        return 0;
    const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), value, 8);
    if (error != std::errc() || end != part.data() + part.size() || value > INT64_MAX)
        return std::nullopt;
    return static_cast<std::int64_t>(value);
}

bool sumFits(std::string_view bytes)
{
    const auto wanted = number(bytes, 148, 8);
    std::int64_t sum = 0;
    for (std::size_t i = 0; i < bytes.size(); ++i)
        sum += i >= 148 && i < 156 ? ' ' : static_cast<unsigned char>(bytes[i]);
    return wanted == sum;
}

std::string joined(const std::vector<std::string_view> &parts)
{
    std::string path;
    for (const std::string_view part : parts)
        path.append(path.empty() ? "" : "/").append(part);
    return path;
}

} // namespace

std::vector<std::string_view> pathParts(std::string_view path)
{
    std::vector<std::string_view> parts;
    while (!path.empty()) {
        const auto slash = path.find('/');
        if (const auto part = path.substr(0, slash); !part.empty() && part != ".")
            parts.push_back(part);
        path.remove_prefix(slash == path.npos ? path.size() : slash + 1);
    }
    return parts;
}

bool TarReader::fail(std::string message)
{
    if (m_error.empty())
        m_error = std::move(message);
    return false;
}

bool TarReader::add(std::string_view piece)
{
    if (!m_error.empty())
        return false;
    m_bytes += static_cast<std::int64_t>(piece.size());
    if (m_bytes > m_limits.bytes)
        return fail("the archive is larger than " + std::to_string(m_limits.bytes >> 20) + " MiB once it is unpacked");
    while (!piece.empty()) {
        // Whole blocks of content need no copy.
        if (m_block.empty() && m_textType == 0 && m_left > 0 && piece.size() >= kBlock) {
            const auto padded = (m_left + std::int64_t{kBlock} - 1) / std::int64_t{kBlock} * std::int64_t{kBlock};
            const auto here = std::min<std::int64_t>(padded, static_cast<std::int64_t>(piece.size() / kBlock * kBlock));
            if (!content(piece.substr(0, static_cast<std::size_t>(std::min(here, m_left)))))
                return false;
            m_left = std::max<std::int64_t>(m_left - here, 0);
            piece.remove_prefix(static_cast<std::size_t>(here));
            continue;
        }
        const std::size_t count = std::min(kBlock - m_block.size(), piece.size());
        m_block.append(piece.substr(0, count));
        piece.remove_prefix(count);
        if (m_block.size() == kBlock && !block(std::exchange(m_block, {})))
            return false;
    }
    return true;
}

bool TarReader::finish()
{
    if (!m_error.empty())
        return false;
    if (!m_block.empty() || m_left > 0)
        return fail("the archive is cut off");
    return m_zeroBlocks > 0 || fail(m_bytes == 0 ? "the archive is empty" : "the archive is cut off");
}

bool TarReader::block(std::string_view bytes)
{
    if (m_left <= 0)
        return header(bytes);
    const std::int64_t here = std::min<std::int64_t>(m_left, kBlock);
    if (m_textType != 0)
        m_text.append(bytes.substr(0, static_cast<std::size_t>(here)));
    else if (!content(bytes.substr(0, static_cast<std::size_t>(here))))
        return false;
    m_left -= here;
    return m_left > 0 || m_textType == 0 || extended();
}

bool TarReader::header(std::string_view bytes)
{
    if (bytes.find_first_not_of('\0') == bytes.npos) {
        ++m_zeroBlocks;
        return true;
    }
    if (m_zeroBlocks > 0)
        return fail("something follows the end of the archive");
    if (!sumFits(bytes))
        return fail("this is no tar archive, or it is damaged");
    if (++m_entries > m_limits.entries)
        return fail("the archive holds more than " + std::to_string(m_limits.entries) + " entries");
    const char type = bytes[156];
    auto size = number(bytes, 124, 12);
    if (!size)
        return fail("an entry of the archive has no size");
    if (type == 'L' || type == 'K' || type == 'x' || type == 'g') {
        if (*size > kMostText)
            return fail("a name in the archive is too long");
        m_textType = type;
        m_text.clear();
        m_left = *size;
        return *size > 0 || extended();
    }
    m_textType = 0;
    if (m_longSize)
        size = m_longSize;
    std::string name = field(bytes, 0, 100);
    if (const std::string prefix = field(bytes, 345, 155);
        bytes.substr(257, 6) == std::string_view("ustar\0", 6) && !prefix.empty())
        name = prefix + "/" + name;
    if (m_longName)
        name = *m_longName;
    const TarEntry found{type, std::move(name), m_longLink.value_or(field(bytes, 157, 100)),
                         static_cast<std::uint32_t>(number(bytes, 100, 8).value_or(0)) & 07777U,
                         number(bytes, 136, 12).value_or(0)};
    m_longName.reset();
    m_longLink.reset();
    m_longSize.reset();
    if (!entry(found))
        return false;
    m_left = type == '0' || type == '\0' || type == '7' ? *size : 0;
    if (m_left > m_limits.bytes)
        return fail("the archive is larger than " + std::to_string(m_limits.bytes >> 20) + " MiB once it is unpacked");
    return true;
}

/// A long name, or the records "LENGTH KEY=VALUE\n" of a pax header.
bool TarReader::extended()
{
    const char type = std::exchange(m_textType, 0);
    if (type == 'L' || type == 'K') {
        (type == 'L' ? m_longName : m_longLink) = m_text.substr(0, m_text.find('\0'));
        return true;
    }
    std::string_view rest = m_text;
    while (!rest.empty() && rest.front() != '\0') {
        std::size_t length = 0;
        const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), length);
        const auto digits = static_cast<std::size_t>(end - rest.data());
        if (error != std::errc() || length > rest.size() || length < digits + 3 || rest[digits] != ' ')
            return fail("the archive has a damaged pax header");
        const std::string_view record = rest.substr(digits + 1, length - digits - 2);
        rest.remove_prefix(length);
        const auto equals = record.find('=');
        if (equals == record.npos)
            return fail("the archive has a damaged pax header");
        const std::string_view key = record.substr(0, equals), value = record.substr(equals + 1);
        if (type == 'g' && (key == "path" || key == "linkpath" || key == "size"))
            return fail("the archive names all its files alike");
        if (key.starts_with("GNU.sparse"))
            return fail("the archive holds sparse files");
        if (key == "path")
            m_longName = std::string(value);
        else if (key == "linkpath")
            m_longLink = std::string(value);
        else if (key == "size") {
            std::int64_t size = 0;
            const auto read = std::from_chars(value.data(), value.data() + value.size(), size);
            if (read.ec != std::errc() || read.ptr != value.data() + value.size() || size < 0)
                return fail("the archive has a damaged pax header");
            m_longSize = size;
        }
    }
    return true;
}

/// The name without "." and double slashes. Nothing, and an error, for what does not stay inside.
std::optional<std::string> TarReader::inside(std::string_view name)
{
    const std::string shown(name.substr(0, 200));
    if (name.starts_with('/')) {
        fail("'" + shown + "' is an absolute path");
        return std::nullopt;
    }
    const auto parts = pathParts(name);
    if (std::ranges::find(parts, "..") != parts.end()) {
        fail("'" + shown + "' leads out of the archive");
        return std::nullopt;
    }
    if (name.size() > m_limits.pathLength || static_cast<int>(parts.size()) > m_limits.depth) {
        fail("'" + shown + "' is too long or too deep a path");
        return std::nullopt;
    }
    return joined(parts);
}

} // namespace sandglass::engine
