#include "services/lifecycle/createintents.h"

#include "services/core/ids.h"
#include "services/lifecycle/poller.h"
#include "services/lifecycle/recordfile.h"

#include <algorithm>
#include <utility>

namespace sandglass::lifecycle {

CreateIntents::CreateIntents(std::filesystem::path file) : m_file(std::move(file))
{
    const auto stored = readRecord(m_file);
    if (!stored) {
        m_damage = stored.error();
        return;
    }
    for (const Json &row : stored->is_array() ? *stored : Json::array()) {
        const auto at = timeOr(row, "at");
        CreateIntent intent{stringOr(row, "id"), stringOr(row, "connection"), stringOr(row, "template"),
                            at.value_or(Timestamp{})};
        if (at && !intent.id.empty() && m_open.size() < mostOpen)
            m_open.push_back(std::move(intent));
    }
}

Result<CreateIntent> CreateIntents::begin(const std::string &connection, const std::string &templateId, Timestamp now)
{
    if (m_open.size() >= mostOpen)
        return failure(Error::Kind::Local, "too many create calls are without an answer", 0, "too_many_intents");
    m_open.push_back({newUuid(), connection, templateId, now});
    if (auto saved = save(); !saved) {
        m_open.pop_back();
        return failure(saved.error());
    }
    return m_open.back();
}

Result<> CreateIntents::finish(const std::string &id)
{
    return std::erase_if(m_open, [&id](const CreateIntent &intent) { return intent.id == id; }) > 0 ? save()
                                                                                                    : Result<>{};
}

std::vector<IntentOutcome> CreateIntents::resolve(const std::string &connection,
                                                  const std::vector<ObservedSandbox> &list, Timestamp now,
                                                  std::chrono::milliseconds patience) const
{
    std::map<std::string, std::string> made; // intent to sandbox
    for (const ObservedSandbox &row : list) {
        if (const auto mark = row.metadata.find(intentKey); mark != row.metadata.end())
            made.emplace(mark->second, row.sandboxId);
    }
    std::vector<IntentOutcome> outcomes;
    for (const CreateIntent &intent : m_open) {
        if (intent.connection != connection)
            continue;
        using Kind = IntentOutcome::Kind;
        if (const auto found = made.find(intent.id); found != made.end())
            outcomes.push_back({intent, Kind::Created, found->second});
        else
            outcomes.push_back({intent, now - intent.at > patience ? Kind::NothingCreated : Kind::Pending, {}});
    }
    return outcomes;
}

Result<> CreateIntents::save() const
{
    Json rows = Json::array();
    for (const CreateIntent &intent : m_open) {
        rows.push_back({{"id", intent.id},
                        {"connection", intent.connection},
                        {"template", intent.templateId},
                        {"at", formatRfc3339(intent.at, 9)}});
    }
    return writeRecord(m_file, rows);
}

} // namespace sandglass::lifecycle
