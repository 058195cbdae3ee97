// From the socket of a webhook delivery to its painted row: 100 deliveries a second into the real receiver, journal,
// tracker, model and Events page, on top of a day's history. Prints one JSON line.

#include "models/events/eventlistmodel.h"
#include "services/core/ids.h"
#include "services/core/json.h"
#include "services/cost/ratecard.h"
#include "services/lifecycle/journal.h"
#include "services/lifecycle/receiver.h"
#include "services/lifecycle/tracker.h"
#include "tests/bench/history.h"
#include "tests/bench/steadysender.h"
#include "ui/events/eventspage.h"
#include "ui/theme/theme.h"

#include <QApplication>
#include <QEvent>
#include <QTableView>
#include <QTemporaryDir>
#include <QTimer>

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <vector>

using namespace sandglass;
using namespace std::chrono_literals;
using Monotonic = std::chrono::steady_clock;

namespace {

constexpr int history = 10'000;
constexpr int perSecond = 100;
constexpr int deliveries = 2'000;
constexpr int giveUpMs = 60'000;
constexpr auto prices =
    R"({"currency":"USD","rates":[{"valid_from":"2020-01-01T00:00:00Z","usd_per_vcpu_second":"0.000014",
    "usd_per_gib_second":"0.0000045"}]})";

/// When each delivery was about to be written to the socket. Thread-safe.
class SendTimes final
{
public:
    void note(const std::string &id)
    {
        const std::lock_guard guard(m_mutex);
        m_times.emplace(id, Monotonic::now());
    }
    /// The time, once.
    std::optional<Monotonic::time_point> take(const std::string &id)
    {
        const std::lock_guard guard(m_mutex);
        const auto found = m_times.find(id);
        if (found == m_times.end())
            return {};
        const auto time = found->second;
        m_times.erase(found);
        return time;
    }

private:
    std::mutex m_mutex;
    std::unordered_map<std::string, Monotonic::time_point> m_times;
};

std::string createdBody(const std::string &id, int i)
{
    return fmt::format(
        R"({{"id":"{}","version":"v2","type":"sandbox.lifecycle.created","timestamp":"{}","event_category":"lifecycle",)"
        R"("event_label":"create","event_data":{{"sandbox_metadata":{{"user":"42"}}}},"sandbox_id":"ilive{}",)"
        R"("sandbox_execution_id":"{}","sandbox_template_id":"template-{}","sandbox_build_id":"b1",)"
        R"("sandbox_team_id":"t1"}})",
        id, formatRfc3339(systemNow(), 9), i, id, i % 8);
}

/// Notes, after each paint of the table, how long ago each newly shown row had left the sender.
class PaintWatch final : public QObject
{
    Q_OBJECT
public:
    PaintWatch(QTableView &table, SendTimes &times) : m_table(table), m_times(times)
    {
        table.viewport()->installEventFilter(this);
    }

    [[nodiscard]] const std::vector<double> &latenciesMs() const { return m_latenciesMs; }

Q_SIGNALS:
    void complete();

protected:
    bool eventFilter(QObject *watched, QEvent *event) override
    {
        // The filter runs before the paint: look once it has been done.
        if (event->type() == QEvent::Paint)
            QMetaObject::invokeMethod(this, &PaintWatch::look, Qt::QueuedConnection);
        return QObject::eventFilter(watched, event);
    }

private:
    void look()
    {
        const auto now = Monotonic::now();
        const int last = m_table.rowAt(m_table.viewport()->height() - 1);
        const int rows = last < 0 ? m_table.model()->rowCount() : last + 1;
        for (int row = 0; row < rows; ++row) {
            const std::string id =
                m_table.model()->index(row, 0).data(models::EventListModel::EventIdRole).toString().toStdString();
            if (const auto sent = m_times.take(id))
                m_latenciesMs.push_back(std::chrono::duration<double, std::milli>(now - *sent).count());
        }
        if (m_latenciesMs.size() == deliveries)
            Q_EMIT complete();
    }

    QTableView &m_table;
    SendTimes &m_times;
    std::vector<double> m_latenciesMs;
};

double quantile(const std::vector<double> &sorted, double share)
{
    return sorted[std::min(sorted.size() - 1, static_cast<std::size_t>(share * static_cast<double>(sorted.size())))];
}

int fail(const char *reason)
{
    std::fprintf(stderr, "bench_live: %s\n", reason);
    return 1;
}

} // namespace

int main(int argc, char **argv)
{
    if (qEnvironmentVariableIsEmpty("DISPLAY") && !qEnvironmentVariableIsSet("QT_QPA_PLATFORM"))
        qputenv("QT_QPA_PLATFORM", "offscreen");
    QApplication application(argc, argv);
    ui::Theme theme(application);
    const QTemporaryDir folder(
        QStringLiteral("/var/tmp/sandglass-bench-XXXXXX")); // a disk: fsync has to mean something
    const auto file = std::filesystem::path(folder.path().toStdString()) / "journal.db";
    if (!folder.isValid() || !bench::fillJournal(file, history))
        return fail("the history could not be written");

    auto journal = lifecycle::Journal::open(file);
    auto card = cost::RateCard::fromJson(prices);
    if (!journal || !card)
        return fail("journal or rate card could not be opened");
    lifecycle::Tracker tracker(**journal, std::move(*card));
    models::EventListModel events(tracker);
    ui::EventsPage page(events);
    page.resize(1600, 1000);
    page.show();
    const std::string secret = newWebhookSecret();
    lifecycle::ReceiverOptions options;
    options.port = 0;
    options.secret = secret;
    lifecycle::Receiver receiver(**journal, options);
    if (!receiver.start())
        return fail("the receiver could not listen");

    auto *table = page.findChild<QTableView *>();
    SendTimes times;
    PaintWatch watch(*table, times);
    const bench::SteadySender sender(receiver.port(), secret);
    const auto body = [&times](int i) {
        const std::string id = newUuid();
        times.note(id);
        return createdBody(id, i);
    };
    std::thread thread;
    std::atomic<bool> isGood = true;
    QObject::connect(&tracker, &lifecycle::Tracker::replayed, &application,
                     [&] { thread = std::thread([&] { isGood = sender.send(deliveries, perSecond, body); }); });
    QObject::connect(&watch, &PaintWatch::complete, &application, &QCoreApplication::quit);
    QTimer::singleShot(giveUpMs, &application, [] { QCoreApplication::exit(1); });
    tracker.start();
    const int status = QApplication::exec();
    if (thread.joinable())
        thread.join();
    if (status != 0 || !isGood)
        return fail("not every delivery became a painted row");

    std::vector<double> sorted = watch.latenciesMs();
    std::ranges::sort(sorted);
    std::printf(
        "%s\n",
        fmt::format(
            R"({{"bench":"live","deliveries":{},"per_second":{},"history":{},"p50_ms":{:.2f},"p95_ms":{:.2f},"p99_ms":{:.2f},"max_ms":{:.2f}}})",
            deliveries, perSecond, history, quantile(sorted, 0.5), quantile(sorted, 0.95), quantile(sorted, 0.99),
            sorted.back())
            .c_str());
    return 0;
}

#include "bench_live.moc"
