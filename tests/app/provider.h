#pragma once

#include "services/core/time.h"

#include <QNetworkAccessManager>

#include <chrono>
#include <string>
#include <vector>

namespace sandglass::test {

/// A stretch of running as the provider tells it when it is over. Size 0/0: it does not tell it.
struct TestRun
{
    std::string sandbox;
    Timestamp start{};
    std::chrono::milliseconds length{};
    int vcpu = 0;
    int memoryMb = 0;
    bool isPaused = false;          ///< ended by a pause; the next stretch of the same sandbox resumes it
    std::string reason = "request"; ///< of the end
    std::string templateId = "vectors";
};

/// E2B's side of the webhook: signs lifecycle events and delivers them to a receiver over HTTP.
class Provider final
{
public:
    /// Of the programs that are started from now on.
    static void giveSecretToPrograms();

    /// Delivers start and end of each stretch, in order of time, and waits for the answers; false when one is not 200.
    [[nodiscard]] bool deliver(const std::string &url, const std::vector<TestRun> &runs);
    /// The start of a life alone: it goes on.
    [[nodiscard]] bool deliverStart(const std::string &url, const TestRun &run);

private:
    [[nodiscard]] bool post(const std::string &url, const std::vector<std::string> &bodies);

    QNetworkAccessManager m_network;
};

} // namespace sandglass::test
