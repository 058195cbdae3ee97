#include "app/collector/collector.h"
#include "app/collector/notify.h"
#include "app/collector/options.h"
#include "services/core/qtstring.h"
#include "services/lifecycle/recordfile.h"
#include "services/telemetry/log.h"
#include "services/telemetry/otlp/exporter.h"

#include <QCoreApplication>
#include <QFile>
#include <QSocketNotifier>

#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <utility>

using namespace Qt::Literals::StringLiterals;
using namespace sandglass;

namespace {

/// From now on these signals wait in a descriptor; before the first thread, so that none takes them.
UniqueFd takeSignals()
{
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    return UniqueFd(::signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC));
}

/// Traces of deliveries, when the standard variables ask for them (OTEL_TRACES_EXPORTER=otlp).
std::unique_ptr<telemetry::OtlpExporter> startTraces()
{
    telemetry::OtlpEnvironment environment = telemetry::OtlpEnvironment::fromProcess();
    for (const std::string &complaint : environment.complaints)
        qWarning("%s", complaint.c_str());
    if (!environment.isWanted.value_or(false))
        return nullptr;
    telemetry::OtlpOptions traces = std::move(environment.others);
    traces.tracesUrl = environment.tracesUrl.value_or(telemetry::tracesUrlOf("http://127.0.0.1:4318"));
    traces.headers = environment.headers.value_or(net::HeaderList());
    if (std::getenv("OTEL_SERVICE_NAME") == nullptr && traces.serviceName == telemetry::OtlpOptions().serviceName)
        traces.serviceName = "sandglass-collector";
    return std::make_unique<telemetry::OtlpExporter>(std::move(traces));
}

/// This thread keeps the live picture; under a flood the threads that take and store deliveries, started already, come
/// first, and the picture follows a moment later.
void yieldToDeliveries()
{
    constexpr int niceness = 10;
    ::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), niceness);
}

int fail(const std::string &message)
{
    std::fprintf(stderr, "sandglass-collector: %s\n", message.c_str());
    return 1;
}

} // namespace

int main(int argc, char **argv)
{
    const QCoreApplication application(argc, argv);
    const auto parsed = collectorapp::parseOptions(QCoreApplication::arguments());
    if (parsed.message) {
        std::fprintf(parsed.exitCode == 0 ? stdout : stderr, "%s\n", qPrintable(*parsed.message));
        return parsed.exitCode;
    }
    const collectorapp::Options &options = parsed.options;
    telemetry::Log::instance().install();
    telemetry::Log::instance().setFormat(options.isLogJson ? telemetry::LogFormat::Json : telemetry::LogFormat::Text);
    telemetry::setLogLevels(options.logLevel.toStdString(), false);
    std::signal(SIGPIPE, SIG_IGN); // a peer that goes away is an error value, not the end of the program
    const UniqueFd signals = takeSignals();

    const auto traces = startTraces(); // before all that makes spans
    auto collector = collectorapp::Collector::start(options);
    if (!collector)
        return fail(collector.error().message);
    QSocketNotifier stopAsked(signals.get(), QSocketNotifier::Read);
    QObject::connect(&stopAsked, &QSocketNotifier::activated, &application, [&stopAsked] {
        stopAsked.setEnabled(false);
        QCoreApplication::quit();
    });
    if (!options.readyFile.empty()) {
        const auto written = lifecycle::writeRecord(options.readyFile,
                                                    {{"pid", ::getpid()},
                                                     {"receiver_url", (*collector)->receiverUrl()},
                                                     {"stream_url", (*collector)->streamUrl()},
                                                     {"token_file", (*collector)->tokenFile().string()}});
        if (!written)
            return fail(written.error().message);
    }
    std::printf("sandglass-collector: webhooks %s, live stream %s\ntoken in %s, webhook secret in %s\n",
                (*collector)->receiverUrl().c_str(), (*collector)->streamUrl().c_str(),
                (*collector)->tokenFile().c_str(), (*collector)->secretPlace().c_str());
    std::fflush(stdout);
    collectorapp::notifyManager("READY=1");

    yieldToDeliveries();
    const int status = QCoreApplication::exec();
    collectorapp::notifyManager("STOPPING=1");
    collector->reset();
    if (!options.readyFile.empty())
        QFile::remove(toQString(options.readyFile.string()));
    return status;
}
