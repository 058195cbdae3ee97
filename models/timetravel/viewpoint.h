#pragma once

#include "services/core/error.h"
#include "services/core/time.h"
#include "services/lifecycle/past.h"
#include "services/lifecycle/picture.h"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>

namespace sandglass::lifecycle {
class TimeMachine;
class Tracker;
} // namespace sandglass::lifecycle

namespace sandglass::models {

/// From when the pages look: the present, as the tracker has it, or a moment of the past. The models of the pages hold
/// this one; whatever guards, stores or serves holds the tracker, so that a journey changes nothing but what is seen.
class Viewpoint final : public lifecycle::Picture
{
    Q_OBJECT
public:
    Viewpoint(lifecycle::Tracker &tracker, const lifecycle::Journal &journal, QObject *parent = nullptr);
    ~Viewpoint() override;

    /// Reads what a journey needs, so that the first one does not have to: tells prepared().
    void prepare();
    /// The picture stays until the other one is there. Of several journeys the last one is made to its end; one to the
    /// present or further is returnToNow().
    void travelTo(Timestamp moment);
    void returnToNow();
    void rest(); ///< in the present: gives back the memory of prepare()

    enum class Step { Event, Minute, Hour, Day };
    /// From the moment to come, or from now; `count` negative: back. Steps by event go as far as is known, one at a
    /// time.
    void step(Step step, int count);

    [[nodiscard]] bool isInPast() const { return m_past != nullptr; }
    [[nodiscard]] bool isSeeking() const { return m_target && (!m_past || m_past->moment != *m_target); }
    [[nodiscard]] Timestamp target() const;  ///< the moment shown, or soon to be
    [[nodiscard]] Timestamp present() const; ///< whatever is shown
    [[nodiscard]] std::optional<Timestamp> firstEvent() const { return m_firstEvent; } ///< empty until prepared
    [[nodiscard]] std::int64_t newsCount() const { return m_news; } ///< events that arrived since the present was left
    [[nodiscard]] bool canStep(Step step, int count) const;

    [[nodiscard]] bool isReplayed() const override;
    [[nodiscard]] Timestamp now() const override;
    [[nodiscard]] bool isPast() const override { return isInPast(); }
    [[nodiscard]] int eventsWithin(std::chrono::milliseconds window) const override;
    [[nodiscard]] std::int64_t eventCount() const override;
    [[nodiscard]] Result<std::vector<lifecycle::StoredEvent>> newestEvents(std::size_t limit) const override;

Q_SIGNALS:
    void travelled(); ///< isInPast(), target() or isSeeking() changed; `replayed` has gone before
    void newsCame();
    void prepared();                            ///< firstEvent() is known; still empty when there is no event
    void reachChanged();                        ///< firstEvent()
    void failed(const sandglass::Error &error); ///< the picture stays

protected:
    [[nodiscard]] const lifecycle::Ledger &ledger() const override;

private:
    void start();
    void arrive(const std::shared_ptr<lifecycle::Past> &past);
    void breakOff(const Error &error);
    void hear(const std::vector<lifecycle::StoredEvent> &events);
    [[nodiscard]] std::optional<Timestamp> stepped(Step step, int count) const;

    lifecycle::Tracker &m_tracker;
    const lifecycle::Journal &m_journal;
    std::unique_ptr<lifecycle::TimeMachine> m_machine; ///< while it is needed
    std::shared_ptr<lifecycle::Past> m_past;           ///< null in the present
    std::optional<Timestamp> m_target;                 ///< empty in the present
    std::optional<Timestamp> m_firstEvent;
    std::optional<Timestamp> m_lastEvent; ///< not after the present
    std::int64_t m_news = 0;
};

} // namespace sandglass::models
