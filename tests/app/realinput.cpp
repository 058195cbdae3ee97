#include "tests/app/realinput.h"

#include <QAbstractItemView>
#include <QTest>
#include <QWidget>

using namespace Qt::Literals::StringLiterals;

namespace sandglass::test {

namespace {

/// Lets the event loop turn meanwhile: the clicked program is this process.
bool runTool(const QString &program, const QStringList &arguments, QByteArray *output = nullptr)
{
    QProcess tool;
    tool.start(program, arguments);
    const bool ended = QTest::qWaitFor([&] { return tool.state() == QProcess::NotRunning; }, 10'000);
    if (output != nullptr)
        *output = tool.readAllStandardOutput();
    return ended && tool.exitStatus() == QProcess::NormalExit && tool.exitCode() == 0;
}

bool hasWindowManager()
{
    QByteArray answer;
    return runTool(u"xprop"_s, {u"-root"_s, u"_NET_SUPPORTING_WM_CHECK"_s}, &answer) && answer.contains("window id");
}

} // namespace

RealInput::~RealInput()
{
    m_windowManager.terminate();
    m_windowManager.waitForFinished();
}

bool RealInput::start()
{
    m_windowManager.start(u"openbox"_s, {u"--sm-disable"_s});
    return QTest::qWaitFor(hasWindowManager, 30'000);
}

bool RealInput::click(const QWidget *widget)
{
    return clickAt(widget, widget->rect().center());
}

bool RealInput::clickAt(const QWidget *widget, QPoint position)
{
    if (!widget->isVisible() || !widget->isEnabled())
        return false;
    const QPoint place = widget->mapToGlobal(position);
    return runTool(
        u"xdotool"_s,
        {u"mousemove"_s, u"--sync"_s, QString::number(place.x()), QString::number(place.y()), u"click"_s, u"1"_s});
}

bool RealInput::clickRow(const QAbstractItemView *view, int row)
{
    const QRect place = view->visualRect(view->model()->index(row, 0));
    return !place.isEmpty()
        && clickAt(view->viewport(), QPoint(place.left() + qMin(place.width(), 120) / 2, place.center().y()));
}

bool RealInput::key(const QString &keys)
{
    return runTool(u"xdotool"_s, {u"key"_s, keys});
}

bool RealInput::type(const QString &text)
{
    return runTool(u"xdotool"_s, {u"type"_s, u"--delay"_s, u"15"_s, text});
}

} // namespace sandglass::test
