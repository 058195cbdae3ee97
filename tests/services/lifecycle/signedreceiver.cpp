#include "tests/services/lifecycle/signedreceiver.h"

#include "services/lifecycle/signature.h"

#include <QTest>

namespace sandglass::test {

using namespace sandglass::lifecycle;

std::string eventBody(const std::string &id, const std::string &time)
{
    return R"({"version":"v2","id":")" + id + R"(","type":"sandbox.lifecycle.created","timestamp":")" + time
        + R"(","sandbox_id":"isbx0001","sandbox_execution_id":"exec-0001","sandbox_template_id":"base"})";
}

std::string request(std::string_view start, std::string_view headers, std::string_view body)
{
    return std::string(start)
        .append(" HTTP/1.1\r\nHost: 127.0.0.1:8000\r\n")
        .append(headers)
        .append("Content-Length: ")
        .append(std::to_string(body.size()))
        .append("\r\n\r\n")
        .append(body);
}

std::string post(std::string_view signature, std::string_view body, std::string_view more)
{
    return request("POST /webhooks/e2b", "e2b-signature: " + std::string(signature) + "\r\n" + std::string(more), body);
}

std::string delivery(std::string_view body, std::string_view key)
{
    return post(signDelivery(key, body), body);
}

void SignedReceiver::init()
{
    m_dir = std::make_unique<QTemporaryDir>();
    auto journal = Journal::open(path("journal.db"));
    QVERIFY(journal);
    m_journal = std::move(*journal);
}

void SignedReceiver::cleanup()
{
    m_receiver.reset();
    m_journal.reset();
    m_dir.reset();
}

void SignedReceiver::start(ReceiverOptions options)
{
    m_receiver.reset();
    options.port = 0;
    options.secret = secret;
    if (options.moreSecrets.empty())
        options.moreSecrets = {{"before May", oldSecret, false}};
    options.clock = [] { return today; };
    m_receiver = std::make_unique<Receiver>(*m_journal, options);
    const auto started = m_receiver->start();
    QVERIFY2(started, started ? "" : started.error().message.c_str());
}

} // namespace sandglass::test
