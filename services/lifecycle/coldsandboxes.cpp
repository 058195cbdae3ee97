#include "services/lifecycle/coldsandboxes.h"

#include <sqlite3.h>

namespace sandglass::lifecycle {

std::optional<Sandbox> sandboxOf(std::string_view record)
{
    Fold fold;
    const Sandbox *sandbox = fold.adopt(record);
    return sandbox ? std::optional(*sandbox) : std::nullopt;
}

Result<> forEachCold(Database &database, Timestamp from, const std::function<bool(const Sandbox &)> &consume)
{
    // Tiers as snapshot.cpp numbers them: 2 cold, 3 cold with later events, of which the rollups hold `counted`.
    Statement select(database,
                     "SELECT coalesce(counted, record) FROM sandboxes WHERE tier IN (2, 3) "
                     "AND chunk IN (SELECT number FROM archive WHERE last_ns >= ?1)");
    select.bind(1, toUnixNs(from));
    int status = SQLITE_DONE;
    while ((status = select.step()) == SQLITE_ROW) {
        const auto sandbox = sandboxOf(select.bytes(0));
        if (sandbox && !consume(*sandbox))
            return {};
    }
    if (status != SQLITE_DONE)
        return failure(database.lastError("the journal's tables cannot be read"));
    return {};
}

} // namespace sandglass::lifecycle
