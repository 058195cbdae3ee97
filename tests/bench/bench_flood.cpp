// The whole program under a flood (acceptance S65): 200 connections send as fast as they are answered, 99 of 100 with a
// bad signature, while 500 clients send a byte a second. Prints one JSON line: what was stored, how long the UI thread
// made an event wait, memory, growth of the profile, and how soon the figures were right afterwards. Before that, how
// much longer the comparison of a signature takes that is wrong in its last letter only (S61).
//   bench_flood [SECONDS=60]

#include "app/composition.h"
#include "services/core/ids.h"
#include "services/core/json.h"
#include "services/core/uniquefd.h"
#include "services/lifecycle/fold.h"
#include "services/lifecycle/signature.h"
#include "tests/bench/stallwatch.h"
#include "ui/theme/theme.h"

#include <QApplication>
#include <QElapsedTimer>
#include <QFile>
#include <QProcess>
#include <QTemporaryDir>
#include <QTimer>

#include <fmt/format.h>

#include <arpa/inet.h>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>

using namespace sandglass;
using namespace std::chrono_literals;
using namespace Qt::Literals::StringLiterals;
using Monotonic = std::chrono::steady_clock;

namespace {

constexpr const char *secretVariable = "SANDGLASS_WEBHOOK_SECRET";
constexpr int fastClients = 200, slowClients = 500;
constexpr int goodEach = 100; ///< one of so many is signed right
constexpr auto answerLimit = 10s;

// The sender, in a process of its own

struct Client
{
    UniqueFd fd;
    bool isSlow = false;
    bool isGood = false; ///< what is under way
    std::size_t slowSent = 0;
};

class Flood final
{
public:
    Flood(std::uint16_t port, std::string secret)
        : m_port(port), m_secret(std::move(secret)), m_epoll(::epoll_create1(EPOLL_CLOEXEC))
    {}

