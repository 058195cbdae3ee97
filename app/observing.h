#pragma once

#include "services/core/error.h"
#include "services/core/paths.h"
#include "services/core/workthread.h"
#include "services/telemetry/otlp/exporter.h"

#include <QObject>
#include <QPointer>
#include <QTimer>

#include <memory>
#include <optional>

namespace sandglass {
class KeyStore;
}
namespace sandglass::net {
class HttpClient;
}
namespace sandglass::models {
class ConnectionsModel;
class Settings;
} // namespace sandglass::models
namespace sandglass::ui {
class SettingsPage;
}

namespace sandglass::app {

/// The program watched from outside: traces and the log file, as settings and the standard variables say. Both are off
/// until somebody asks for them. Before everything that makes spans, so that it ends after them.
class Observing final : public QObject
{
    Q_OBJECT
public:
    /// All must outlive this.
    Observing(models::Settings &settings, KeyStore &keys, const ProfilePaths &paths, const QString &logLevel,
              QObject *parent = nullptr);
    ~Observing() override; ///< sends what is left, two seconds at most

    /// `page` and `connections` may go before this.
    void showIn(ui::SettingsPage &page, models::ConnectionsModel &connections);

private:
    void readHeaders();
    void setHeaders(const QString &text);
    [[nodiscard]] bool isTracing() const; ///< asked for
    [[nodiscard]] QString endpoint() const;
    [[nodiscard]] telemetry::OtlpOptions options() const;
    void followTraces();
    void followLog();
    void testReceiver();
    void openLogFolder();
    void show();

    models::Settings &m_settings;
    KeyStore &m_keys;
    const std::filesystem::path m_logFolder;
    const QString m_logLevel;
    const telemetry::OtlpEnvironment m_environment;
    net::HeaderList m_headers; ///< of the key store
    bool m_areHeadersAsked = false;
    bool m_areHeadersKnown = false;
    std::unique_ptr<telemetry::OtlpExporter> m_exporter; ///< while tracing is on
    std::optional<WorkThread> m_ender{std::in_place};    ///< of exporters before it
    std::unique_ptr<net::HttpClient> m_http;             ///< of the test; made when somebody tests
    QString m_logProblem;
    QPointer<ui::SettingsPage> m_page;
    QPointer<models::ConnectionsModel> m_connections;
    QTimer m_showTimer; ///< numbers of spans have no signal of their own
};

} // namespace sandglass::app
