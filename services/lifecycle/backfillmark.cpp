#include "services/lifecycle/backfillmark.h"

#include "services/lifecycle/recordfile.h"

#include <utility>

namespace sandglass::lifecycle {
namespace {

void setTime(Json &object, const char *key, const std::optional<Timestamp> &time)
{
    if (time)
        object[key] = formatRfc3339(*time, 9);
}

} // namespace

BackfillMarks::BackfillMarks(std::filesystem::path file) : m_file(std::move(file))
{
    const auto stored = readRecord(m_file);
    if (!stored || !stored->is_object())
        return;
    for (const auto &[source, value] : stored->items())
        m_marks[source] = {timeOr(value, "newest_event"), timeOr(value, "checked_at")};
}

BackfillMark BackfillMarks::mark(const std::string &source) const
{
    const auto found = m_marks.find(source);
    return found != m_marks.end() ? found->second : BackfillMark{};
}

Result<> BackfillMarks::setMark(const std::string &source, const BackfillMark &mark)
{
    m_marks[source] = mark;
    Json all = Json::object();
    for (const auto &[name, known] : m_marks) {
        Json &entry = all[name] = Json::object();
        setTime(entry, "newest_event", known.newestEvent);
        setTime(entry, "checked_at", known.checkedAt);
    }
    return writeRecord(m_file, all);
}

} // namespace sandglass::lifecycle
