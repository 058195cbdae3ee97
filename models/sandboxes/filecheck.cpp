#include "models/sandboxes/filecheck.h"

#include "services/core/paths.h"
#include "services/core/qtstring.h"
#include "services/core/whendone.h"
#include "services/e2b/client.h"
#include "services/e2b/sandboxreadings.h"
#include "services/lifecycle/recordfile.h"

#include <QTimer>

#include <algorithm>
#include <system_error>
#include <utility>
#include <vector>

namespace sandglass::models {

using e2b::FileList;
using Side = FileRecord::Side;

namespace {

constexpr std::size_t mostInMemory = 20;

/// An id becomes the name of a file.
bool isPlain(const QString &id)
{
    constexpr qsizetype longest = 100;
    return !id.isEmpty() && id.size() <= longest && std::ranges::all_of(id, [](QChar c) {
        return (c >= u'a' && c <= u'z') || (c >= u'A' && c <= u'Z') || (c >= u'0' && c <= u'9') || c == u'-'
            || c == u'_';
    });
}

std::filesystem::path fileOf(const std::filesystem::path &folder, const QString &id)
{
    return folder / (toUtf8(id) + ".json");
}

Json sideJson(const Side &side)
{
    Json json = {{"at", formatRfc3339(side.at)}};
    if (side.trouble.empty())
        json["list"] = e2b::toJson(side.list);
    else
        json["trouble"] = side.trouble;
    return json;
}

std::optional<Side> sideFrom(const Json &value)
{
    const auto at = timeOr(value, "at");
    if (!at)
        return {};
    Side side{*at, {}, stringOr(value, "trouble")};
    if (!side.trouble.empty())
        return side;
    auto list = e2b::fileListFrom(memberOr(value, "list"));
    if (!list)
        return {};
    side.list = std::move(*list);
    return side;
}

void compare(FileRecord &record)
{
    if (record.after && record.before.trouble.empty() && record.after->trouble.empty())
        record.difference = e2b::compareFiles(record.before.list, record.after->list);
}

std::shared_ptr<const FileRecord> recordFrom(const Json &value)
{
    auto before = sideFrom(memberOr(value, "before"));
    if (!before)
        return {};
    FileRecord record{std::move(*before), sideFrom(memberOr(value, "after")), {}};
    compare(record);
    return std::make_shared<const FileRecord>(std::move(record));
}

/// In the thread of the disk.
void write(const std::filesystem::path &folder, const QString &id, const FileRecord &record)
{
    namespace fs = std::filesystem;
    Json json = {{"version", 1}, {"before", sideJson(record.before)}};
    if (record.after)
        json["after"] = sideJson(*record.after);
    if (!ensurePrivateDirectory(folder) || !lifecycle::writeRecord(fileOf(folder, id), json))
        return; // it is kept in memory until the program ends
    std::error_code error;
    std::vector<std::pair<fs::file_time_type, fs::path>> files;
    for (const auto &entry : fs::directory_iterator(folder, error)) {
        const auto time = entry.last_write_time(error);
        if (!error)
            files.emplace_back(time, entry.path());
    }
    std::ranges::sort(files);
    for (std::size_t i = 0; i + FileCheck::mostKept < files.size(); ++i)
        fs::remove(files[i].second, error);
}

} // namespace

FileCheck::FileCheck(e2b::Client &client, std::filesystem::path folder, Clock clock, QObject *parent)
    : QObject(parent), m_client(client), m_folder(std::move(folder)), m_clock(std::move(clock))
{}

FileCheck::~FileCheck()
{
    m_thread.reset();
}

WorkThread &FileCheck::thread()
{
    if (!m_thread)
        m_thread = std::make_unique<WorkThread>();
    return *m_thread;
}

void FileCheck::setEnabled(bool isEnabled)
{
    if (m_isEnabled == isEnabled)
        return;
    m_isEnabled = isEnabled;
    Q_EMIT changed({});
}

void FileCheck::list(const QString &id, std::function<void(Side)> then)
{
    const int number = m_nextListing++;
    m_listing.insert(id);
    m_waiting[number] = [this, id, then = std::move(then)](Side side) {
        m_listing.erase(m_listing.find(id));
        then(std::move(side));
        Q_EMIT changed(id);
    };
    const auto answer = [this, number](Side side) {
        if (const auto waiting = m_waiting.extract(number)) // else its time was up before
            waiting.mapped()(std::move(side));
    };
    QTimer::singleShot(m_limit, this, [this, answer] {
        answer({m_clock(), {}, "the sandbox did not answer within " + std::to_string(m_limit.count()) + " ms"});
    });
    whenDone(m_client.sandbox(toUtf8(id)), this, [this, answer](const Result<e2b::SandboxInfo> &info) {
        if (!info)
            return answer({m_clock(), {}, info.error().message});
        whenDone(m_client.readings().homeFiles(*info, m_limit), this, [this, answer](Result<FileList> files) {
            answer(files ? Side{m_clock(), std::move(*files), {}} : Side{m_clock(), {}, files.error().message});
        });
    });
    Q_EMIT changed(id);
}

void FileCheck::letGo()
{
    while (!m_waiting.empty())
        m_waiting.extract(m_waiting.begin()).mapped()({m_clock(), {}, "the program was closed"});
}

void FileCheck::beforePause(const QString &id, std::function<void()> goOn)
{
    m_pending.erase(id);
    if (!m_isEnabled || !isPlain(id))
        return goOn();
    list(id, [this, id, goOn = std::move(goOn)](Side side) {
        m_pending[id] = std::move(side);
        goOn();
    });
}

void FileCheck::pauseAnswered(const QString &id, bool isPaused)
{
    if (auto pending = m_pending.extract(id); pending && isPaused)
        keep(id, {std::move(pending.mapped()), {}, {}});
}

void FileCheck::resumed(const QString &id)
{
    if (!m_isEnabled || !isPlain(id))
        return;
    load(id, [this, id] {
        const RecordPtr known = m_records[id];
        if (!known || known->after || !known->before.trouble.empty())
            return; // nothing to compare with
        list(id, [this, id](Side side) { conclude(id, std::move(side)); });
    });
}

void FileCheck::conclude(const QString &id, Side after)
{
    const auto known = m_records.find(id);
    if (known == m_records.end() || !known->second)
        return;
    FileRecord record = *known->second;
    record.after = std::move(after);
    compare(record);
    const auto difference = record.difference;
    keep(id, std::move(record));
    if (difference)
        Q_EMIT compared(id, *difference);
}

void FileCheck::keep(const QString &id, FileRecord record)
{
    auto kept = std::make_shared<const FileRecord>(std::move(record));
    thread().post([folder = m_folder, id, kept] { write(folder, id, *kept); });
    remember(id, std::move(kept));
    Q_EMIT changed(id);
}

void FileCheck::remember(const QString &id, RecordPtr record)
{
    m_records[id] = std::move(record);
    while (m_records.size() > mostInMemory) { // they are on disk
        const auto other = m_records.begin()->first == id ? std::next(m_records.begin()) : m_records.begin();
        m_records.erase(other);
    }
}

void FileCheck::load(const QString &id, std::function<void()> then)
{
    if (m_records.contains(id))
        return then();
    thread().post([this, file = fileOf(m_folder, id), id, then = std::move(then)] {
        const auto json = lifecycle::readRecord(file);
        RecordPtr record = json ? recordFrom(*json) : RecordPtr();
        m_inbox.post([this, id, record = std::move(record), then] {
            if (!m_records.contains(id))
                remember(id, record);
            then();
        });
    });
}

std::shared_ptr<const FileRecord> FileCheck::record(const QString &id)
{
    if (const auto known = m_records.find(id); known != m_records.end())
        return known->second;
    if (isPlain(id) && m_loading.insert(id).second)
        load(id, [this, id] {
            m_loading.erase(id);
            if (m_records[id])
                Q_EMIT changed(id);
        });
    return {};
}

} // namespace sandglass::models
