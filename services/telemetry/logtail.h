#pragma once

#include "services/core/json.h"
#include "services/core/result.h"
#include "services/core/time.h"
#include "services/core/uniquefd.h"

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sandglass::telemetry {

/// What stood in a line of logLine().
struct LogEntry
{
    Timestamp time{};
    std::string level;
    std::string message;
    Json fields; ///< an object, or null
};

/// Nothing for a line that is none of ours.
[[nodiscard]] std::optional<LogEntry> parseLogLine(std::string_view line);

/// Follows the file that a RotatingFile writes, also over its being set aside. One thread at a time; waits for the
/// disk.
class LogTail final
{
public:
    static constexpr std::size_t firstBytes = 512U << 10; ///< of what was there before
    static constexpr std::size_t mostBytes = 48U << 10;   ///< read in one call

    explicit LogTail(std::filesystem::path file);

    /// The next entries, oldest first; none where nothing is new or there is no file yet. Error: not readable.
    [[nodiscard]] Result<std::vector<LogEntry>> read();

private:
    [[nodiscard]] Result<bool> open();
    [[nodiscard]] Result<std::size_t> readPart();
    [[nodiscard]] bool wasSetAside() const;
    [[nodiscard]] std::vector<LogEntry> takeLines();

    std::filesystem::path m_file;
    UniqueFd m_fd;
    std::string m_rest; ///< of a line that is not whole yet
    bool m_isFirst = true;
    bool m_skipsFirst = false; ///< reading began in the middle of a line
};

} // namespace sandglass::telemetry
