#include "services/engine/builds/buildfiles.h"

#include "services/core/ids.h"
#include "services/core/paths.h"
#include "services/engine/broker/names.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <vector>

namespace fs = std::filesystem;

namespace sandglass::engine {

namespace {

constexpr std::chrono::hours kTokenLife{1};
constexpr std::size_t kMostTokens = 10'000;
constexpr std::uintmax_t kMostKept = 8ULL << 30;
constexpr std::string_view kUnfinished = ".incoming-";

bool isPacked(std::string_view start)
{
    return start.starts_with("\x1f\x8b");
}

} // namespace

BuildUpload::BuildUpload(std::string directory, std::string hash)
    : m_directory(std::move(directory))
    , m_hash(std::move(hash))
    , m_path(m_directory + "/" + std::string(kUnfinished) + newHexToken(8))
    , m_fd(::open(m_path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600))
{
    if (!m_fd)
        fail(500, "cannot store the archive: " + std::string(std::strerror(errno)));
}

BuildUpload::~BuildUpload()
{
    if (!m_path.empty())
        ::unlink(m_path.c_str());
}

void BuildUpload::fail(int status, std::string message)
{
    if (m_status != 0)
        return;
    m_status = status;
    m_error = std::move(message);
}

bool BuildUpload::check(std::string_view piece)
{
    if (!m_isBegun) {
        m_start += piece;
        if (m_start.size() < 2)
            return true;
        m_isBegun = true;
        if (isPacked(m_start))
            m_gunzip = std::make_unique<Gunzip>();
        return check(std::exchange(m_start, {}));
    }
    if (!m_gunzip)
        return m_check.add(piece);
    return m_gunzip->add(piece, [this](std::string_view plain) { return m_check.add(plain); });
}

void BuildUpload::data(std::string_view piece)
{
    if (m_status != 0)
        return;
    if (!check(piece))
        return fail(400, m_check.error().empty() ? "the archive is no gzip file, or it is damaged" : m_check.error());
    while (!piece.empty()) {
        const ssize_t count = ::write(m_fd.get(), piece.data(), piece.size());
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return fail(errno == ENOSPC || errno == EDQUOT ? 507 : 500,
                        "cannot store the archive: " + std::string(std::strerror(errno)));
        piece.remove_prefix(static_cast<std::size_t>(count));
    }
}

void BuildUpload::finish()
{
    if (m_status != 0)
        return;
    const bool isWhole = m_isBegun && (!m_gunzip || m_gunzip->isComplete());
    if (!isWhole || !m_check.finish())
        fail(400, m_check.error().empty() ? "the archive is cut off" : m_check.error());
}

void BuildUpload::keep()
{
    if (m_status != 0)
        return;
    const std::string target = m_directory + "/" + m_hash;
    if (::fsync(m_fd.get()) != 0 || ::rename(m_path.c_str(), target.c_str()) != 0)
        return fail(500, "cannot store the archive: " + std::string(std::strerror(errno)));
    m_path.clear();
}

void BuildUpload::abort()
{
    fail(400, "the upload was cut off");
}

BuildFiles::BuildFiles(std::string directory) : m_directory(std::move(directory))
{
    (void)ensurePrivateDirectory(m_directory); // else each upload tells what is wrong
    std::error_code failed;
    for (fs::directory_iterator it(m_directory, failed), end; !failed && it != end; it.increment(failed)) {
        std::error_code ignored;
        if (it->path().filename().string().starts_with(kUnfinished)) // of an engine that was killed
            fs::remove(it->path(), ignored);
    }
}

bool BuildFiles::isHash(std::string_view hash)
{
    return isPlainName(hash);
}

bool BuildFiles::has(const std::string &hash) const
{
    return isHash(hash) && ::access(pathOf(hash).c_str(), R_OK) == 0;
}

std::string BuildFiles::pathOf(const std::string &hash) const
{
    return m_directory + "/" + hash;
}

std::string BuildFiles::newToken(const std::string &hash)
{
    const auto now = std::chrono::steady_clock::now();
    std::erase_if(m_tokens, [now](const auto &each) { return each.second.until < now; });
    if (m_tokens.size() >= kMostTokens)
        m_tokens.erase(std::ranges::min_element(m_tokens, {}, [](const auto &each) { return each.second.until; }));
    std::string token = newHexToken(32);
    m_tokens[token] = {hash, now + kTokenLife};
    return token;
}

std::shared_ptr<BuildUpload> BuildFiles::upload(const std::string &token)
{
    const auto known = m_tokens.find(token);
    if (known == m_tokens.end() || known->second.until < std::chrono::steady_clock::now())
        return nullptr;
    return std::make_shared<BuildUpload>(m_directory, known->second.hash);
}

void BuildFiles::shrink() const
{
    struct Kept
    {
        fs::file_time_type used;
        std::uintmax_t bytes;
        fs::path path;
    };
    std::vector<Kept> kept;
    std::error_code failed;
    for (fs::directory_iterator it(m_directory, failed), end; !failed && it != end; it.increment(failed)) {
        std::error_code gone;
        const auto bytes = it->file_size(gone);
        if (!gone && isHash(it->path().filename().string()))
            kept.push_back({it->last_write_time(gone), bytes, it->path()});
    }
    std::ranges::sort(kept, std::greater<>(), &Kept::used);
    std::uintmax_t sum = 0;
    for (const Kept &each : kept) {
        sum += each.bytes;
        std::error_code ignored;
        if (sum > kMostKept)
            fs::remove(each.path, ignored);
    }
}

} // namespace sandglass::engine
