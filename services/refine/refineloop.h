#pragma once

#include "services/refine/generator.h"
#include "services/refine/refinesession.h"

#include <QObject>
#include <QTimer>

#include <functional>
#include <memory>
#include <optional>

namespace sandglass::refine {

/// When a loop ends that nothing else ends. Looked at before each attempt, so the last one may go beyond `money`.
struct LoopLimits
{
    int attempts = 5;
    std::optional<Money> money; ///< for models and sandboxes of this loop together
};

/// Runs a generator's proposals in a session until one passes, a limit is reached, or something stops it. A model's
/// answer without code is an attempt like any other: the next question says so.
class RefineLoop final : public QObject
{
    Q_OBJECT
public:
    enum class End {
        Passed,
        LimitReached, ///< of attempts
        MoneySpent,
        CostUnknown, ///< there is a limit of money, and nobody knows what the last attempt cost
        Refused,     ///< by who was asked for permission
        Stopped,
        Failed, ///< see error()
    };
    Q_ENUM(End)
    /// Asked before each attempt; calls `go` or refuse(), at once or later.
    using Permission = std::function<void(std::function<void()> go)>;

    /// The session must outlive the loop and be Idle.
    RefineLoop(RefineSession &session, std::unique_ptr<Generator> generator, LoopLimits limits,
               QObject *parent = nullptr);
    ~RefineLoop() override;

    void setPermission(Permission permission) { m_permission = std::move(permission); }
    void start();
    void stop();
    void refuse(); ///< the attempt that permission is asked for

    [[nodiscard]] bool isRunning() const { return m_isRunning; }
    [[nodiscard]] int attemptsMade() const { return m_made; }
    /// After Failed: the generator's error, or what kept the last attempt from running.
    [[nodiscard]] const std::optional<Error> &error() const { return m_error; }
    [[nodiscard]] bool isErrorOfProposal() const { return m_isErrorOfProposal; } ///< of the generator

Q_SIGNALS:
    void progressed(const sandglass::refine::ModelProgress &progress); ///< of the proposal that is being made
    void finished(sandglass::refine::RefineLoop::End end);             ///< once per start()

private:
    void next();
    void propose();
    void onProposal(const Proposal &proposal);
    void onAttempt();
    void onPriced(int number);
    void reckon(bool isFinal);
    void finish(End end);

    RefineSession &m_session;
    std::unique_ptr<Generator> m_generator;
    const LoopLimits m_limits;
    Permission m_permission;
    QTimer m_patience; ///< for the price of an attempt that was faster than the size of its sandbox
    Money m_spent;
    int m_made = 0;
    bool m_isRunning = false;
    std::optional<Error> m_error;
    bool m_isErrorOfProposal = false;
};

} // namespace sandglass::refine
