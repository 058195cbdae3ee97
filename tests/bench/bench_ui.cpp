// The whole program with 10,000 live and 20,000 ended sandboxes, 100 changes a second by webhook (acceptance S67): how
// long an event waits for the UI thread on each page, the share of one core that the program takes meanwhile, and how
// long sorting and filtering the sandboxes takes until they are painted. Prints one JSON line.

#include "app/composition.h"
#include "services/core/ids.h"
#include "services/lifecycle/fold.h"
#include "tests/bench/cputime.h"
#include "tests/bench/history.h"
#include "tests/bench/stallwatch.h"
#include "tests/bench/steadysender.h"
#include "ui/shell/mainwindow.h"
#include "ui/theme/theme.h"
#include "ui/widgets/tableview.h"

#include <QAbstractButton>
#include <QApplication>
#include <QHeaderView>
#include <QKeyEvent>
#include <QLineEdit>
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
constexpr const char *mapPage = "map"; ///< the sandboxes as a map
constexpr auto pages = {"sandboxes", mapPage, "overview", "events", "costs", "analytics", "timeline"};

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

void press(QWidget &page, const char *button)
{
    page.findChild<QAbstractButton *>(QString::fromLatin1(button))->click();
}

/// Milliseconds until `act` shows in the table.
template<typename Act>
double timeOf(ui::TableView &table, Act &&act)
{
    const auto start = std::chrono::steady_clock::now();
    act();
    QCoreApplication::sendPostedEvents();
    table.viewport()->repaint();
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
}

/// The longest of sorting by each column, up and down.
double longestSort(ui::TableView &table)
{
    double longest = 0;
    for (int column = 0; column < table.model()->columnCount(); ++column) {
        for (const Qt::SortOrder order : {Qt::DescendingOrder, Qt::AscendingOrder})
            longest = std::max(longest, timeOf(table, [&] { table.sortByColumn(column, order); }));
    }
    return longest;
}

/// The longest of choosing states, and of searching for some, one and none of the sandboxes.
double longestFilter(ui::TableView &table, QWidget &window)
{
    double longest = 0;
    for (const char *states : {"sandboxStates2", "sandboxStates3", "sandboxStates4", "sandboxStates0"})
        longest = std::max(longest, timeOf(table, [&] { press(window, states); }));
    auto *search = window.findChild<QLineEdit *>(u"sandboxSearch"_s);
    const QString one = QString::fromStdString(bench::liveId(live / 2));
    for (const QString &words : {u"template-3"_s, one, u"no such sandbox"_s, QString()}) {
        search->setText(words);
        QKeyEvent enter(QEvent::KeyPress, Qt::Key_Return, {});
        longest = std::max(longest, timeOf(table, [&] { QCoreApplication::sendEvent(search, &enter); }));
    }
    return longest;
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
    double cpuBefore = 0;
    double sortMs = 0;
    double filterMs = 0;
    QTimer turn;
    turn.setSingleShot(true);
    const auto finishPage = [&] {
        watch.setOn(false);
        std::vector<double> waits = watch.take();
        all.insert(all.end(), waits.begin(), waits.end());
        perPage += fmt::format(
            R"({}"{}":{{"p50_ms":{:.2f},"p999_ms":{:.2f},"max_ms":{:.2f},"beats":{},"cpu_percent":{:.1f}}})",
            perPage.empty() ? "" : ",", *next, quantile(waits, 0.5), quantile(waits, 0.999), quantile(waits, 1),
            waits.size(), (bench::cpuSeconds() - cpuBefore) / secondsPerPage * 100);
    };
    const auto openPage = [&] {
        const bool isMap = *next == mapPage;
        composition.window().showPage(isMap ? u"sandboxes"_s : QString::fromLatin1(*next));
        if (isMap)
            press(composition.window(), "sandboxView1");
        QTimer::singleShot(settleTime, &application, [&] {
            cpuBefore = bench::cpuSeconds();
            watch.setOn(true);
        });
        turn.start(settleTime + std::chrono::seconds(secondsPerPage));
    };
    QObject::connect(&turn, &QTimer::timeout, &application, [&] {
        finishPage();
        if (++next != pages.end())
            return openPage();
        composition.window().showPage(u"sandboxes"_s);
        press(composition.window(), "sandboxView0");
        auto &table = *composition.window().findChild<ui::TableView *>(u"sandboxTable"_s);
        sortMs = longestSort(table);
        filterMs = longestFilter(table, composition.window());
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
                            R"("p999_ms":{:.2f},"max_ms":{:.2f},"sort_ms":{:.1f},"filter_ms":{:.1f},)"
                            R"("pages":{{{}}}}})",
                            sandboxes, perSecond, quantile(all, 0.5), quantile(all, 0.99), quantile(all, 0.999),
                            quantile(all, 1), sortMs, filterMs, perPage)
                    .c_str());
    return 0;
}
