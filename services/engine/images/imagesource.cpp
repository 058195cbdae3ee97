#include "services/engine/images/imagesource.h"

#include "services/core/base64.h"
#include "services/core/ids.h"
#include "services/core/json.h"
#include "services/engine/broker/names.h"
#include "services/engine/images/hostprogram.h"
#include "services/engine/images/imagename.h"
#include "services/engine/images/systemunpacker.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace sandglass::engine {

namespace {

constexpr std::size_t kMostSaid = 4U << 20; ///< of what podman tells of an image
constexpr std::size_t kPiece = 1U << 20;
constexpr std::size_t kShortestSecret = 4;

tl::unexpected<Error> failed(std::string why)
{
    return failure(Error::Kind::Service, std::move(why));
}

tl::unexpected<Error> cancelled()
{
    return failure(Error::Kind::Cancelled, "cancelled", 0, "canceled");
}

/// Who the files of sandboxes belong to on the disk: a broker that was started by root becomes another.
std::optional<uid_t> layerOwner()
{
    return geteuid() == 0 ? std::optional(unprivilegedId) : std::nullopt;
}

/// A new folder that an archive is unpacked into.
class Target
{
public:
    explicit Target(const std::string &folder)
        : m_made(mkdir(folder.c_str(), 0755) == 0)
        , m_folder(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC))
        , m_unpacker(m_folder.get(), layerOwner(), TarLimits{8LL << 30, 1'000'000})
    {
        const auto owner = layerOwner();
        m_made = m_made && m_folder && fchmod(m_folder.get(), 0755) == 0
            && (!owner || fchown(m_folder.get(), *owner, *owner) == 0);
    }

    [[nodiscard]] bool add(std::string_view piece) { return m_made && m_unpacker.add(piece); }
    [[nodiscard]] const std::string &error() const { return m_unpacker.error(); }
    [[nodiscard]] Result<std::int64_t> finish(const ImageSettings &settings)
    {
        if (!m_made)
            return failed(std::string("cannot make the folder of a layer: ") + std::strerror(errno));
        if (!m_unpacker.finish())
            return failed(m_unpacker.error());
        const SystemTree tree(std::move(m_folder), layerOwner());
        if (auto ready = setUpSystem(tree, settings); !ready)
            return failure(ready.error());
        if (syncfs(tree.top()) != 0)
            return failed(std::string("cannot write a layer: ") + std::strerror(errno));
        return m_unpacker.bytes();
    }

private:
    bool m_made;
    UniqueFd m_folder;
    SystemUnpacker m_unpacker;
};

std::string nameOf(const std::string &program)
{
    return program.substr(program.rfind('/') + 1);
}

/// Runs it and keeps what it writes, up to a bound. Error: it did not end with 0, with its last line.
Result<std::string> run(HostProgram program, const ImageWork &work)
{
    std::string output, last;
    if (!program.onOutput)
        program.onOutput = [&output](std::string_view bytes) {
            output.append(bytes.substr(0, kMostSaid - std::min(kMostSaid, output.size())));
            return true;
        };
    program.onLine = [&last, &work](std::string line) {
        last = line;
        work.onLine(std::move(line));
    };
    const Result<int> status = runHostProgram(program, work.isCancelled);
    if (work.isCancelled)
        return cancelled();
    if (!status)
        return failure(status.error());
    if (*status != 0)
        return failed(nameOf(program.path) + " ended with exit status " + std::to_string(*status)
                      + (last.empty() ? "" : ": " + last));
    return output;
}

Result<std::int64_t> unpackOutput(const std::string &program, std::vector<std::string> arguments,
                                  const std::string &folder, const ImageSettings &settings, const ImageWork &work)
{
    Target target(folder);
    const auto feed = [&target](std::string_view bytes) { return target.add(bytes); };
    const auto done = run({program, std::move(arguments), feed, {}}, work);
    if (!target.error().empty() && !work.isCancelled)
        return failed(target.error());
    if (!done)
        return failure(done.error());
    return target.finish(settings);
}

