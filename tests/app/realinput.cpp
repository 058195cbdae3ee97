#include "tests/app/realinput.h"

#include <QAbstractItemView>
#include <QScrollArea>
#include <QScrollBar>
#include <QTest>
#include <QWidget>

#include <csignal>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace Qt::Literals::StringLiterals;

namespace sandglass::test {

namespace {

/// Not by QProcess: after its vfork the thread sanitizer takes the child's calls, which never return, for this thread's
/// and no longer sees its locks. 0: not started.
pid_t startTool(const QStringList &command)
{
    QList<QByteArray> texts;
    for (const QString &word : command)
        texts << word.toLocal8Bit();
    std::vector<char *> arguments;
    for (QByteArray &text : texts)
        arguments.push_back(text.data());
    arguments.push_back(nullptr);
    pid_t pid = 0;
    return ::posix_spawnp(&pid, arguments.front(), nullptr, nullptr, arguments.data(), environ) == 0 ? pid : 0;
}

/// Lets the event loop turn meanwhile: the clicked program is this process.
bool runTool(const QStringList &command)
{
    const pid_t pid = startTool(command);
    int status = -1;
    const bool ended = pid > 0 && QTest::qWaitFor([&] { return ::waitpid(pid, &status, WNOHANG) == pid; }, 10'000);
    return ended && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

bool moveTo(const QWidget *widget, QPoint position)
{
    if (!widget->isVisible() || !widget->isEnabled())
        return false;
    const QPoint place = widget->mapToGlobal(position);
    return runTool({u"xdotool"_s, u"mousemove"_s, QString::number(place.x()), QString::number(place.y())});
}

} // namespace

RealInput::~RealInput()
{
    if (m_windowManager <= 0)
        return;
    ::kill(m_windowManager, SIGTERM);
    ::waitpid(m_windowManager, nullptr, 0);
}

bool RealInput::start()
{
    m_windowManager = startTool({u"openbox"_s, u"--sm-disable"_s});
    // Fails as long as no window manager answers for the root window.
    return m_windowManager > 0
        && QTest::qWaitFor(
               [] {
                   return runTool({u"xdotool"_s, u"get_num_desktops"_s});
               },
               30'000);
}

bool RealInput::click(const QWidget *widget)
{
    return clickAt(widget, widget->rect().center());
}

bool RealInput::clickAt(const QWidget *widget, QPoint position)
{
    return moveTo(widget, position) && runTool({u"xdotool"_s, u"click"_s, u"1"_s});
}

bool RealInput::doubleClickAt(const QWidget *widget, QPoint position)
{
    return moveTo(widget, position)
        && runTool({u"xdotool"_s, u"click"_s, u"--repeat"_s, u"2"_s, u"--delay"_s, u"60"_s, u"1"_s});
}

bool RealInput::drag(const QWidget *widget, QPoint from, QPoint to)
{
    return moveTo(widget, from) && runTool({u"xdotool"_s, u"mousedown"_s, u"1"_s}) && moveTo(widget, (from + to) / 2)
        && moveTo(widget, to) && runTool({u"xdotool"_s, u"mouseup"_s, u"1"_s});
}

bool RealInput::clickRow(const QAbstractItemView *view, int row)
{
    const QRect place = view->visualRect(view->model()->index(row, 0));
    return !place.isEmpty()
        && clickAt(view->viewport(), QPoint(place.left() + qMin(place.width(), 120) / 2, place.center().y()));
}

bool RealInput::scrollTo(const QWidget *widget)
{
    const QAbstractScrollArea *area = nullptr;
    for (const QWidget *parent = widget->parentWidget(); parent != nullptr && area == nullptr;
         parent = parent->parentWidget())
        area = qobject_cast<const QScrollArea *>(parent);
    if (area == nullptr)
        return false;
    const QWidget *port = area->viewport();
    const auto place = [&] { return QRect(widget->mapTo(port, QPoint()), widget->size()); };
    constexpr int mostTurns = 60;
    for (int turn = 0; turn < mostTurns && !port->rect().contains(place()); ++turn) {
        const int before = area->verticalScrollBar()->value();
        const QString button = place().top() < 0 ? u"4"_s : u"5"_s;
        // The margin has nothing in it that takes the wheel for itself.
        if (!moveTo(port, QPoint(4, port->height() / 2)) || !runTool({u"xdotool"_s, u"click"_s, button})
            || !QTest::qWaitFor([&] { return area->verticalScrollBar()->value() != before; }, 5'000))
            return false;
    }
    return port->rect().contains(place());
}

bool RealInput::key(const QString &keys)
{
    return runTool({u"xdotool"_s, u"key"_s, keys});
}

bool RealInput::keyUntil(const QString &keys, const std::function<bool()> &isDone)
{
    constexpr int mostPresses = 6;
    for (int press = 0; press < mostPresses; ++press) {
        if (!key(keys))
            return false;
        if (QTest::qWaitFor(isDone, 5'000))
            return true;
    }
    return false;
}

bool RealInput::type(const QString &text)
{
    return runTool({u"xdotool"_s, u"type"_s, u"--delay"_s, u"15"_s, text});
}

bool RealInput::replaceText(const QWidget *edit, const QString &text)
{
    return click(edit) && key(u"ctrl+a"_s) && type(text);
}

} // namespace sandglass::test
