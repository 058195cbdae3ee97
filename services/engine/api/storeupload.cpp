#include "services/core/json.h"
#include "services/engine/api/errors.h"
#include "services/engine/api/filemetadata.h"
#include "services/engine/api/filesroutes.h"
#include "services/engine/api/members.h"
#include "services/engine/api/router.h"
#include "services/engine/api/sandboxuser.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <sys/sendfile.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <set>

namespace sandglass::engine {

namespace {

using ExchangePtr = std::shared_ptr<http::Exchange>;

struct Target
{
    std::string path;
    SpooledFile file;
};

/// For a file that takes no pages, as those of /proc.
int copyThroughMemory(int from, int to)
{
    std::string piece(1U << 20, '\0');
    for (off_t at = 0;;) {
        const ssize_t count = ::pread(from, piece.data(), piece.size(), at);
        if (count == 0)
            return 0;
        const ssize_t written = count < 0 ? count : ::write(to, piece.data(), static_cast<std::size_t>(count));
        if (written < 0 && errno != EINTR)
            return errno;
        at += std::max<ssize_t>(written, 0);
    }
}

/// Copies the spooled file behind the sandbox's descriptor; 0 or errno. Runs on the worker. The kernel hands the pages
/// of one file to the other, so that the bytes are copied once and not twice.
int copyBytes(int from, int to)
{
    constexpr std::size_t most = 8U << 20;
    for (off_t at = 0;;) {
        const ssize_t count = ::sendfile(to, from, &at, most);
        if (count == 0)
            return 0;
        if (count < 0 && errno == EINVAL && at == 0)
            return copyThroughMemory(from, to);
        if (count < 0 && errno != EINTR)
            return errno;
    }
}

/// Writes the files of one request one after the other and then answers with their entries.
class Storing final : public std::enable_shared_from_this<Storing>
{
public:
    Storing(boost::asio::io_context &io, http::IoThread &worker, std::shared_ptr<Sandbox> sandbox, std::string user,
            std::vector<Target> targets, FileMetadata metadata, ExchangePtr exchange)
        : m_io(io)
        , m_worker(worker)
        , m_sandbox(std::move(sandbox))
        , m_user(std::move(user))
        , m_targets(std::move(targets))
        , m_metadata(std::move(metadata))
        , m_exchange(std::move(exchange))
    {}

    void next()
    {
        if (m_at == m_targets.size())
            return m_exchange->respond(http::Response::json(200, dumpJson(m_entries)));
        m_sandbox->openFile(m_targets[m_at].path, m_user, true, [self = shared_from_this()](Result<UniqueFd> fd) {
            if (!fd)
                return self->refuseOpen(fd.error());
            self->m_worker.post(
                [self, to = std::make_shared<UniqueFd>(std::move(*fd))] { self->copy(std::move(*to)); });
        });
    }

private:
    void copy(UniqueFd to)
    {
        Target &target = m_targets[m_at];
        const UniqueFd spooled = std::move(target.file.fd); // giving up its pages takes time: after the answer
        const int error = copyBytes(spooled.get(), to.get());
        if (error == ENOSPC || error == EDQUOT)
            return m_exchange->respond(http::Response::error(507, "not enough disk space in the sandbox"));
        if (error != 0)
            return m_exchange->respond(
                http::Response::error(500, std::string("error writing file: ") + std::strerror(error)));
        if (const int failed = storeFileMetadata(to.get(), m_metadata); failed != 0)
            return m_exchange->respond(http::Response::error(
                failed == ENOSPC ? 507 : 500, std::string("error writing metadata: ") + std::strerror(failed)));
        to.reset(); // before the answer: a program that is still open for writing cannot be started
        const std::string name = target.path.substr(target.path.rfind('/') + 1);
        m_entries.push_back({{"path", target.path}, {"name", name}, {"type", "file"}});
        if (!m_metadata.empty())
            m_entries.back()["metadata"] = m_metadata;
        ++m_at;
        boost::asio::post(m_io, [self = shared_from_this()] { self->next(); }); // the sandbox belongs to the loop
    }

    void refuseOpen(const Error &error)
    {
        const std::string &path = m_targets[m_at].path;
        int status = 500;
        if (error.code == "invalid_argument" || error.code == "already_exists")
            status = 400;
        else if (error.code == "permission_denied")
            status = 403;
        else if (error.code == "resource_exhausted")
            status = 507;
        else if (error.code == "unavailable")
            status = 502;
        m_exchange->respond(http::Response::error(status, "error opening '" + path + "': " + error.message));
    }

    boost::asio::io_context &m_io;
    http::IoThread &m_worker;
    std::shared_ptr<Sandbox> m_sandbox;
    std::string m_user;
    std::vector<Target> m_targets;
    FileMetadata m_metadata; ///< of each of them
    ExchangePtr m_exchange;
    std::size_t m_at = 0;
    Json m_entries = Json::array();
};

Result<std::vector<Target>> targetsOf(std::vector<SpooledFile> files, const std::string &pathParameter,
                                      const SandboxUser &user)
{
    std::vector<Target> targets;
    std::set<std::string> seen;
    std::erase_if(files, [&](const SpooledFile &file) { return !file.partName.empty() && file.partName != "file"; });
    for (SpooledFile &file : files) {
        const std::string &wanted = files.size() == 1 && !pathParameter.empty() ? pathParameter : file.fileName;
        if (wanted.empty())
            return refuse(400, "the path of a file is missing");
        if (const auto checked = plainText(wanted, "path"); !checked)
            return failure(checked.error());
        std::string path = expandPath(wanted, user);
        if (!seen.insert(path).second)
            return refuse(400, "you cannot upload multiple files to the same path '" + path + "' in one request");
        targets.push_back({std::move(path), std::move(file)});
    }
    if (targets.empty())
        return refuse(400, "the request holds no part named 'file'");
    return targets;
}

} // namespace

void serveUpload(boost::asio::io_context &io, http::IoThread &worker, const std::shared_ptr<Sandbox> &sandbox,
                 const http::Request &request, const std::shared_ptr<Upload> &upload, const ExchangePtr &exchange)
{
    if (!upload->error().empty())
        return exchange->respond(http::Response::error(upload->diskFull() ? 507 : 400, upload->error()));
    const auto query = http::parseQuery(request.query);
    const auto user = findFileUser(queryValue(query, "username"));
    if (!user)
        return exchange->respond(errorResponse(user.error()));
    auto metadata = readFileMetadata(request);
    if (!metadata)
        return exchange->respond(errorResponse(metadata.error()));
    auto targets = targetsOf(upload->takeFiles(), queryValue(query, "path"), *user);
    if (!targets)
        return exchange->respond(errorResponse(targets.error()));
    std::make_shared<Storing>(io, worker, sandbox, user->name, std::move(*targets), std::move(*metadata), exchange)
        ->next();
}

} // namespace sandglass::engine
