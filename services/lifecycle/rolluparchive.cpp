#include "services/lifecycle/rolluparchive.h"

#include <algorithm>
#include <cstring>
#include <type_traits>

namespace sandglass::lifecycle {

namespace {

constexpr std::size_t entryBytes = 36;

template<typename T>
void put(std::string &bytes, T value)
{
    static_assert(std::is_integral_v<T>);
    char raw[sizeof(T)];
    std::memcpy(raw, &value, sizeof(T));
    bytes.append(raw, sizeof(T));
}

template<typename T>
bool get(std::string_view &bytes, T &value)
{
    if (bytes.size() < sizeof(T))
        return false;
    std::memcpy(&value, bytes.data(), sizeof(T));
    bytes.remove_prefix(sizeof(T));
    return true;
}

} // namespace

void ArchiveChunk::add(const Contribution &contribution, std::int64_t sandbox)
{
    auto place = std::ranges::find(names, contribution.templateName);
    if (place == names.end())
        place = names.insert(names.end(), contribution.templateName);
    const auto name = static_cast<std::uint32_t>(place - names.begin());
    for (const UsedStretch &stretch : contribution.stretches) {
        if (stretch.end > stretch.start)
            entries.push_back({stretch, name, sandbox});
    }
}

void ArchiveChunk::remove(std::int64_t sandbox)
{
    std::erase_if(entries, [sandbox](const Entry &entry) { return entry.sandbox == sandbox; });
}

Timestamp ArchiveChunk::first() const
{
    Timestamp time = Timestamp::max();
    for (const Entry &entry : entries)
        time = std::min(time, entry.stretch.start);
    return time;
}

Timestamp ArchiveChunk::last() const
{
    Timestamp time = Timestamp::min();
    for (const Entry &entry : entries)
        time = std::max(time, entry.stretch.end);
    return time;
}

std::string ArchiveChunk::encode() const
{
    std::string bytes;
    bytes.reserve(entries.size() * entryBytes + 256);
    put(bytes, static_cast<std::uint32_t>(names.size()));
    for (const std::string &name : names) {
        put(bytes, static_cast<std::uint32_t>(name.size()));
        bytes += name;
    }
    for (const Entry &entry : entries) {
        put(bytes, toUnixNs(entry.stretch.start));
        put(bytes, toUnixNs(entry.stretch.end));
        put(bytes, entry.stretch.vcpuCount);
        put(bytes, entry.stretch.memoryMb);
        put(bytes, entry.name);
        put(bytes, entry.sandbox);
    }
    return bytes;
}

std::optional<ArchiveChunk> ArchiveChunk::decode(std::string_view bytes)
{
    ArchiveChunk chunk;
    std::uint32_t count = 0;
    if (!get(bytes, count))
        return {};
    for (; count > 0; --count) {
        std::uint32_t size = 0;
        if (!get(bytes, size) || size > bytes.size())
            return {};
        chunk.names.emplace_back(bytes.substr(0, size));
        bytes.remove_prefix(size);
    }
    if (bytes.size() % entryBytes != 0)
        return {};
    chunk.entries.resize(bytes.size() / entryBytes);
    for (Entry &entry : chunk.entries) {
        std::int64_t start = 0, end = 0;
        get(bytes, start);
        get(bytes, end);
        get(bytes, entry.stretch.vcpuCount);
        get(bytes, entry.stretch.memoryMb);
        get(bytes, entry.name);
        get(bytes, entry.sandbox);
        entry.stretch.start = fromUnixNs(start);
        entry.stretch.end = fromUnixNs(end);
        if (entry.name >= chunk.names.size() || end < start)
            return {};
    }
    return chunk;
}

} // namespace sandglass::lifecycle
