#pragma once

namespace sandglass::engine {

/// Goes on in a child that is pid 1 of user and pid namespaces of its own, with the same account mapped to itself,
/// while the caller stays behind, waits for the child and ends with its status. Below these namespaces a fork-server
/// can enter sandboxes, whose user namespaces are children of the one it lives in, sees and signals no process of the
/// host, and everything ends at once when the child does. Returns in the child with true; where the machine refuses, in
/// the caller with false, as if nothing had happened. The caller must be single-threaded, and keeps none of its
/// descriptors above standard error open while it waits.
[[nodiscard]] bool nest();

} // namespace sandglass::engine
