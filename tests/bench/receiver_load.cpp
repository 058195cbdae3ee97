// Sends signed, unique deliveries over keep-alive connections, one at a time on each, as fast as they are answered or
// at a steady rate, and prints what came back as one JSON line. Everything that costs the sender time (ids, hashing) is
// done before the clock starts. At a rate a delivery waits from the moment it was due, so that a late sender hides
// nothing.

#include "services/core/json.h"
#include "services/core/time.h"
#include "services/core/uniquefd.h"
#include "services/lifecycle/signature.h"

#include <fmt/format.h>

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <map>
#include <random>

using namespace sandglass;
using Monotonic = std::chrono::steady_clock;

namespace {

constexpr std::size_t idSize = 36;
constexpr std::size_t signatureSize = 43;
constexpr std::size_t eventsPerSecondAtMost = 80'000;
constexpr int answerTimeoutMs = 5'000;

struct Options
{
    std::string host = "127.0.0.1";
    std::uint16_t port = 0;
    std::string path = "/";
    std::string secret;
    int connections = 32;
    double seconds = 5;
    double rate = 0; ///< per second; 0 = as fast as they are answered
};

struct Delivery
{
    std::array<char, idSize> id;
    std::array<char, signatureSize> signature;
};

/// One request with gaps for id and signature.
struct Template
{
    std::string text;
    std::size_t idAt = 0;
    std::size_t sandboxAt = 0; ///< the id again: every delivery is about another sandbox
    std::size_t signatureAt = 0;
    std::size_t bodyAt = 0;
};

struct Client
{
    UniqueFd fd;
    std::string in;
    Monotonic::time_point sentAt;
};

struct Outcome
{
    std::vector<std::uint32_t> latenciesUs;
    std::uint64_t errors = 0;
    std::string lastError; ///< in words
    double seconds = 0;
};

bool parseUrl(std::string_view url, Options &options)
{
    if (!url.starts_with("http://"))
        return false;
    url.remove_prefix(7);
    const std::size_t slash = std::min(url.find('/'), url.size());
    const std::size_t colon = url.substr(0, slash).find(':');
    options.host = url.substr(0, std::min(colon, slash));
    options.port = colon < slash
        ? static_cast<std::uint16_t>(std::atoi(std::string(url.substr(colon + 1, slash - colon - 1)).c_str()))
        : 80;
    options.path = slash < url.size() ? std::string(url.substr(slash)) : "/";
    return options.port != 0;
}

bool parseOptions(int argc, char **argv, Options &options)
{
    for (int i = 1; i + 1 < argc; i += 2) {
        const std::string_view name = argv[i];
        if (name == "--url" && parseUrl(argv[i + 1], options))
            continue;
        if (name == "--secret")
            options.secret = argv[i + 1];
        else if (name == "--connections")
            options.connections = std::atoi(argv[i + 1]);
        else if (name == "--seconds")
            options.seconds = std::atof(argv[i + 1]);
        else if (name == "--rate")
            options.rate = std::atof(argv[i + 1]);
        else
            return false;
    }
    return argc % 2 == 1 && options.port != 0 && options.connections > 0 && options.connections <= 1000
        && options.seconds > 0 && options.seconds <= 60 && options.rate >= 0 && options.rate <= eventsPerSecondAtMost;
}

Template makeTemplate(const Options &options)
{
    const std::string gap(idSize, '0');
    const std::string now = formatRfc3339(systemNow(), 9);
    const std::string body = fmt::format(
        R"({{"id":"{}","version":"v2","type":"sandbox.lifecycle.killed","timestamp":"{}",)"
        R"("event_category":"lifecycle","event_label":"kill","event_data":{{"sandbox_metadata":{{"user":"42"}},)"
        R"("execution":{{"started_at":"{}","vcpu_count":2,"memory_mb":512,"execution_time":300123}},)"
        R"("kill_reason":"timeout"}},"sandbox_id":"{}",)"
        R"("sandbox_execution_id":"b5e4c7e2-8c1a-4f0e-a8b8-2f3f0a1d9c77","sandbox_template_id":"rki5dems9wqfm4r03t7g",)"
        R"("sandbox_build_id":"0d6f2f2e-3d57-45a4-8f2c-9f1c8e6f8b11",)"
        R"("sandbox_team_id":"460355b3-4f64-48f9-9a16-4442817f79f5","events_ttl_days":7}})",
        gap, now, now, gap);
    Template made;
    made.text = fmt::format("POST {} HTTP/1.1\r\nHost: {}:{}\r\nContent-Type: application/json\r\n"
                            "e2b-webhook-id: 1\r\ne2b-delivery-id: 1\r\ne2b-signature-version: v1\r\n"
                            "Content-Length: {}\r\ne2b-signature: ",
                            options.path, options.host, options.port, body.size());
    made.signatureAt = made.text.size();
    made.text += std::string(signatureSize, '0') + "\r\n\r\n";
    made.bodyAt = made.text.size();
    made.idAt = made.bodyAt + body.find(gap);
    made.sandboxAt = made.bodyAt + body.rfind(gap);
    made.text += body;
    return made;
}

std::vector<Delivery> prepare(const Template &pattern, const Options &options)
{
    std::mt19937_64 random(std::random_device{}());
    const double rate = options.rate > 0 ? options.rate : eventsPerSecondAtMost;
    std::vector<Delivery> deliveries(static_cast<std::size_t>(options.seconds * rate) + 1);
    std::string body = pattern.text.substr(pattern.bodyAt);
    for (Delivery &delivery : deliveries) {
        const std::uint64_t high = random();
        const std::uint64_t low = random();
        const std::string id = fmt::format("{:08x}-{:04x}-4{:03x}-8{:03x}-{:012x}", high >> 32U,
                                           (high >> 16U) & 0xffffU, high & 0xfffU, low >> 52U, low & 0xffffffffffffU);
        id.copy(delivery.id.data(), idSize);
        id.copy(body.data() + (pattern.idAt - pattern.bodyAt), idSize);
        id.copy(body.data() + (pattern.sandboxAt - pattern.bodyAt), idSize);
        lifecycle::signDelivery(options.secret, body).copy(delivery.signature.data(), signatureSize);
    }
    return deliveries;
}

UniqueFd connectTo(const Options &options)
{
    UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(options.port);
    if (::inet_pton(AF_INET, options.host.c_str(), &address.sin_addr) != 1
        || ::connect(fd.get(), reinterpret_cast<const sockaddr *>(&address), sizeof address) != 0)
        return {};
    const int on = 1;
    ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return fd;
}

/// Status of a whole answer at the front of `in`, which it is taken from; 0 while some is missing.
int takeAnswer(std::string &in)
{
    const std::size_t end = in.find("\r\n\r\n");
    if (end == std::string::npos)
        return 0;
    std::size_t at = in.find("Content-Length: ");
    if (at > end)
        at = in.find("content-length: "); // as uvicorn spells it
    const std::size_t length = at < end ? std::strtoul(in.c_str() + at + 16, nullptr, 10) : 0;
    if (in.size() < end + 4 + length)
        return 0;
    const int status = std::atoi(in.c_str() + 9);
    in.erase(0, end + 4 + length);
    return status;
}

class Load final
{
public:
    Load(Template pattern, std::vector<Delivery> deliveries)
        : m_pattern(std::move(pattern)), m_deliveries(std::move(deliveries)), m_epoll(::epoll_create1(EPOLL_CLOEXEC))
    {
        m_outcome.latenciesUs.reserve(m_deliveries.size());
    }

