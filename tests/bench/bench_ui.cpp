// The whole program with 10,000 live and 20,000 ended sandboxes, 100 changes a second by webhook: how long an
// event waits for the UI thread on each page. Prints one JSON line.

#include "app/composition.h"
#include "services/core/ids.h"
#include "services/lifecycle/fold.h"
#include "tests/bench/history.h"
#include "tests/bench/stallwatch.h"
#include "tests/bench/steadysender.h"
#include "ui/shell/mainwindow.h"
#include "ui/theme/theme.h"

#include <QApplication>
#include <QTemporaryDir>
#include <QTimer>

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <thread>
#include <vector>

using namespace sandglass;
using namespace std::chrono_literals;
using namespace Qt::Literals::StringLiterals;
using bench::quantile;
using bench::StallWatch;

namespace {

constexpr int ended = 20'000;
constexpr int live = 10'000;
constexpr int perSecond = 100;
constexpr int secondsPerPage = 8;
constexpr auto settleTime = 2s; ///< a page that has just been opened is not what is measured
constexpr int giveUpMs = 180'000;
constexpr auto pages = {"sandboxes", "overview", "events", "costs", "analytics", "timeline"};

/// Pauses and resumes the live sandboxes in turn.
std::string changeBody(int i)
{
    const bool isPause = (i / live) % 2 == 0;
    const int sandbox = i % live;
    const std::string timestamp = formatRfc3339(systemNow(), 9);
    return fmt::format(
        R"({{"id":"{}","version":"v2","type":"sandbox.lifecycle.{}","timestamp":"{}","event_category":"lifecycle",)"
        R"("event_label":"{}","event_data":null,"sandbox_id":"{}","sandbox_execution_id":"{}",)"
        R"("sandbox_template_id":"template-{}","sandbox_build_id":"b1","sandbox_team_id":"t1"}})",
        newUuid(), isPause ? "paused" : "resumed", timestamp, isPause ? "pause" : "resume", bench::liveId(sandbox),
        isPause ? bench::liveId(sandbox) : "again", sandbox % 8);
}

int fail(const char *reason)
{
    std::fprintf(stderr, "bench_ui: %s\n", reason);
    return 1;
}

} // namespace

int main(int argc, char **argv)
{
    if (qEnvironmentVariableIsEmpty("DISPLAY") && !qEnvironmentVariableIsSet("QT_QPA_PLATFORM"))
        qputenv("QT_QPA_PLATFORM", "offscreen");
    const std::string secret = newWebhookSecret();
    qputenv("SANDGLASS_WEBHOOK_SECRET", QByteArray::fromStdString(secret));
    QApplication application(argc, argv);
    ui::Theme theme(application);
    const QTemporaryDir profile(u"/var/tmp/sandglass-bench-XXXXXX"_s); // a disk: fsync has to mean something
    const auto data = std::filesystem::path(profile.path().toStdString()) / "data";
    std::filesystem::create_directories(data);
    if (!bench::fillJournal(data / "journal.db", 2 * ended, live))
        return fail("the history could not be written");

    app::CommandLine options;
    options.profile = profile.path();
    options.receiverPort = 0;
    options.engineProgram = QCoreApplication::applicationDirPath() + u"/sandglass-engine"_s;
    auto program = app::Composition::create(options, theme);
    if (!program)
        return fail(program.error().message.c_str());
    app::Composition &composition = **program;
    composition.window().resize(1600, 1000);

    StallWatch watch;
    std::thread sender;
    std::atomic<bool> isOver = false;
    std::vector<double> all;
    std::string perPage;
    auto next = pages.begin();
    QTimer turn;
    turn.setSingleShot(true);
    const auto finishPage = [&] {
        watch.setOn(false);
        std::vector<double> waits = watch.take();
        all.insert(all.end(), waits.begin(), waits.end());
        perPage += fmt::format(R"({}"{}":{{"p50_ms":{:.2f},"p999_ms":{:.2f},"max_ms":{:.2f},"beats":{}}})",
                               perPage.empty() ? "" : ",", *next, quantile(waits, 0.5), quantile(waits, 0.999),
                               quantile(waits, 1), waits.size());
    };
    const auto openPage = [&] {
        composition.window().showPage(QString::fromLatin1(*next));
        QTimer::singleShot(settleTime, &application, [&] { watch.setOn(true); });
        turn.start(settleTime + std::chrono::seconds(secondsPerPage));
    };
    QObject::connect(&turn, &QTimer::timeout, &application, [&] {
        finishPage();
        if (++next != pages.end())
            return openPage();
        isOver = true;
        QCoreApplication::quit();
    });
    const auto begin = [&] {
        if (!composition.tracker().isReplayed() || composition.receiver() == nullptr || sender.joinable())
            return;
        sender = std::thread([&, port = composition.receiver()->port()] {
            (void)bench::SteadySender(port, secret).send(1'000'000, perSecond, changeBody, [&] {
                return isOver.load();
            });
        });
        openPage();
    };
    QObject::connect(&composition, &app::Composition::serving, &application, begin);
    QObject::connect(&composition.tracker(), &lifecycle::Tracker::replayed, &application, begin);
    QTimer::singleShot(giveUpMs, &application, [] { QCoreApplication::exit(1); });
    composition.showWindow();
    const int status = QApplication::exec();
    isOver = true;
    if (sender.joinable())
        sender.join();
    if (status != 0 || all.empty())
        return fail("the program did not come to serve");
    const std::size_t sandboxes = composition.tracker().fold().sandboxes().size();
    std::printf("%s\n",
                fmt::format(R"({{"bench":"ui","sandboxes":{},"per_second":{},"p50_ms":{:.2f},"p99_ms":{:.2f},)"
                            R"("p999_ms":{:.2f},"max_ms":{:.2f},"pages":{{{}}}}})",
                            sandboxes, perSecond, quantile(all, 0.5), quantile(all, 0.99), quantile(all, 0.999),
                            quantile(all, 1), perPage)
                    .c_str());
    return 0;
}
