#pragma once

#include <QEventLoopLocker>
#include <QObject>
#include <QPointer>
#include <QTimer>

#include <chrono>
#include <memory>

namespace sandglass::models {
class RunSession;
class Settings;
} // namespace sandglass::models
namespace sandglass::ui {
class MainWindow;
class QuestionDialog;
} // namespace sandglass::ui

namespace sandglass::app {

/// What closing the window means: with an icon in the tray the program may go on without it, which is asked once;
/// without one it ends. A run of code in Refine is not ended unasked. A window that is hidden comes back when the icon
/// that it was hidden for is gone.
class Closing final : public QObject
{
    Q_OBJECT
public:
    static constexpr std::chrono::milliseconds patience{3'000}; ///< with a panel that starts anew

    /// All must outlive this.
    struct Around
    {
        ui::MainWindow &window;
        models::Settings &settings;
        const models::RunSession &runs;
    };
    explicit Closing(Around around, QObject *parent = nullptr);

    void start(); ///< until then a close is the end, without any question
    void setTray(bool isShown);
    void hideWindow(); ///< ignored without an icon in the tray
    void quit();
    void quitUnasked(); ///< ends a run, too

protected:
    bool eventFilter(QObject *watched, QEvent *event) override;

private:
    [[nodiscard]] bool mayClose();
    [[nodiscard]] bool isRunning() const;
    void askAboutTray();
    void askAboutRun();

    Around m_around;
    bool m_isStarted = false;
    bool m_isTrayShown = false;
    bool m_mayEndRun = false; ///< the person has said so
    QPointer<ui::QuestionDialog> m_question;
    QTimer m_lost;                            ///< while the window is hidden and the icon is gone
    std::unique_ptr<QEventLoopLocker> m_stay; ///< since the window was hidden: no window is no end of the program
};

} // namespace sandglass::app
