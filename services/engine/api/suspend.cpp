// Pausing and resuming sandboxes.

#include "services/core/ids.h"
#include "services/engine/api/errors.h"
#include "services/engine/api/registry.h"

#include <utility>

namespace sandglass::engine {

void SandboxRegistry::pause(const std::string &id, Then<void> then)
{
    const LivePtr live = find(id);
    if (!live)
        return then(failure(sandboxNotFound(id)));
    if (!live->isRunning())
        return then(refuse(409, "Error pausing sandbox - sandbox '" + live->id + "' is already paused"));
    if (live->isBeingSaved)
        return then(refuse(409, "sandbox '" + live->id + "' is being saved"));
    live->state = LiveSandbox::State::Pausing;
    live->deadline.cancel();
    const Timestamp former = live->endAt, now = systemNow();
    live->endAt = now;
    live->sandbox->pause([this, alive = m_alive, live, former, now, then = std::move(then)](const Result<> &done) {
        if (*alive)
            paused(live, now, former, done, then);
    });
}

void SandboxRegistry::paused(const LivePtr &live, Timestamp when, Timestamp former, const Result<> &done,
                             const Then<void> &then)
{
    if (!find(live->id)) // killed meanwhile
        return then(failure(sandboxNotFound(live->id)));
    if (!done) {
        live->state = LiveSandbox::State::Running;
        live->endAt = former;
        armDeadline(live);
        return then(failure(Error::Kind::Service, done.error().message, 500));
    }
    live->state = LiveSandbox::State::Paused;
    live->interpreter->setFrozen(true);
    m_recorder.record(*live, kPaused, {{"execution", executionJson(live->executionUntil(when))}}, true);
    then({});
}

void SandboxRegistry::connect(const std::string &id, std::int64_t timeoutSeconds, Then<Connected> then)
{
    const LivePtr live = find(id);
    if (!live)
        return then(failure(sandboxNotFound(id)));
    if (const auto fine = checkTimeout(timeoutSeconds); !fine)
        return then(failure(fine.error()));
    if (live->isRunning()) {
        if (const auto extended = setTimeout(id, timeoutSeconds, true); !extended)
            return then(failure(extended.error()));
        return then(Connected{live, false});
    }
    if (live->state != LiveSandbox::State::Paused || live->isBeingSaved)
        return then(refuse(409, "sandbox '" + live->id + "' is being paused, resumed or saved"));
    if (const auto room = checkRoom(); !room)
        return then(failure(room.error()));
    if (const auto resolved = resolveVolumes(live->request.volumeMounts); !resolved)
        return then(failure(resolved.error()));
    resume(live, timeoutSeconds, std::move(then));
}

void SandboxRegistry::resume(const LivePtr &live, std::int64_t timeoutSeconds, Then<Connected> then)
{
    live->state = LiveSandbox::State::Resuming;
    live->sandbox->resume([this, alive = m_alive, live, timeoutSeconds, then = std::move(then)](const Result<> &done) {
        if (!*alive)
            return;
        if (!find(live->id))
            return then(failure(sandboxNotFound(live->id)));
        if (!done) {
            live->state = LiveSandbox::State::Paused;
            return then(failure(Error::Kind::Service, done.error().message, 500));
        }
        live->state = LiveSandbox::State::Running;
        live->interpreter->setFrozen(false);
        live->executionId = newUuid();
        m_activity.noteStart();
        live->executionStartedAt = systemNow();
        live->endAt = live->executionStartedAt + std::chrono::seconds(timeoutSeconds);
        armDeadline(live);
        m_recorder.record(*live, kResumed, Json::object(), true);
        then(Connected{live, true});
    });
}

} // namespace sandglass::engine
