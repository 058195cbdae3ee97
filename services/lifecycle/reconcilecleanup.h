#pragma once

#include "services/core/result.h"
#include "services/lifecycle/reconcile.h"

#include <QFuture>
#include <QObject>

#include <functional>
#include <string>
#include <vector>

namespace sandglass::lifecycle {

struct CleanUpResult
{
    struct Failure
    {
        std::string sandboxId;
        Error error;
    };
    std::vector<std::string> killed;
    std::vector<Failure> failed;
    std::vector<std::string> skipped; ///< not asked any more: cancelled, or the key was refused
};

/// Carries out a plan that a person has seen: exactly its targets, in its order, a few at a time. Each is asked for
/// once. Refused with 401 or 403 it stops: the rest would be refused alike. One thread.
class CleanUp final : public QObject
{
    Q_OBJECT
public:
    using Kill = std::function<QFuture<Result<>>(const std::string &sandboxId)>;

    CleanUp(CleanUpPlan plan, Kill kill, int atOnce = 4, QObject *parent = nullptr);

    void start();  ///< once
    void cancel(); ///< what is under way is waited for; the rest is skipped
    [[nodiscard]] const CleanUpResult &result() const { return m_result; }

Q_SIGNALS:
    void killed(const std::string &sandboxId);
    void failed(const std::string &sandboxId, const sandglass::Error &error);
    void finished(const sandglass::lifecycle::CleanUpResult &result); ///< exactly once

private:
    void fill();
    void settle(const std::string &id, const Result<> &answer);

    CleanUpPlan m_plan;
    Kill m_kill;
    int m_atOnce;
    std::size_t m_next = 0;
    int m_underWay = 0;
    bool m_isStopped = false;
    bool m_isFinished = false;
    CleanUpResult m_result;
};

} // namespace sandglass::lifecycle
