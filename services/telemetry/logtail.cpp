#include "services/telemetry/logtail.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

namespace sandglass::telemetry {

namespace {

Result<> failureOf(const std::filesystem::path &file)
{
    return failure(Error::Kind::Local,
                   "the log " + file.string() + " cannot be read: " + std::generic_category().message(errno));
}

} // namespace

std::optional<LogEntry> parseLogLine(std::string_view line)
{
    const auto json = parseJson(line);
    if (!json || !json->is_object())
        return {};
    const auto time = parseRfc3339(stringOr(*json, "time"));
    if (!time)
        return {};
    const auto fields = json->find("fields");
    return LogEntry{*time, stringOr(*json, "level"), stringOr(*json, "message"),
                    fields != json->end() && fields->is_object() ? *fields : Json()};
}

LogTail::LogTail(std::filesystem::path file) : m_file(std::move(file)) {}

Result<std::vector<LogEntry>> LogTail::read()
{
    if (!m_fd) {
        const auto opened = open();
        if (!opened)
            return failure(opened.error());
        if (!*opened)
            return std::vector<LogEntry>();
    }
    auto taken = readPart();
    if (taken && *taken == 0 && wasSetAside()) { // only now: its last lines were read before
        m_fd = {};
        return read();
    }
    if (!taken)
        return failure(std::move(taken.error()));
    return takeLines();
}

/// False: there is none yet.
Result<bool> LogTail::open()
{
    m_fd = UniqueFd(::open(m_file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
    struct stat facts = {};
    if (!m_fd && errno == ENOENT) {
        m_isFirst = false; // all of what comes is new
        return false;
    }
    if (!m_fd || ::fstat(m_fd.get(), &facts) != 0)
        return failure(failureOf(m_file).error());
    if (std::exchange(m_isFirst, false) && facts.st_size > static_cast<off_t>(firstBytes)) {
        if (::lseek(m_fd.get(), -static_cast<off_t>(firstBytes), SEEK_END) < 0)
            return failure(failureOf(m_file).error());
        m_skipsFirst = true;
    }
    return true;
}

/// How many bytes came.
Result<std::size_t> LogTail::readPart()
{
    const std::size_t before = m_rest.size();
    m_rest.resize(before + mostBytes);
    const ssize_t taken = ::read(m_fd.get(), m_rest.data() + before, mostBytes);
    m_rest.resize(before + static_cast<std::size_t>(std::max<ssize_t>(taken, 0)));
    if (taken < 0)
        return failure(failureOf(m_file).error());
    return static_cast<std::size_t>(taken);
}

bool LogTail::wasSetAside() const
{
    struct stat ours = {}, present = {};
    return ::fstat(m_fd.get(), &ours) == 0 && ::stat(m_file.c_str(), &present) == 0
        && (ours.st_ino != present.st_ino || ours.st_dev != present.st_dev);
}

std::vector<LogEntry> LogTail::takeLines()
{
    std::vector<LogEntry> entries;
    std::size_t from = 0;
    for (auto end = m_rest.find('\n'); end != std::string::npos; end = m_rest.find('\n', from)) {
        if (!std::exchange(m_skipsFirst, false)) {
            if (auto entry = parseLogLine(std::string_view(m_rest).substr(from, end - from)))
                entries.push_back(std::move(*entry));
        }
        from = end + 1;
    }
    m_rest.erase(0, from);
    if (m_rest.size() > firstBytes) { // no line of ours is that long
        m_rest.clear();
        m_skipsFirst = true;
    }
    return entries;
}

} // namespace sandglass::telemetry
