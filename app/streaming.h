#pragma once

#include "services/core/error.h"
#include "services/stream/collectorfeed.h"
#include "services/stream/costticker.h"
#include "services/stream/streamserver.h"

#include <QObject>
#include <QPointer>
#include <QTimer>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>

namespace sandglass {
class KeyStore;
}
namespace sandglass::lifecycle {
struct Sandbox;
}
namespace sandglass::models {
class Settings;
}
namespace sandglass::ui {
class SettingsPage;
}

namespace sandglass::app {

/// The live stream in both directions: ours to other programs, when settings or command line ask for it, and those of
/// collectors into the journal. Servers and clients work on threads of their own.
class Streaming final : public QObject
{
    Q_OBJECT
public:
    /// `port` set: serve there, whatever the settings say. All must outlive this.
    Streaming(lifecycle::Journal &journal, lifecycle::Tracker &tracker, models::Settings &settings, KeyStore &keys,
              const std::filesystem::path &stateDirectory, std::optional<int> port, QObject *parent = nullptr);
    ~Streaming() override;

    void showIn(ui::SettingsPage &page); ///< once; `page` must outlive this or be gone with its window
    void start();                        ///< after the first frame

    /// Whether the server listens, or will not.
    [[nodiscard]] bool isSettled() const { return m_isSettled; }
    [[nodiscard]] std::string url() const { return m_server ? m_server->url() : std::string(); }

Q_SIGNALS:
    void settled(); ///< once

private:
    [[nodiscard]] bool isWanted() const;
    void readToken(std::function<void()> then);
    void follow(); ///< starts or stops the server as the settings say
    void serve();
    void nameTemplateOf(const lifecycle::Sandbox *sandbox); ///< for the filters of the stream's clients
    void settle();
    void readCollectors();
    void addCollector(const QString &url, const QString &token);
    void removeCollector(const QString &url);
    [[nodiscard]] QStringList collectorUrls() const;
    void connectCollectors();
    void show();

    lifecycle::Journal &m_journal;
    lifecycle::Tracker &m_tracker;
    models::Settings &m_settings;
    KeyStore &m_keys;
    const std::filesystem::path m_state;
    const std::optional<int> m_port;
    std::string m_token;
    QString m_failure;
    std::unique_ptr<stream::StreamServer> m_server;
    std::unique_ptr<stream::CostTicker> m_ticker;
    std::set<std::pair<std::string, std::string>> m_namedTemplates; ///< told to m_server: id and readable name
    std::map<QString, std::string> m_collectorTokens;               ///< by address; those that are known
    std::unique_ptr<stream::CollectorFeed> m_feed;                  ///< once there is a collector
    QPointer<ui::SettingsPage> m_page;
    QTimer m_showTimer; ///< numbers of clients and events have no signal of their own
    bool m_isSettled = false;
};

} // namespace sandglass::app
