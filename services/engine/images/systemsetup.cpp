#include "services/engine/images/systemsetup.h"

#include "services/core/json.h"
#include "services/engine/images/shellquoted.h"
#include "services/engine/templates/etcfiles.h"

#include <array>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

namespace sandglass::engine {

namespace {

constexpr const char *kSettings = ".sandglass-image.json";
/// As far as root needs it: nothing gives a program of `user` other rights.
constexpr const char *kSudo = R"sh(#!/bin/sh
if [ "$(id -u)" != 0 ]; then
  echo "sudo: programs of 'user' cannot become root in a local sandbox: run the command as the user root" >&2
  exit 1
fi
while :; do
  case $1 in
    -u|-g|-h|-p|-C|-r|-t) shift 2 ;;
    --) shift; break ;;
    -*) shift ;;
    *) break ;;
  esac
done
exec env "$@"
)sh";
constexpr const char *kCertificates = "etc/ssl/certs/ca-certificates.crt";
constexpr const char *kAuthorities = "usr/local/share/ca-certificates";
constexpr std::size_t kMostAuthorities = 64, kLargestAuthority = 64U << 10;

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

std::string textOfHost(const std::filesystem::path &path)
{
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

/// Whom this machine trusts besides everybody else's authorities, by file name: programs in the sandbox speak to the
/// internet from here, and what opens their connections on the way is one of them.
std::map<std::string, std::string> localAuthorities()
{
    std::map<std::string, std::string> found;
    std::error_code failed;
    for (std::filesystem::directory_iterator it(std::string("/") + kAuthorities, failed), end; !failed && it != end;
         it.increment(failed)) {
        if (it->path().extension() == ".crt" && it->file_size(failed) <= kLargestAuthority
            && found.size() < kMostAuthorities)
            found[it->path().filename().string()] = textOfHost(it->path());
    }
    return found;
}

Result<> writeCertificates(const SystemTree &tree)
{
    const auto present = tree.read(kCertificates);
    std::string all = present ? *present : textOfHost(std::string("/") + kCertificates);
    for (const auto &[name, text] : localAuthorities()) {
        if (auto written = tree.write(std::string(kAuthorities) + "/" + name, text); !written)
            return written;
        if (all.find(text) == all.npos)
            all += (all.empty() || all.ends_with('\n') ? "" : "\n") + text;
    }
    return all.empty() || all == present ? Result<>() : tree.write(kCertificates, all);
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
    files.push_back({"etc/profile.d/00-image-path.sh", pathProfile(settings), true});
    for (const char *name : {".bashrc", ".profile"})
        files.push_back(
            {std::string("home/user/") + name, tree.read(std::string("etc/skel/") + name).value_or(""), false});
    if (!tree.has("usr/bin/sudo"))
        files.push_back({"usr/local/bin/sudo", kSudo, false});
    if (tree.has("etc/apt")) {
        // Its helpers would give up an account that they have not, and check that it is gone.
        files.push_back({"etc/apt/apt.conf.d/90sandbox", "APT::Sandbox::User \"root\";\n", true});
        files.push_back({"usr/sbin/policy-rc.d", "#!/bin/sh\nexit 101\n", false}); // installing starts no service
    }
    if (tree.has("etc/dpkg")) {
        // To sync a file it is opened for writing once more, which root may not where the owner may not.
        files.push_back({"etc/dpkg/dpkg.cfg.d/90sandbox", "force-unsafe-io\n", true});
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
    if (auto written = writeCertificates(tree); !written)
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
