// The real programs, watched from outside: a guided tour with its real engine as one trace, and logs as JSON lines.

#include "services/core/ids.h"
#include "services/core/json.h"
#include "services/lifecycle/signature.h"
#include "services/telemetry/context.h"
#include "tests/services/telemetry/otlpreceiver.h"

#include <QFile>
#include <QJsonDocument>
#include <QNetworkAccessManager>
#include <QNetworkReply>
#include <QProcess>
#include <QTemporaryDir>
#include <QTest>

using namespace sandglass;
using namespace Qt::Literals::StringLiterals;
using test::OtlpReceiver;

namespace {

constexpr const char *callersTrace = "0af7651916cd43dd8448eb211c80319c";
constexpr const char *callersParent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

QProcessEnvironment tracedTo(const OtlpReceiver &receiver)
{
    QProcessEnvironment environment = QProcessEnvironment::systemEnvironment();
    environment.insert(u"OTEL_TRACES_EXPORTER"_s, u"otlp"_s);
    environment.insert(u"OTEL_EXPORTER_OTLP_ENDPOINT"_s, QString::fromStdString(receiver.endpoint()));
    environment.insert(u"TRACEPARENT"_s, QString::fromLatin1(callersParent));
    return environment;
}

/// Every line that is an object, and none that is half of one.
void checkLog(const QByteArray &output, int least)
{
    int lines = 0;
    for (const QByteArray &line : output.split('\n')) {
        if (!line.startsWith('{'))
            continue;
        const Json json = Json::parse(line.toStdString(), nullptr, false);
        QVERIFY2(json.is_object() && json.contains("time") && json.contains("level") && json.contains("message"),
                 line.constData());
        ++lines;
    }
    QVERIFY2(lines >= least, output.constData());
    const qsizetype key = output.indexOf("e2b_");
    QVERIFY2(key < 0 || output.mid(key, 5) == "e2b_*", output.mid(key, 40).constData());
}

} // namespace

class TestObservedProgram final : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void tourIsOneTrace();
    void collectorTracesDeliveries();
};

void TestObservedProgram::tourIsOneTrace()
{
    const OtlpReceiver receiver;
    const QTemporaryDir profile;
    const QTemporaryDir pictures;
    QProcess sandglass;
    sandglass.setProcessEnvironment(tracedTo(receiver));
    sandglass.start(qEnvironmentVariable("SANDGLASS_BIN_DIR") + u"/sandglass"_s,
                    {u"--profile"_s, profile.path(), u"--receiver-port"_s, u"0"_s, u"--tour"_s, pictures.path(),
                     u"--log"_s, u"info"_s, u"--log-format"_s, u"json"_s});
    QVERIFY2(sandglass.waitForFinished(150'000), "the tour did not end");
    const QByteArray errors = sandglass.readAllStandardError();
    QVERIFY2(sandglass.exitCode() == 0, errors.constData());
    QCOMPARE(receiver.faults(), "");

    const auto spans = receiver.spans();
    const auto countOf = [&spans](std::string_view name) {
        return std::ranges::count(spans, name, &OtlpReceiver::Span::name);
    };
    QCOMPARE(countOf("refine.session"), 1);
    QCOMPARE(countOf("refine.attempt"), 3);
    QCOMPARE(countOf("refine.execute"), 3);
    QCOMPARE(countOf("POST /execute"), 3);
    QVERIFY(countOf("POST /webhooks/e2b") >= 2); // the engine's deliveries of created and killed
    QVERIFY(std::ranges::all_of(spans, [](const auto &span) { return span.traceId == callersTrace; }));
    checkLog(errors, 3);
    QVERIFY2(errors.contains(R"("message":"attempt finished")") && errors.contains(callersTrace), errors.constData());
}

void TestObservedProgram::collectorTracesDeliveries()
{
    const OtlpReceiver receiver;
    const QTemporaryDir profile;
    const std::string secret = newWebhookSecret();
    QProcess collector;
    QProcessEnvironment environment = tracedTo(receiver);
    environment.remove(u"TRACEPARENT"_s);
    environment.insert(u"SANDGLASS_WEBHOOK_SECRET"_s, QString::fromStdString(secret));
    environment.insert(u"OTEL_EXPORTER_OTLP_PROTOCOL"_s, u"grpc"_s); // complained of, as a line of the log
    collector.setProcessEnvironment(environment);
    const QString ready = profile.filePath(u"ready.json"_s);
    collector.start(qEnvironmentVariable("SANDGLASS_BIN_DIR") + u"/sandglass-collector"_s,
                    {u"--profile"_s, profile.filePath(u"p"_s), u"--receiver-port"_s, u"0"_s, u"--stream-port"_s, u"0"_s,
                     u"--ready-file"_s, ready, u"--log-format"_s, u"json"_s});
    QTRY_VERIFY_WITH_TIMEOUT(QFile::exists(ready), 20'000);
    QFile file(ready);
    QVERIFY(file.open(QIODevice::ReadOnly));
    const QString url = QJsonDocument::fromJson(file.readAll())[u"receiver_url"_s].toString();

    const std::string body = R"({"id":"ev-1","type":"sandbox.lifecycle.created","sandbox_id":"i7","timestamp":")"
        + formatRfc3339(systemNow()) + R"("})";
    QNetworkRequest request{QUrl(url)};
    request.setHeader(QNetworkRequest::ContentTypeHeader, u"application/json"_s);
    request.setRawHeader("traceparent", callersParent);
    request.setRawHeader("e2b-signature", QByteArray::fromStdString(lifecycle::signDelivery(secret, body)));
    QNetworkAccessManager network;
    QNetworkReply *reply = network.post(request, QByteArray::fromStdString(body));
    QTRY_VERIFY(reply->isFinished());
    QCOMPARE(reply->attribute(QNetworkRequest::HttpStatusCodeAttribute).toInt(), 200);
    reply->deleteLater();
    collector.terminate(); // what waits is sent at the end
    QVERIFY(collector.waitForFinished(20'000));
    QCOMPARE(receiver.faults(), "");
    const auto spans = receiver.spans();
    QCOMPARE(spans.size(), std::size_t{1});
    QCOMPARE(spans[0].name, "POST /webhooks/e2b");
    QCOMPARE(spans[0].traceId, callersTrace);
    QVERIFY(receiver.requests()[0].body.find("sandglass-collector") != std::string::npos);
    const QByteArray errors = collector.readAllStandardError();
    checkLog(errors, 1);
    QVERIFY2(errors.contains("http/json"), errors.constData());
}

QTEST_GUILESS_MAIN(TestObservedProgram)
#include "tst_observedprogram.moc"
