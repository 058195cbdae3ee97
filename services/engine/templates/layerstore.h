#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sandglass::engine {

/// The saved layers: folders beside the base layer in the state directory's layers/. Any thread; whoever removes one
/// knows that no sandbox stands on it.
class LayerStore final
{
public:
    explicit LayerStore(std::string directory) : m_directory(std::move(directory)) {}

    /// Unused so far; nothing is made.
    [[nodiscard]] static std::string newName();
    [[nodiscard]] std::string pathOf(std::string_view name) const;
    [[nodiscard]] std::vector<std::string> names() const;
    /// With all that is in it, also what its owner has closed to himself. Nothing happens to other layers than saved
    /// ones.
    void remove(std::string_view name) const;

private:
    std::string m_directory;
};

} // namespace sandglass::engine
