#include "services/lifecycle/transfer.h"

#include "services/core/json.h"
#include "services/lifecycle/journal.h"
#include "services/lifecycle/transfercsv.h"
#include "services/lifecycle/transferevents.h"
#include "services/lifecycle/transferfile.h"

#include <fmt/format.h>

#include <algorithm>
#include <condition_variable>
#include <fstream>
#include <limits>
#include <mutex>

namespace sandglass::lifecycle {

namespace {

constexpr std::size_t lineLimit = 8U << 20;
constexpr std::size_t reasonLimit = 10;
constexpr std::int64_t progressEvery = 2'000;
constexpr std::size_t writeAt = 1U << 20;

Error cancelled()
{
    return {Error::Kind::Cancelled, 0, "cancelled", {}};
}

/// Hands events to the journal, some thousand at a time, and counts the answers.
class Feeder
{
public:
    explicit Feeder(Journal &journal) : m_journal(journal) { m_journal.setBulk(true); }
    ~Feeder()
    {
        wait(0);
        m_journal.setBulk(false);
    }
    Feeder(const Feeder &) = delete;
    Feeder &operator=(const Feeder &) = delete;

    /// False once the journal has failed.
    bool add(Event event)
    {
        const std::size_t bytes = event.raw.size();
        {
            std::unique_lock lock(m_mutex);
            m_settled.wait(lock, [&] { return m_waiting < mostWaiting && m_waitingBytes < mostBytes; });
            if (m_failed)
                return false;
            ++m_waiting;
            m_waitingBytes += bytes;
        }
        m_journal.append(std::move(event), [this, bytes](Journal::Outcome outcome) { settle(outcome, bytes); });
        return true;
    }

    void wait(std::size_t left)
    {
        std::unique_lock lock(m_mutex);
        m_settled.wait(lock, [&] { return m_waiting <= left; });
    }

    std::int64_t stored = 0, duplicates = 0; ///< after wait(0)
    [[nodiscard]] bool hasFailed() const { return m_failed; }

private:
    static constexpr std::size_t mostWaiting = 15'000; // of the 20,000 the journal takes
    static constexpr std::size_t mostBytes = 48U << 20;

    void settle(Journal::Outcome outcome, std::size_t bytes)
    {
        const std::lock_guard lock(m_mutex);
        --m_waiting;
        m_waitingBytes -= bytes;
        stored += outcome == Journal::Outcome::Stored ? 1 : 0;
        duplicates += outcome == Journal::Outcome::Duplicate ? 1 : 0;
        m_failed = m_failed || outcome == Journal::Outcome::Failed || outcome == Journal::Outcome::Busy;
        if (m_waiting == 0 || m_waiting == mostWaiting / 2
            || (m_waitingBytes < mostBytes && m_waitingBytes + bytes >= mostBytes))
            m_settled.notify_all();
    }

    Journal &m_journal;
    std::mutex m_mutex;
    std::condition_variable m_settled;
    std::size_t m_waiting = 0, m_waitingBytes = 0;
    bool m_failed = false;
};

class Import
{
public:
    Import(Journal &journal, const std::filesystem::path &file, const TransferOptions &options)
        : m_journal(journal), m_options(options), m_buffer(1U << 20), m_feeder(journal)
    {
        m_stream.rdbuf()->pubsetbuf(m_buffer.data(), static_cast<std::streamsize>(m_buffer.size()));
        m_stream.open(file, std::ios::binary);
        std::error_code ignored;
        m_size = std::max<double>(1, static_cast<double>(std::filesystem::file_size(file, ignored)));
        m_name = file.string();
    }

    Result<ImportReport> run(TransferFormat format)
    {
        if (!m_stream)
            return failure(Error::Kind::Local, "cannot read " + m_name);
        auto done = format == TransferFormat::Csv ? readCsv() : readLines();
        m_feeder.wait(0);
        m_report.stored = m_feeder.stored;
        m_report.duplicates = m_feeder.duplicates;
        if (m_feeder.hasFailed())
            done = failure(
                m_journal.lastFailure().value_or(Error{Error::Kind::Local, 0, "the journal is busy: try again", {}}));
        if (!done)
            return failure(std::move(done.error()));
        return std::move(m_report);
    }

private:
    Result<> readLines()
    {
        std::string line;
        for (std::size_t number = 1; std::getline(m_stream, line); ++number) {
            if (line.ends_with('\r'))
                line.pop_back();
            if (line.empty())
                continue;
            auto event = line.size() > lineLimit ? Result<Event>(failure(Error::Kind::Decode, "the line is too long"))
                                                 : eventOfLine(line);
            if (auto taken = take(std::move(event), number); !taken)
                return taken;
        }
        return m_stream.bad() ? Result<>(failure(Error::Kind::Local, "cannot read " + m_name)) : Result<>();
    }

