#include "services/core/keystore.h"

#include "services/core/json.h"
#include "services/core/paths.h"
#include "services/core/uniquefd.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>

namespace sandglass {

namespace {

tl::unexpected<Error> systemFailure(const std::string &what)
{
    return failure(Error::Kind::Local, what + ": " + std::strerror(errno));
}

Result<> writeAll(int fd, std::string_view bytes)
{
    while (!bytes.empty()) {
        const ssize_t written = ::write(fd, bytes.data(), bytes.size());
        if (written < 0 && errno != EINTR)
            return systemFailure("the secrets file cannot be written");
        if (written > 0)
            bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    return {};
}

} // namespace

FileKeyStore::FileKeyStore(std::filesystem::path file) : m_file(std::move(file)) {}

void FileKeyStore::read(const std::string &name, std::function<void(Result<std::optional<std::string>>)> then)
{
    const auto secrets = load();
    if (!secrets)
        return then(failure(secrets.error()));
    const auto it = secrets->find(name);
    then(it == secrets->end() ? std::nullopt : std::optional(it->second));
}

void FileKeyStore::write(const std::string &name, const std::string &secret, std::function<void(Result<>)> then)
{
    auto secrets = load();
    if (!secrets)
        return then(failure(secrets.error()));
    (*secrets)[name] = secret;
    then(save(*secrets));
}

void FileKeyStore::remove(const std::string &name, std::function<void(Result<>)> then)
{
    auto secrets = load();
    if (!secrets)
        return then(failure(secrets.error()));
    if (secrets->erase(name) == 0)
        return then({});
    then(secrets->empty() ? discard() : save(*secrets));
}

std::string FileKeyStore::description() const
{
    return "an unencrypted file that you alone can read";
}

Result<std::vector<std::string>> FileKeyStore::names() const
{
    const auto secrets = load();
    if (!secrets)
        return failure(secrets.error());
    std::vector<std::string> names;
    for (const auto &[name, value] : *secrets)
        names.push_back(name);
    return names;
}

Result<FileKeyStore::Secrets> FileKeyStore::load() const
{
    std::error_code error;
    if (!std::filesystem::exists(m_file, error))
        return Secrets{};
    std::ifstream stream(m_file, std::ios::binary);
    if (!stream)
        return failure(Error::Kind::Local, "the secrets file " + m_file.string() + " cannot be read");
    const std::string text{std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
    const auto parsed = parseJson(text);
    // The text itself stays out of the message: it is made of secrets.
    if (!parsed || !parsed->is_object())
        return failure(Error::Kind::Decode, "the secrets file " + m_file.string() + " is damaged");
    Secrets secrets;
    for (const auto &[name, value] : parsed->items()) {
        if (value.is_string())
            secrets[name] = value.get<std::string>();
    }
    return secrets;
}

Result<> FileKeyStore::save(const Secrets &secrets) const
{
    if (!ensurePrivateDirectory(m_file.parent_path()))
        return failure(Error::Kind::Local, "cannot create the folder " + m_file.parent_path().string());
    const std::string aside = m_file.string() + ".new";
    {
        const UniqueFd fd(::open(aside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
        if (!fd)
            return systemFailure("the secrets file cannot be created");
        ::fchmod(fd.get(), 0600); // a left-over file keeps its old mode otherwise
        if (const auto written = writeAll(fd.get(), dumpJson(Json(secrets), 2) + "\n"); !written)
            return written;
        if (::fsync(fd.get()) != 0)
            return systemFailure("the secrets file cannot be synchronised");
    }
    if (::rename(aside.c_str(), m_file.c_str()) != 0)
        return systemFailure("the secrets file cannot be replaced");
    return {};
}

Result<> FileKeyStore::discard() const
{
    if (::unlink(m_file.c_str()) != 0 && errno != ENOENT)
        return systemFailure("the secrets file cannot be removed");
    return {};
}

} // namespace sandglass
