#pragma once

#include <QObject>
#include <QVariant>

class QSettings;

namespace sandglass::models {

/// What the program remembers, each key with its path and default in one table. Never holds a secret: keys and webhook
/// secrets live in a KeyStore.
class Settings final : public QObject
{
    Q_OBJECT
public:
    enum class Key {
        Appearance,          ///< "system", "light", "dark"
        TimeZone,            ///< of views, periods and exports: "system", "utc"
        ActiveConnection,    ///< id of a connection
        Connections,         ///< the self-hosted ones, see ConnectionsModel
        ReceiverPort,        ///< 1-65535; 0 = any
        ReceiverAddress,     ///< to listen on; anything but loopback needs TLS or ReceiverPlainText, and a token
        ReceiverCertificate, ///< PEM file with the chain; empty = no TLS
        ReceiverKey,         ///< PEM file
        ReceiverPlainText,   ///< 1 = may listen beyond this machine without TLS
        StreamEnabled,       ///< the live stream to other programs
        StreamPort,          ///< 1-65535; 0 = any
        Collectors,          ///< list of addresses; their tokens are in the KeyStore
        TracingEnabled,      ///< spans go to TracingEndpoint
        TracingEndpoint,     ///< of an OTLP/HTTP receiver; its headers are in the KeyStore
        LogToFile,
        KeepDays,         ///< events stay in the journal so many days; 0 = for ever
        DesktopNotices,   ///< alerts are told as notifications of the desktop, too
        TrayIcon,         ///< an icon in the tray, where there is one
        WindowClosed,     ///< what happens then while that icon is there: "ask", "quit", "tray" (it goes on there)
        DisplayCurrency,  ///< three letters; amounts are shown in it
        CurrencyRate,     ///< of it for a US dollar, as decimal text
        CompareFlatPrice, ///< attempts beside a flat price
        RateCard,         ///< the person's own card as text; empty = list prices
        RateCardsOfConnections, ///< PriceBook's
        Models,                 ///< ModelListModel's; their keys are in the KeyStore
        ModelPrices,            ///< ModelPriceBook's
        RefineTemplate,
        RefineRequirement,
        RefineCheck,
        RefineWebhook,     ///< a session of runs registers a webhook of its own
        RefineProposer,    ///< who proposes code, by Proposers' id
        RefineAttempts,    ///< 1-100; a refinement ends after so many
        RefineMoney,       ///< dollars as decimal text; it ends when they are spent. Empty = no limit
        RunTimeoutSeconds, ///< 1-86400
        SandboxTimeoutSeconds,
        PauseOnTimeout, ///< what New sandbox offers first; false: kill
        CompareFiles,   ///< of a sandbox's home, before a pause by hand and after the resume
        EditorZoom,
        WindowGeometry,
        WindowState,
        LastPage,
        Count
    };
    Q_ENUM(Key)

    /// `store` must outlive this.
    explicit Settings(QSettings &store, QObject *parent = nullptr);

    [[nodiscard]] QVariant
    value(Key key) const; ///< the stored value when it has the right type and range, else the default
    [[nodiscard]] QString text(Key key) const { return value(key).toString(); }
    [[nodiscard]] int number(Key key) const { return value(key).toInt(); }
    void set(Key key, const QVariant &value);
    void reset(Key key);
    [[nodiscard]] static QVariant defaultOf(Key key);
    [[nodiscard]] static QString pathOf(Key key);

    /// Layout state of a page, by its name.
    [[nodiscard]] QByteArray pageState(const QString &page) const;
    void setPageState(const QString &page, const QByteArray &state);

Q_SIGNALS:
    void changed(sandglass::models::Settings::Key key);

private:
    QSettings &m_store;
};

} // namespace sandglass::models
