#pragma once

#include "services/core/result.h"
#include "services/http/server.h"

#include <map>
#include <string>

namespace sandglass::engine {

/// What a client notes of a file: the headers X-Metadata-KEY of its upload, kept as extended attributes user.e2b.KEY.
using FileMetadata = std::map<std::string, std::string>;

/// Keys come out in lower case. Error 400: too long, too much, or not printable ASCII.
[[nodiscard]] Result<FileMetadata> readFileMetadata(const http::RequestHead &head);

/// Puts it in the place of what the open file had. 0 or errno.
[[nodiscard]] int storeFileMetadata(int fd, const FileMetadata &metadata);

} // namespace sandglass::engine
