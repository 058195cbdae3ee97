#pragma once

#include "services/core/result.h"
#include "services/core/time.h"
#include "services/lifecycle/database.h"
#include "services/lifecycle/fold.h"

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

namespace sandglass::lifecycle {

/// What ended sandboxes used, summed up by minute, hour and day, for each template and each metadata entry. Kept as
/// processor and memory time, not money: a sum of whole numbers, to which any rate card applies exactly.

enum class RollupLevel : std::uint8_t { Minute, Hour, Day };
enum class RollupKind : std::uint8_t { Template, Metadata }; ///< metadata names are "key=value"
inline constexpr std::array<std::int64_t, 3> rollupMs = {60'000, 3'600'000, 86'400'000};

/// One row: a cell of time. A stretch is told only in the cells where it starts and ends, so that its length costs
/// nothing: with R the size of what runs at the cell's start, the cell holds vcpuMs + (R - vcpuOut) x its length,
/// and the next one starts with R - vcpuOut + vcpuIn. R is the same at every level.
struct RollupCell
{
    std::int64_t vcpuMs = 0, mibMs = 0;   ///< of stretches that start or end in the cell, within the cell
    std::int64_t vcpuIn = 0, mibIn = 0;   ///< size of those that start in the cell and go on
    std::int64_t vcpuOut = 0, mibOut = 0; ///< size of those that end in the cell and came from before
    std::int64_t starts = 0, ends = 0;
    RollupCell &operator+=(const RollupCell &other);
    friend bool operator==(const RollupCell &, const RollupCell &) = default;
};

/// A stretch that has ended, as far as money goes.
struct UsedStretch
{
    Timestamp start{};
    Timestamp end{};            ///< where it ends for the meter
    std::int32_t vcpuCount = 0; ///< 0 with memoryMb: size not known
    std::int32_t memoryMb = 0;
    friend bool operator==(const UsedStretch &, const UsedStretch &) = default;
};

/// What a row is about: a template or metadata entry, of one team, as teams may pay different prices. In the tables
/// they are one text.
struct RollupName
{
    std::string_view name; ///< views of the text
    std::string_view team; ///< empty: not known
    [[nodiscard]] static std::string textOf(std::string_view name, std::string_view team);
    [[nodiscard]] static RollupName of(std::string_view text);
};

/// What one sandbox adds. Empty while it may still change by itself, or when a figure is beyond all reason: such a
/// sandbox stays in memory, where its price needs no sums of 64 bits.
struct Contribution
{
    std::string templateName;          ///< of its team: RollupName
    std::vector<std::string> metadata; ///< at most metadataLimit entries, "key=value" of its team
    std::vector<UsedStretch> stretches;

    static constexpr std::size_t metadataLimit = 8;
    [[nodiscard]] static std::optional<Contribution> of(const Sandbox &sandbox);
};

/// Collects changes and writes them into the tables `rollups`. The caller holds the transaction.
class RollupWriter final
{
public:
    explicit RollupWriter(Database &database);
    [[nodiscard]] bool isValid() const { return m_upsert.isValid(); }
    void add(const Contribution &contribution, int sign); ///< -1 takes back what +1 added
    [[nodiscard]] Result<> flush();

private:
    using Key = std::tuple<RollupLevel, RollupKind, std::int64_t, std::string>;
    void addStretch(const UsedStretch &stretch, RollupKind kind, const std::string &name, int sign);

    Database &m_database;
    Statement m_upsert;
    std::map<Key, RollupCell> m_cells;
};

/// Whole milliseconds from the stretch's start to `time`: as the meter counts, so that pieces add up to the whole.
[[nodiscard]] std::int64_t elapsedMs(const UsedStretch &stretch, Timestamp time);
/// Number of the cell that holds the time.
[[nodiscard]] std::int64_t cellOf(Timestamp time, RollupLevel level);
[[nodiscard]] Timestamp cellStart(std::int64_t cell, RollupLevel level);

} // namespace sandglass::lifecycle
