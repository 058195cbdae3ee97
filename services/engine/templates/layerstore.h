#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sandglass::engine {

/// Layers of one kind: folders beside the base layer in the state directory's layers/ whose names begin alike. Any
/// thread; whoever removes one knows that no sandbox stands on it.
class LayerStore final
{
public:
    explicit LayerStore(std::string directory, std::string prefix = "saved-")
        : m_directory(std::move(directory)), m_prefix(std::move(prefix))
    {}

    /// Unused so far; nothing is made.
    [[nodiscard]] std::string newName() const;
    [[nodiscard]] std::string pathOf(std::string_view name) const;
    [[nodiscard]] std::vector<std::string> names() const;
    /// With all that is in it, also what its owner has closed to himself. Nothing happens to layers of another kind.
    void remove(std::string_view name) const;

private:
    std::string m_directory, m_prefix;
};

} // namespace sandglass::engine
