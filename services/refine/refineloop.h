#pragma once

#include "services/refine/generator.h"
#include "services/refine/refinesession.h"

#include <QObject>

#include <memory>
#include <optional>

namespace sandglass::refine {

/// Runs a generator's proposals in a session until one passes, the limit is reached, or something stops it.
class RefineLoop final : public QObject
{
    Q_OBJECT
public:
    enum class End { Passed, LimitReached, Stopped, Failed /**< see error() */ };
    Q_ENUM(End)

    /// The session must outlive the loop and be Idle.
    RefineLoop(RefineSession &session, std::unique_ptr<Generator> generator, int limit, QObject *parent = nullptr);
    ~RefineLoop() override;

    void start();
    void stop();

    [[nodiscard]] int attemptsMade() const { return m_made; }
    /// After Failed: the generator's error, or what kept the last attempt from running.
    [[nodiscard]] const std::optional<Error> &error() const { return m_error; }

Q_SIGNALS:
    void finished(sandglass::refine::RefineLoop::End end); ///< once per start()

private:
    void next();
    void onAttempt();
    void finish(End end);

    RefineSession &m_session;
    std::unique_ptr<Generator> m_generator;
    const int m_limit;
    int m_made = 0;
    bool m_isRunning = false;
    std::optional<Error> m_error;
};

} // namespace sandglass::refine
