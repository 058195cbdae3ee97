#include "services/lifecycle/restapilive.h"

#include "services/lifecycle/codeexecution.h"
#include "services/lifecycle/tracker.h"

#include <algorithm>
#include <mutex>

namespace sandglass::lifecycle {

namespace {

constexpr std::size_t waitingLimit = 256;
constexpr auto snapshotAge = std::chrono::milliseconds(200);
constexpr std::size_t mostUnknownTypes = 50; // labels are for ever in a scraper's store
constexpr std::size_t longestType = 100;
constexpr auto sliceTime = std::chrono::milliseconds(4);

bool isEnded(SandboxState state)
{
    return state == SandboxState::Killed || state == SandboxState::Lost;
}

} // namespace

class TrackerPicture::Inbox final : public LivePicture
{
public:
    struct SandboxQuestion
    {
        std::string id;
        SandboxAnswer answer;
    };

    explicit Inbox(TrackerPicture &target) : m_target(&target) {}

    bool askSnapshot(SnapshotAnswer answer) override { return add(m_snapshots, std::move(answer)); }
    bool askSandbox(std::string id, SandboxAnswer answer) override
    {
        return add(m_sandboxes, SandboxQuestion{std::move(id), std::move(answer)});
    }

    [[nodiscard]] bool hasQuestions()
    {
        const std::lock_guard lock(m_mutex);
        return !m_snapshots.empty() || !m_sandboxes.empty();
    }
    [[nodiscard]] std::vector<SnapshotAnswer> takeSnapshots()
    {
        const std::lock_guard lock(m_mutex);
        m_isRung = false;
        return std::exchange(m_snapshots, {});
    }
    [[nodiscard]] std::vector<SandboxQuestion> takeSandboxes()
    {
        const std::lock_guard lock(m_mutex);
        m_isRung = false;
        return std::exchange(m_sandboxes, {});
    }

    void close()
    {
        {
            const std::lock_guard lock(m_mutex);
            m_target = nullptr;
        }
        for (const SnapshotAnswer &answer : takeSnapshots())
            answer(nullptr);
        for (const SandboxQuestion &question : takeSandboxes())
            question.answer(nullptr);
    }

private:
    template<typename T>
    bool add(std::vector<T> &list, T question)
    {
        const std::lock_guard lock(m_mutex); // so that the target cannot go meanwhile; only posts an event
        if (!m_target || m_snapshots.size() + m_sandboxes.size() >= waitingLimit)
            return false;
        list.push_back(std::move(question));
        if (!std::exchange(m_isRung, true))
            QMetaObject::invokeMethod(m_target, "look", Qt::QueuedConnection);
        return true;
    }

