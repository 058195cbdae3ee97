#include "services/engine/api/sqlite.h"

#include <sqlite3.h>

namespace sandglass::engine {

Statement::Statement(sqlite3_stmt *statement) : m_statement(statement) {}

Statement::~Statement()
{
    sqlite3_finalize(m_statement);
}

Statement::Statement(Statement &&other) noexcept
    : m_statement(std::exchange(other.m_statement, nullptr)), m_next(other.m_next)
{}

Statement &Statement::bind(std::string_view text)
{
    // A null pointer would bind NULL; the empty text has to stay a text.
    const char *data = text.data() != nullptr ? text.data() : "";
    if (m_statement != nullptr)
        sqlite3_bind_text64(m_statement, m_next, data, text.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
    ++m_next;
    return *this;
}

Statement &Statement::bind(std::int64_t number)
{
    if (m_statement != nullptr)
        sqlite3_bind_int64(m_statement, m_next, number);
    ++m_next;
    return *this;
}

Statement &Statement::bindNull()
{
    ++m_next;
    return *this;
}

bool Statement::step()
{
    return m_statement != nullptr && sqlite3_step(m_statement) == SQLITE_ROW;
}

bool Statement::run()
{
    return m_statement != nullptr && sqlite3_step(m_statement) == SQLITE_DONE;
}

std::string Statement::text(int column) const
{
    const auto *data = static_cast<const char *>(sqlite3_column_blob(m_statement, column));
    return data != nullptr ? std::string(data, static_cast<std::size_t>(sqlite3_column_bytes(m_statement, column)))
                           : std::string();
}

std::int64_t Statement::integer(int column) const
{
    return sqlite3_column_int64(m_statement, column);
}

bool Statement::isNull(int column) const
{
    return sqlite3_column_type(m_statement, column) == SQLITE_NULL;
}

Result<std::unique_ptr<Database>> Database::open(const std::string &path)
{
    sqlite3 *handle = nullptr;
    const int code = sqlite3_open_v2(path.c_str(), &handle,
                                     SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_FULLMUTEX, nullptr);
    std::unique_ptr<Database> database(new Database(handle));
    if (code != SQLITE_OK)
        return failure(Error::Kind::Local, "cannot open " + path + ": " + sqlite3_errstr(code));
    sqlite3_busy_timeout(handle, 5000);
    if (!database->execute("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON"))
        return failure(Error::Kind::Local, "cannot use " + path + ": " + database->lastError());
    return database;
}

Database::~Database()
{
    sqlite3_close_v2(m_handle);
}

bool Database::execute(const char *sql)
{
    return sqlite3_exec(m_handle, sql, nullptr, nullptr, nullptr) == SQLITE_OK;
}

Statement Database::prepare(std::string_view sql)
{
    sqlite3_stmt *statement = nullptr;
    sqlite3_prepare_v2(m_handle, sql.data(), static_cast<int>(sql.size()), &statement, nullptr);
    return Statement(statement);
}

std::string Database::lastError() const
{
    return sqlite3_errmsg(m_handle);
}

std::int64_t Database::changes() const
{
    return sqlite3_changes64(m_handle);
}

Transaction::Transaction(Database &database) : m_database(database), m_open(database.execute("BEGIN IMMEDIATE")) {}

Transaction::~Transaction()
{
    if (m_open)
        (void)m_database.execute("ROLLBACK");
}

bool Transaction::commit()
{
    if (!m_open || !m_database.execute("COMMIT"))
        return false;
    m_open = false;
    return true;
}

} // namespace sandglass::engine
