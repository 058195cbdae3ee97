#pragma once

#include "models/budgets/startgate.h"
#include "services/refine/refineloop.h"

#include <QObject>
#include <QString>

#include <functional>
#include <memory>
#include <optional>

namespace sandglass::models {

/// A refinement: a generator proposes, the code runs, again until it passes or a limit is reached. The budgets are
/// asked before each attempt, before a model is.
class Refining final : public QObject
{
    Q_OBJECT
public:
    using End = refine::RefineLoop::End;

    /// All must outlive this. `planned` says what the next attempt would start.
    Refining(refine::RefineSession &session, StartGate &gate, std::function<PlannedStart()> planned,
             QObject *parent = nullptr);
    ~Refining() override;

    /// `name`: of who proposes. `isAnyway`: the person has read why the budgets refuse the first attempt.
    void start(std::unique_ptr<refine::Generator> generator, refine::LoopLimits limits, const QString &name,
               bool isAnyway);
    void stop();
    void forget(); ///< how the last one ended, unless one runs

    [[nodiscard]] bool isRunning() const { return m_loop && m_loop->isRunning(); }
    /// A proposal is being made; no code runs.
    [[nodiscard]] bool isProposing() const;
    [[nodiscard]] const QString &name() const { return m_name; }
    [[nodiscard]] const std::optional<refine::ModelProgress> &progress() const { return m_progress; } ///< of a model
    [[nodiscard]] const std::optional<End> &end() const { return m_end; } ///< of the last one; empty while it runs
    [[nodiscard]] const std::optional<Error> &error() const { return m_error; } ///< after End::Failed
    [[nodiscard]] bool isErrorOfProposal() const { return m_loop && m_loop->isErrorOfProposal(); }
    [[nodiscard]] int attemptsMade() const { return m_loop ? m_loop->attemptsMade() : 0; }

Q_SIGNALS:
    void changed(); ///< started, ended, or another progress

private:
    void onGate();
    void onFinished(End end);

    refine::RefineSession &m_session;
    StartGate &m_gate;
    std::function<PlannedStart()> m_planned;
    std::unique_ptr<refine::RefineLoop> m_loop;
    QString m_name;
    bool m_isAnyway = false;
    std::optional<refine::ModelProgress> m_progress;
    std::optional<End> m_end;
    std::optional<Error> m_error;
};

} // namespace sandglass::models
