#pragma once

#include <chrono>

/// A disk that takes its time: an executable that compiles slowdisk.cpp in has its fsync and fdatasync in place of
/// libc's, for SQLite and Qt as well. They do what they should, and before that wait as long as is set here.
namespace sandglass::test::slowdisk {

void setDelay(std::chrono::milliseconds delay); ///< of each sync, in whatever thread; 0 at first
[[nodiscard]] int syncs();                      ///< that have begun since the start
void watchThisThread();                         ///< its syncs are counted apart
[[nodiscard]] int syncsOfWatchedThread();

} // namespace sandglass::test::slowdisk
