#pragma once

#include "services/core/money.h"
#include "services/core/result.h"
#include "services/core/time.h"
#include "services/e2b/types.h"
#include "services/refine/attempt.h"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sandglass::refine {

/// A refinement session as one file that can be given to somebody: a JSON document in UTF-8, {"format":
/// "sandglass.session", "version": 1, …}. Secrets are taken out of every text before it is written.

/// Successive lines of one kind, without their newlines.
struct OutputLines
{
    enum class Kind : std::uint8_t { Stdout, Stderr, Error /**< last line of a traceback */, Note /**< ours */ };
    Kind kind = Kind::Stdout;
    std::vector<std::string> lines;
    friend bool operator==(const OutputLines &, const OutputLines &) = default;
};

/// An attempt as it is shared: what a person saw of it.
struct SharedAttempt
{
    int number = 0; ///< from 1
    std::string author;
    Verdict verdict = Verdict::Broken;
    bool isChecked = false; ///< false: Passed means that it ran without an error
    std::string reason;     ///< of the verdict, in a few words
    std::string code;
    std::vector<OutputLines> output;
    std::vector<e2b::ExecutionResult> results;
    std::optional<e2b::ExecutionError> error;
    std::optional<int> errorLine; ///< of the code, from 1
    std::string sandboxId;        ///< empty: none could be made
    std::optional<Timestamp> startedAt;
    std::optional<std::chrono::nanoseconds> duration;
    std::optional<Money> cost;     ///< of the sandbox; in the file rounded to a pico-dollar
    std::optional<ModelUse> model; ///< that wrote the code; its cost is whole pico-dollars
};

struct SharedSession
{
    std::string title; ///< name of the code's file, without its folder
    std::string code;  ///< as it stood in the editor
    std::string templateId;
    std::string requirement;
    std::string expectedOutput; ///< empty: no check
    std::optional<Timestamp> savedAt;
    int placesCleaned = 0;               ///< how many secrets were taken out when it was written
    std::vector<SharedAttempt> attempts; ///< oldest first, numbers ascending
};

struct SessionLimits
{
    static constexpr std::size_t fileBytes = 64U << 20;
    static constexpr std::size_t attempts = 200;
    static constexpr std::size_t resultsOfAttempt = 100;
    static constexpr std::size_t formatsOfResult = 32;
    static constexpr std::size_t linesOfAttempt = 10'000;
    static constexpr std::size_t valuesOfAttempt = 100'000; ///< of JSON
    static constexpr std::size_t depth = 12;                ///< of JSON
    static constexpr std::size_t codeBytes = 8U << 20;
    static constexpr std::size_t nameBytes = 256;
    static constexpr int highestNumber = 1'000'000;
};

/// How far it is, 0 to 1; called in the thread of the work, at least once for each attempt. False cancels it.
using SessionProgress = std::function<bool(double done)>;

struct SessionSource
{
    SharedSession head; ///< attempts, savedAt and placesCleaned are not looked at
    std::size_t count = 0;
    std::function<SharedAttempt(std::size_t)> attempt; ///< 0 is the oldest; asked once for each, newest first
};

struct WrittenSession
{
    std::size_t attempts = 0;
    std::size_t attemptsLeftOut = 0; ///< the oldest, beyond the limits
    std::size_t resultsLeftOut = 0;  ///< of attempts that are there
    std::size_t bytes = 0;
    int placesCleaned = 0;
};

/// Waits for the disk. The file appears whole under its name, or not at all. What is beyond SessionLimits::fileBytes
/// is left out, results of old attempts first. Errors: Local, Cancelled.
[[nodiscard]] Result<WrittenSession> writeSession(const std::filesystem::path &file, const SessionSource &source,
                                                  Timestamp now, const SessionProgress &progress = {});

/// Waits for the disk. Members it does not know are passed over. Errors: Local (cannot be read, too large), Decode (no
/// session, damaged, beyond SessionLimits; code "newer_version" for one that a later version of the program wrote),
/// Cancelled.
[[nodiscard]] Result<SharedSession> readSession(const std::filesystem::path &file,
                                                const SessionProgress &progress = {});
[[nodiscard]] Result<SharedSession> parseSession(std::string_view text, const SessionProgress &progress = {});

/// By its name or its first bytes; waits for the disk.
[[nodiscard]] bool looksLikeSession(const std::filesystem::path &file);

inline constexpr std::string_view sessionSuffix = ".sandglass.json";

} // namespace sandglass::refine
