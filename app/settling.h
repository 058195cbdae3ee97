#pragma once

#include <QEventLoopLocker>
#include <QObject>
#include <QTimer>

#include <memory>
#include <string>
#include <unordered_set>

namespace sandglass::e2b {
class Client;
}
namespace sandglass::lifecycle {
class Tracker;
}
namespace sandglass::models {
class ClientSandboxActions;
}

namespace sandglass::app {

class Receiving;

/// Keeps the program after its window has closed until what was asked for is answered: first the actions on sandboxes
/// and the kills, then what the webhooks tell of these kills, then the receiver takes back its registrations. 3 s at
/// most.
class Settling final : public QObject
{
    Q_OBJECT
public:
    struct Around
    {
        e2b::Client &client;
        models::ClientSandboxActions &actions;
        const lifecycle::Tracker &tracker;
        Receiving &receiving;
    };
    explicit Settling(Around around, QObject *parent = nullptr);

    void begin(); ///< what waits for an Undo has been sent

private:
    enum class Phase { Idle, Answers, News, Registrations };
    void goOn();
    [[nodiscard]] bool isAnswered() const;
    [[nodiscard]] bool isTold() const;
    void end();

    Around m_around;
    Phase m_phase = Phase::Idle;
    std::unordered_set<std::string> m_killed; ///< since begin()
    QTimer m_limit;
    QTimer m_newsLimit;
    std::unique_ptr<QEventLoopLocker> m_lock;
};

} // namespace sandglass::app
