#include "tests/app/provider.h"

#include "services/lifecycle/event.h"
#include "services/lifecycle/signature.h"

#include <QNetworkReply>
#include <QTest>

#include <algorithm>
#include <map>

using namespace Qt::Literals::StringLiterals;

namespace sandglass::test {

namespace {

const std::string secret(32, 'p');

lifecycle::Event eventOf(const TestRun &run, const char *what, Timestamp at)
{
    lifecycle::Event event;
    event.typeName = std::string("sandbox.lifecycle.") + what;
    event.type = lifecycle::eventTypeFromName(event.typeName);
    event.sandboxId = run.sandbox;
    event.executionId = run.sandbox + "-" + std::to_string(toUnixMs(run.start));
    event.id = event.executionId + "-" + what;
    event.templateId = run.templateId;
    event.timestamp = at;
    return event;
}

} // namespace

void Provider::giveSecretToPrograms()
{
    qputenv("SANDGLASS_WEBHOOK_SECRET", QByteArray::fromStdString(secret));
}

bool Provider::deliver(const std::string &url, const std::vector<TestRun> &runs)
{
    std::vector<lifecycle::Event> events;
    std::map<std::string, int> stretches;
    for (const TestRun &run : runs) {
        events.push_back(eventOf(run, stretches[run.sandbox]++ == 0 ? "created" : "resumed", run.start));
        lifecycle::Event end = eventOf(run, run.isPaused ? "paused" : "killed", run.start + run.length);
        if (run.vcpu > 0)
            end.execution = lifecycle::Execution{run.start, run.vcpu, run.memoryMb, run.length.count()};
        if (!run.isPaused)
            end.killReason = run.reason;
        events.push_back(std::move(end));
    }
    std::ranges::stable_sort(events, {}, &lifecycle::Event::timestamp);
    std::vector<std::string> bodies;
    for (const lifecycle::Event &event : events)
        bodies.push_back(lifecycle::encodeEvent(event));
    return post(url, bodies);
}

bool Provider::deliverStart(const std::string &url, const TestRun &run)
{
    return post(url, {lifecycle::encodeEvent(eventOf(run, "created", run.start))});
}

bool Provider::post(const std::string &url, const std::vector<std::string> &bodies)
{
    int good = 0;
    for (const std::string &body : bodies) {
        QNetworkRequest request(QUrl(QString::fromStdString(url)));
        request.setHeader(QNetworkRequest::ContentTypeHeader, u"application/json"_s);
        request.setRawHeader("e2b-signature", QByteArray::fromStdString(lifecycle::signDelivery(secret, body)));
        QNetworkReply *reply = m_network.post(request, QByteArray::fromStdString(body));
        QObject::connect(reply, &QNetworkReply::finished, reply, [reply, &good] {
            good += reply->attribute(QNetworkRequest::HttpStatusCodeAttribute).toInt() == 200 ? 1 : 0;
            reply->deleteLater();
        });
    }
    return QTest::qWaitFor([&] { return good == static_cast<int>(bodies.size()); }, 20'000);
}

} // namespace sandglass::test
