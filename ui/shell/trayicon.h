#pragma once

#include <QIcon>
#include <QImage>
#include <QString>

namespace sandglass::ui {

/// What the icon in the tray tells.
struct TrayBadge
{
    int running = 0;      ///< sandboxes
    bool isAlert = false; ///< one that nobody has looked at yet
    friend bool operator==(const TrayBadge &, const TrayBadge &) = default;
};

/// "7", "99+"; "!" for an alert while nothing runs; empty: no badge.
[[nodiscard]] QString badgeText(const TrayBadge &badge);
/// The program's icon, `side` pixels square, with the badge over its lower right corner: round in the colour of running
/// sandboxes, square in the colour of errors while there is an alert. It has grounds of its own, so that panels may be
/// light or dark.
[[nodiscard]] QImage drawTrayIcon(const TrayBadge &badge, int side);
/// The same in every size that trays ask for.
[[nodiscard]] QIcon makeTrayIcon(const TrayBadge &badge);

} // namespace sandglass::ui
