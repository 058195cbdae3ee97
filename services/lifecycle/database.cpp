#include "services/lifecycle/database.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <cstring>
#include <unistd.h>
#include <utility>

namespace sandglass::lifecycle {

void Statement::Finalize::operator()(sqlite3_stmt *statement) const
{
    sqlite3_finalize(statement); // repeats the last step's code, which was handled there
}

Statement::Statement(const Database &database, std::string_view sql)
{
    sqlite3_stmt *statement = nullptr;
    m_status = sqlite3_prepare_v3(database.handle(), sql.data(), static_cast<int>(sql.size()),
                                  SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
    m_statement.reset(statement);
}

Statement &Statement::bind(int index, std::int64_t value)
{
    if (m_status == SQLITE_OK)
        m_status = sqlite3_bind_int64(m_statement.get(), index, value);
    return *this;
}

Statement &Statement::bindNull(int index)
{
    if (m_status == SQLITE_OK)
        m_status = sqlite3_bind_null(m_statement.get(), index);
    return *this;
}

Statement &Statement::bindText(int index, std::string_view text)
{
    if (m_status == SQLITE_OK) {
        m_status = sqlite3_bind_text64(m_statement.get(), index, text.empty() ? "" : text.data(), text.size(),
                                       SQLITE_STATIC, SQLITE_UTF8);
    }
    return *this;
}

Statement &Statement::bindBlob(int index, std::string_view bytes)
{
    if (m_status == SQLITE_OK) {
        m_status = sqlite3_bind_blob64(m_statement.get(), index, bytes.empty() ? "" : bytes.data(), bytes.size(),
                                       SQLITE_STATIC);
    }
    return *this;
}

int Statement::step()
{
    return m_status == SQLITE_OK ? sqlite3_step(m_statement.get()) : m_status;
}

void Statement::reset()
{
    if (!m_statement)
        return;
    sqlite3_reset(m_statement.get()); // repeats the last step's code
    m_status = SQLITE_OK;
}

int Statement::run()
{
    const int status = step();
    reset();
    return status == SQLITE_DONE ? SQLITE_OK : status;
}

std::int64_t Statement::integer(int column) const
{
    return sqlite3_column_int64(m_statement.get(), column);
}

std::string_view Statement::bytes(int column) const
{
    const void *data = sqlite3_column_blob(m_statement.get(), column); // before the size: it fixes the representation
    const int size = sqlite3_column_bytes(m_statement.get(), column);
    return data ? std::string_view(static_cast<const char *>(data), static_cast<std::size_t>(size))
                : std::string_view();
}

void Database::Close::operator()(sqlite3 *handle) const
{
    sqlite3_close_v2(handle);
}

namespace {

/// Nothing can write it, so SQLite needs no locks; without this it wants to make the files of its log.
std::string immutableUri(const std::filesystem::path &file)
{
    std::string uri = "file:";
    for (const char c : file.string()) {
        if (c == '%' || c == '?' || c == '#')
            uri += fmt::format("%{:02X}", static_cast<unsigned char>(c));
        else
            uri += c;
    }
    return uri + "?immutable=1";
}

bool isFolderWritable(const std::filesystem::path &file)
{
    const std::filesystem::path folder = file.has_parent_path() ? file.parent_path() : ".";
    return ::access(folder.c_str(), W_OK) == 0;
}

bool canRead(sqlite3 *handle)
{
    return sqlite3_exec(handle, "SELECT 1 FROM sqlite_schema LIMIT 1", nullptr, nullptr, nullptr) == SQLITE_OK;
}

} // namespace

Result<Database> Database::open(const std::filesystem::path &file, Mode mode, std::chrono::milliseconds busyTimeout,
                                const char *fileSystem)
{
    const int flags = (mode == Mode::ReadWrite ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY) | SQLITE_OPEN_NOMUTEX
        | SQLITE_OPEN_EXRESCODE;
    sqlite3 *handle = nullptr;
    const int status = sqlite3_open_v2(file.c_str(), &handle, flags, fileSystem);
    Database database;
    database.m_handle.reset(handle); // a handle comes even with most failures
    if (status != SQLITE_OK)
        return failure(database.lastError("cannot open " + file.string()));
    if (mode == Mode::ReadOnly && !isFolderWritable(file) && !canRead(handle)) {
        sqlite3 *immutable = nullptr;
        const int opened = sqlite3_open_v2(immutableUri(file).c_str(), &immutable, flags | SQLITE_OPEN_URI, nullptr);
        Database second;
        second.m_handle.reset(immutable);
        if (opened == SQLITE_OK && canRead(immutable)) {
            database = std::move(second);
            handle = immutable;
        } // else the first one tells what is wrong
    }
    if (sqlite3_busy_timeout(handle, static_cast<int>(busyTimeout.count())) != SQLITE_OK)
        return failure(database.lastError("cannot set the busy timeout"));
    return database;
}

Result<> Database::execute(const char *sql)
{
    if (sqlite3_exec(handle(), sql, nullptr, nullptr, nullptr) != SQLITE_OK)
        return failure(lastError(sql));
    return {};
}

Result<std::int64_t> Database::queryInteger(std::string_view sql)
{
    Statement statement(*this, sql);
    if (statement.step() != SQLITE_ROW)
        return failure(lastError(sql));
    return statement.integer(0);
}

Result<std::string> Database::queryText(std::string_view sql)
{
    Statement statement(*this, sql);
    if (statement.step() != SQLITE_ROW)
        return failure(lastError(sql));
    return std::string(statement.bytes(0));
}

bool Database::isWritable() const
{
    return sqlite3_db_readonly(handle(), "main") == 0;
}

bool Database::isInTransaction() const
{
    return sqlite3_get_autocommit(handle()) == 0;
}

bool Database::isDetached() const
{
    int moved = 0;
    return sqlite3_file_control(handle(), "main", SQLITE_FCNTL_HAS_MOVED, &moved) == SQLITE_OK && moved != 0;
}

Error Database::lastError(std::string_view what) const
{
    const int code = sqlite3_extended_errcode(handle());
    const int kind = code & 0xff;
    // Only these set it; after others it is a leftover.
    const bool hasErrno = kind == SQLITE_IOERR || kind == SQLITE_CANTOPEN || kind == SQLITE_FULL;
    const int systemError = hasErrno ? sqlite3_system_errno(handle()) : 0;
    std::string message = fmt::format("{}: {}", what, sqlite3_errmsg(handle()));
    std::string name = kind == SQLITE_CORRUPT || kind == SQLITE_NOTADB ? "damaged" : "";
    if (systemError != 0) {
        message += fmt::format(" ({})", std::strerror(systemError));
        name = strerrorname_np(systemError) ? strerrorname_np(systemError) : "";
    }
    return Error{Error::Kind::Local, 0, std::move(message), std::move(name)};
}

} // namespace sandglass::lifecycle
