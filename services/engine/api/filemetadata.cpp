#include "services/engine/api/filemetadata.h"

#include "services/engine/api/errors.h"
#include "services/engine/broker/sandbox.h"

#include <sys/xattr.h>

#include <algorithm>
#include <cctype>
#include <cerrno>

namespace sandglass::engine {

namespace {

constexpr std::string_view kHeader = "x-metadata-";
constexpr std::size_t kLongestKey = 246; ///< 255 of the kernel without the prefix
constexpr std::size_t kMostBytes = 4096; ///< keys and values together

std::string lower(std::string text)
{
    std::transform(text.begin(), text.end(), text.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return text;
}

bool isPrintable(std::string_view text)
{
    return std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

} // namespace

Result<FileMetadata> readFileMetadata(const http::RequestHead &head)
{
    FileMetadata metadata;
    std::size_t size = 0;
    for (const auto &[header, value] : head.headers) {
        const std::string name = lower(header);
        if (!name.starts_with(kHeader))
            continue;
        const std::string key = name.substr(kHeader.size());
        if (key.empty() || key.size() > kLongestKey)
            return refuse(400, "a metadata key has to have 1 to " + std::to_string(kLongestKey) + " characters");
        if (!isPrintable(key) || !isPrintable(value))
            return refuse(400, "metadata '" + key + "' has to be printable ASCII");
        size += key.size() + value.size();
        if (size > kMostBytes)
            return refuse(400, "metadata of a file has to fit in " + std::to_string(kMostBytes) + " bytes");
        metadata[key] = value;
    }
    return metadata;
}

int storeFileMetadata(int fd, const FileMetadata &metadata)
{
    std::string names(64U << 10, '\0');
    const ssize_t size = flistxattr(fd, names.data(), names.size());
    if (size < 0)
        return metadata.empty() ? 0 : errno; // a file system without attributes has none to remove
    names.resize(static_cast<std::size_t>(size));
    for (std::size_t at = 0; at < names.size();) {
        const std::string name = names.c_str() + at;
        at += name.size() + 1;
        if (name.starts_with(kMetadataPrefix) && fremovexattr(fd, name.c_str()) != 0 && errno != ENODATA)
            return errno;
    }
    for (const auto &[key, value] : metadata) {
        if (fsetxattr(fd, (kMetadataPrefix + key).c_str(), value.data(), value.size(), 0) != 0)
            return errno;
    }
    return 0;
}

} // namespace sandglass::engine
