#pragma once

#include "services/e2b/types.h"

#include <optional>
#include <string>
#include <string_view>

namespace sandglass::refine {

/// Where in the person's own code an error arose.
struct ErrorLine
{
    int line = 0;              ///< from 1
    std::optional<int> column; ///< from 1, characters; only where the caret of a SyntaxError tells
    std::string name;          ///< "ZeroDivisionError"
    std::string message;
    friend bool operator==(const ErrorLine &, const ErrorLine &) = default;
};

/// Finds the place in an IPython or plain Python traceback. Frames of libraries are passed over: the innermost frame of
/// the person's code counts (cells and "<…>" names: `Cell In[1], line 5`, `File <ipython-input-1-…>:5`,
/// `Input In [1], in <cell line: 5>()` with its arrow, `File "<string>", line 5`). Empty when no such frame is there.
[[nodiscard]] std::optional<ErrorLine> findErrorLine(const e2b::ExecutionError &error);

/// Removes terminal control sequences (ECMA-48 CSI and OSC).
[[nodiscard]] std::string withoutAnsi(std::string_view text);

} // namespace sandglass::refine
