#include "services/engine/builds/systemsetup.h"

#include "services/core/json.h"
#include "services/engine/builds/buildvariables.h"
#include "services/engine/templates/etcfiles.h"

#include <array>
#include <fcntl.h>
#include <fstream>
#include <iterator>
#include <span>
#include <vector>

namespace sandglass::engine {

namespace {

constexpr const char *kSettings = ".sandglass-image.json";
constexpr const char *kCertificates = "etc/ssl/certs/ca-certificates.crt";

struct Account
{
    const char *file, *line;
};
/// Number 1000 is the sandbox's only account: whoever has it in the image comes after `user` and is the same.
constexpr std::array kAccounts{Account{"etc/passwd", "user:x:1000:1000::/home/user:/bin/bash"},
                               Account{"etc/group", "user:x:1000:"}, Account{"etc/shadow", "user:*:19000:0:99999:7:::"},
                               Account{"etc/gshadow", "user:!::"}};

/// `text` with `line` behind its first one, in the place of any other line of the same name.
std::string withLine(std::string_view text, std::string_view line)
{
    const std::string_view name = line.substr(0, line.find(':') + 1);
    std::string out;
    bool isIn = false;
    while (!text.empty()) {
        const auto end = text.find('\n');
        const std::string_view each = text.substr(0, end);
        text.remove_prefix(end == text.npos ? text.size() : end + 1);
        if (!each.starts_with(name))
            out.append(each).append("\n");
        if (!isIn && !out.empty()) {
            out.append(line).append("\n");
            isIn = true;
        }
    }
    return isIn ? out : out.append(line).append("\n");
}

Result<> writeAccounts(const SystemTree &tree)
{
    for (const Account &account : kAccounts) {
        const std::string path = account.file;
        const auto present = tree.read(path);
        const std::string_view own = etcText(path.substr(path.find('/') + 1));
        if (!present && own.empty())
            continue; // no shadow passwords there
        const bool isSecret = own.empty();
        if (auto written =
                tree.write(path, withLine(present ? *present : std::string(own), account.line), isSecret ? 0640 : 0644);
            !written)
            return written;
    }
    return {};
}

Result<> writeFolders(const SystemTree &tree)
{
    struct Folder
    {
        const char *path;
        mode_t mode;
    };
    for (const Folder &folder :
         {Folder{"etc", 0755}, Folder{"home/user", 0755}, Folder{"root", 0700}, Folder{"usr/local/bin", 0755},
          Folder{"var/tmp", 01777}, Folder{"srv", 0755}, Folder{"mnt", 0755}}) {
        if (auto made = tree.makeFolder(folder.path, folder.mode); !made)
            return made;
    }
    return {};
}

std::string hostsCertificates()
{
    std::ifstream file(std::string("/") + kCertificates, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

/// A login shell sets PATH anew from /etc/profile and would forget where the image's programs are.
std::string pathProfile(const ImageSettings &settings)
{
    const auto path = settings.environment.find("PATH");
    return path == settings.environment.end() ? std::string() : "export PATH=" + shellQuoted(path->second) + "\n";
}

struct File
{
    std::string path, text;
    bool isOurs; ///< replaces what is there
};

std::vector<File> filesFor(const SystemTree &tree, const ImageSettings &settings)
{
    std::vector<File> files;
    for (const char *name : {"hosts", "resolv.conf", "hostname"})
        files.push_back({std::string("etc/") + name, std::string(etcText(name)), true});
    for (const char *name : {"nsswitch.conf", "profile", "shells"})
        files.push_back({std::string("etc/") + name, std::string(etcText(name)), false});
    files.push_back({kCertificates, hostsCertificates(), false});
    files.push_back({"etc/profile.d/00-image-path.sh", pathProfile(settings), true});
    for (const char *name : {".bashrc", ".profile"})
        files.push_back(
            {std::string("home/user/") + name, tree.read(std::string("etc/skel/") + name).value_or(""), false});
    if (tree.has("etc/apt")) {
        // Its helpers would give up an account that they have not, and check that it is gone.
        files.push_back({"etc/apt/apt.conf.d/90sandbox", "APT::Sandbox::User \"root\";\n", true});
        files.push_back({"usr/sbin/policy-rc.d", "#!/bin/sh\nexit 101\n", false}); // installing starts no service
    }
    return files;
}

} // namespace

Result<> setUpSystem(const SystemTree &tree, const ImageSettings &settings)
{
    if (!tree.hasProgram("bin/bash"))
        return failure(Error::Kind::Service,
                       "it has no /bin/bash, in which every command runs: an image based on Debian or Ubuntu has one");
    if (auto made = writeFolders(tree); !made)
        return made;
    if (auto written = writeAccounts(tree); !written)
        return written;
    for (const File &file : filesFor(tree, settings)) {
        if (file.text.empty() || (!file.isOurs && tree.has(file.path)))
            continue;
        if (auto written = tree.write(file.path, file.text, file.text.starts_with("#!") ? 0755 : 0644); !written)
            return written;
    }
    return tree.write(kSettings, dumpJson({{"image", settings.image}, {"environment", settings.environment}}) + "\n");
}

ImageSettings readImageSettings(const std::string &layer)
{
    ImageSettings settings;
    const SystemTree tree(UniqueFd(::open(layer.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)), std::nullopt);
    const auto json = parseJson(tree.read(kSettings).value_or(""));
    if (!json)
        return settings;
    settings.image = stringOr(*json, "image");
    for (const auto &[name, value] : memberOr(*json, "environment").items()) {
        if (value.is_string())
            settings.environment[name] = value.get<std::string>();
    }
    return settings;
}

} // namespace sandglass::engine
