#pragma once

#include "services/lifecycle/journalfile.h"

#include <QTemporaryDir>
#include <QtGlobal>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace sandglass::lifecycle::sample {

/// The tables of a journal in a folder of their own, filled without the journal's threads: for tests of what is derived
/// from them.
struct JournalTables
{
    /// Makes them anew; false: the disk refused.
    [[nodiscard]] bool open()
    {
        close();
        folder = std::make_unique<QTemporaryDir>();
        auto opened = openJournalFile(file(), std::chrono::seconds(5));
        if (!opened)
            return false;
        database = std::move(*opened);
        return true;
    }

    void close()
    {
        database.reset();
        folder.reset();
        seq = 0;
        ids.clear();
    }

    [[nodiscard]] std::filesystem::path file() const { return folder->filePath(QStringLiteral("j.db")).toStdString(); }

    /// Adds the events whose id is new, as the journal does; false: a row was refused.
    [[nodiscard]] bool store(const std::vector<Event> &events)
    {
        if (!database->execute("BEGIN"))
            return false;
        {
            Statement insert(*database, insertEventSql);
            for (Event e : events) {
                if (!ids.insert(e.id).second)
                    continue;
                e.raw = encodeEvent(e);
                bindEvent(insert, ++seq, e);
                if (insert.run() != 0)
                    return false;
            }
        }
        return database->execute("COMMIT").has_value();
    }

    std::unique_ptr<QTemporaryDir> folder;
    std::optional<Database> database;
    std::int64_t seq = 0; ///< of the newest event
    std::set<std::string> ids;
};

/// Repeats `work`, which says whether there is more of it to do; false: it failed.
template<typename Work>
[[nodiscard]] bool untilDone(Work work)
{
    for (;;) {
        const auto more = work();
        if (!more)
            qWarning("%s", more.error().message.c_str());
        if (!more || !*more)
            return more.has_value();
    }
}

} // namespace sandglass::lifecycle::sample
