#include "services/lifecycle/salvagescan.h"

#include "services/core/uniquefd.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

namespace sandglass::lifecycle {

namespace {

using Bytes = std::span<const unsigned char>;

constexpr std::size_t largestPayload = 16U << 20; // no body that was taken is larger
constexpr std::size_t walHeader = 32, walFrameHeader = 24;
constexpr unsigned char leafOfTable = 0x0d, innerOfTable = 0x05;

std::uint64_t bigEndian(Bytes bytes, std::size_t at, std::size_t count)
{
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < count; ++i)
        value = value << 8 | (at + i < bytes.size() ? bytes[at + i] : 0U);
    return value;
}

/// SQLite's number of one to nine bytes; moves `at` behind it. Empty at the end of the bytes.
std::optional<std::uint64_t> varint(Bytes bytes, std::size_t &at)
{
    std::uint64_t value = 0;
    for (int i = 0; i < 9; ++i) {
        if (at >= bytes.size())
            return {};
        const unsigned char byte = bytes[at++];
        if (i == 8)
            return value << 8 | byte;
        value = value << 7 | (byte & 0x7fU);
        if (byte < 0x80)
            return value;
    }
    return value;
}

/// Columns of one record, without copying.
class Record
{
public:
    explicit Record(Bytes payload) : m_payload(payload)
    {
        std::size_t at = 0;
        const auto headerSize = varint(payload, at);
        if (!headerSize || *headerSize > payload.size())
            return;
        std::size_t content = *headerSize;
        while (at < *headerSize) {
            const auto type = varint(payload, at);
            if (!type || m_count == m_columns.size())
                return;
            const std::size_t size = sizeOf(*type);
            if (size > payload.size() - content)
                return;
            m_columns[m_count++] = {*type, content, size};
            content += size;
        }
        m_isWhole = content == payload.size();
    }

    [[nodiscard]] std::size_t count() const { return m_isWhole ? m_count : 0; }
    [[nodiscard]] bool isInteger(std::size_t i) const
    {
        const auto type = m_columns[i].type;
        return (type >= 1 && type <= 6) || type == 8 || type == 9;
    }
    [[nodiscard]] bool isNull(std::size_t i) const { return m_columns[i].type == 0; }
    [[nodiscard]] bool isBytes(std::size_t i) const { return m_columns[i].type >= 12; }
    [[nodiscard]] std::int64_t integer(std::size_t i) const
    {
        const Column &column = m_columns[i];
        if (column.type >= 8)
            return column.type == 9 ? 1 : 0;
        auto value = bigEndian(m_payload, column.at, column.size);
        const auto unusedBits = static_cast<unsigned>(64 - 8 * column.size);
        return static_cast<std::int64_t>(value << unusedBits) >> unusedBits; // keeps the sign
    }
    [[nodiscard]] std::string_view bytes(std::size_t i) const
    {
        const Bytes part = m_payload.subspan(m_columns[i].at, m_columns[i].size);
        return {reinterpret_cast<const char *>(part.data()), part.size()};
    }

private:
    struct Column
    {
        std::uint64_t type = 0;
        std::size_t at = 0, size = 0;
    };
    static std::size_t sizeOf(std::uint64_t type)
    {
        constexpr std::array<std::size_t, 12> small = {0, 1, 2, 3, 4, 6, 8, 8, 0, 0, 0, 0};
        return type < small.size() ? small[type] : static_cast<std::size_t>((type - 12) / 2);
    }

    Bytes m_payload;
    std::array<Column, 16> m_columns{};
    std::size_t m_count = 0;
    bool m_isWhole = false;
};

class Scanner
{
public:
    Scanner(const std::filesystem::path &file, const std::function<Result<>(const EventRow &)> &consume)
        : m_consume(consume)
        , m_main(::open(file.c_str(), O_RDONLY | O_CLOEXEC))
        , m_wal(::open((file.string() + "-wal").c_str(), O_RDONLY | O_CLOEXEC))
    {}

