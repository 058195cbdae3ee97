#include "services/lifecycle/quarantine.h"

#include "services/core/secret.h"

#include <algorithm>
#include <cctype>

namespace sandglass::lifecycle {

namespace {

constexpr std::size_t headerCountLimit = 40;
constexpr std::size_t headerValueLimit = 256;
constexpr std::size_t textLimit = 1'024;

std::string lowered(std::string_view text)
{
    std::string lower(text);
    std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return lower;
}

bool isSecretName(const std::string &lowerName)
{
    if (lowerName == "e2b-signature")
        return false;
    for (const char *part : {"authorization", "cookie", "api-key", "apikey", "token", "secret", "password"}) {
        if (lowerName.find(part) != std::string::npos)
            return true;
    }
    return false;
}

std::size_t indexOf(RefusalKind kind)
{
    return static_cast<std::size_t>(kind);
}

void cut(std::string &text, std::size_t limit)
{
    if (text.size() > limit)
        text.resize(limit);
    text.shrink_to_fit();
}

} // namespace

std::size_t QuarantineEntry::bytes() const
{
    std::size_t sum = sizeof(*this) + message.size() + diagnosis.detail.size() + remote.size() + method.size()
        + path.size() + signature.size() + body.size();
    for (const auto &[name, value] : headers)
        sum += sizeof(headers.front()) + name.size() + value.size();
    return sum;
}

HeaderList safeHeaders(const HeaderList &headers)
{
    HeaderList safe;
    for (const auto &[name, value] : headers) {
        if (safe.size() == headerCountLimit)
            break;
        const bool isSecret = isSecretName(lowered(name));
        safe.emplace_back(name.substr(0, headerValueLimit),
                          isSecret ? "***" : redacted(value.substr(0, headerValueLimit)));
    }
    return safe;
}

Quarantine::Quarantine(Limits limits, Clock clock) : m_limits(limits), m_clock(std::move(clock)) {}

bool Quarantine::wants(RefusalKind kind)
{
    const Timestamp now = m_clock();
    const std::lock_guard lock(m_mutex);
    ++m_counts.seen[indexOf(kind)];
    Bucket &bucket = m_buckets[indexOf(kind)];
    if (!bucket.refilled || now < *bucket.refilled) { // the first, or the clock was set back
        bucket.tokens = bucket.refilled ? bucket.tokens : m_limits.burst;
        bucket.refilled = now;
    }
    if (const auto earned = (now - *bucket.refilled) / m_limits.interval; earned > 0) {
        bucket.tokens = static_cast<int>(std::min<std::int64_t>(m_limits.burst, bucket.tokens + earned));
        bucket.refilled = now;
    }
    if (bucket.tokens == 0) {
        ++m_counts.skipped;
        return false;
    }
    --bucket.tokens;
    return true;
}

void Quarantine::add(QuarantineEntry entry)
{
    cut(entry.body, m_limits.bodyBytes);
    for (std::string *text :
         {&entry.message, &entry.diagnosis.detail, &entry.remote, &entry.method, &entry.path, &entry.signature})
        cut(*text, textLimit);
    const std::lock_guard lock(m_mutex);
    entry.id = ++m_lastId;
    m_counts.bytes += entry.bytes();
    ++m_kept[indexOf(entry.kind)];
    m_entries.push_back(std::move(entry));
    while (m_entries.size() > m_limits.entries || (m_counts.bytes > m_limits.bytes && !m_entries.empty()))
        evict();
    ++m_revision;
}

void Quarantine::evict()
{
    const auto most = static_cast<std::size_t>(std::ranges::max_element(m_kept) - m_kept.begin());
    const auto oldest = std::ranges::find(m_entries, most, [](const auto &entry) { return indexOf(entry.kind); });
    m_counts.bytes -= oldest->bytes();
    --m_kept[most];
    m_entries.erase(oldest);
    ++m_counts.evicted;
}

std::vector<QuarantineEntry> Quarantine::entries() const
{
    const std::lock_guard lock(m_mutex);
    return {m_entries.rbegin(), m_entries.rend()};
}

std::optional<QuarantineEntry> Quarantine::find(std::int64_t id) const
{
    const std::lock_guard lock(m_mutex);
    const auto it = std::ranges::find(m_entries, id, &QuarantineEntry::id);
    return it != m_entries.end() ? std::optional(*it) : std::nullopt;
}

void Quarantine::remove(std::int64_t id)
{
    const std::lock_guard lock(m_mutex);
    const auto it = std::ranges::find(m_entries, id, &QuarantineEntry::id);
    if (it == m_entries.end())
        return;
    m_counts.bytes -= it->bytes();
    --m_kept[indexOf(it->kind)];
    m_entries.erase(it);
    ++m_revision;
}

void Quarantine::clear()
{
    const std::lock_guard lock(m_mutex);
    m_entries.clear();
    m_kept.fill(0);
    m_counts.bytes = 0;
    ++m_revision;
}

Quarantine::Counts Quarantine::counts() const
{
    const std::lock_guard lock(m_mutex);
    Counts counts = m_counts;
    counts.entries = m_entries.size();
    return counts;
}

std::uint64_t Quarantine::revision() const
{
    const std::lock_guard lock(m_mutex);
    return m_revision;
}

} // namespace sandglass::lifecycle
