#include "app/closing.h"

#include "models/runs/runsession.h"
#include "models/settings/settings.h"
#include "ui/shell/mainwindow.h"
#include "ui/shell/questiondialog.h"
#include "ui/widgets/buttons.h"

#include <QDialog>
#include <QEvent>

using namespace Qt::Literals::StringLiterals;
using sandglass::models::Settings;

namespace sandglass::app {

Closing::Closing(Around around, QObject *parent) : QObject(parent), m_around(around)
{
    m_lost.setSingleShot(true);
    m_lost.setInterval(patience);
    connect(&m_lost, &QTimer::timeout, &m_around.window, &ui::MainWindow::bringUp);
    m_around.window.installEventFilter(this);
    // Queued: whoever has to settle something holds the program by then.
    connect(
        &m_around.window, &ui::MainWindow::aboutToClose, this, [this] { m_stay.reset(); }, Qt::QueuedConnection);
}

void Closing::start()
{
    m_isStarted = true;
}

void Closing::setTray(bool isShown)
{
    m_isTrayShown = isShown;
    if (isShown)
        m_lost.stop();
    else if (m_stay && !m_around.window.isVisible())
        m_lost.start();
}

void Closing::hideWindow()
{
    if (!m_isTrayShown)
        return;
    if (!m_stay)
        m_stay = std::make_unique<QEventLoopLocker>();
    m_around.window.hide();
}

void Closing::quit()
{
    // A dialog that waits for its answer would keep the window from closing.
    const auto dialogs = m_around.window.findChildren<QDialog *>();
    for (QDialog *dialog : dialogs) {
        if (dialog->isVisible() && dialog->isModal())
            dialog->reject();
    }
    m_around.window.quit();
}

void Closing::quitUnasked()
{
    m_mayEndRun = true;
    quit();
    m_mayEndRun = false;
}

bool Closing::eventFilter(QObject *watched, QEvent *event)
{
    if (watched != &m_around.window || event->type() != QEvent::Close || mayClose())
        return QObject::eventFilter(watched, event);
    event->ignore();
    return true;
}

bool Closing::mayClose()
{
    if (!m_isStarted)
        return true;
    const QString wish = m_around.settings.text(Settings::Key::WindowClosed);
    if (m_isTrayShown && !m_around.window.isQuitting() && wish != u"quit") {
        if (wish == u"tray")
            hideWindow();
        else
            askAboutTray();
        return false;
    }
    if (!isRunning() || m_mayEndRun)
        return true;
    askAboutRun();
    return false;
}

bool Closing::isRunning() const
{
    return m_around.runs.state() != models::RunSession::State::Idle;
}

void Closing::askAboutTray()
{
    if (m_question && m_question->isVisible())
        return;
    m_question = new ui::QuestionDialog(
        tr("Close Sandglass"), tr("Keep watching in the tray?"),
        tr("Without its window Sandglass still receives events, guards budgets and tells alerts. The icon in the tray "
           "brings the window back. Your answer is kept; Settings > Tray changes it."),
        &m_around.window);
    m_question->setObjectName(u"trayQuestion"_s);
    m_question->addAnswer(ui::makeButton(tr("Cancel"), u"keepWindow"_s));
    m_question->addAnswer(ui::makeButton(tr("Quit"), u"quitForGood"_s), [this] {
        m_around.settings.set(Settings::Key::WindowClosed, u"quit"_s);
        m_around.window.quit();
    });
    QPushButton *keep = ui::makePrimaryButton(tr("Keep watching in the tray"), u"keepInTray"_s);
    m_question->addAnswer(keep, [this] {
        m_around.settings.set(Settings::Key::WindowClosed, u"tray"_s);
        hideWindow();
    });
    keep->setDefault(true);
    keep->setFocus();
    m_question->open();
}

void Closing::askAboutRun()
{
    m_around.window.bringUp();
    if (m_question && m_question->isVisible())
        return;
    m_question =
        new ui::QuestionDialog(tr("Quit Sandglass"), tr("Your code is still running"),
                               tr("Quitting stops the run in Refine and ends its sandbox. What it has printed so far "
                                  "is lost; the code itself is kept."),
                               &m_around.window);
    m_question->setObjectName(u"runQuestion"_s);
    m_question->addAnswer(ui::makeDangerButton(tr("Stop the run and quit"), u"stopAndQuit"_s), [this] {
        m_mayEndRun = true;
        m_around.window.quit();
        m_mayEndRun = false;
    });
    QPushButton *stay = ui::makePrimaryButton(tr("Stay"), u"stay"_s);
    m_question->addAnswer(stay);
    stay->setDefault(true);
    stay->setFocus();
    m_question->open();
}

} // namespace sandglass::app
