#include "services/core/json.h"
#include "services/engine/api/errors.h"
#include "services/engine/api/filesroutes.h"
#include "services/engine/api/gzip.h"
#include "services/engine/api/members.h"
#include "services/engine/api/router.h"
#include "services/engine/api/sandboxuser.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <optional>

namespace sandglass::engine {

namespace {

using ExchangePtr = std::shared_ptr<http::Exchange>;

constexpr std::size_t kPiece = 256U << 10;
constexpr std::size_t kMostPending = 2U << 20;

const char *contentType(std::string_view path)
{
    constexpr std::array<std::pair<std::string_view, const char *>, 14> kTypes{{
        {".txt", "text/plain; charset=utf-8"},
        {".py", "text/x-python; charset=utf-8"},
        {".html", "text/html; charset=utf-8"},
        {".css", "text/css; charset=utf-8"},
        {".js", "text/javascript; charset=utf-8"},
        {".json", "application/json"},
        {".csv", "text/csv; charset=utf-8"},
        {".xml", "text/xml; charset=utf-8"},
        {".svg", "image/svg+xml"},
        {".png", "image/png"},
        {".jpg", "image/jpeg"},
        {".gif", "image/gif"},
        {".pdf", "application/pdf"},
        {".md", "text/markdown; charset=utf-8"},
    }};
    const auto it = std::find_if(kTypes.begin(), kTypes.end(), [&](const auto &t) { return path.ends_with(t.first); });
    return it != kTypes.end() ? it->second : "application/octet-stream";
}

struct ByteRange
{
    std::uint64_t first = 0, last = 0;
    [[nodiscard]] bool isEmpty() const { return first > last; } ///< lies behind the end of the file
};

/// "bytes=5-9", "bytes=5-", "bytes=-3" over a file of that size; anything else counts as no range.
std::optional<ByteRange> parseRange(std::string_view text, std::uint64_t size)
{
    if (!text.starts_with("bytes=") || text.find(',') != std::string_view::npos || size == 0)
        return std::nullopt;
    text.remove_prefix(6);
    const auto dash = text.find('-');
    if (dash == std::string_view::npos)
        return std::nullopt;
    const auto number = [](std::string_view digits) -> std::optional<std::uint64_t> {
        std::uint64_t value = 0;
        const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
        return error == std::errc() && end == digits.data() + digits.size() ? std::optional(value) : std::nullopt;
    };
    const auto first = number(text.substr(0, dash)), last = number(text.substr(dash + 1));
    if (!first && !last)
        return std::nullopt;
    if (!first)
        return ByteRange{size - std::min(*last, size), size - 1};
    if (last && *last < *first)
        return std::nullopt;
    if (*first >= size)
        return ByteRange{1, 0};
    return ByteRange{*first, std::min(last.value_or(size - 1), size - 1)};
}

/// Whether to pack the answer. Only for a client that names gzip and nothing else: fetch() and its like name several
/// by themselves, and between two programs of one machine packing takes longer than sending.
bool wantsGzip(std::string_view acceptEncoding)
{
    const auto end = acceptEncoding.find_first_of(",;");
    return acceptEncoding.substr(0, end) == "gzip"
        && (end == std::string_view::npos || acceptEncoding.substr(end).find("identity;q=0") != std::string_view::npos);
}

/// Sends a file piece by piece from the worker; procfs files have no size, so the end of file decides.
class Sending final : public std::enable_shared_from_this<Sending>
{
public:
    Sending(http::IoThread &worker, UniqueFd fd, ExchangePtr exchange, std::uint64_t most, bool packed)
        : m_worker(worker)
        , m_fd(std::move(fd))
        , m_exchange(std::move(exchange))
        , m_left(most)
        , m_gzip(packed ? std::make_unique<Gzip>() : nullptr)
    {}

    void next()
    {
        m_worker.post([self = shared_from_this()] { self->sendSome(); });
    }

private:
    void sendSome()
    {
        while (m_left > 0) {
            if (m_exchange->pendingBytes() > kMostPending)
                return m_exchange->onDrained([self = shared_from_this()] { self->next(); });
            std::string piece(std::min<std::uint64_t>(kPiece, m_left), '\0');
            const ssize_t count = ::read(m_fd.get(), piece.data(), piece.size());
            if (count < 0 && errno == EINTR)
                continue;
            if (count <= 0)
                break;
            piece.resize(static_cast<std::size_t>(count));
            m_left -= static_cast<std::uint64_t>(count);
            write(m_gzip ? m_gzip->add(piece, false) : std::move(piece));
        }
        m_exchange->finish(m_gzip ? m_gzip->add({}, true) : std::string());
    }

