#pragma once

#include "services/core/result.h"
#include "services/e2b/types.h"
#include "services/e2b/webhooktypes.h"

#include <QObject>
#include <QTimer>

#include <deque>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

namespace sandglass::e2b {

class WebhookClient;

/// A webhook that this program registered for a while and has to remove again.
struct WebhookRegistration
{
    std::string connection; ///< id of the connection
    std::string name;       ///< unique: by it one is found whose create call was never answered
    std::string webhookId;  ///< empty while the create call is under way
    friend bool operator==(const WebhookRegistration &, const WebhookRegistration &) = default;
};

/// The registrations on disk, before they are sent and until they are removed at the service. One thread.
class RegistrationFile final
{
public:
    explicit RegistrationFile(std::filesystem::path file); ///< a damaged file counts as empty

    [[nodiscard]] const std::vector<WebhookRegistration> &all() const { return m_all; }
    [[nodiscard]] Result<> put(const WebhookRegistration &registration); ///< by connection and name
    [[nodiscard]] Result<> remove(const WebhookRegistration &registration);

    /// One that is in use in this process, by whatever registrar: no sweep takes it. Not on disk.
    void hold(const std::string &name) { m_held.insert(name); }
    void letGo(const std::string &name) { m_held.erase(name); }
    [[nodiscard]] bool isHeld(const std::string &name) const { return m_held.contains(name); }

private:
    [[nodiscard]] Result<> save() const;

    std::filesystem::path m_file;
    std::vector<WebhookRegistration> m_all;
    std::set<std::string> m_held;
};

/// Temporary webhooks of one connection, such as one per refinement session or one for the desktop's own receiver.
/// Written down before they are asked for, so that those a crash leaves behind are removed at the next start.
/// Lives on the client's thread; client and file outlive it.
class WebhookRegistrar final : public QObject
{
    Q_OBJECT
public:
    WebhookRegistrar(WebhookClient &client, RegistrationFile &file, std::string connection, QObject *parent = nullptr);

    /// Removes what an earlier process left behind (at most one process per profile). `swept` follows. Those that
    /// cannot be removed now stay in the file for the next time.
    void sweep();
    /// `name` gets a unique end. `registered` or `failed` follows with the returned name. `events` empty = created and
    /// killed.
    std::string add(std::string name, const std::string &url, const std::string &secret,
                    std::vector<std::string> events = {});
    /// Also of one still under way: it goes as soon as its answer is there. Repeated until the service has removed it.
    void remove(const std::string &name);
    void removeAll();

Q_SIGNALS:
    void registered(const std::string &name, const sandglass::e2b::WebhookInfo &webhook);
    void failed(const std::string &name, const sandglass::Error &error);
    void removed(const std::string &name);
    void swept(int removedCount, int leftCount);

private:
    void onCreated(const WebhookRegistration &registration, const Result<WebhookInfo> &answer);
    void takeAway(const WebhookRegistration &registration, int attempt);
    void sweepListed(const std::vector<WebhookInfo> &webhooks);
    void sweepNext();

    WebhookClient &m_client;
    RegistrationFile &m_file;
    std::string m_connection;
    std::vector<std::string> m_live;     ///< names of this process
    std::vector<std::string> m_unwanted; ///< to go when their create call is answered
    std::deque<WebhookRegistration> m_toSweep;
    int m_sweptCount = 0;
    int m_leftCount = 0;
    bool m_isSweeping = false;
};

} // namespace sandglass::e2b
