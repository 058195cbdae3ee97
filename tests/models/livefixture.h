#pragma once

#include "services/cost/ratecard.h"
#include "services/lifecycle/journal.h"
#include "services/lifecycle/tracker.h"
#include "tests/services/lifecycle/events.h"

#include <QTemporaryDir>
#include <QTest>

#include <memory>
#include <vector>

namespace sandglass::test {

/// A journal in a fresh folder and the tracker that reads it, at list prices, ten minutes after sample::at(0).
class LiveFixture final
{
public:
    [[nodiscard]] bool open()
    {
        m_directory = std::make_unique<QTemporaryDir>();
        auto journal = lifecycle::Journal::open(m_directory->filePath(QStringLiteral("journal.db")).toStdString());
        const auto card = cost::RateCard::fromJson(
            R"({"currency":"USD","rates":[{"valid_from":"2020-01-01T00:00:00Z","usd_per_vcpu_second":"0.000014",
                "usd_per_gib_second":"0.0000045","source":"test"}]})");
        if (!journal || !card)
            return false;
        now = lifecycle::sample::at(600);
        m_journal = std::move(*journal);
        m_tracker = std::make_unique<lifecycle::Tracker>(*m_journal, *card, [this] { return now; });
        m_tracker->start();
        return QTest::qWaitFor([this] { return m_tracker->isReplayed(); });
    }
    void close()
    {
        m_tracker.reset();
        m_journal.reset();
        m_directory.reset();
    }

    /// Journals the events and waits until the tracker has applied them.
    [[nodiscard]] bool record(const std::vector<lifecycle::Event> &events)
    {
        std::size_t heard = 0;
        const auto connection =
            QObject::connect(m_tracker.get(), &lifecycle::Tracker::eventsRecorded, m_tracker.get(),
                             [&heard](const std::vector<lifecycle::StoredEvent> &fresh) { heard += fresh.size(); });
        for (const lifecycle::Event &event : events)
            m_journal->append(event, [](lifecycle::Journal::Outcome) {});
        const bool all = QTest::qWaitFor([&] { return heard == events.size(); });
        QObject::disconnect(connection);
        return all;
    }

    [[nodiscard]] lifecycle::Journal &journal() { return *m_journal; }
    [[nodiscard]] lifecycle::Tracker &tracker() { return *m_tracker; }
    Timestamp now = lifecycle::sample::at(600);

private:
    std::unique_ptr<QTemporaryDir> m_directory;
    std::unique_ptr<lifecycle::Journal> m_journal;
    std::unique_ptr<lifecycle::Tracker> m_tracker;
};

} // namespace sandglass::test
