#pragma once

namespace sandglass::app {

struct CommandLine;

/// `sandglass --export …` and `--import …`: works on the profile's journal without a window, tells progress on standard
/// error, and answers the exit status: 0, or 1 with the reason on standard error. Needs no display; another program may
/// have the same profile open.
[[nodiscard]] int runTransfer(const CommandLine &options);

} // namespace sandglass::app
