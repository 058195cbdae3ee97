#include "services/engine/templates/etcfiles.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <string>
#include <sys/stat.h>
#include <unistd.h>

namespace fs = std::filesystem;

namespace sandglass::engine {
namespace {

constexpr std::uintmax_t maxCopiedFile = 8U << 20;
constexpr int maxDepth = 8;

/// Names in /etc that hold no secret of the host and that its programs need.
constexpr std::array copied = {
    "alternatives", "ld.so.cache", "ld.so.conf",     "ld.so.conf.d", "fonts",      "matplotlibrc",  "mime.types",
    "localtime",    "timezone",    "debian_version", "os-release",   "issue",      "inputrc",       "bash.bashrc",
    "locale.alias", "protocols",   "services",       "magic",        "magic.mime", "terminfo",      "perl",
    "gai.conf",     "host.conf",   "networks",       "rpc",          "papersize",  "ImageMagick-6",
};
/// The same for names with a version in them: "python3", "python3.11", "java-17-openjdk" …
constexpr std::array copiedPrefixes = {"python3", "java-", "R"};

struct TextFile
{
    std::string_view name;
    const char *text;
};

constexpr TextFile texts[] = {
    {"passwd",
     "root:x:0:0:root:/root:/bin/bash\n"
     "user:x:1000:1000::/home/user:/bin/bash\n"
     "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n"},
    {"group", "root:x:0:\nuser:x:1000:\nnogroup:x:65534:\n"},
    {"hosts", "127.0.0.1 localhost\n::1 localhost ip6-localhost\n127.0.1.1 sandbox\n"},
    {"nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\nservices: files\nprotocols: files\n"},
    {"resolv.conf", "# The network is off in this sandbox.\n"},
    {"profile",
     "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n"
     "export PATH\n"
     "if [ -n \"${BASH-}\" ] && [ \"$BASH\" != /bin/sh ] && [ -f /etc/bash.bashrc ]; then . /etc/bash.bashrc; fi\n"
     "for script in /etc/profile.d/*.sh; do if [ -r \"$script\" ]; then . \"$script\"; fi; done\n"
     "unset script\n"},
    {"shells", "/bin/sh\n/bin/bash\n"},
    {"hostname", "sandbox\n"},
};

void copyPublic(const fs::path &source, const fs::path &target, int depth)
{
    struct stat status
    {};
    if (lstat(source.c_str(), &status) != 0 || depth > maxDepth)
        return;
    std::error_code ignored; // a file that cannot be copied is missing in the sandbox, nothing worse
    if (S_ISLNK(status.st_mode)) {
        fs::copy_symlink(source, target, ignored);
    } else if (S_ISREG(status.st_mode)) {
        const bool isPublic =
            (status.st_mode & S_IROTH) != 0 && static_cast<std::uintmax_t>(status.st_size) <= maxCopiedFile;
        if (isPublic)
            fs::copy_file(source, target, ignored);
    } else if (S_ISDIR(status.st_mode) && (status.st_mode & S_IXOTH) != 0) {
        fs::create_directory(target, ignored);
        for (fs::directory_iterator it(source, ignored), end; !ignored && it != end; it.increment(ignored))
            copyPublic(it->path(), target / it->path().filename(), depth + 1);
    }
}

void copyFromHost(const fs::path &etc)
{
    for (const char *name : copied)
        copyPublic(fs::path("/etc") / name, etc / name, 0);
    std::error_code ignored;
    for (fs::directory_iterator it("/etc", ignored), end; !ignored && it != end; it.increment(ignored)) {
        const std::string name = it->path().filename().string();
        for (const char *prefix : copiedPrefixes) {
            if (name.starts_with(prefix))
                copyPublic(it->path(), etc / name, 0);
        }
    }
    fs::create_directory(etc / "ssl", ignored);
    copyPublic("/etc/ssl/certs", etc / "ssl/certs", 0); // never ssl/private
    copyPublic("/etc/ssl/openssl.cnf", etc / "ssl/openssl.cnf", 0);
}

} // namespace

Result<> writeText(const fs::path &path, std::string_view text)
{
    std::ofstream file(path, std::ios::binary | std::ios::trunc);
    file.write(text.data(), static_cast<std::streamsize>(text.size()));
    file.close();
    if (!file)
        return failure(Error::Kind::Local, "cannot write " + path.string() + ": " + std::strerror(errno));
    return {};
}

std::string_view etcText(std::string_view name)
{
    const auto found = std::ranges::find(texts, name, &TextFile::name);
    return found != std::end(texts) ? std::string_view(found->text) : std::string_view();
}

Result<> writeEtc(const fs::path &etc)
{
    std::error_code failed;
    fs::create_directories(etc / "profile.d", failed);
    if (failed)
        return failure(Error::Kind::Local, "cannot make " + etc.string() + ": " + failed.message());
    copyFromHost(etc);
    for (const TextFile &file : texts) {
        if (auto written = writeText(etc / file.name, file.text); !written)
            return written;
    }
    fs::create_symlink("/proc/self/mounts", etc / "mtab", failed);
    return {};
}

} // namespace sandglass::engine