    bool addClient(UniqueFd fd)
    {
        epoll_event event{};
        event.events = EPOLLIN;
        event.data.u64 = m_clients.size();
        if (!fd || ::epoll_ctl(m_epoll.get(), EPOLL_CTL_ADD, fd.get(), &event) != 0)
            return false;
        m_clients.push_back({std::move(fd), {}, {}});
        return true;
    }

    Outcome run(std::chrono::duration<double> time, double rate)
    {
        const auto start = Monotonic::now();
        m_end = start + std::chrono::duration_cast<Monotonic::duration>(time);
        if (rate > 0) {
            m_interval = std::chrono::duration_cast<Monotonic::duration>(std::chrono::duration<double>(1 / rate));
            m_due = start;
        }
        for (Client &client : m_clients)
            m_idle.push_back(&client);
        sendDue();
        while (m_waiting > 0 || (isPaced() && m_due < m_end)) {
            std::array<epoll_event, 64> events;
            const timespec patience = untilNext();
            const int count =
                ::epoll_pwait2(m_epoll.get(), events.data(), static_cast<int>(events.size()), &patience, nullptr);
            if (count < 0 || (count == 0 && m_waiting > 0 && !isSendingNext())) {
                m_outcome.errors += m_waiting;
                m_outcome.lastError = "no answer within 5 s";
                break;
            }
            for (int i = 0; i < count; ++i)
                receive(m_clients[events[static_cast<std::size_t>(i)].data.u64]);
            sendDue();
        }
        m_outcome.seconds = std::chrono::duration<double>(Monotonic::now() - start).count();
        return std::move(m_outcome);
    }

private:
    [[nodiscard]] bool isPaced() const { return m_interval.count() > 0; }
    [[nodiscard]] bool isSendingNext() const { return isPaced() && m_due < m_end && !m_idle.empty(); }