    std::mutex m_mutex; ///< guards all below
    TrackerPicture *m_target;
    bool m_isRung = false;
    std::vector<SnapshotAnswer> m_snapshots;
    std::vector<SandboxQuestion> m_sandboxes;
};

TrackerPicture::TrackerPicture(const Tracker &tracker, QObject *parent)
    : QObject(parent), m_tracker(tracker), m_inbox(std::make_shared<Inbox>(*this))
{
    m_scanTimer.setSingleShot(true);
    connect(&m_scanTimer, &QTimer::timeout, this, &TrackerPicture::scan);
    connect(&tracker, &Tracker::replayed, this, &TrackerPicture::look);
    connect(&tracker, &Tracker::sandboxesChanged, this, &TrackerPicture::update);
    connect(&tracker, &Tracker::eventsRecorded, this, &TrackerPicture::countUnknown);
    connect(&tracker, &Tracker::rateCardChanged, this, [this] {
        m_card.reset();
        m_snapshot.reset();
    });
}

TrackerPicture::~TrackerPicture()
{
    m_inbox->close();
}

std::shared_ptr<LivePicture> TrackerPicture::picture() const
{
    return m_inbox;
}

void TrackerPicture::look()
{
    if (!m_tracker.isReplayed())
        return; // those who ask wait for the past to be in the fold
    if (m_stage == Stage::Idle) {
        if (!m_inbox->hasQuestions())
            return; // the end of the replay, and nobody has asked: following every change would cost for nothing
        m_stage = Stage::Scanning;
        const Timestamp now = m_tracker.now();
        const auto peaks = m_tracker.activeSeries(now - std::chrono::hours(24), now, 1);
        m_peak = peaks.empty() ? 0 : static_cast<std::uint64_t>(std::max(0, peaks.front()));
        m_scanTimer.start(0);
    } else if (m_stage == Stage::Following) {
        answerWaiting();
    }
}

void TrackerPicture::scan()
{
    const auto &sandboxes = m_tracker.fold().sandboxes();
    if (m_bucketCount != sandboxes.bucket_count()) { // grown: what was counted is known and not counted again
        m_bucketCount = sandboxes.bucket_count();
        m_nextBucket = 0;
    }
    const auto until = std::chrono::steady_clock::now() + sliceTime;
    while (m_nextBucket < m_bucketCount) {
        std::ranges::for_each(sandboxes.begin(m_nextBucket), sandboxes.end(m_nextBucket),
                              [this](const auto &item) { take(item.second); });
        if (++m_nextBucket % 64 == 0 && std::chrono::steady_clock::now() > until)
            return m_scanTimer.start(0);
    }
    m_stage = Stage::Following;
    answerWaiting();
}

void TrackerPicture::update(const std::vector<std::string> &ids)
{
    if (m_stage == Stage::Idle)
        return;
    for (const std::string &id : ids) {
        if (const Sandbox *sandbox = m_tracker.fold().find(id))
            take(*sandbox);
    }
    m_snapshot.reset();
}

void TrackerPicture::take(const Sandbox &sandbox)
{
    const auto [it, isNew] = m_counted.try_emplace(std::hash<std::string>()(sandbox.id));
    Counted &counted = it->second;
    if (const std::uint32_t index = templateIndex(sandbox.templateName()); isNew || index != counted.templateIndex) {
        if (!isNew)
            --m_templateCounts[counted.templateIndex];
        ++m_templateCounts[index];
        counted.templateIndex = index;
        m_byTemplate.reset();
    }
    const bool ended = isEnded(sandbox.state);
    if (ended != counted.isEnded) {
        counted.isEnded = ended;
        ended ? ++m_ended : --m_ended;
    }
    const auto live = m_live.find(sandbox.id);
    if (live != m_live.end() && live->second->state == SandboxState::Running)
        --m_running;
    if (ended) {
        if (live != m_live.end())
            m_live.erase(live);
        return;
    }
    m_live.insert_or_assign(sandbox.id, std::make_shared<const Sandbox>(sandbox));
    if (sandbox.state == SandboxState::Running)
        m_peak = std::max(m_peak, ++m_running);
}

void TrackerPicture::countUnknown(const std::vector<StoredEvent> &events)
{
    for (const StoredEvent &stored : events) {
        const std::string &type = stored.event.typeName;
        if (stored.event.type != EventType::Unknown || type == codeExecutedType)
            continue;
        const bool hasRoom = m_unknownEvents.size() < mostUnknownTypes && type.size() <= longestType;
        ++m_unknownEvents[hasRoom || m_unknownEvents.contains(type) ? type : "other"];
        m_snapshot.reset();
    }
}

std::uint32_t TrackerPicture::templateIndex(const std::string &name)
{
    const auto [it, isNew] = m_templateIndices.try_emplace(name, static_cast<std::uint32_t>(m_templateNames.size()));
    if (isNew) {
        m_templateNames.push_back(name);
        m_templateCounts.push_back(0);
    }
    return it->second;
}

void TrackerPicture::answerWaiting()
{
    for (const auto &answer : m_inbox->takeSnapshots())
        answer(snapshot());
    for (const auto &question : m_inbox->takeSandboxes()) {
        auto report = std::make_shared<LivePicture::SandboxReport>();
        report->at = m_tracker.now();
        if (const Sandbox *sandbox = m_tracker.fold().find(question.id))
            report->sandbox = std::make_shared<const Sandbox>(*sandbox);
        if (!m_card)
            m_card = std::make_shared<const cost::RateCard>(m_tracker.rateCard());
        report->card = m_card;
        question.answer(std::move(report));
    }
}

std::shared_ptr<const LiveSnapshot> TrackerPicture::snapshot()
{
    const auto now = std::chrono::steady_clock::now();
    if (m_snapshot && now - m_snapshotMade < snapshotAge)
        return m_snapshot;
    if (!m_byTemplate) {
        std::map<std::string, std::uint64_t> byTemplate;
        for (std::size_t i = 0; i < m_templateNames.size(); ++i) {
            if (m_templateCounts[i] > 0)
                byTemplate.emplace(m_templateNames[i], m_templateCounts[i]);
        }
        m_byTemplate = std::make_shared<const std::map<std::string, std::uint64_t>>(std::move(byTemplate));
    }
    if (!m_card)
        m_card = std::make_shared<const cost::RateCard>(m_tracker.rateCard());
    auto fresh = std::make_shared<LiveSnapshot>();
    fresh->at = m_tracker.now();
    fresh->created = m_counted.size();
    fresh->ended = m_ended;
    fresh->peak = m_peak;
    fresh->byTemplate = m_byTemplate;
    fresh->card = m_card;
    fresh->unknownEvents = m_unknownEvents;
    for (const auto &[id, sandbox] : m_live) {
        if (sandbox->state == SandboxState::Running)
            fresh->running.push_back(sandbox);
        else if (sandbox->state == SandboxState::Paused)
            fresh->paused.push_back(sandbox);
    }
    m_snapshotMade = now;
    m_snapshot = std::move(fresh);
    return m_snapshot;
}

} // namespace sandglass::lifecycle
