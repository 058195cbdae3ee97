#pragma once

#include "models/diagnosis/selfcheck.h"
#include "services/core/mailbox.h"
#include "services/core/paths.h"
#include "services/core/workthread.h"
#include "services/net/httpclient.h"

#include <QObject>

namespace sandglass {
class KeyStore;
}
namespace sandglass::lifecycle {
class Journal;
}
namespace sandglass::models {
class ConnectionsModel;
}
namespace sandglass::ui {
class MainWindow;
}

namespace sandglass::app {

class EngineSupervisor;
class Receiving;

/// What Help > Self-check looks at: the journal and its disk, the receiver and what it refused, engine, connection,
/// clock and key store.
class SelfChecking final : public QObject
{
    Q_OBJECT
public:
    /// All of it must outlive this.
    struct Surroundings
    {
        const lifecycle::Journal &journal;
        const Receiving &receiving;
        const EngineSupervisor &engine;
        bool isEngineOurs; ///< false: it runs elsewhere, the connection tells
        const models::ConnectionsModel &connections;
        const KeyStore &keys;
    };
    explicit SelfChecking(Surroundings surroundings, QObject *parent = nullptr);

    void attachTo(ui::MainWindow &window);
    [[nodiscard]] models::SelfCheck &check() { return m_check; }

private:
    [[nodiscard]] QFuture<models::Finding> lookAtJournal();
    [[nodiscard]] QFuture<models::Finding> lookAtDisk();
    [[nodiscard]] QFuture<models::Finding> lookAtReceiver();
    [[nodiscard]] models::Finding lookAtDeliveries() const;
    [[nodiscard]] models::Finding lookAtEngine() const;
    [[nodiscard]] QFuture<models::Finding> lookAtConnection();
    [[nodiscard]] models::Finding lookAtClock() const;
    [[nodiscard]] models::Finding lookAtKeys() const;

    Surroundings m_around;
    net::HttpClient m_http;
    models::SelfCheck m_check;
    Mailbox m_answers;
    WorkThread m_disk; ///< it may hang; last: posts to the mailbox
};

} // namespace sandglass::app
