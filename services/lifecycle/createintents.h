#pragma once

#include "services/core/result.h"
#include "services/core/time.h"

#include <chrono>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace sandglass::lifecycle {

struct ObservedSandbox;

/// Metadata by which a sandbox of this program is recognised later.
inline constexpr const char *ownerKey = "sandglass.owner";   ///< id of the installation
inline constexpr const char *intentKey = "sandglass.intent"; ///< id of the create call

/// A create call of which the answer has not been seen.
struct CreateIntent
{
    std::string id;
    std::string connection; ///< id of the connection
    std::string templateId;
    Timestamp at{};
    friend bool operator==(const CreateIntent &, const CreateIntent &) = default;
};

struct IntentOutcome
{
    enum class Kind { Created, NothingCreated, Pending };
    CreateIntent intent;
    Kind kind = Kind::Pending;
    std::string sandboxId; ///< of Created
};

/// Create calls, on disk before they are sent: after a crash in between, the sandbox they may have made is found by its
/// metadata. One thread.
class CreateIntents final
{
public:
    static constexpr std::size_t mostOpen = 1'000;

    /// A damaged file counts as empty; damage() tells.
    explicit CreateIntents(std::filesystem::path file);

    /// On disk when it returns. The caller puts the id under intentKey into the metadata of the call. Error (Local):
    /// not written, or mostOpen calls without an answer.
    [[nodiscard]] Result<CreateIntent> begin(const std::string &connection, const std::string &templateId,
                                             Timestamp now);
    /// The answer is known: a sandbox, or a refusal. Unknown ids are nothing.
    [[nodiscard]] Result<> finish(const std::string &id);
    [[nodiscard]] const std::vector<CreateIntent> &open() const { return m_open; }
    [[nodiscard]] const std::optional<Error> &damage() const { return m_damage; }

    /// What the list of `connection` says about its open calls. One that is not in the list is over when it is older
    /// than `patience`: a lost request may still be under way. Changes nothing.
    [[nodiscard]] std::vector<IntentOutcome>
    resolve(const std::string &connection, const std::vector<ObservedSandbox> &list, Timestamp now,
            std::chrono::milliseconds patience = std::chrono::minutes(2)) const;

private:
    [[nodiscard]] Result<> save() const;

    std::filesystem::path m_file;
    std::vector<CreateIntent> m_open;
    std::optional<Error> m_damage;
};

} // namespace sandglass::lifecycle
