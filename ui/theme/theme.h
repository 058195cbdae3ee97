#pragma once

#include <QColor>
#include <QFont>
#include <QList>
#include <QObject>

class QApplication;

namespace sandglass::ui {

/// The colours of one theme, by role; values in resources/theme/tokens.json. Meaning is never carried by colour alone.
struct Tokens
{
    QColor bg, surface, raised, border, text, muted, faint, accent, accentbg, run, pause, dead, err, warn, grid, sel,
        code;
    QList<QColor> series; ///< charts, in order
    bool isDark = true;
};

/// The look of the whole program: Fusion with our palette and one style sheet. Follows the system unless told
/// otherwise.
class Theme final : public QObject
{
    Q_OBJECT
public:
    enum class Mode { System, Light, Dark };
    Q_ENUM(Mode)

    /// Installs style, palette, fonts and style sheet on the application. One per application.
    explicit Theme(QApplication &application);

    /// While one lives, the style sheet waits. Under a style sheet each widget that is given a parent styles all of
    /// its children anew, which makes a window of many parts several times slower to build.
    class Hold final
    {
    public:
        explicit Hold(Theme &theme);
        ~Hold(); ///< styles all that was built meanwhile, in one go
        Hold(const Hold &) = delete;
        Hold &operator=(const Hold &) = delete;

    private:
        Theme &m_theme;
    };

    void setMode(Mode mode);
    [[nodiscard]] Mode mode() const { return m_mode; }

    /// The tokens in force. Widgets that paint themselves read them while painting and repaint on changed().
    [[nodiscard]] static const Tokens &tokens();
    [[nodiscard]] static Theme *instance();

    [[nodiscard]] static QFont uiFont(int pixelSize = 13,
                                      QFont::Weight weight = QFont::Normal); ///< Inter, tabular figures where painted
    [[nodiscard]] static QFont monoFont(int pixelSize = 12);                 ///< JetBrains Mono

Q_SIGNALS:
    void changed();

private:
    void apply();
    Mode m_mode = Mode::System;
    bool m_isApplied = false;
    bool m_isHeld = false;
    QApplication &m_application;
    class SystemScheme *m_systemScheme = nullptr;
};

/// Spacing on a 4 px grid.
namespace metrics {
inline constexpr int unit = 4, gap = 8, cardPadding = 16, pageMargin = 24, cardGap = 16, rowHeight = 34,
                     cellPadding = 10, radius = 8, sideBarWidth = 208, headerHeight = 56;
} // namespace metrics

} // namespace sandglass::ui
