#include "services/lifecycle/quarantine.h"

#include "services/core/base64.h"
#include "services/core/json.h"
#include "services/core/uniquefd.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>

namespace sandglass::lifecycle {

namespace {

constexpr std::array<std::string_view, refusalKindCount> kindNames = {
    "signature", "no_signature", "malformed", "too_large", "method", "path", "clock"};

Json toJson(const QuarantineEntry &entry)
{
    Json headers = Json::array();
    for (const auto &[name, value] : entry.headers)
        headers.push_back(Json::array({name, value}));
    return {{"time", formatRfc3339(entry.time, 9)},
            {"kind", toString(entry.kind)},
            {"status", entry.status},
            {"message", entry.message},
            {"mistake", toString(entry.diagnosis.mistake)},
            {"proven", entry.diagnosis.isProven},
            {"detail", entry.diagnosis.detail},
            {"remote", entry.remote},
            {"method", entry.method},
            {"path", entry.path},
            {"headers", std::move(headers)},
            {"signature", entry.signature},
            {"body", base64Encode(entry.body)}, // any bytes
            {"body_size", entry.bodySize}};
}

std::optional<QuarantineEntry> fromJson(const Json &json)
{
    const auto time = timeOr(json, "time");
    const auto *kind = std::ranges::find(kindNames, std::string_view(stringOr(json, "kind")));
    auto body = base64Decode(stringOr(json, "body"));
    const std::int64_t bodySize = intOr(json, "body_size", -1);
    if (!time || kind == kindNames.end() || !body || bodySize < static_cast<std::int64_t>(body->size()))
        return std::nullopt;
    QuarantineEntry entry;
    entry.time = *time;
    entry.kind = static_cast<RefusalKind>(kind - kindNames.begin());
    entry.status = static_cast<int>(std::clamp<std::int64_t>(intOr(json, "status"), 0, 999));
    entry.message = stringOr(json, "message");
    entry.diagnosis = {mistakeFromName(stringOr(json, "mistake")), boolOr(json, "proven"), stringOr(json, "detail")};
    entry.remote = stringOr(json, "remote");
    entry.method = stringOr(json, "method");
    entry.path = stringOr(json, "path");
    HeaderList headers;
    for (const Json &header : memberOr(json, "headers")) {
        if (header.is_array() && header.size() == 2 && header[0].is_string() && header[1].is_string())
            headers.emplace_back(header[0].get<std::string>(), header[1].get<std::string>());
    }
    entry.headers = safeHeaders(headers);
    entry.signature = stringOr(json, "signature");
    entry.body = std::move(*body);
    entry.bodySize = static_cast<std::uint64_t>(bodySize);
    return entry;
}

Error systemError(const std::string &what, const std::filesystem::path &file)
{
    return {Error::Kind::Local, 0, what + " " + file.filename().string() + ": " + std::strerror(errno), {}};
}

bool writeAll(int fd, std::string_view text)
{
    while (!text.empty()) {
        const ssize_t count = ::write(fd, text.data(), text.size());
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            return false;
        text.remove_prefix(static_cast<std::size_t>(count));
    }
    return true;
}

} // namespace

std::string_view toString(RefusalKind kind)
{
    return kindNames[static_cast<std::size_t>(kind)];
}

Result<> saveQuarantine(const Quarantine &quarantine, const std::filesystem::path &file)
{
    std::string text;
    const auto entries = quarantine.entries();
    for (auto entry = entries.rbegin(); entry != entries.rend(); ++entry)
        text.append(dumpJson(toJson(*entry))).append("\n");

    const std::filesystem::path beside = file.string() + ".new";
    {
        const UniqueFd fd(::open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
        if (!fd || !writeAll(fd.get(), text)) {
            const Error error = systemError("cannot write", beside);
            ::unlink(beside.c_str());
            return failure(error);
        }
    }
    if (std::rename(beside.c_str(), file.c_str()) != 0)
        return failure(systemError("cannot replace", file));
    return {};
}

Result<> loadQuarantine(Quarantine &quarantine, const std::filesystem::path &file)
{
    std::error_code ec;
    const auto size = std::filesystem::file_size(file, ec);
    if (ec == std::errc::no_such_file_or_directory)
        return {};
    if (ec)
        return failure(Error::Kind::Local, "cannot read " + file.filename().string() + ": " + ec.message());
    if (size > 4 * quarantine.limits().bytes)
        return failure(Error::Kind::Local, file.filename().string() + " is too large to be a quarantine");
    std::ifstream in(file);
    for (std::string line; std::getline(in, line);) {
        const auto json = parseJson(line);
        if (auto entry = json ? fromJson(*json) : std::nullopt)
            quarantine.add(std::move(*entry));
    }
    return {};
}

} // namespace sandglass::lifecycle
