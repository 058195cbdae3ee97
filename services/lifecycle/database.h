#pragma once

#include "services/core/result.h"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

namespace sandglass::lifecycle {

class Database;

/// A prepared statement. Used by one thread at a time; dies before its database.
class Statement final
{
public:
    Statement(const Database &database, std::string_view sql);

    [[nodiscard]] bool isValid() const { return m_statement != nullptr; }
    Statement &bind(int index, std::int64_t value);
    Statement &bindNull(int index);
    Statement &bindText(int index, std::string_view text);  ///< the text must outlive the next step()
    Statement &bindBlob(int index, std::string_view bytes); ///< likewise

    /// SQLITE_ROW, SQLITE_DONE or the error code. A failed bind or prepare shows up here.
    [[nodiscard]] int step();
    void reset(); ///< ready for the next bind; ends the statement's read transaction

    /// Steps once and resets; SQLITE_OK when it ended without a row.
    [[nodiscard]] int run();

    [[nodiscard]] std::int64_t integer(int column) const;
    [[nodiscard]] std::string_view bytes(int column) const; ///< until the next step() or reset()

private:
    struct Finalize
    {
        void operator()(sqlite3_stmt *statement) const;
    };
    std::unique_ptr<sqlite3_stmt, Finalize> m_statement;
    int m_status = 0; ///< first failure of prepare or bind
};

/// One SQLite connection. Used by one thread at a time.
class Database final
{
public:
    enum class Mode { ReadWrite, ReadOnly };

    /// The file must exist. ReadOnly in a folder that cannot be written reads the file as it stands: without a log that
    /// a crash has left there and whose index is missing. `fileSystem` is one that SQLite knows by that name.
    [[nodiscard]] static Result<Database> open(const std::filesystem::path &file, Mode mode,
                                               std::chrono::milliseconds busyTimeout = std::chrono::seconds(5),
                                               const char *fileSystem = nullptr);

    [[nodiscard]] Result<> execute(const char *sql);
    [[nodiscard]] Result<std::int64_t> queryInteger(std::string_view sql);
    [[nodiscard]] Result<std::string> queryText(std::string_view sql);

    [[nodiscard]] sqlite3 *handle() const { return m_handle.get(); }
    [[nodiscard]] bool isWritable() const;
    [[nodiscard]] bool isInTransaction() const;
    /// True when the file was deleted or replaced under the connection: what is written now is lost.
    [[nodiscard]] bool isDetached() const;
    /// The connection's last failure, in SQLite's words, with the operating system's errno where there was
    /// one; code "damaged" when the file is not what it was.
    [[nodiscard]] Error lastError(std::string_view what) const;

private:
    struct Close
    {
        void operator()(sqlite3 *handle) const;
    };
    Database() = default;
    std::unique_ptr<sqlite3, Close> m_handle;
};

} // namespace sandglass::lifecycle
