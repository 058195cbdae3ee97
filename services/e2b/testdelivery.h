#pragma once

#include "services/core/result.h"
#include "services/net/httpclient.h"

#include <QFuture>
#include <QObject>

#include <chrono>
#include <string>
#include <string_view>

namespace sandglass::e2b {

/// Who can reach a URL, by its host alone: nothing is asked.
enum class Reach {
    Public,
    Private,  ///< a private or link-local address, .local, .internal, or a name without a dot
    Loopback, ///< this machine only: E2B's cloud never gets there without a tunnel
    Invalid,  ///< no http or https URL
};
[[nodiscard]] Reach reachOf(std::string_view url);

struct TestDeliveryReport
{
    enum class Finding {
        Accepted,
        Slow, ///< accepted, but after longer than senders like to wait
        BadUrl,
        HostNotFound,
        Refused, ///< nobody listens there
        Tls,     ///< no trustworthy certificate
        TimedOut,
        Closed,       ///< the connection broke before the answer
        Unauthorized, ///< 401 or 403: most often another secret
        NotFound,     ///< 404, 405 or 410: another path
        Redirected,   ///< deliveries follow no redirects
        Failed,       ///< any other status
    };
    Finding finding = Finding::Accepted;
    int status = 0; ///< 0 = no answer
    std::chrono::milliseconds duration{0};
    std::string answer; ///< the beginning of the body, one line, secrets removed; or the system's words
    friend bool operator==(const TestDeliveryReport &, const TestDeliveryReport &) = default;
};

/// E2B's API has no test delivery, so this program sends one itself: signed as E2B signs, of the type "sandglass.test",
/// which changes no state anywhere. It shows what this machine can reach; E2B's cloud may be elsewhere (reachOf).
class TestDelivery final : public QObject
{
    Q_OBJECT
public:
    static constexpr const char *eventType = "sandglass.test";

    explicit TestDelivery(QObject *parent = nullptr);
    ~TestDelivery() override;

    /// Always a report; an error only for a secret that is too short ("secret_too_short").
    [[nodiscard]] QFuture<Result<TestDeliveryReport>> send(const std::string &url, const std::string &secret,
                                                           const std::string &webhookId = "test");

    void setTimeout(std::chrono::milliseconds timeout) { m_timeout = timeout; } ///< 10 s
    void setSlow(std::chrono::milliseconds slow) { m_slow = slow; }             ///< 3 s

private:
    net::HttpClient m_http;
    std::chrono::milliseconds m_timeout{10'000};
    std::chrono::milliseconds m_slow{3'000};
};

} // namespace sandglass::e2b