    Result<> readCsv()
    {
        CsvReader reader(m_stream);
        std::vector<std::string> fields;
        if (reader.next(fields) != CsvReader::Outcome::Row)
            return failure(Error::Kind::Decode, m_name + " has no line with the names of the columns");
        const CsvColumns columns(fields);
        if (!columns.isUsable())
            return failure(Error::Kind::Decode, m_name + " lacks the columns type, timestamp and sandbox_id, or raw");
        for (;;) {
            const auto outcome = reader.next(fields);
            if (outcome == CsvReader::Outcome::End)
                return {};
            if (outcome == CsvReader::Outcome::OpenQuote)
                return take(failure(Error::Kind::Decode, "a quote is not closed"), reader.line() + 1);
            auto event = outcome == CsvReader::Outcome::TooLong
                ? Result<Event>(failure(Error::Kind::Decode, "the line is too long"))
                : columns.eventOf(fields);
            if (auto taken = take(std::move(event), reader.line()); !taken)
                return taken;
        }
    }

    Result<> take(Result<Event> event, std::size_t line)
    {
        if (event && !m_feeder.add(std::move(*event)))
            return failure(Error::Kind::Local, "the journal cannot store events");
        if (!event) {
            ++m_report.refused;
            if (m_report.reasons.size() < reasonLimit)
                m_report.reasons.push_back(fmt::format("line {}: {}", line, event.error().message));
        }
        if (++m_records % progressEvery != 0 || !m_options.progress)
            return {};
        const double share = std::min(1.0, static_cast<double>(m_stream.tellg()) / m_size);
        return m_options.progress({m_records, share}) ? Result<>() : Result<>(failure(cancelled()));
    }

    Journal &m_journal;
    const TransferOptions &m_options;
    std::vector<char> m_buffer; // before the stream: it reads into it
    std::ifstream m_stream;
    std::string m_name;
    double m_size = 1;
    std::int64_t m_records = 0;
    ImportReport m_report;
    Feeder m_feeder;
};

} // namespace

TransferFormat transferFormatOf(const std::filesystem::path &file)
{
    std::string suffix = file.extension().string();
    std::ranges::transform(suffix, suffix.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c; });
    return suffix == ".csv" ? TransferFormat::Csv : TransferFormat::JsonLines;
}

Result<ImportReport> importEvents(Journal &journal, const std::filesystem::path &file, TransferFormat format,
                                  const TransferOptions &options)
{
    return Import(journal, file, options).run(format);
}

Result<std::int64_t> exportEvents(const Journal &journal, const std::filesystem::path &file, TransferFormat format,
                                  const TransferOptions &options)
{
    TransferFile out(file);
    std::string text;
    if (format == TransferFormat::Csv)
        appendCsvRow(text, CsvColumns::names());
    std::int64_t written = 0;
    Result<> done;
    const double highest = std::max<double>(1, static_cast<double>(journal.lastSeq()));
    const auto read = journal.replayWhile(0, [&](std::span<const StoredEvent> events) {
        for (const auto &[seq, event] : events) {
            if (event.timestamp < options.from || event.timestamp >= options.to)
                continue;
            ++written;
            if (format == TransferFormat::Csv)
                appendCsvRow(text, CsvColumns::fieldsOf(event));
            else
                appendLineOf(event, text);
            if (text.size() >= writeAt)
                done = out.write(text);
            if (!done)
                return false;
        }
        const double share = static_cast<double>(events.back().seq) / highest;
        if (options.progress && !options.progress({written, std::min(1.0, share)}))
            done = failure(cancelled());
        return done.has_value();
    });
    if (!read)
        return failure(read.error());
    if (done)
        done = out.write(text);
    if (done)
        done = out.finish();
    if (!done)
        return failure(std::move(done.error()));
    return written;
}

} // namespace sandglass::lifecycle
