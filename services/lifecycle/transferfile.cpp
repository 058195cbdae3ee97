#include "services/lifecycle/transferfile.h"

#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

namespace sandglass::lifecycle {

TransferFile::TransferFile(std::filesystem::path file)
    : m_file(std::move(file)), m_part(m_file.string() + ".part"), m_stream(m_part, std::ios::binary | std::ios::trunc)
{}

TransferFile::~TransferFile()
{
    std::error_code ignored;
    if (!m_part.empty())
        std::filesystem::remove(m_part, ignored);
}

Error TransferFile::failed() const
{
    const char *name = strerrorname_np(errno);
    return {Error::Kind::Local, 0, "cannot write " + m_file.string() + ": " + std::strerror(errno), name ? name : ""};
}

Result<> TransferFile::write(std::string &text)
{
    errno = 0;
    m_stream.write(text.data(), static_cast<std::streamsize>(text.size()));
    text.clear();
    return m_stream ? Result<>() : Result<>(failure(failed()));
}

Result<> TransferFile::finish()
{
    errno = 0;
    m_stream.close();
    if (!m_stream)
        return failure(failed());
    std::error_code error;
    std::filesystem::rename(m_part, m_file, error);
    if (error)
        return failure(Error::Kind::Local, "cannot write " + m_file.string() + ": " + error.message());
    m_part.clear();
    return {};
}

} // namespace sandglass::lifecycle
