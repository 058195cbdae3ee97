#include "app/collector/collector.h"
#include "app/collector/notify.h"
#include "app/collector/options.h"
#include "services/core/qtstring.h"
#include "services/lifecycle/recordfile.h"

#include <QCoreApplication>
#include <QFile>
#include <QLoggingCategory>
#include <QSocketNotifier>

#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>

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

void setLogLevel(const QString &level)
{
    QString rules = u"sandglass.*.debug=false\n"_s;
    if (level == "warning"_L1)
        rules += u"sandglass.*.info=false"_s;
    QLoggingCategory::setFilterRules(level == "debug"_L1 ? u"sandglass.*=true"_s : rules);
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
    setLogLevel(options.logLevel);
    std::signal(SIGPIPE, SIG_IGN); // a peer that goes away is an error value, not the end of the program
    const UniqueFd signals = takeSignals();

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
