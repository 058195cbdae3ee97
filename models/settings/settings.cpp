#include "models/settings/settings.h"

#include <QSettings>

#include <array>
#include <climits>

namespace sandglass::models {

namespace {

struct Entry
{
    Settings::Key key;
    const char *path;
    QVariant (*defaultValue)();
    int least = INT_MIN; // for numbers
    int most = INT_MAX;
};

QVariant emptyText()
{
    return QString();
}

QVariant emptyBytes()
{
    return QByteArray();
}

using Key = Settings::Key;

constexpr std::array entries = {
    Entry{Key::Appearance, "appearance/theme", [] { return QVariant(QStringLiteral("system")); }},
    Entry{Key::TimeZone, "appearance/timeZone", [] { return QVariant(QStringLiteral("system")); }},
    Entry{Key::ActiveConnection, "connections/active", [] { return QVariant(QStringLiteral("local")); }},
    Entry{Key::Connections, "connections/selfHosted", [] { return QVariant(QVariantList()); }},
    Entry{Key::ReceiverPort, "receiver/port", [] { return QVariant(8000); }, 0, 65'535},
    Entry{Key::ReceiverAddress, "receiver/address", [] { return QVariant(QStringLiteral("127.0.0.1")); }},
    Entry{Key::ReceiverCertificate, "receiver/certificate", emptyText},
    Entry{Key::ReceiverKey, "receiver/key", emptyText},
    Entry{Key::ReceiverPlainText, "receiver/plainText", [] { return QVariant(0); }, 0, 1},
    Entry{Key::StreamEnabled, "stream/enabled", [] { return QVariant(false); }},
    Entry{Key::StreamPort, "stream/port", [] { return QVariant(8001); }, 0, 65'535},
    Entry{Key::Collectors, "stream/collectors", [] { return QVariant(QVariantList()); }},
    Entry{Key::TracingEnabled, "diagnostics/tracing", [] { return QVariant(false); }},
    Entry{Key::TracingEndpoint, "diagnostics/tracingEndpoint",
          [] { return QVariant(QStringLiteral("http://127.0.0.1:4318")); }},
    Entry{Key::LogToFile, "diagnostics/logToFile", [] { return QVariant(false); }},
    Entry{Key::KeepDays, "journal/keepDays", [] { return QVariant(0); }, 0, 36'500},
    Entry{Key::DesktopNotices, "notices/desktop", [] { return QVariant(true); }},
    Entry{Key::TrayIcon, "tray/icon", [] { return QVariant(true); }},
    Entry{Key::WindowClosed, "tray/windowClosed", [] { return QVariant(QStringLiteral("ask")); }},
    Entry{Key::DisplayCurrency, "cost/currency", [] { return QVariant(QStringLiteral("USD")); }},
    Entry{Key::CurrencyRate, "cost/currencyRate", [] { return QVariant(QStringLiteral("1")); }},
    Entry{Key::CompareFlatPrice, "cost/compareFlatPrice", [] { return QVariant(false); }},
    Entry{Key::RateCard, "cost/rateCard", emptyText},
    Entry{Key::RateCardsOfConnections, "cost/rateCardsOfConnections", emptyText},
    Entry{Key::Models, "models/list", [] { return QVariant(QVariantList()); }},
    Entry{Key::ModelPrices, "models/prices", emptyText},
    Entry{Key::RefineTemplate, "refine/template", [] { return QVariant(QStringLiteral("code-interpreter-v1")); }},
    Entry{Key::RefineRequirement, "refine/requirement", emptyText},
    Entry{Key::RefineCheck, "refine/check", emptyText},
    Entry{Key::RefineWebhook, "refine/webhook", [] { return QVariant(false); }},
    Entry{Key::RefineProposer, "refine/proposer", [] { return QVariant(QStringLiteral("person")); }},
    Entry{Key::RefineAttempts, "refine/attempts", [] { return QVariant(5); }, 1, 100},
    Entry{Key::RefineMoney, "refine/money", emptyText},
    Entry{Key::RunTimeoutSeconds, "refine/runTimeout", [] { return QVariant(30); }, 1, 86'400},
    Entry{Key::SandboxTimeoutSeconds, "sandboxes/timeout", [] { return QVariant(300); }, 1, 86'400},
    Entry{Key::PauseOnTimeout, "sandboxes/pauseOnTimeout", [] { return QVariant(true); }},
    Entry{Key::CompareFiles, "sandboxes/compareFiles", [] { return QVariant(true); }},
    Entry{Key::EditorZoom, "editor/zoom", [] { return QVariant(0); }, -8, 20},
    Entry{Key::WindowGeometry, "window/geometry", emptyBytes},
    Entry{Key::WindowState, "window/state", emptyBytes},
    Entry{Key::LastPage, "window/page", [] { return QVariant(QStringLiteral("overview")); }},
};
static_assert(entries.size() == static_cast<std::size_t>(Key::Count));

const Entry &entryOf(Key key)
{
    const Entry &entry = entries[static_cast<std::size_t>(key)];
    Q_ASSERT(entry.key == key);
    return entry;
}

QString pagePath(const QString &page)
{
    return QStringLiteral("pages/") + page;
}

} // namespace

Settings::Settings(QSettings &store, QObject *parent) : QObject(parent), m_store(store) {}

QVariant Settings::defaultOf(Key key)
{
    return entryOf(key).defaultValue();
}

QString Settings::pathOf(Key key)
{
    return QString::fromLatin1(entryOf(key).path);
}

QVariant Settings::value(Key key) const
{
    const Entry &entry = entryOf(key);
    const QVariant fallback = entry.defaultValue();
    QVariant stored = m_store.value(QString::fromLatin1(entry.path));
    if (!stored.isValid())
        return fallback;
    if (fallback.typeId() == QMetaType::Int) { // an ini file holds text, and a person may have edited it
        bool ok = false;
        const int number = stored.toInt(&ok);
        return ok && number >= entry.least && number <= entry.most ? QVariant(number) : fallback;
    }
    if (fallback.typeId() == QMetaType::QString && stored.typeId() == QMetaType::QStringList)
        return stored.toStringList().join(QStringLiteral(", ")); // a comma in a hand-written line
    return stored.convert(fallback.metaType()) ? stored : fallback;
}

void Settings::set(Key key, const QVariant &newValue)
{
    if (value(key) == newValue)
        return;
    m_store.setValue(pathOf(key), newValue);
    Q_EMIT changed(key);
}

void Settings::reset(Key key)
{
    const bool differs = value(key) != defaultOf(key);
    m_store.remove(pathOf(key));
    if (differs)
        Q_EMIT changed(key);
}

QByteArray Settings::pageState(const QString &page) const
{
    return m_store.value(pagePath(page)).toByteArray();
}

void Settings::setPageState(const QString &page, const QByteArray &state)
{
    m_store.setValue(pagePath(page), state);
}

} // namespace sandglass::models
