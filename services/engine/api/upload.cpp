#include "services/engine/api/upload.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstring>

namespace sandglass::engine {

namespace {

constexpr std::size_t kPartHeaderLimit = 16U << 10;
constexpr std::size_t kMostFiles = 1000;

/// Value of `name="…"` in a header, with the escapes browsers and SDKs use (%22, and \" of older ones).
std::string parameter(std::string_view header, std::string_view name)
{
    const std::string key = std::string(name) + "=";
    std::size_t at = header.find(key);
    while (at != std::string_view::npos && at > 0 && header[at - 1] != ' ' && header[at - 1] != ';')
        at = header.find(key, at + 1); // "name=" also ends "filename="
    if (at == std::string_view::npos)
        return {};
    header.remove_prefix(at + key.size());
    if (!header.starts_with('"'))
        return std::string(header.substr(0, header.find_first_of("; \r\n")));
    std::string value;
    for (std::size_t i = 1; i < header.size() && header[i] != '"'; ++i) {
        if (header[i] == '\\' && i + 1 < header.size() && (header[i + 1] == '"' || header[i + 1] == '\\'))
            ++i;
        value += header[i];
    }
    for (const auto &[escape, plain] : {std::pair{"%22", "\""}, {"%0D", "\r"}, {"%0A", "\n"}}) {
        for (auto found = value.find(escape); found != std::string::npos; found = value.find(escape, found + 1))
            value.replace(found, 3, plain);
    }
    return value;
}

std::string lower(std::string text)
{
    std::transform(text.begin(), text.end(), text.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return text;
}

std::string_view dispositionOf(std::string_view headers)
{
    const auto at = lower(std::string(headers)).find("content-disposition:");
    if (at == std::string::npos)
        return {};
    const auto rest = headers.substr(at);
    return rest.substr(0, rest.find("\r\n"));
}

} // namespace

Upload::Upload(std::string contentType, std::string spoolDirectory) : m_directory(std::move(spoolDirectory))
{
    if (!lower(contentType).starts_with("multipart/form-data")) {
        m_state = State::PartBody;
        beginFile({}, {});
        return;
    }
    const std::string boundary = parameter(contentType, "boundary");
    if (boundary.empty() || boundary.size() > 200)
        fail("the multipart boundary is missing");
    m_delimiter = "\r\n--" + boundary;
    m_pending = "\r\n"; // so that the first delimiter looks like all others
}

void Upload::data(std::string_view piece)
{
    if (!m_error.empty())
        return;
    if (!m_gunzip)
        return takePlain(piece);
    const bool fine = m_gunzip->add(piece, [this](std::string_view plain) {
        m_diskFull = plain.size() > m_room;
        if (m_diskFull)
            fail("the unpacked upload is larger than the sandbox's disk");
        else
            takePlain(plain);
        m_room -= std::min<std::uint64_t>(m_room, plain.size());
        return m_error.empty();
    });
    if (!fine && m_error.empty())
        fail("the body is not a gzip file");
}

void Upload::expectGzip(std::uint64_t limit)
{
    m_gunzip = std::make_unique<Gunzip>();
    m_room = limit;
}

void Upload::takePlain(std::string_view piece)
{
    if (m_delimiter.empty())
        return append(piece);
    m_pending.append(piece);
    parse();
}

void Upload::parse()
{
    bool more = true;
    while (more && m_error.empty()) {
        switch (m_state) {
        case State::Preamble:
            more = parsePreamble();
            break;
        case State::PartHeader:
            more = parsePartHeader();
            break;
        case State::PartBody:
            more = parsePartBody();
            break;
        case State::Done:
            m_pending.clear();
            return;
        }
    }
}

bool Upload::parsePreamble()
{
    const auto at = m_pending.find(m_delimiter);
    if (at == std::string::npos) {
        if (m_pending.size() > kPartHeaderLimit)
            fail("the multipart body does not begin with its boundary");
        return false;
    }
    m_pending.erase(0, at + m_delimiter.size());
    m_state = State::PartHeader;
    return true;
}

bool Upload::parsePartHeader()
{
    // Behind the delimiter: "--" ends the body, else the rest of the line and the part's header follow.
    if (m_pending.size() < 2)
        return false;
    if (m_pending.starts_with("--")) {
        m_state = State::Done;
        return true;
    }
    const auto end = m_pending.find("\r\n\r\n");
    if (end == std::string::npos) {
        if (m_pending.size() > kPartHeaderLimit)
            fail("a multipart header is too long");
        return false;
    }
    const std::string_view disposition = dispositionOf(std::string_view(m_pending).substr(0, end));
    std::string partName = parameter(disposition, "name");
    std::string fileName = parameter(disposition, "filename");
    m_pending.erase(0, end + 4);
    beginFile(std::move(partName), std::move(fileName));
    m_state = State::PartBody;
    return true;
}

bool Upload::parsePartBody()
{
    const auto at = m_pending.find(m_delimiter);
    if (at != std::string::npos) {
        append(std::string_view(m_pending).substr(0, at));
        m_pending.erase(0, at + m_delimiter.size());
        m_state = State::PartHeader;
        return true;
    }
    // The end may be the beginning of a delimiter: it is kept for the next piece.
    const std::size_t sure = m_pending.size() - std::min(m_pending.size(), m_delimiter.size());
    append(std::string_view(m_pending).substr(0, sure));
    m_pending.erase(0, sure);
    return false;
}

void Upload::beginFile(std::string partName, std::string fileName)
{
    if (m_files.size() >= kMostFiles)
        return fail("too many files in one request");
    SpooledFile file;
    file.partName = std::move(partName);
    file.fileName = std::move(fileName);
    file.fd.reset(::open(m_directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
    if (!file.fd)
        return fail(std::string("cannot keep the upload: ") + std::strerror(errno));
    m_files.push_back(std::move(file));
}

void Upload::append(std::string_view bytes)
{
    if (m_files.empty())
        return;
    SpooledFile &file = m_files.back();
    while (!bytes.empty()) {
        const ssize_t written = ::write(file.fd.get(), bytes.data(), bytes.size());
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0) {
            m_diskFull = errno == ENOSPC || errno == EDQUOT;
            return fail(std::string("cannot keep the upload: ") + std::strerror(errno));
        }
        file.size += static_cast<std::uint64_t>(written);
        bytes.remove_prefix(static_cast<std::size_t>(written));
    }
}

void Upload::finish()
{
    if (m_error.empty() && m_gunzip && !m_gunzip->isComplete())
        fail("the gzip file ends too early");
    if (m_error.empty() && !m_delimiter.empty() && m_state != State::Done)
        fail("the multipart body ends too early");
}

void Upload::abort()
{
    m_files.clear();
}

void Upload::fail(std::string message)
{
    m_error = std::move(message);
    m_files.clear();
    m_pending.clear();
}

} // namespace sandglass::engine
