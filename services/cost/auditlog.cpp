#include "services/cost/auditlog.h"

#include "services/core/json.h"
#include "services/core/uniquefd.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <unistd.h>

namespace sandglass::cost {

namespace {

std::filesystem::path formerOf(std::filesystem::path file)
{
    file += ".1";
    return file;
}

tl::unexpected<Error> systemFailure(const char *what)
{
    return failure(Error::Kind::Local, std::string("the audit log cannot be ") + what + ": " + std::strerror(errno));
}

void readInto(std::vector<AuditEntry> &entries, const std::filesystem::path &file)
{
    std::ifstream stream(file);
    for (std::string line; std::getline(stream, line);) {
        const auto object = parseJson(line);
        const auto at = object ? parseRfc3339(stringOr(*object, "at")) : std::nullopt;
        if (at)
            entries.push_back({*at, stringOr(*object, "who"), stringOr(*object, "verb"), stringOr(*object, "target"),
                               stringOr(*object, "why"), stringOr(*object, "answer")});
    }
}

} // namespace

Result<> AuditLog::appendAll(std::span<const AuditEntry> entries)
{
    std::string lines;
    for (const AuditEntry &entry : entries) {
        lines += dumpJson({{"at", formatRfc3339(entry.at, 9)},
                           {"who", entry.who},
                           {"verb", entry.verb},
                           {"target", entry.target},
                           {"why", entry.why},
                           {"answer", entry.answer}})
            + "\n";
        if (m_listener)
            m_listener(entry);
    }
    if (lines.empty())
        return {};
    std::error_code ec;
    if (std::filesystem::file_size(m_file, ec) > static_cast<std::uintmax_t>(rotateBytes) && !ec)
        std::filesystem::rename(m_file, formerOf(m_file), ec);
    const UniqueFd fd(::open(m_file.c_str(), O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0600));
    if (!fd)
        return systemFailure("opened");
    char last = '\n';
    if (const off_t size = ::lseek(fd.get(), 0, SEEK_END); size > 0)
        (void)::pread(fd.get(), &last, 1, size - 1);
    // Begins with a line break where a crash left half a line.
    const std::string text = last == '\n' ? lines : "\n" + lines;
    if (::write(fd.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()) || ::fsync(fd.get()) != 0)
        return systemFailure("written");
    return {};
}

std::vector<AuditEntry> AuditLog::newest(std::size_t limit) const
{
    std::vector<AuditEntry> entries;
    readInto(entries, formerOf(m_file));
    readInto(entries, m_file);
    std::ranges::reverse(entries);
    if (entries.size() > limit)
        entries.resize(limit);
    return entries;
}

} // namespace sandglass::cost