bool writePrivate(const std::string &path, std::string_view text)
{
    const UniqueFd file(open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    return file && write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

std::string without(std::string line, const std::string &secret)
{
    for (auto at = line.find(secret); secret.size() >= kShortestSecret && at != line.npos; at = line.find(secret))
        line.replace(at, secret.size(), "…");
    return line;
}

/// A file while it is needed.
struct PrivateFile
{
    std::string path;
    ~PrivateFile()
    {
        if (!path.empty())
            ::unlink(path.c_str());
    }
};

} // namespace

Result<std::int64_t> unpackArchive(const std::string &archive, const std::string &folder, const ImageSettings &settings,
                                   const ImageWork &work)
{
    const UniqueFd file(open(archive.c_str(), O_RDONLY | O_CLOEXEC));
    struct stat status
    {};
    if (!file || fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode))
        return failed("cannot read " + archive + ": " + (file ? "it is no file" : std::strerror(errno)));
    Target target(folder);
    std::vector<char> buffer(kPiece);
    for (;;) {
        const ssize_t count = read(file.get(), buffer.data(), buffer.size());
        if (work.isCancelled)
            return cancelled();
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return failed("cannot read " + archive + ": " + std::strerror(errno));
        if (count == 0)
            return target.finish(settings);
        if (!target.add({buffer.data(), static_cast<std::size_t>(count)}))
            return target.error().empty() ? target.finish(settings) : failed(target.error());
    }
}

Result<std::int64_t> makeDebian(const std::string &program, const std::string &suite, const std::string &folder,
                                const ImageSettings &settings, const ImageWork &work)
{
    return unpackOutput(program, {"--variant=minbase", "--format=tar", "--include=ca-certificates", suite, "-"}, folder,
                        settings, work);
}

Result<std::optional<Podman::Image>> Podman::find(const std::string &name, const ImageWork &work) const
{
    const Result<int> status =
        runHostProgram({m_program, {"image", "exists", name}, {}, work.onLine}, work.isCancelled);
    if (work.isCancelled)
        return cancelled();
    if (!status || *status > 1)
        return status ? failed("podman ended with exit status " + std::to_string(*status)) : failure(status.error());
    if (*status == 1)
        return std::nullopt;
    const auto said = run({m_program, {"image", "inspect", name}, {}, {}}, work);
    if (!said)
        return failure(said.error());
    const auto json = parseJson(*said);
    if (!json || !json->is_array() || json->empty())
        return failed("podman tells nothing of the image");
    const Json &first = json->front();
    Image image{stringOr(first, "Id"), {name, {}}};
    for (const Json &each : memberOr(memberOr(first, "Config"), "Env")) {
        const std::string pair = each.is_string() ? each.get<std::string>() : std::string();
        if (const auto equals = pair.find('='); equals != pair.npos && equals > 0)
            image.settings.environment[pair.substr(0, equals)] = pair.substr(equals + 1);
    }
    if (auto fine = checkImageName(image.id); !fine)
        return failed("podman tells nothing of the image");
    return image;
}

Result<> Podman::pull(const std::string &image, const std::optional<ImageLogin> &login, const std::string &scratch,
                      const ImageWork &work) const
{
    std::vector<std::string> arguments{"pull"};
    PrivateFile secrets;
    if (login) {
        const std::string token = base64Encode(login->username + ":" + login->password);
        const Json content{{"auths", {{registryOf(image), {{"auth", token}}}}}};
        secrets.path = scratch + "/login-" + newHexToken(8);
        if (!writePrivate(secrets.path, dumpJson(content)))
            return failed("cannot hand the credentials over: " + std::string(std::strerror(errno)));
        arguments.insert(arguments.end(), {"--authfile", secrets.path});
    }
    arguments.push_back(withRegistry(image));
    const ImageWork careful{work.isCancelled, [&](std::string line) {
                                work.onLine(login ? without(std::move(line), login->password) : line);
                            }};
    const auto done = run({m_program, std::move(arguments), {}, {}}, careful);
    if (done)
        return {};
    Error error = done.error();
    if (login)
        error.message = without(std::move(error.message), login->password);
    return failure(std::move(error));
}

Result<std::int64_t> Podman::unpack(const Image &image, const std::string &folder, const ImageWork &work) const
{
    const std::string container = "sandglass-" + newHexToken(8);
    const auto made = run(
        {m_program, {"create", "--pull=never", "--network=none", "--name", container, image.id, "true"}, {}, {}}, work);
    auto unpacked = made ? unpackOutput(m_program, {"export", container}, folder, image.settings, work)
                         : Result<std::int64_t>(failure(made.error()));
    const std::atomic<bool> goOn = false; // it has to go also when the work is cancelled
    (void)runHostProgram({m_program, {"rm", "--force", container}, {}, {}}, goOn);
    return unpacked;
}

void Podman::forget(const std::string &image) const
{
    const std::atomic<bool> goOn = false;
    (void)runHostProgram({m_program, {"rmi", withRegistry(image)}, {}, {}}, goOn);
}

} // namespace sandglass::engine
