#include "ui/theme/theme.h"

#include "ui/theme/stylesheet.h"
#include "ui/theme/systemscheme.h"

#include <QApplication>
#include <QFile>
#include <QFontDatabase>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QPalette>
#include <QStyleFactory>
#include <QToolTip>

#include <array>

using namespace Qt::Literals::StringLiterals;

/// The resources lie in a static library: without this call the linker leaves them out. Not inside a namespace.
static void initialiseResources()
{
    Q_INIT_RESOURCE(resources);
}

namespace sandglass::ui {

namespace {

Theme *theTheme = nullptr;
Tokens theTokens;

Tokens loadTokens(bool dark)
{
    QFile file(u":/sandglass/theme/tokens.json"_s);
    const bool isOpen = file.open(QIODevice::ReadOnly);
    Q_ASSERT(isOpen); // compiled in
    Q_UNUSED(isOpen)
    const QJsonObject themes = QJsonDocument::fromJson(file.readAll()).object();
    const QJsonObject values = themes.value(dark ? "dark"_L1 : "light"_L1).toObject();
    Tokens tokens;
    tokens.isDark = dark;
    const std::array<std::pair<QLatin1StringView, QColor *>, 17> names = {{
        {"bg"_L1, &tokens.bg},
        {"surface"_L1, &tokens.surface},
        {"raised"_L1, &tokens.raised},
        {"border"_L1, &tokens.border},
        {"text"_L1, &tokens.text},
        {"muted"_L1, &tokens.muted},
        {"faint"_L1, &tokens.faint},
        {"accent"_L1, &tokens.accent},
        {"accentbg"_L1, &tokens.accentbg},
        {"run"_L1, &tokens.run},
        {"pause"_L1, &tokens.pause},
        {"dead"_L1, &tokens.dead},
        {"err"_L1, &tokens.err},
        {"warn"_L1, &tokens.warn},
        {"grid"_L1, &tokens.grid},
        {"sel"_L1, &tokens.sel},
        {"code"_L1, &tokens.code},
    }};
    for (const auto &[name, color] : names)
        *color = QColor(values.value(name).toString());
    const QJsonArray series = values.value("series"_L1).toArray();
    for (const QJsonValue &value : series)
        tokens.series << QColor(value.toString());
    return tokens;
}

QPalette paletteFor(const Tokens &t)
{
    QPalette palette;
    palette.setColor(QPalette::Window, t.bg);
    palette.setColor(QPalette::WindowText, t.text);
    palette.setColor(QPalette::Base, t.surface);
    palette.setColor(QPalette::AlternateBase, t.raised);
    palette.setColor(QPalette::Text, t.text);
    palette.setColor(QPalette::Button, t.surface);
    palette.setColor(QPalette::ButtonText, t.text);
    palette.setColor(QPalette::BrightText, t.err);
    palette.setColor(QPalette::Highlight, t.sel);
    palette.setColor(QPalette::HighlightedText, t.text);
    palette.setColor(QPalette::Link, t.accent);
    palette.setColor(QPalette::LinkVisited, t.accent);
    palette.setColor(QPalette::ToolTipBase, t.raised);
    palette.setColor(QPalette::ToolTipText, t.text);
    palette.setColor(QPalette::PlaceholderText, t.faint);
    for (const auto role : {QPalette::Light, QPalette::Midlight, QPalette::Mid, QPalette::Dark, QPalette::Shadow})
        palette.setColor(role, t.border);
    for (const auto role : {QPalette::WindowText, QPalette::Text, QPalette::ButtonText})
        palette.setColor(QPalette::Disabled, role, t.faint);
    return palette;
}

/// The first installed family of the list, else the system's own.
QString firstFamily(std::initializer_list<const char *> wanted, QFontDatabase::SystemFont fallback)
{
    for (const char *family : wanted) {
        if (QFontDatabase::hasFamily(QString::fromLatin1(family)))
            return QString::fromLatin1(family);
    }
    return QFontDatabase::systemFont(fallback).family();
}

} // namespace

Theme::Theme(QApplication &application) : QObject(&application), m_application(application)
{
    theTheme = this;
    initialiseResources();
    m_application.setStyle(QStyleFactory::create(u"Fusion"_s));
    m_application.setFont(uiFont());
    m_systemScheme = new SystemScheme(this);
    connect(m_systemScheme, &SystemScheme::changed, this, [this] {
        if (m_mode == Mode::System)
            apply();
    });
    apply();
}

Theme::Hold::Hold(Theme &theme) : m_theme(theme)
{
    m_theme.m_isHeld = true;
    m_theme.m_application.setStyleSheet({});
}

Theme::Hold::~Hold()
{
    m_theme.m_isHeld = false;
    m_theme.m_application.setStyleSheet(styleSheetFor(theTokens));
}

void Theme::setMode(Mode mode)
{
    if (m_mode == mode)
        return;
    m_mode = mode;
    apply();
}

const Tokens &Theme::tokens()
{
    return theTokens;
}

Theme *Theme::instance()
{
    return theTheme;
}

QFont Theme::uiFont(int pixelSize, QFont::Weight weight)
{
    static const QString family = firstFamily({"Inter"}, QFontDatabase::GeneralFont);
    QFont font(family);
    font.setPixelSize(pixelSize);
    font.setWeight(weight);
    return font;
}

QFont Theme::monoFont(int pixelSize)
{
    static const QString family = firstFamily({"JetBrains Mono", "DejaVu Sans Mono"}, QFontDatabase::FixedFont);
    QFont font(family);
    font.setPixelSize(pixelSize);
    font.setStyleHint(QFont::Monospace);
    return font;
}

void Theme::apply()
{
    const bool dark = m_mode == Mode::Dark || (m_mode == Mode::System && m_systemScheme->isDark());
    if (m_isApplied && dark == theTokens.isDark)
        return Q_EMIT changed(); // the mode is another, the look is the same: every widget would be styled anew
    m_isApplied = true;
    theTokens = loadTokens(dark);
    const QPalette palette = paletteFor(theTokens);
    m_application.setPalette(palette);
    QToolTip::setPalette(palette);
    if (!m_isHeld)
        m_application.setStyleSheet(styleSheetFor(theTokens));
    Q_EMIT changed();
}

} // namespace sandglass::ui
