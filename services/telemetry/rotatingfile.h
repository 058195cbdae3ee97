#pragma once

#include "services/core/result.h"
#include "services/core/uniquefd.h"

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace sandglass::telemetry {

/// Lines in a file that is set aside when it is full: NAME.jsonl, NAME.1.jsonl (the one before), … One thread at a
/// time.
class RotatingFile final
{
public:
    struct Limits
    {
        std::uintmax_t bytes = 4U << 20; ///< of one file; a longer line has a file of its own
        int files = 5;                   ///< with the present one
    };

    /// Makes `folder` (0700) and the file (0600), or goes on with what is there. Error: not writable.
    [[nodiscard]] static Result<RotatingFile> open(const std::filesystem::path &folder, const std::string &name,
                                                   Limits limits);

    /// The line and a line break in one piece. Error: the disk is full, or the folder gone; the line is lost then.
    [[nodiscard]] Result<> write(std::string_view line);

private:
    RotatingFile(std::filesystem::path folder, std::string name, Limits limits);
    [[nodiscard]] std::filesystem::path fileOf(int number) const;
    [[nodiscard]] Result<> openPresent();
    [[nodiscard]] Result<> rotate();

    std::filesystem::path m_folder;
    std::string m_name;
    Limits m_limits;
    UniqueFd m_fd;
    std::uintmax_t m_size = 0;
};

} // namespace sandglass::telemetry
