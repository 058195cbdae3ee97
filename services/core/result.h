#pragma once

#include "services/core/error.h"

#include <tl/expected.hpp>

#include <utility>

namespace sandglass {

/// A value or an Error. One alias, so that moving to std::expected is a one-line change.
template<typename T = void>
using Result = tl::expected<T, Error>;

/// tl::expected 1.0 has no comparison for void; signals that carry a Result<> need one (QMetaType asks for it).
inline bool operator==(const Result<> &a, const Result<> &b)
{
    return a.has_value() == b.has_value() && (a.has_value() || a.error() == b.error());
}

/// `return failure(Error::Kind::Decode, "…");` from any function that returns a Result.
inline tl::unexpected<Error> failure(Error error)
{
    return tl::unexpected<Error>(std::move(error));
}

inline tl::unexpected<Error> failure(Error::Kind kind, std::string message, int status = 0, std::string code = {})
{
    return tl::unexpected<Error>(Error{kind, status, std::move(message), std::move(code)});
}

} // namespace sandglass