    Result<ScanCounts> run();

private:
    std::size_t readAt(const UniqueFd &fd, std::size_t offset, std::span<unsigned char> into) const;
    void indexLog();
    Result<> scan(Bytes page, std::size_t headerAt);
    Result<> scanLeaf(Bytes page, std::size_t headerAt, std::size_t cells);
    bool payloadOf(Bytes page, std::size_t at, std::size_t size, bool preferLog);
    std::size_t readPage(std::uint64_t number, bool preferLog, std::span<unsigned char> into) const;
    enum class Verdict { Other, Damaged, Sound };
    Verdict rowOf(std::int64_t rowId, EventRow &row) const;

    const std::function<Result<>(const EventRow &)> &m_consume;
    UniqueFd m_main, m_wal;
    std::size_t m_pageSize = 4096;
    std::vector<std::size_t> m_frames;                            ///< offsets of pages in the log
    std::unordered_map<std::uint64_t, std::size_t> m_newestFrame; ///< page number -> offset
    std::vector<unsigned char> m_payload;
    ScanCounts m_counts;
};

std::size_t Scanner::readAt(const UniqueFd &fd, std::size_t offset, std::span<unsigned char> into) const
{
    std::size_t done = 0;
    while (fd && done < into.size()) {
        const ssize_t count =
            ::pread(fd.get(), into.data() + done, into.size() - done, static_cast<off_t>(offset + done));
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            break;
        done += static_cast<std::size_t>(count);
    }
    return done;
}

void Scanner::indexLog()
{
    std::array<unsigned char, walFrameHeader> header{};
    for (std::size_t at = walHeader; readAt(m_wal, at, header) == header.size(); at += walFrameHeader + m_pageSize) {
        m_frames.push_back(at + walFrameHeader);
        m_newestFrame[bigEndian(header, 0, 4)] = at + walFrameHeader;
    }
}

Result<ScanCounts> Scanner::run()
{
    if (!m_main)
        return failure(Error::Kind::Local, std::string("the damaged journal cannot be read: ") + std::strerror(errno));
    indexLog();
    std::vector<unsigned char> page(m_pageSize);
    for (std::size_t number = 0;; ++number) {
        const std::size_t size = readAt(m_main, number * m_pageSize, page);
        if (size == 0)
            break;
        if (auto done = scan(Bytes(page).first(size), number == 0 ? 100 : 0); !done)
            return failure(std::move(done.error()));
    }
    for (const std::size_t offset : m_frames) {
        const std::size_t size = readAt(m_wal, offset, page);
        if (auto done = scan(Bytes(page).first(size), 0); !done)
            return failure(std::move(done.error()));
    }
    return m_counts;
}

Result<> Scanner::scan(Bytes page, std::size_t headerAt)
{
    if (page.size() < headerAt + 8)
        return {};
    const unsigned char type = page[headerAt];
    const std::size_t cells = std::min<std::size_t>(bigEndian(page, headerAt + 3, 2), m_pageSize / 4);
    if (type == leafOfTable)
        return scanLeaf(page, headerAt, cells);
    for (std::size_t i = 0; type == innerOfTable && i < cells; ++i) {
        std::size_t at = bigEndian(page, headerAt + 12 + 2 * i, 2) + 4; // behind the child's number
        if (const auto key = varint(page, at); key && *key < (1ULL << 62))
            m_counts.highestSeq = std::max(m_counts.highestSeq, static_cast<std::int64_t>(*key));
    }
    return {};
}

Result<> Scanner::scanLeaf(Bytes page, std::size_t headerAt, std::size_t cells)
{
    for (std::size_t i = 0; i < cells; ++i) {
        std::size_t at = bigEndian(page, headerAt + 8 + 2 * i, 2);
        const auto size = varint(page, at);
        const auto rowId = varint(page, at);
        if (!size || !rowId || *size > largestPayload)
            continue;
        Verdict verdict = Verdict::Other;
        EventRow row;
        for (const bool preferLog : {true, false}) {
            if (!payloadOf(page, at, *size, preferLog))
                continue;
            const Verdict found = rowOf(static_cast<std::int64_t>(*rowId), row);
            verdict = std::max(verdict, found);
            if (found == Verdict::Sound || m_frames.empty())
                break;
        }
        m_counts.damaged += verdict == Verdict::Damaged ? 1 : 0;
        if (verdict != Verdict::Sound)
            continue;
        m_counts.highestSeq = std::max(m_counts.highestSeq, row.seq);
        if (auto done = m_consume(row); !done)
            return done;
    }
    return {};
}

/// Puts a cell's payload together, with what overflowed to other pages.
bool Scanner::payloadOf(Bytes page, std::size_t at, std::size_t size, bool preferLog)
{
    const std::size_t most = m_pageSize - 35;
    const std::size_t least = (m_pageSize - 12) * 32 / 255 - 23;
    std::size_t local = size;
    if (size > most) {
        local = least + (size - least) % (m_pageSize - 4);
        local = local <= most ? local : least;
    }
    if (at + local + (local < size ? 4 : 0) > page.size())
        return false;
    m_payload.assign(page.begin() + static_cast<std::ptrdiff_t>(at),
                     page.begin() + static_cast<std::ptrdiff_t>(at + local));
    std::vector<unsigned char> overflow(m_pageSize);
    std::uint64_t next = local < size ? bigEndian(page, at + local, 4) : 0;
    while (m_payload.size() < size) {
        const std::size_t wanted = std::min(size - m_payload.size(), m_pageSize - 4);
        if (next == 0 || readPage(next, preferLog, overflow) < wanted + 4)
            return false;
        m_payload.insert(m_payload.end(), overflow.begin() + 4,
                         overflow.begin() + 4 + static_cast<std::ptrdiff_t>(wanted));
        next = bigEndian(overflow, 0, 4);
    }
    return true;
}

std::size_t Scanner::readPage(std::uint64_t number, bool preferLog, std::span<unsigned char> into) const
{
    const auto frame = m_newestFrame.find(number);
    if (preferLog && frame != m_newestFrame.end())
        return readAt(m_wal, frame->second, into);
    return readAt(m_main, (number - 1) * m_pageSize, into);
}

/// The payload as a row of `events`: (seq), [id_hash], id, type, source, times, sandbox, raw, [sum], [session].
Scanner::Verdict Scanner::rowOf(std::int64_t rowId, EventRow &row) const
{
    const Record record(m_payload);
    const bool hasSession = record.count() == 11;
    const bool hasSum = hasSession || record.count() == 10;
    if (!hasSum && record.count() != 8)
        return Verdict::Other;
    const std::size_t first = hasSum ? 2 : 1;
    const std::array shape = {record.isNull(0),
                              record.isBytes(first),
                              record.isBytes(first + 1),
                              record.isInteger(first + 2),
                              record.isInteger(first + 3),
                              record.isInteger(first + 4),
                              record.isBytes(first + 5),
                              record.isBytes(first + 6),
                              !hasSum || (record.isInteger(1) && record.isInteger(9)),
                              !hasSession || record.isBytes(10)};
    if (std::ranges::find(shape, false) != shape.end())
        return Verdict::Other;
    row = {rowId,
           record.bytes(first),
           record.bytes(first + 1),
           record.integer(first + 2),
           record.integer(first + 3),
           record.integer(first + 4),
           record.bytes(first + 5),
           record.bytes(first + 6),
           hasSession ? record.bytes(10) : std::string_view()};
    if (hasSum)
        return row.checksum() == record.integer(9) ? Verdict::Sound : Verdict::Damaged;
    const auto event = decodeEvent(row.raw, EventSource::Import, {});
    const bool fits = event && toUnixNs(event->timestamp) == row.timeNs && event->sandboxId == row.sandboxId
        && event->typeName == row.type && rowId > 0;
    return fits ? Verdict::Sound : Verdict::Damaged;
}

} // namespace

Result<ScanCounts> scanEvents(const std::filesystem::path &file,
                              const std::function<Result<>(const EventRow &)> &consume)
{
    return Scanner(file, consume).run();
}

} // namespace sandglass::lifecycle
