#pragma once

#include "services/core/result.h"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

namespace sandglass::engine {

/// A prepared statement in use: bind in order, then step. One thread at a time.
class Statement final
{
public:
    explicit Statement(sqlite3_stmt *statement);
    ~Statement();
    Statement(Statement &&) noexcept;
    Statement(const Statement &) = delete;
    Statement &operator=(const Statement &) = delete;
    Statement &operator=(Statement &&) = delete;

    Statement &bind(std::string_view text);
    Statement &bind(const char *text) { return bind(std::string_view(text)); }
    Statement &bind(std::int64_t number);
    Statement &bindNull();
    [[nodiscard]] bool step(); ///< true while there is a row; failures end the rows and are kept by the Database
    [[nodiscard]] bool run();  ///< for statements without rows: true when it worked
    [[nodiscard]] std::string text(int column) const;
    [[nodiscard]] std::int64_t integer(int column) const;
    [[nodiscard]] bool isNull(int column) const;

private:
    sqlite3_stmt *m_statement;
    int m_next = 1;
};

/// One connection. WAL with synchronous NORMAL: a commit survives the death of the process; the very last ones may
/// be lost with the power, and then the sandboxes they speak of are gone as well.
class Database final
{
public:
    [[nodiscard]] static Result<std::unique_ptr<Database>> open(const std::string &path);
    ~Database();
    Database(const Database &) = delete;
    Database &operator=(const Database &) = delete;

    [[nodiscard]] bool execute(const char *sql);
    [[nodiscard]] Statement prepare(std::string_view sql);
    [[nodiscard]] std::string lastError() const;
    [[nodiscard]] std::int64_t changes() const;

private:
    explicit Database(sqlite3 *handle) : m_handle(handle) {}
    sqlite3 *m_handle;
};

/// Rolls back unless commit() was called.
class Transaction final
{
public:
    explicit Transaction(Database &database);
    ~Transaction();
    Transaction(const Transaction &) = delete;
    Transaction &operator=(const Transaction &) = delete;
    [[nodiscard]] bool commit();

private:
    Database &m_database;
    bool m_open;
};

} // namespace sandglass::engine
