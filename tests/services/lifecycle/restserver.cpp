#include "tests/services/lifecycle/restserver.h"

#include <QTest>

#include <future>
#include <latch>

namespace sandglass::test {

using namespace sandglass::lifecycle;
using namespace sandglass::lifecycle::sample;
using namespace std::chrono_literals;

namespace {

const std::string secret = "sandglass-test-secret-0123456789abcdef";

cost::RateCard listPrice()
{
    return cost::RateCard::fromJson(R"({"currency": "USD", "rates": [{"valid_from": "2026-08-06T00:00:00Z",
        "usd_per_vcpu_second": "0.000014", "usd_per_gib_second": "0.0000045"}]})")
        .value();
}

} // namespace

Event createdOf(double seconds, const std::string &sandboxId, const std::string &templateId)
{
    Event event = created(seconds, sandboxId + "-e", sandboxId);
    event.templateId = templateId;
    return event;
}

void RestServer::init()
{
    m_now = at(3600);
    m_dir = std::make_unique<QTemporaryDir>();
    auto journal = Journal::open(m_dir->filePath(QStringLiteral("journal.db")).toStdString());
    QVERIFY(journal);
    m_journal = std::move(*journal);
}

void RestServer::cleanup()
{
    m_receiver.reset();
    m_rest.reset();
    m_picture.reset();
    m_tracker.reset();
    m_journal.reset();
    m_dir.reset();
}

void RestServer::append(const std::vector<Event> &events)
{
    std::latch answered(static_cast<std::ptrdiff_t>(events.size()));
    for (const Event &event : events)
        m_journal->append(event, [&answered](Journal::Outcome) { answered.count_down(); });
    answered.wait();
}

void RestServer::serve(const std::vector<Event> &events, RestApiOptions options)
{
    append(events);
    m_tracker = std::make_unique<Tracker>(*m_journal, listPrice(), [this] { return m_now; });
    m_picture = std::make_unique<TrackerPicture>(*m_tracker);
    m_tracker->start();
    serveWith(m_picture->picture(), options);
}

void RestServer::serveWith(std::shared_ptr<LivePicture> picture, RestApiOptions options)
{
    m_rest = std::make_shared<RestApi>(*m_journal, std::move(picture), options);
    ReceiverOptions receiver;
    receiver.port = 0;
    receiver.secret = secret;
    receiver.rest = m_rest;
    m_receiver = std::make_unique<Receiver>(*m_journal, receiver);
    QVERIFY(m_receiver->start());
}

RawClient::Reply RestServer::get(const std::string &target, const std::string &headers)
{
    auto reply = std::async(std::launch::async, [&, port = m_receiver->port()] {
        RawClient client(port);
        client.send("GET " + target + " HTTP/1.1\r\nHost: 127.0.0.1\r\n" + headers + "\r\n");
        return client.reply();
    });
    [&] { QTRY_VERIFY_WITH_TIMEOUT(reply.wait_for(0s) == std::future_status::ready, 12'000); }();
    return reply.get();
}

Json RestServer::json(const std::string &target)
{
    const auto reply = get(target, "Accept: application/json\r\n");
    if (reply.status != 200 || reply.head.find("Content-Type: application/json") == std::string::npos) {
        qWarning("%d %s", reply.status, reply.body.c_str());
        return {};
    }
    return parseJson(reply.body).value_or(Json());
}

} // namespace sandglass::test
