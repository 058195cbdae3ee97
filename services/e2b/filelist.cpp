#include "services/e2b/filelist.h"

#include "services/e2b/fields.h"

#include <algorithm>
#include <charconv>
#include <utility>

namespace sandglass::e2b {
namespace {

using Type = ListedFile::Type;

Result<ListedFile> decodeEntry(const Json &value, const std::string &path)
{
    ListedFile file;
    std::string type;
    Fields fields(value, path);
    fields.text("path", file.path);
    fields.require("path", file.path);
    fields.text("type", type);
    fields.time("modifiedTime", file.modified);
    fields.text("symlinkTarget", file.linkTarget);
    const Json &size = memberOr(value, "size"); // a 64-bit number: text in the JSON of protocol buffers
    if (size.is_string()) {
        const auto &text = size.get_ref<const std::string &>();
        const auto read = std::from_chars(text.data(), text.data() + text.size(), file.size);
        if (read.ec != std::errc() || read.ptr != text.data() + text.size())
            return failure(Error::Kind::Decode, path + ".size is no number");
    } else {
        fields.number("size", file.size);
    }
    if (fields.error())
        return failure(*fields.error());
    file.type = type == "FILE_TYPE_DIRECTORY" ? Type::Directory : type == "FILE_TYPE_FILE" ? Type::File : Type::Other;
    return file;
}

void cut(FileList &list)
{
    std::ranges::sort(list.files, {}, &ListedFile::path);
    std::size_t bytes = 0;
    std::size_t kept = 0;
    while (kept < list.files.size() && kept < FileList::mostFiles) {
        bytes += list.files[kept].path.size() + list.files[kept].linkTarget.size();
        if (bytes > FileList::mostPathBytes)
            break;
        ++kept;
    }
    list.isCut = list.isCut || kept < list.files.size();
    list.files.resize(kept);
}

bool isSame(const ListedFile &a, const ListedFile &b)
{
    if (a.type == Type::Directory && b.type == Type::Directory)
        return a.linkTarget == b.linkTarget;
    return a == b;
}

} // namespace

Result<FileList> decodeFileList(const Json &value)
{
    static const Json none = Json::array();
    const Json &entries = memberOr(value, "entries"); // left out where there is none
    auto files =
        decodeArray<ListedFile>(value.is_object() && entries.is_null() ? none : entries, "$.entries", decodeEntry);
    if (!files)
        return failure(files.error());
    FileList list{std::move(*files), false};
    cut(list);
    return list;
}

Json toJson(const FileList &list)
{
    Json files = Json::array();
    for (const ListedFile &file : list.files) {
        Json entry = {file.path, static_cast<int>(file.type), file.size,
                      file.modified ? Json(toUnixNs(*file.modified)) : Json()};
        if (!file.linkTarget.empty())
            entry.push_back(file.linkTarget);
        files.push_back(std::move(entry));
    }
    return {{"files", std::move(files)}, {"cut", list.isCut}};
}

Result<FileList> fileListFrom(const Json &value)
{
    const Json &files = memberOr(value, "files");
    FileList list;
    list.isCut = boolOr(value, "cut");
    bool isGood = files.is_array() && files.size() <= FileList::mostFiles;
    for (std::size_t i = 0; isGood && i < files.size(); ++i) {
        const Json &entry = files[i];
        isGood = entry.is_array() && (entry.size() == 4 || entry.size() == 5) && entry[0].is_string()
            && entry[1].is_number_integer() && entry[2].is_number_integer()
            && (entry[3].is_null() || entry[3].is_number_integer()) && (entry.size() == 4 || entry[4].is_string());
        if (!isGood)
            break;
        const auto type = entry[1].get<std::int64_t>();
        ListedFile file;
        file.path = entry[0].get<std::string>();
        file.type = type == 0 ? Type::File : type == 1 ? Type::Directory : Type::Other;
        file.size = entry[2].get<std::int64_t>();
        if (!entry[3].is_null())
            file.modified = fromUnixNs(entry[3].get<std::int64_t>());
        if (entry.size() == 5)
            file.linkTarget = entry[4].get<std::string>();
        list.files.push_back(std::move(file));
    }
    if (!isGood)
        return failure(Error::Kind::Decode, "the list of files is damaged");
    cut(list);
    return list;
}

FileDifference compareFiles(const FileList &before, const FileList &after)
{
    FileDifference difference;
    difference.isPartial = before.isCut || after.isCut;
    const auto reaches = [](const FileList &list, const std::string &path) {
        return !list.isCut || (!list.files.empty() && path <= list.files.back().path);
    };
    auto old = before.files.begin();
    auto now = after.files.begin();
    while (old != before.files.end() || now != after.files.end()) {
        const bool isGone = now == after.files.end() || (old != before.files.end() && old->path < now->path);
        const bool isNew = !isGone && (old == before.files.end() || now->path < old->path);
        if (isGone) {
            if (reaches(after, old->path))
                difference.removed.push_back(old->path);
            ++old;
        } else if (isNew) {
            if (reaches(before, now->path))
                difference.added.push_back(now->path);
            ++now;
        } else {
            if (!isSame(*old, *now))
                difference.changed.push_back(now->path);
            else if (now->type != Type::Directory)
                ++difference.same;
            ++old;
            ++now;
        }
    }
    return difference;
}

} // namespace sandglass::e2b