    [[nodiscard]] timespec untilNext() const
    {
        std::chrono::nanoseconds wait = std::chrono::milliseconds(answerTimeoutMs);
        if (isSendingNext())
            wait = std::max(std::chrono::nanoseconds(m_due - Monotonic::now()), std::chrono::nanoseconds(0));
        return {wait.count() / 1'000'000'000, wait.count() % 1'000'000'000};
    }

    void sendDue()
    {
        while (!m_idle.empty()) {
            const auto now = Monotonic::now();
            const auto due = isPaced() ? m_due : now;
            if (due > now || due >= m_end)
                return;
            m_due += m_interval;
            Client &client = *m_idle.back();
            m_idle.pop_back();
            client.sentAt = due;
            send(client);
        }
    }

    void send(Client &client)
    {
        if (m_next == m_deliveries.size())
            return;
        const Delivery &delivery = m_deliveries[m_next++];
        std::memcpy(m_pattern.text.data() + m_pattern.idAt, delivery.id.data(), idSize);
        std::memcpy(m_pattern.text.data() + m_pattern.sandboxAt, delivery.id.data(), idSize);
        std::memcpy(m_pattern.text.data() + m_pattern.signatureAt, delivery.signature.data(), signatureSize);
        // One small request at a time per connection: it always fits into the socket's buffer.
        const ssize_t sent = ::send(client.fd.get(), m_pattern.text.data(), m_pattern.text.size(), MSG_NOSIGNAL);
        if (sent == static_cast<ssize_t>(m_pattern.text.size()))
            ++m_waiting;
        else
            ++m_outcome.errors;
    }

    void receive(Client &client)
    {
        std::array<char, 4096> bytes;
        const ssize_t count = ::recv(client.fd.get(), bytes.data(), bytes.size(), MSG_DONTWAIT);
        if (count <= 0) {
            ++m_outcome.errors;
            m_outcome.lastError = "the connection was closed";
            --m_waiting;
            ::epoll_ctl(m_epoll.get(), EPOLL_CTL_DEL, client.fd.get(), nullptr);
            return;
        }
        client.in.append(bytes.data(), static_cast<std::size_t>(count));
        const int status = takeAnswer(client.in);
        if (status == 0)
            return;
        --m_waiting;
        if (status == 200)
            m_outcome.latenciesUs.push_back(static_cast<std::uint32_t>(
                std::chrono::duration_cast<std::chrono::microseconds>(Monotonic::now() - client.sentAt).count()));
        else {
            ++m_outcome.errors;
            m_outcome.lastError = "answered " + std::to_string(status);
        }
        m_idle.push_back(&client);
    }

    Template m_pattern;
    std::vector<Delivery> m_deliveries;
    UniqueFd m_epoll;
    std::vector<Client> m_clients; ///< all there before the run
    std::vector<Client *> m_idle;
    std::size_t m_next = 0;
    std::size_t m_waiting = 0;
    Monotonic::time_point m_end;
    Monotonic::time_point m_due; ///< of the next one, when paced
    Monotonic::duration m_interval{0};
    Outcome m_outcome;
};

double percentileMs(std::vector<std::uint32_t> &latencies, double part)
{
    if (latencies.empty())
        return 0;
    const auto at = latencies.begin() + static_cast<std::ptrdiff_t>(part * static_cast<double>(latencies.size() - 1));
    std::ranges::nth_element(latencies, at);
    return *at / 1000.0;
}

} // namespace

int main(int argc, char **argv)
{
    Options options;
    if (!parseOptions(argc, argv, options)) {
        std::fputs("usage: sandglass-receiver-load --url http://127.0.0.1:PORT/webhooks/e2b --secret SECRET\n"
                   "           [--connections 32] [--seconds 5] [--rate PER-SECOND]\n",
                   stderr);
        return 2;
    }
    const Template pattern = makeTemplate(options);
    Load load(pattern, prepare(pattern, options));
    for (int i = 0; i < options.connections; ++i) {
        if (!load.addClient(connectTo(options))) {
            std::fprintf(stderr, "cannot connect to %s:%d\n", options.host.c_str(), options.port);
            return 1;
        }
    }
    Outcome outcome = load.run(std::chrono::duration<double>(options.seconds), options.rate);
    const auto acknowledged = outcome.latenciesUs.size();
    const Json result{{"events_per_second", std::round(static_cast<double>(acknowledged) / outcome.seconds)},
                      {"p50_ms", percentileMs(outcome.latenciesUs, 0.50)},
                      {"p99_ms", percentileMs(outcome.latenciesUs, 0.99)},
                      {"acknowledged", acknowledged},
                      {"errors", outcome.errors}};
    std::puts(dumpJson(result).c_str());
    if (outcome.errors > 0)
        std::fprintf(stderr, "%llu deliveries failed: %s\n", static_cast<unsigned long long>(outcome.errors),
                     outcome.lastError.c_str());
    return outcome.errors == 0 && acknowledged > 0 ? 0 : 1;
}
