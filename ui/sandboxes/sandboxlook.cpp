#include "ui/sandboxes/sandboxlook.h"

namespace sandglass::ui {

StateLook lookOf(lifecycle::SandboxState state)
{
    using State = lifecycle::SandboxState;
    switch (state) {
    case State::Running:
        return StateLook::Running;
    case State::Paused:
        return StateLook::Paused;
    case State::Killed:
        return StateLook::Killed;
    case State::Lost:
        return StateLook::Lost;
    case State::Unknown:
        break;
    }
    return StateLook::Unknown;
}

StateLook lookOf(lifecycle::EventType type)
{
    using Type = lifecycle::EventType;
    switch (type) {
    case Type::Created:
    case Type::Resumed:
        return StateLook::Running;
    case Type::Paused:
        return StateLook::Paused;
    case Type::Killed:
        return StateLook::Killed;
    case Type::Lost:
        return StateLook::Lost;
    case Type::Updated:
    case Type::Checkpointed:
    case Type::Observed:
        return StateLook::Updated;
    case Type::Unknown:
        break;
    }
    return StateLook::Unknown;
}

} // namespace sandglass::ui
