#pragma once

#include "services/cost/ratecard.h"
#include "services/stream/streamserver.h"
#include "tests/services/lifecycle/events.h"
#include "tests/services/lifecycle/journalhelp.h"

#include <QTemporaryDir>
#include <QTest>

#include <memory>
#include <numeric>
#include <string>
#include <vector>

namespace sandglass::test {

inline const std::string streamToken = "stream-test-token-0123456789";

inline lifecycle::Event numbered(int n)
{
    lifecycle::Event event = lifecycle::sample::created(n, "run-" + std::to_string(n), "isbx" + std::to_string(n));
    event.id = "event-" + std::to_string(n);
    return event;
}

inline std::vector<lifecycle::Event> numberedEvents(int first, int count)
{
    std::vector<lifecycle::Event> events;
    for (int n = first; n < first + count; ++n)
        events.push_back(numbered(n));
    return events;
}

inline std::vector<std::int64_t> range(std::int64_t first, std::int64_t last)
{
    std::vector<std::int64_t> all(static_cast<std::size_t>(last - first + 1));
    std::iota(all.begin(), all.end(), first);
    return all;
}

inline cost::RateCard prices()
{
    return *cost::RateCard::fromJson(
        R"({"currency":"USD","rates":[{"valid_from":"2020-01-01T00:00:00Z","usd_per_vcpu_second":"0.000014",)"
        R"("usd_per_gib_second":"0.0000045","source":"test"}]})");
}

/// A live stream over a journal in a folder of its own, made anew for each test.
class StreamFixture : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void init()
    {
        m_dir = std::make_unique<QTemporaryDir>();
        auto journal = lifecycle::Journal::open(m_dir->filePath(QStringLiteral("journal.db")).toStdString());
        QVERIFY(journal.has_value());
        m_journal = std::move(*journal);
        m_server = startServer();
        QVERIFY(m_server);
    }

    void cleanup()
    {
        m_server.reset();
        m_journal.reset();
        m_dir.reset();
    }

protected:
    /// One more, with the token of the tests; null: it did not start.
    std::unique_ptr<stream::StreamServer> startServer(stream::StreamServerOptions options = {})
    {
        options.token = streamToken;
        auto server = std::make_unique<stream::StreamServer>(*m_journal, prices(), options);
        const auto started = server->start();
        if (!started)
            qWarning("%s", started.error().message.c_str());
        return started ? std::move(server) : nullptr;
    }

    void append(const std::vector<lifecycle::Event> &events)
    {
        for (const auto outcome : lifecycle::sample::appendAll(*m_journal, events))
            QCOMPARE(outcome, lifecycle::Journal::Outcome::Stored);
        m_server->eventsArrived();
    }

    std::unique_ptr<QTemporaryDir> m_dir;
    std::unique_ptr<lifecycle::Journal> m_journal;
    std::unique_ptr<stream::StreamServer> m_server;
};

} // namespace sandglass::test