    [[nodiscard]] Json run(std::chrono::seconds time)
    {
        m_clients.resize(fastClients + slowClients);
        for (std::size_t i = 0; i < m_clients.size(); ++i) {
            if (!connect(i, i >= fastClients))
                return {{"error", "the receiver takes no connection"}};
        }
        const auto start = Monotonic::now();
        m_end = start + time;
        for (std::size_t i = 0; i < fastClients; ++i)
            send(m_clients[i]);
        auto nextByte = start;
        while (m_waiting > 0 || Monotonic::now() < m_end) {
            if (Monotonic::now() > m_end + answerLimit)
                break;
            if (Monotonic::now() >= nextByte) {
                nextByte += 1s;
                dripSlowly();
            }
            std::array<epoll_event, 256> events;
            const int count = ::epoll_wait(m_epoll.get(), events.data(), static_cast<int>(events.size()), 50);
            for (int i = 0; i < count; ++i)
                receive(m_clients[events[static_cast<std::size_t>(i)].data.u64]);
        }
        const double seconds = std::chrono::duration<double>(Monotonic::now() - start).count();
        return {{"requests", m_answered}, {"good", m_good},      {"refused", m_refused},           {"errors", m_errors},
                {"seconds", seconds},     {"slow_left", m_slow}, {"slow_longest_s", m_slowLongest}};
    }

private:
    bool connect(std::size_t number, bool isSlow)
    {
        UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(m_port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        epoll_event event{};
        event.events = EPOLLIN;
        event.data.u64 = number;
        if (::connect(fd.get(), reinterpret_cast<const sockaddr *>(&address), sizeof address) != 0
            || ::epoll_ctl(m_epoll.get(), EPOLL_CTL_ADD, fd.get(), &event) != 0)
            return false;
        m_slow += isSlow ? 1 : 0;
        m_clients[number] = {std::move(fd), isSlow, false, 0};
        m_connectedAt = Monotonic::now();
        return true;
    }

    void send(Client &client)
    {
        if (Monotonic::now() >= m_end)
            return;
        const std::uint64_t number = m_sent++;
        client.isGood = number % goodEach == 0;
        const std::string body = fmt::format(
            R"({{"id":"flood-{0}","version":"v2","type":"sandbox.lifecycle.created","timestamp":"{1}",)"
            R"("event_category":"lifecycle","event_label":"create","event_data":null,"sandbox_id":"iflood{0}",)"
            R"("sandbox_execution_id":"eflood{0}","sandbox_template_id":"base","sandbox_build_id":"b",)"
            R"("sandbox_team_id":"flood"}})",
            number, client.isGood ? formatRfc3339(systemNow(), 9) : "2026-01-01T00:00:00Z");
        const std::string request = fmt::format(
            "POST /webhooks/e2b HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: {}\r\n"
            "e2b-signature: {}\r\n\r\n{}",
            body.size(), client.isGood ? lifecycle::signDelivery(m_secret, body) : m_badSignature, body);
        if (::send(client.fd.get(), request.data(), request.size(), MSG_NOSIGNAL)
            == static_cast<ssize_t>(request.size()))
            ++m_waiting;
        else
            ++m_errors;
    }

    void dripSlowly()
    {
        static const std::string head =
            "POST /webhooks/e2b HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: " + std::string(4'096, 'x');
        for (Client &client : m_clients) {
            if (client.isSlow && client.fd && client.slowSent < head.size())
                (void)::send(client.fd.get(), &head[client.slowSent++], 1, MSG_NOSIGNAL | MSG_DONTWAIT);
        }
    }

    void receive(Client &client)
    {
        std::array<char, 4096> bytes;
        const ssize_t count = ::recv(client.fd.get(), bytes.data(), bytes.size(), MSG_DONTWAIT);
        if (client.isSlow) {
            if (count > 0)
                return; // 408: closed next
            client.fd = UniqueFd();
            --m_slow;
            m_slowLongest = std::chrono::duration<double>(Monotonic::now() - m_connectedAt).count();
            return;
        }
        --m_waiting;
        if (count < 12) {
            ++m_errors;
            client.fd = UniqueFd();
            return;
        }
        ++m_answered;
        const bool isTaken = std::memcmp(bytes.data() + 9, "200", 3) == 0;
        const bool isRefused = std::memcmp(bytes.data() + 9, "401", 3) == 0;
        if (client.isGood ? !isTaken : !isRefused)
            ++m_errors;
        m_good += client.isGood && isTaken ? 1 : 0;
        m_refused += isRefused ? 1 : 0;
        send(client);
    }

    std::uint16_t m_port;
    std::string m_secret;
    std::string m_badSignature = std::string(43, 'A');
    UniqueFd m_epoll;
    std::vector<Client> m_clients;
    Monotonic::time_point m_end, m_connectedAt;
    std::uint64_t m_sent = 0, m_answered = 0, m_good = 0, m_refused = 0, m_errors = 0;
    int m_waiting = 0, m_slow = 0;
    double m_slowLongest = 0;
};

// The program

double residentMb()
{
    QFile file(u"/proc/self/statm"_s);
    return file.open(QIODevice::ReadOnly)
        ? file.readAll().split(' ').value(1).toDouble() * static_cast<double>(::sysconf(_SC_PAGESIZE)) / 1e6
        : 0;
}

double sizeMb(const std::filesystem::path &folder)
{
    double sum = 0;
    std::error_code gone; // files of the engine come and go
    for (auto entry = std::filesystem::recursive_directory_iterator(folder, gone);
         !gone && entry != std::filesystem::recursive_directory_iterator(); entry.increment(gone)) {
        std::error_code problem;
        if (entry->is_regular_file(problem))
            sum += static_cast<double>(entry->file_size(problem));
    }
    return sum / 1e6;
}

struct Comparison
{
    double differenceNs = 0; ///< of the medians: wrong at the end, less wrong at the start
    double noiseNs = 0;      ///< the same of two halves of equal tries
};

/// 1,000 tries each, in turn.
Comparison compareSignatures(const std::string &secret)
{
    const std::string body(300, 'b');
    const std::string good = lifecycle::signDelivery(secret, body);
    const auto wrongAt = [&good](std::size_t place) {
        std::string signature = good;
        signature[place] = signature[place] == 'A' ? 'B' : 'A';
        return signature;
    };
    const std::array<std::string, 3> tried = {wrongAt(0), wrongAt(good.size() - 2), wrongAt(0)};
    std::array<std::vector<double>, 3> tookNs;
    for (int i = 0; i < 1'000; ++i) {
        for (std::size_t kind = 0; kind < tried.size(); ++kind) {
            const auto start = Monotonic::now();
            const bool isGood = lifecycle::verifyDelivery(secret, body, tried[kind]);
            tookNs[kind].push_back(std::chrono::duration<double, std::nano>(Monotonic::now() - start).count()
                                   + (isGood ? 1e9 : 0));
        }
    }
    const double first = bench::quantile(tookNs[0], 0.5);
    return {bench::quantile(tookNs[1], 0.5) - first, std::abs(bench::quantile(tookNs[2], 0.5) - first)};
}

int fail(const char *reason)
{
    std::fprintf(stderr, "bench_flood: %s\n", reason);
    return 1;
}

} // namespace

int main(int argc, char **argv)
{
    if (argc == 4 && std::strcmp(argv[1], "--send") == 0) {
        const char *secret = std::getenv(secretVariable);
        Flood flood(static_cast<std::uint16_t>(std::atoi(argv[2])), secret != nullptr ? secret : "");
        std::puts(dumpJson(flood.run(std::chrono::seconds(std::atoi(argv[3])))).c_str());
        return 0;
    }
    const QString seconds = argc > 1 ? QString::fromLocal8Bit(argv[1]) : u"60"_s;
    if (qEnvironmentVariableIsEmpty("DISPLAY") && !qEnvironmentVariableIsSet("QT_QPA_PLATFORM"))
        qputenv("QT_QPA_PLATFORM", "offscreen");
    const std::string ownSecret = newWebhookSecret();
    qputenv(secretVariable, QByteArray::fromStdString(ownSecret));
    const Comparison comparison = compareSignatures(ownSecret);
    QApplication application(argc, argv);
    ui::Theme theme(application);
    const QTemporaryDir profile(u"/var/tmp/sandglass-bench-XXXXXX"_s);
    app::CommandLine options;
    options.profile = profile.path();
    options.receiverPort = 0;
    options.engineProgram = QCoreApplication::applicationDirPath() + u"/sandglass-engine"_s;
    auto program = app::Composition::create(options, theme);
    if (!program)
        return fail(program.error().message.c_str());
    app::Composition &composition = **program;
    composition.window().resize(1600, 1000);

    const std::filesystem::path folder = profile.path().toStdString();
    bench::StallWatch watch;
    QProcess sender;
    QTimer look;
    QElapsedTimer since; ///< the flood's end
    double memory = 0, diskBefore = 0, rightAfter = -1;
    Json told;
    const auto begin = [&] {
        if (composition.receiver() == nullptr || sender.state() != QProcess::NotRunning)
            return;
        diskBefore = sizeMb(folder);
        watch.setOn(true);
        sender.setProcessChannelMode(QProcess::ForwardedErrorChannel);
        sender.start(QCoreApplication::applicationFilePath(),
                     {u"--send"_s, QString::number(composition.receiver()->port()), seconds});
        look.start(100ms);
    };
    QObject::connect(&composition, &app::Composition::serving, &application, begin);
    QObject::connect(&sender, &QProcess::finished, &application, [&] {
        since.start();
        watch.setOn(false);
        if (auto answer = parseJson(sender.readAllStandardOutput().toStdString()))
            told = std::move(*answer);
        if (intOr(told, "good") == 0)
            QCoreApplication::exit(1);
    });
    QObject::connect(&look, &QTimer::timeout, &application, [&] {
        memory = std::max(memory, residentMb());
        if (!since.isValid())
            return;
        const auto good = intOr(told, "good");
        const bool isRight = composition.figures().runningCount() == good && composition.journal().count() >= good;
        if (!isRight && since.elapsed() < 30'000)
            return;
        rightAfter = static_cast<double>(since.elapsed()) / 1e3;
        QCoreApplication::quit();
    });
    composition.showWindow();
    if (QApplication::exec() != 0)
        return fail("the flood did not come about");
    std::int64_t stored = 0;
    for (const auto &[id, sandbox] : composition.tracker().fold().sandboxes())
        stored += id.starts_with("iflood") ? 1 : 0;
    std::vector<double> waits = watch.take();
    const Json figures = {{"bench", "flood"},
                          {"seconds", told["seconds"]},
                          {"requests_per_second", told["requests"].get<double>() / told["seconds"].get<double>()},
                          {"good", told["good"]},
                          {"refused", told["refused"]},
                          {"errors", told["errors"]},
                          {"lost", intOr(told, "good") - stored},
                          {"slow_left", told["slow_left"]},
                          {"slow_longest_s", told["slow_longest_s"]},
                          {"stall_p50_ms", bench::quantile(waits, 0.5)},
                          {"stall_p999_ms", bench::quantile(waits, 0.999)},
                          {"stall_max_ms", bench::quantile(waits, 1)},
                          {"memory_mb", memory},
                          {"disk_mb", sizeMb(folder) - diskBefore},
                          {"counted_bad", composition.receiver()->statistics().badSignature},
                          {"right_after_s", rightAfter},
                          {"compare_difference_ns", comparison.differenceNs},
                          {"compare_noise_ns", comparison.noiseNs}};
    std::puts(dumpJson(figures).c_str());
    return 0;
}
