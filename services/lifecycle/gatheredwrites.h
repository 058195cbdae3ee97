#pragma once

namespace sandglass::lifecycle {

/// Name of a SQLite file system that is the default one, but for this: writes that follow each other in a write-ahead
/// log go to the system in one piece, at the latest when the log is synced or read. SQLite writes two pieces for each
/// page, at places that are no multiple of a block: those calls cost more than the fsync of a small commit.
/// For connections with synchronous FULL only: with less, others would look for pages that are not in the file yet.
/// PRAGMA synchronous fails for anything else.
/// A write that fails is told by the call that made it necessary. Thread-safe.
[[nodiscard]] const char *gatheredWrites();

} // namespace sandglass::lifecycle