    void write(std::string bytes)
    {
        if (!bytes.empty()) // an empty chunk would end the body
            m_exchange->write(std::move(bytes));
    }

    http::IoThread &m_worker;
    UniqueFd m_fd;
    ExchangePtr m_exchange;
    std::uint64_t m_left;
    std::unique_ptr<Gzip> m_gzip;
};

std::string quotedName(std::string_view path)
{
    return http::percentEncode(path.substr(path.rfind('/') + 1));
}

struct Wish
{
    std::string path, range;
    bool gzip = false;
};

void send(http::IoThread &worker, UniqueFd fd, const Wish &wish, const ExchangePtr &exchange)
{
    struct stat info
    {};
    if (::fstat(fd.get(), &info) != 0)
        return exchange->respond(http::Response::error(500, std::strerror(errno)));
    const auto size = static_cast<std::uint64_t>(info.st_size);
    const auto range = parseRange(wish.range, size);
    if (range && range->isEmpty()) {
        auto response = http::Response::error(416, "the range lies behind the end of the file");
        response.headers.emplace_back("Content-Range", "bytes */" + std::to_string(size));
        return exchange->respond(std::move(response));
    }
    const bool packed = wish.gzip && !range;
    http::Headers headers{{"Content-Type", contentType(wish.path)},
                          {"Content-Disposition", "inline; filename=" + quotedName(wish.path)},
                          {"Accept-Ranges", "bytes"},
                          {"Vary", "Accept-Encoding"}};
    if (packed)
        headers.emplace_back("Content-Encoding", "gzip");
    std::uint64_t most = UINT64_MAX;
    if (range) {
        headers.emplace_back("Content-Range",
                             "bytes " + std::to_string(range->first) + "-" + std::to_string(range->last) + "/"
                                 + std::to_string(size));
        most = range->last - range->first + 1;
        if (::lseek(fd.get(), static_cast<off_t>(range->first), SEEK_SET) < 0)
            return exchange->respond(http::Response::error(500, std::strerror(errno)));
    }
    exchange->startStream(range ? 206 : 200, std::move(headers));
    std::make_shared<Sending>(worker, std::move(fd), exchange, most, packed)->next();
}

Error pathError(const Error &error, const std::string &path)
{
    if (error.code == "not_found")
        return {Error::Kind::Service, 404, "path '" + path + "' does not exist", {}};
    if (error.code == "invalid_argument")
        return {Error::Kind::Service, 400, error.message, {}};
    const int status = error.code == "permission_denied" ? 403 : error.code == "unavailable" ? 502 : 500;
    return {Error::Kind::Service, status, error.message, {}};
}

} // namespace

void serveDownload(http::IoThread &worker, const std::shared_ptr<Sandbox> &sandbox, const http::Request &request,
                   const ExchangePtr &exchange)
{
    const auto query = http::parseQuery(request.query);
    const auto user = findFileUser(queryValue(query, "username"));
    if (!user)
        return exchange->respond(errorResponse(user.error()));
    const auto wanted = plainText(queryValue(query, "path"), "path");
    if (!wanted)
        return exchange->respond(errorResponse(wanted.error()));
    const std::string path = expandPath(*wanted, *user);
    const Wish wish{path, std::string(request.header("range")), wantsGzip(request.header("accept-encoding"))};
    sandbox->stat(path, user->name, [=, &worker, name = user->name](const Result<FileEntry> &entry) {
        if (!entry)
            return exchange->respond(errorResponse(pathError(entry.error(), path)));
        if (entry->type == FileEntry::Type::Directory)
            return exchange->respond(http::Response::error(400, "path '" + path + "' is a directory"));
        sandbox->openFile(path, name, false, [=, &worker](Result<UniqueFd> fd) {
            if (!fd)
                exchange->respond(errorResponse(pathError(fd.error(), path)));
            else
                send(worker, std::move(*fd), wish, exchange);
        });
    });
}

void sendFile(http::IoThread &worker, UniqueFd fd, const std::string &path, const http::RequestHead &request,
              const ExchangePtr &exchange)
{
    const Wish wish{path, std::string(request.header("range")), wantsGzip(request.header("accept-encoding"))};
    send(worker, std::move(fd), wish, exchange);
}

} // namespace sandglass::engine
