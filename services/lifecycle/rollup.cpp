#include "services/lifecycle/rollup.h"

#include "services/lifecycle/usageindex.h"

#include <sqlite3.h>

#include <algorithm>

namespace sandglass::lifecycle {

namespace {

using std::chrono::milliseconds;

// 4,096 processors and 1 TiB for a day, a hundred thousand times over, stay within 64 bits.
constexpr int mostVcpus = 4'096;
constexpr int mostMemoryMb = 1 << 20;
constexpr std::size_t mostStretches = 10'000;
constexpr std::size_t longestName = 256;
constexpr char teamMark = '\x1f'; // the unit separator of ASCII: between a name and its team

// The year 2200: beyond it lies a clock that is wrong, and sums of nanoseconds would leave 64 bits.
constexpr Timestamp latest{std::chrono::hours(24LL * 365 * 230)};

constexpr const char *upsertSql =
    "INSERT INTO rollups(level, kind, cell, name, vcpu_ms, mib_ms, vcpu_in, mib_in, vcpu_out, mib_out, starts, ends) "
    "VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12) ON CONFLICT(level, kind, cell, name) DO UPDATE SET "
    "vcpu_ms = vcpu_ms + ?5, mib_ms = mib_ms + ?6, vcpu_in = vcpu_in + ?7, mib_in = mib_in + ?8, "
    "vcpu_out = vcpu_out + ?9, mib_out = mib_out + ?10, starts = starts + ?11, ends = ends + ?12";

bool isKnownSize(const UsedStretch &stretch)
{
    return stretch.vcpuCount > 0 && stretch.memoryMb > 0;
}

} // namespace

RollupCell &RollupCell::operator+=(const RollupCell &other)
{
    vcpuMs += other.vcpuMs;
    mibMs += other.mibMs;
    vcpuIn += other.vcpuIn;
    mibIn += other.mibIn;
    vcpuOut += other.vcpuOut;
    mibOut += other.mibOut;
    starts += other.starts;
    ends += other.ends;
    return *this;
}

std::int64_t elapsedMs(const UsedStretch &stretch, Timestamp time)
{
    return std::chrono::floor<milliseconds>(time - stretch.start).count();
}

std::int64_t cellOf(Timestamp time, RollupLevel level)
{
    return toUnixMs(time) / rollupMs[static_cast<std::size_t>(level)];
}

Timestamp cellStart(std::int64_t cell, RollupLevel level)
{
    return fromUnixMs(cell * rollupMs[static_cast<std::size_t>(level)]);
}

std::string RollupName::textOf(std::string_view name, std::string_view team)
{
    if (team.size() > longestName || team.find(teamMark) != std::string_view::npos)
        team = {}; // nothing a provider sends
    std::string text(name);
    if (!team.empty() || name.find(teamMark) != std::string_view::npos)
        text.append(1, teamMark).append(team);
    return text;
}

RollupName RollupName::of(std::string_view text)
{
    const auto mark = text.rfind(teamMark);
    return mark == std::string_view::npos ? RollupName{text, {}}
                                          : RollupName{text.substr(0, mark), text.substr(mark + 1)};
}

std::optional<Contribution> Contribution::of(const Sandbox &sandbox)
{
    if (sandbox.state != SandboxState::Killed && sandbox.state != SandboxState::Lost)
        return {};
    if (sandbox.runs.size() > mostStretches || sandbox.templateName().size() > longestName)
        return {};
    Contribution contribution;
    contribution.templateName = RollupName::textOf(sandbox.templateName(), sandbox.teamId);
    for (const auto &[key, value] : sandbox.metadata) {
        const std::string name = key + '=' + value;
        if (contribution.metadata.size() < metadataLimit && name.size() <= longestName)
            contribution.metadata.push_back(RollupName::textOf(name, sandbox.teamId));
    }
    for (const RunInterval &run : sandbox.runs) {
        if (!run.end || run.start < Timestamp{} || run.vcpuCount > mostVcpus || run.memoryMb > mostMemoryMb)
            return {};
        const Timestamp end = usageOf(run, *run.end).effectiveEnd();
        if (end > latest || run.start > latest)
            return {};
        const bool isKnown = run.vcpuCount > 0 && run.memoryMb > 0;
        contribution.stretches.push_back(
            {run.start, std::max(run.start, end), isKnown ? run.vcpuCount : 0, isKnown ? run.memoryMb : 0});
    }
    return contribution;
}

RollupWriter::RollupWriter(Database &database) : m_database(database), m_upsert(database, upsertSql) {}

void RollupWriter::add(const Contribution &contribution, int sign)
{
    for (const UsedStretch &stretch : contribution.stretches) {
        if (stretch.end <= stretch.start)
            continue;
        addStretch(stretch, RollupKind::Template, contribution.templateName, sign);
        for (const std::string &name : contribution.metadata)
            addStretch(stretch, RollupKind::Metadata, name, sign);
    }
}

void RollupWriter::addStretch(const UsedStretch &stretch, RollupKind kind, const std::string &name, int sign)
{
    const std::int64_t vcpu = isKnownSize(stretch) ? stretch.vcpuCount * sign : 0;
    const std::int64_t mib = isKnownSize(stretch) ? stretch.memoryMb * sign : 0;
    for (const RollupLevel level : {RollupLevel::Minute, RollupLevel::Hour, RollupLevel::Day}) {
        const std::int64_t first = cellOf(stretch.start, level);
        const std::int64_t last = cellOf(stretch.end - std::chrono::nanoseconds(1), level);
        const auto cell = [&](std::int64_t number) -> RollupCell & { return m_cells[{level, kind, number, name}]; };
        const auto use = [&](std::int64_t number, Timestamp from, Timestamp to) {
            const std::int64_t ms = elapsedMs(stretch, to) - elapsedMs(stretch, from);
            cell(number) += {ms * vcpu, ms * mib, 0, 0, 0, 0, 0, 0};
        };
        cell(first).starts += sign;
        cell(last).ends += sign;
        use(first, stretch.start, std::min(stretch.end, cellStart(first + 1, level)));
        if (last == first)
            continue;
        use(last, cellStart(last, level), stretch.end);
        cell(first) += {0, 0, vcpu, mib, 0, 0, 0, 0};
        cell(last) += {0, 0, 0, 0, vcpu, mib, 0, 0};
    }
}

Result<> RollupWriter::flush()
{
    for (const auto &[key, cell] : m_cells) {
        if (cell == RollupCell{})
            continue;
        const auto &[level, kind, number, name] = key;
        m_upsert.bind(1, static_cast<std::int64_t>(level)).bind(2, static_cast<std::int64_t>(kind)).bind(3, number);
        m_upsert.bindText(4, name).bind(5, cell.vcpuMs).bind(6, cell.mibMs).bind(7, cell.vcpuIn);
        m_upsert.bind(8, cell.mibIn).bind(9, cell.vcpuOut).bind(10, cell.mibOut);
        m_upsert.bind(11, cell.starts).bind(12, cell.ends);
        if (m_upsert.run() != SQLITE_OK)
            return failure(m_database.lastError("the rollups cannot be stored"));
    }
    m_cells.clear();
    return {};
}

} // namespace sandglass::lifecycle
