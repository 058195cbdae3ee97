#include "services/engine/api/apikey.h"

#include "services/core/ids.h"
#include "services/core/secret.h"
#include "services/core/uniquefd.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>

namespace sandglass::engine {

namespace fs = std::filesystem;

std::string_view givenKey(const http::RequestHead &head)
{
    if (const std::string_view key = head.header("x-api-key"); !key.empty())
        return key;
    constexpr std::string_view bearer = "Bearer ";
    const std::string_view authorization = head.header("authorization");
    return authorization.starts_with(bearer) ? authorization.substr(bearer.size()) : std::string_view();
}

Result<> writeFileAtomically(const fs::path &file, std::string_view content)
{
    const std::string temporary = file.string() + ".new";
    const auto fail = [&](const char *what) {
        return failure(Error::Kind::Local, std::string(what) + " " + file.string() + ": " + std::strerror(errno));
    };
    UniqueFd fd(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    if (!fd)
        return fail("cannot write");
    while (!content.empty()) {
        const ssize_t written = ::write(fd.get(), content.data(), content.size());
        if (written < 0 && errno != EINTR)
            return fail("cannot write");
        content.remove_prefix(static_cast<std::size_t>(std::max<ssize_t>(written, 0)));
    }
    if (::fsync(fd.get()) != 0 || ::rename(temporary.c_str(), file.c_str()) != 0)
        return fail("cannot write");
    return {};
}

Result<std::string> loadApiKey(const fs::path &file)
{
    std::ifstream stream(file);
    if (stream) {
        std::string key;
        std::getline(stream, key);
        if (!isApiKeyShape(key))
            return failure(Error::Kind::Local, file.string() + " does not hold an API key; remove it to get a new one");
        return key;
    }
    std::error_code error;
    if (fs::exists(file, error))
        return failure(Error::Kind::Local, "cannot read " + file.string());
    std::string key = newApiKey();
    if (const auto written = writeFileAtomically(file, key + "\n"); !written)
        return failure(written.error());
    return key;
}

} // namespace sandglass::engine
