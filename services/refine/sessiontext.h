#pragma once

#include "services/core/json.h"
#include "services/refine/sessionfile.h"

#include <string>
#include <string_view>
#include <vector>

namespace sandglass::refine {

/// Takes secrets out of the texts of a session: what the program has been told, what looks like one.
class SessionCleaner final
{
public:
    [[nodiscard]] std::string clean(std::string_view text);
    /// A key that was folded over two lines is found as well. Lines without one stay as they are.
    [[nodiscard]] std::vector<std::string> cleanLines(const std::vector<std::string> &lines);
    [[nodiscard]] e2b::ExecutionResult cleanResult(const e2b::ExecutionResult &result);
    [[nodiscard]] int places() const { return m_places; }

    static constexpr std::size_t foldedAt = 1'000; ///< characters, as OutputModel folds

private:
    int m_places = 0;
};

/// An attempt as it stands in the file.
[[nodiscard]] Json toJson(const SharedAttempt &attempt, SessionCleaner &cleaner);
/// Error: Decode, a sentence about what is wrong with it.
[[nodiscard]] Result<SharedAttempt> attemptFrom(const Json &value);

} // namespace sandglass::refine
