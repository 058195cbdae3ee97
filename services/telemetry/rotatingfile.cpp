#include "services/telemetry/rotatingfile.h"

#include "services/core/paths.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace sandglass::telemetry {

namespace {

Result<> failureOf(const std::string &what)
{
    return failure(Error::Kind::Local, what + ": " + std::generic_category().message(errno));
}

} // namespace

RotatingFile::RotatingFile(std::filesystem::path folder, std::string name, Limits limits)
    : m_folder(std::move(folder)), m_name(std::move(name)), m_limits(limits)
{}

Result<RotatingFile> RotatingFile::open(const std::filesystem::path &folder, const std::string &name, Limits limits)
{
    if (!ensurePrivateDirectory(folder))
        return failure(Error::Kind::Local, "the folder " + folder.string() + " cannot be used");
    RotatingFile file(folder, name, limits);
    if (auto opened = file.openPresent(); !opened)
        return failure(std::move(opened.error()));
    return file;
}

std::filesystem::path RotatingFile::fileOf(int number) const
{
    return m_folder / (m_name + (number == 0 ? "" : "." + std::to_string(number)) + ".jsonl");
}

Result<> RotatingFile::openPresent()
{
    m_fd = UniqueFd(::open(fileOf(0).c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600));
    struct stat facts = {};
    if (!m_fd || ::fstat(m_fd.get(), &facts) != 0)
        return failureOf("the log " + fileOf(0).string() + " cannot be opened");
    m_size = static_cast<std::uintmax_t>(facts.st_size);
    return {};
}

Result<> RotatingFile::rotate()
{
    std::error_code ignored; // a gap in the numbers is no reason to stop
    std::filesystem::remove(fileOf(m_limits.files - 1), ignored);
    for (int number = m_limits.files - 2; number >= 0; --number)
        std::filesystem::rename(fileOf(number), fileOf(number + 1), ignored);
    if (m_limits.files == 1)
        std::filesystem::remove(fileOf(0), ignored);
    return openPresent();
}

Result<> RotatingFile::write(std::string_view line)
{
    if (!m_fd || (m_size > 0 && m_size + line.size() + 1 > m_limits.bytes)) {
        if (auto fresh = m_fd ? rotate() : openPresent(); !fresh)
            return fresh;
    }
    std::string text(line);
    text += '\n';
    const ssize_t written = ::write(m_fd.get(), text.data(), text.size());
    m_size += written > 0 ? static_cast<std::uintmax_t>(written) : 0;
    if (written != static_cast<ssize_t>(text.size()))
        return failureOf("the log " + fileOf(0).string() + " cannot be written");
    return {};
}

} // namespace sandglass::telemetry
