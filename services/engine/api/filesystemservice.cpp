#include "services/engine/api/filesystemservice.h"

#include "services/engine/api/connect.h"
#include "services/engine/api/members.h"
#include "services/engine/api/sandboxuser.h"

#include <algorithm>

namespace sandglass::engine {

namespace {

using ExchangePtr = std::shared_ptr<http::Exchange>;

const char *typeName(FileEntry::Type type)
{
    switch (type) {
    case FileEntry::Type::File:
        return "FILE_TYPE_FILE";
    case FileEntry::Type::Directory:
        return "FILE_TYPE_DIRECTORY";
    case FileEntry::Type::Symlink:
        return "FILE_TYPE_SYMLINK";
    case FileEntry::Type::Unknown:
        break;
    }
    return "FILE_TYPE_UNSPECIFIED";
}

Sandbox::Then<FileEntry> answerEntry(ExchangePtr exchange)
{
    return [exchange = std::move(exchange)](const Result<FileEntry> &entry) {
        exchange->respond(entry ? http::Response::json(200, dumpJson({{"entry", entryJson(*entry)}}))
                                : connectError(entry.error()));
    };
}

void list(Sandbox &sandbox, const SandboxUser &user, const Json &message, const ExchangePtr &exchange)
{
    constexpr std::int64_t kDeepest = 64;
    const auto path = textMember(message, "path");
    const auto depth = numberMember(message, "depth", 1);
    if (!path || !depth)
        return exchange->respond(connectError(path ? depth.error() : path.error()));
    sandbox.listDirectory(expandPath(*path, user), user.name,
                          static_cast<int>(std::clamp<std::int64_t>(*depth, 1, kDeepest)),
                          [exchange](const Result<std::vector<FileEntry>> &entries) {
                              if (!entries) {
                                  exchange->respond(connectError(entries.error()));
                                  return;
                              }
                              Json json = Json::array();
                              for (const FileEntry &entry : *entries)
                                  json.push_back(entryJson(entry));
                              exchange->respond(http::Response::json(200, dumpJson({{"entries", std::move(json)}})));
                          });
}

/// Empty would stand for the home directory, which nobody means to move, to make or to remove with all that is in it.
Result<std::string> changedPath(const Json &message, const char *key, const SandboxUser &user)
{
    const auto path = textMember(message, key);
    if (!path)
        return failure(path.error());
    if (path->empty())
        return rpcFailure("invalid_argument", std::string(key) + " is missing");
    return expandPath(*path, user);
}

void move(Sandbox &sandbox, const SandboxUser &user, const Json &message, const ExchangePtr &exchange)
{
    const auto source = changedPath(message, "source", user);
    const auto destination = changedPath(message, "destination", user);
    if (!source || !destination)
        return exchange->respond(connectError(source ? destination.error() : source.error()));
    sandbox.move(*source, *destination, user.name, answerEntry(exchange));
}

void remove(Sandbox &sandbox, const std::string &path, const SandboxUser &user, const ExchangePtr &exchange)
{
    sandbox.remove(path, user.name, [exchange](const Result<> &result) {
        // Removing what is not there is no error, as in the original.
        const bool fine = result || result.error().code == "not_found";
        exchange->respond(fine ? http::Response::json(200, "{}") : connectError(result.error()));
    });
}

} // namespace

Json entryJson(const FileEntry &entry)
{
    Json json{{"name", entry.name},
              {"type", typeName(entry.type)},
              {"path", entry.path},
              {"size", std::to_string(entry.size)},
              {"mode", entry.mode},
              {"permissions", entry.permissions},
              {"owner", entry.owner},
              {"group", entry.group},
              {"modifiedTime", formatRfc3339(fromUnixNs(entry.modifiedUnixNs), 9)}};
    if (entry.symlinkTarget)
        json["symlinkTarget"] = *entry.symlinkTarget;
    if (!entry.metadata.empty())
        json["metadata"] = entry.metadata;
    return json;
}

void serveFilesystem(Sandbox &sandbox, const std::string &method, const http::Request &request,
                     const ExchangePtr &exchange)
{
    const auto user = userOf(request);
    if (!user)
        return exchange->respond(connectError(user.error()));
    const auto message = parseJson(request.body);
    if (!message || !message->is_object())
        return exchange->respond(
            connectError({Error::Kind::Service, 0, "the message is not a JSON object", "invalid_argument"}));
    if (method == "ListDir")
        return list(sandbox, *user, *message, exchange);
    if (method == "Move")
        return move(sandbox, *user, *message, exchange);
    if (method == "Stat") {
        const auto path = textMember(*message, "path");
        return path ? sandbox.stat(expandPath(*path, *user), user->name, answerEntry(exchange))
                    : exchange->respond(connectError(path.error()));
    }
    if (method == "MakeDir" || method == "Remove") {
        const auto path = changedPath(*message, "path", *user);
        if (!path)
            return exchange->respond(connectError(path.error()));
        return method == "Remove" ? remove(sandbox, *path, *user, exchange)
                                  : sandbox.makeDirectory(*path, user->name, answerEntry(exchange));
    }
    exchange->respond(
        connectError({Error::Kind::Service, 0, "filesystem.Filesystem/" + method + " is not available on this server",
                      "unimplemented"}));
}

} // namespace sandglass::engine
