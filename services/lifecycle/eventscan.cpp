#include "services/lifecycle/eventscan.h"

#include "services/lifecycle/journalfile.h"

#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <string_view>

namespace sandglass::lifecycle {

namespace {

constexpr std::int64_t firstRows = 256; ///< so that the first step comes at once
constexpr std::int64_t mostRows = 8'192;

/// Whether the word has to stand in an event's columns or body letter by letter. Not so what the search joins
/// ("key=value") or adds ("unknown", "session:NAME"), and what JSON or Unicode can write in several ways.
bool isPlain(const std::string &word)
{
    static constexpr std::string_view added = "unknown", special = "=:\"\\/";
    return added.find(word) == std::string_view::npos && std::ranges::all_of(word, [](char c) {
               return c > ' ' && c < '\x7f' && special.find(c) == std::string_view::npos;
           });
}

/// Finds a word in texts of any case.
class WordFinder
{
public:
    explicit WordFinder(std::string word) : m_word(std::move(word))
    {
        // Horspool: from a letter that is not in the word the search can go on behind it.
        m_skip.fill(m_word.size());
        for (std::size_t i = 0; i + 1 < m_word.size(); ++i)
            m_skip[static_cast<unsigned char>(m_word[i])] = m_word.size() - 1 - i;
        for (unsigned char upper = 'A'; upper <= 'Z'; ++upper)
            m_skip[upper] = m_skip[lowered(upper)];
    }

    [[nodiscard]] bool isIn(std::string_view text) const
    {
        const std::size_t last = m_word.size() - 1;
        for (std::size_t at = 0; at + last < text.size();) {
            const auto end = static_cast<unsigned char>(text[at + last]);
            std::size_t i = last;
            while (lowered(static_cast<unsigned char>(text[at + i])) == static_cast<unsigned char>(m_word[i])) {
                if (i-- == 0)
                    return true;
            }
            at += m_skip[end];
        }
        return false;
    }

private:
    static unsigned char lowered(unsigned char c)
    {
        return c >= 'A' && c <= 'Z' ? static_cast<unsigned char>(c + ('a' - 'A')) : c;
    }

    std::string m_word;
    std::array<std::size_t, 256> m_skip{};
};

bool mayFit(const std::vector<WordFinder> &words, const EventRow &row)
{
    // An escape can stand for any letter.
    return row.raw.find('\\') != std::string_view::npos || std::ranges::all_of(words, [&row](const WordFinder &word) {
               return word.isIn(row.raw) || word.isIn(row.sandboxId) || word.isIn(row.type) || word.isIn(row.id)
                   || word.isIn(row.session);
           });
}

} // namespace

Result<> EventScan::run(const std::function<bool(Step)> &take) const
{
    auto database = Database::open(journal, Database::Mode::ReadOnly);
    if (!database)
        return failure(std::move(database.error()));
    std::vector<WordFinder> plain;
    for (const std::string &word : words) {
        if (!word.empty() && isPlain(word))
            plain.emplace_back(word);
    }
    Statement select(*database, selectEventsBeforeSql);
    Step total;
    total.reached = beforeSeq > 0 ? beforeSeq : INT64_MAX;
    for (std::int64_t rows = firstRows;; rows = std::min(2 * rows, mostRows)) {
        Step step;
        std::int64_t read = 0;
        int status = SQLITE_DONE;
        select.bind(1, total.reached);
        // A statement for each piece: a long read transaction would keep the write-ahead log from being reused.
        while (read < rows && (status = select.step()) == SQLITE_ROW) {
            ++read;
            const EventRow row = rowOf(select);
            total.reached = row.seq;
            if (!mayFit(plain, row) || row.checksum() != select.integer(8))
                continue;
            StoredEvent stored{row.seq, eventOfRow(row)};
            if (accepts(stored))
                step.found.push_back(std::move(stored));
        }
        select.reset();
        if (status != SQLITE_ROW && status != SQLITE_DONE)
            return failure(database->lastError("the journal cannot be read"));
        total.looked += read;
        step.looked = total.looked;
        step.reached = total.reached;
        step.isAtEnd = read < rows;
        const bool isAtEnd = step.isAtEnd;
        if (!take(std::move(step)) || isAtEnd)
            return {};
    }
}

} // namespace sandglass::lifecycle
