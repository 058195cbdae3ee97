#pragma once

#include <QPoint>
#include <QString>

#include <functional>

class QAbstractItemView;
class QWidget;

namespace sandglass::test {

/// Mouse and keyboard of the X display, moved by xdotool under a real window manager (openbox): what reaches a widget
/// went through the server, the focus rules and Qt's event loop. Needs QT_QPA_PLATFORM=xcb.
class RealInput final
{
public:
    RealInput() = default;
    ~RealInput(); ///< ends the window manager

    /// False when no window manager took the display within 30 s.
    [[nodiscard]] bool start();

    /// All wait until xdotool is done; false when it failed.
    [[nodiscard]] bool click(const QWidget *widget);
    [[nodiscard]] bool clickAt(const QWidget *widget, QPoint position);
    [[nodiscard]] bool clickRow(const QAbstractItemView *view, int row);
    [[nodiscard]] bool doubleClickAt(const QWidget *widget, QPoint position);
    [[nodiscard]] bool drag(const QWidget *widget, QPoint from, QPoint to);
    /// Turns the wheel over the scroll area around `widget` until all of the widget is seen.
    [[nodiscard]] bool scrollTo(const QWidget *widget);
    [[nodiscard]] bool key(const QString &keys); ///< "ctrl+Return"
    /// Presses again as long as nothing comes of it: a key that the window manager takes is lost now and then.
    [[nodiscard]] bool keyUntil(const QString &keys, const std::function<bool()> &isDone);
    [[nodiscard]] bool type(const QString &text);
    [[nodiscard]] bool replaceText(const QWidget *edit, const QString &text); ///< clicks it, selects all, types

private:
    int m_windowManager = 0; ///< process id
};

} // namespace sandglass::test
