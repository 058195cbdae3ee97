#pragma once

#include "services/core/result.h"
#include "services/core/time.h"

#include <filesystem>
#include <map>
#include <optional>
#include <string>

namespace sandglass::lifecycle {

/// How far the history of one source is complete.
struct BackfillMark
{
    std::optional<Timestamp> newestEvent; ///< by the provider's clock: everything up to here is in the journal
    std::optional<Timestamp> checkedAt;   ///< by our clock: when that was found
    friend bool operator==(const BackfillMark &, const BackfillMark &) = default;
};

/// The marks of all sources in one small file, replaced atomically. One thread.
class BackfillMarks final
{
public:
    /// A file that is missing or damaged counts as empty: everything the provider still has is then read again.
    explicit BackfillMarks(std::filesystem::path file);

    [[nodiscard]] BackfillMark mark(const std::string &source) const;
    /// On disk when it returns without an error.
    [[nodiscard]] Result<> setMark(const std::string &source, const BackfillMark &mark);

private:
    std::filesystem::path m_file;
    std::map<std::string, BackfillMark> m_marks;
};

} // namespace sandglass::lifecycle
