#include "app/tour.h"

#include "app/composition.h"
#include "services/core/qtstring.h"
#include "services/refine/generator.h"
#include "ui/refine/codeeditor.h"
#include "ui/refine/refinepage.h"
#include "ui/shell/page.h"
#include "ui/text/format.h"
#include "ui/theme/theme.h"
#include "ui/timetravel/travelbar.h"

#include <QCoreApplication>
#include <QDir>
#include <QImage>
#include <QLineEdit>
#include <QPlainTextEdit>
#include <QPushButton>
#include <QTableView>

#include <algorithm>
#include <array>
#include <cstdio>
#include <utility>

using namespace std::chrono_literals;
using namespace Qt::Literals::StringLiterals;

namespace sandglass::app {

namespace {

constexpr qint64 stepLimitMs = 60'000; ///< without any progress
constexpr QSize largeWindow(1600, 1000);
constexpr QSize smallWindow(1024, 600);

} // namespace

Tour::Tour(Composition &composition, QString pictureDirectory, QObject *parent)
    : QObject(parent), m_composition(composition), m_directory(std::move(pictureDirectory))
{
    m_watch.setInterval(2ms);
    connect(&m_watch, &QTimer::timeout, this, &Tour::check);
    planEngine();
    planAttempts();
    planEnding();
    planJourney();
}

void Tour::start()
{
    m_wholeTime.start();
    if (!QDir().mkpath(m_directory))
        return fail(tr("the folder %1 cannot be made").arg(m_directory));
    m_composition.window().resize(largeWindow);
    m_composition.showWindow();
    m_current = 0;
    beginNext();
}

void Tour::planEngine()
{
    m_steps.push_back({tr("start the engine"), [] {},
                       [this] {
                           const auto state = m_composition.engine().state();
                           return state == EngineSupervisor::State::Ready || state == EngineSupervisor::State::Failed;
                       },
                       [this] {
                           return m_composition.engine().state() == EngineSupervisor::State::Ready
                               ? m_composition.engine().address().summary
                               : QString();
                       }});
    m_steps.push_back({tr("register the webhook"), [] {}, [this] { return m_composition.receiving().isRegistered(); },
                       [this] { return toQString(m_composition.receiver()->url()); }});
    m_steps.push_back({tr("read the journal"), [] {}, [this] { return m_composition.tracker().isReplayed(); },
                       [this] { return tr("%1 events").arg(ui::formatCount(m_composition.journal().count())); }});
    m_steps.push_back({tr("list the templates"), [this] { m_composition.window().showPage(u"templates"_s); },
                       [this] {
                           const auto state = m_composition.templates().state();
                           return state == models::TemplateListModel::State::Loaded
                               || state == models::TemplateListModel::State::Failed;
                       },
                       [this] {
                           QStringList names;
                           for (int row = 0; row < m_composition.templates().rowCount(); ++row)
                               names << models::TemplateListModel::displayName(m_composition.templates().at(row));
                           return names.join(u", "_s);
                       }});
}

void Tour::planAttempts()
{
    const refine::ClassicExample example = refine::classicExample();
    const QString expectedOutput = toQString(example.check.expected);
    // What each attempt of the example runs into; the last one passes.
    const QStringList reasons = {u"SyntaxError"_s, u"ModuleNotFoundError"_s, QString()};
    m_steps.push_back({tr("create a sandbox"),
                       [this, code = toQString(example.attempts.front()), expectedOutput] {
                           m_runningBefore = m_composition.figures().runningCount();
                           m_composition.window().showPage(u"refine"_s);
                           auto &page = m_composition.refinePage();
                           page.setTemplate(u"code-interpreter-v1"_s);
                           if (auto *expected = page.findChild<QLineEdit *>(u"expectedOutput"_s))
                               expected->setText(expectedOutput);
                           page.editor()->setText(code);
                           page.run();
                       },
                       [this] { return !m_composition.runSession().sandboxId().isEmpty(); },
                       [this] {
                           m_sandboxId = m_composition.runSession().sandboxId();
                           return m_sandboxId;
                       }});
    int number = 0;
    for (const std::string &code : example.attempts) {
        planAttempt(number + 1, toQString(code), reasons.value(number));
        if (++number == 2)
            planPictures(tr("draw the marked error"), {u"refine"_s}, u"-error"_s);
    }
}

void Tour::planAttempt(int number, const QString &code, const QString &expectedReason)
{
    m_steps.push_back({tr("attempt %1").arg(number),
                       [this, number, code] {
                           if (number == 1)
                               return; // runs since the sandbox was asked for
                           m_composition.refinePage().editor()->setText(code);
                           m_composition.refinePage().run();
                       },
                       [this, number] {
                           const auto *attempt = m_composition.runSession().attempts()->byNumber(number);
                           return attempt != nullptr && attempt->verdict != models::AttemptRow::Verdict::Running;
                       },
                       [this, number, expectedReason]() -> QString {
                           const auto *attempt = m_composition.runSession().attempts()->byNumber(number);
                           const bool passed = attempt->verdict == models::AttemptRow::Verdict::Passed;
                           const bool asExpected =
                               expectedReason.isEmpty() ? passed : attempt->reason.startsWith(expectedReason + u':');
                           if (!asExpected) {
                               std::fprintf(stderr, "attempt %d: %s\n", number, qPrintable(attempt->reason));
                               return {};
                           }
                           const QString time = ui::formatDuration(attempt->duration.value_or(0ns));
                           if (passed)
                               return tr("passed, ran %1").arg(time);
                           const int line = attempt->error ? attempt->error->line + 1 : 0;
                           return tr("%1 at line %2, ran %3").arg(attempt->reason).arg(line).arg(time);
                       }});
}

void Tour::planEnding()
{
    // The list tells the sandbox's size, without which there is no price.
    m_steps.push_back(
        {tr("see its cost"), [] {}, [this] { return !costLine().isEmpty(); }, [this] { return costLine(); }});
    planLook();
    planPictures(tr("draw the live pages"),
                 {u"overview"_s, u"sandboxes"_s, u"templates"_s, u"refine"_s, u"settings"_s});
    m_steps.push_back({tr("kill the sandbox"), [this] { m_composition.runSession().endSession(); },
                       [this] {
                           const auto *sandbox = m_composition.tracker().fold().find(toUtf8(m_sandboxId));
                           return sandbox != nullptr && sandbox->state == lifecycle::SandboxState::Killed
                               && m_composition.figures().runningCount()
                               == m_runningBefore; // the pictures show it, too
                       },
                       [this] {
                           return tr("killed event in the journal, %1 events in all")
                               .arg(ui::formatCount(m_composition.journal().count()));
                       }});
    m_steps.push_back({tr("settle its cost"), [] {}, [] { return true; }, [this] { return costLine(); }});
    planPictures(tr("draw the records"), {u"events"_s, u"webhooks"_s, u"costs"_s, u"budgets"_s, u"timeline"_s});
    m_steps.push_back(
        {tr("add up the last hour"), [this] { m_composition.window().showPage(u"analytics"_s); },
         [this] { return m_composition.analytics().isCurrent(); },
         [this] { return tr("%1 created today").arg(m_composition.analytics().latest()->createdToday); }});
    planPictures(tr("draw the figures"), {u"analytics"_s});
}

void Tour::planLook()
{
    const auto view = [this](int number) {
        m_composition.window().findChild<QPushButton *>(u"inspectorViews"_s + QString::number(number))->click();
    };
    const auto log = [this] { return m_composition.window().findChild<QPlainTextEdit *>(u"logView"_s); };
    m_steps.push_back({tr("read its log"),
                       [this, view] {
                           m_composition.window().showPage(u"sandboxes"_s);
                           m_composition.window().findChild<QTableView *>(u"sandboxTable"_s)->selectRow(0);
                           view(1);
                       },
                       [log] { return log()->toPlainText().contains(u"ModuleNotFoundError"_s); },
                       [log] { return tr("%1 lines").arg(log()->blockCount()); }});
    planPictures(tr("draw the log"), {u"sandboxes"_s}, u"-log"_s);
    m_steps.push_back({tr("see what it uses"), [view] { view(0); },
                       [this] {
                           const auto *processors = m_composition.window().findChild<QWidget *>(u"cpuUsed"_s);
                           return processors->isVisible();
                       },
                       [this]() -> QString {
                           const auto *processors = m_composition.window().findChild<QWidget *>(u"cpuUsed"_s);
                           return processors->accessibleName() + u' ' + processors->accessibleDescription();
                       }});
}

void Tour::planJourney()
{
    m_steps.push_back({tr("travel back in time"),
                       [this] {
                           const auto *sandbox = m_composition.tracker().fold().find(toUtf8(m_sandboxId));
                           m_composition.travelling().bar().open();
                           m_composition.travelling().viewpoint().travelTo(sandbox->endedAt.value_or(Timestamp{})
                                                                           - 1ms);
                       },
                       [this] { return !m_composition.travelling().viewpoint().isSeeking(); },
                       [this]() -> QString {
                           const auto &viewpoint = m_composition.travelling().viewpoint();
                           const auto *sandbox = viewpoint.fold().find(toUtf8(m_sandboxId));
                           if (sandbox == nullptr || sandbox->state != lifecycle::SandboxState::Running)
                               return {};
                           return tr("%1 runs again at %2").arg(m_sandboxId, ui::formatClock(viewpoint.now()));
                       }});
    planPictures(tr("draw the past"), {u"overview"_s, u"sandboxes"_s, u"timeline"_s}, u"-past"_s);
    m_steps.push_back({tr("come back to now"), [this] { m_composition.travelling().bar().close(); },
                       [this] { return !m_composition.travelling().viewpoint().isInPast(); },
                       [this] { return tr("%1 events in all").arg(m_composition.journal().count()); }});
}

void Tour::planPictures(const QString &name, const QStringList &pages, const QString &suffix)
{
    m_steps.push_back({name,
                       [this, pages] {
                           m_nextPage = 0;
                           m_arePicturesGood = true;
                           m_modeBefore = m_composition.theme().mode();
                           m_sizeBefore = m_composition.window().size();
                           beginTheme(false);
                           m_composition.window().showPage(pages.front());
                       },
                       [this, pages, suffix] { return takePictures(pages, suffix); },
                       [this, pages] {
                           return m_arePicturesGood ? tr("%n page(s), light and dark, 1600×1000 and 1024×600", nullptr,
                                                         static_cast<int>(pages.size()))
                                                    : QString();
                       }});
}

void Tour::beginNext()
{
    if (m_current == m_steps.size()) {
        report(tr("tour done in %1, %2 pictures in %3")
                   .arg(ui::formatDuration(std::chrono::nanoseconds(m_wholeTime.nsecsElapsed())))
                   .arg(m_pictures)
                   .arg(m_directory));
        Q_EMIT finished(0);
        return;
    }
    m_stepTime.start();
    m_sinceProgress.start();
    m_steps[m_current].begin();
    m_watch.start();
}

void Tour::check()
{
    const Step &step = m_steps[m_current];
    if (!step.isDone()) {
        if (m_sinceProgress.elapsed() > stepLimitMs)
            fail(tr("%1: not done after %2 s").arg(step.name).arg(stepLimitMs / 1000));
        return;
    }
    m_watch.stop();
    const auto took = std::chrono::nanoseconds(m_stepTime.nsecsElapsed());
    const QString detail = step.detail();
    if (detail.isEmpty())
        return fail(tr("%1: came out wrong. %2").arg(step.name, m_composition.engine().failure()));
    report(u"%1 %2  %3"_s.arg(step.name.leftJustified(22), ui::formatDuration(took).rightJustified(8), detail));
    ++m_current;
    QTimer::singleShot(0, this, &Tour::beginNext);
}

void Tour::report(const QString &line)
{
    std::printf("%s\n", qPrintable(line));
    std::fflush(stdout);
    Q_EMIT stepDone(line);
}

void Tour::fail(const QString &why)
{
    m_watch.stop();
    std::fprintf(stderr, "tour failed: %s\n", qPrintable(why));
    Q_EMIT finished(1);
}

QString Tour::costLine() const
{
    const auto *sandbox = m_composition.tracker().fold().find(toUtf8(m_sandboxId));
    if (sandbox == nullptr)
        return {};
    const auto cost = m_composition.tracker().costOf(*sandbox);
    if (!cost || cost->amount.isZero())
        return {};
    return u"$%1 %2"_s.arg(toQString(cost->amount.toSignificant(4)),
                           cost->isConfirmed ? tr("confirmed") : tr("so far"));
}

bool Tour::takePictures(const QStringList &pages, const QString &suffix)
{
    ui::MainWindow &window = m_composition.window();
    const auto shown = window.findChildren<ui::Page *>();
    const bool isCurrent =
        std::ranges::all_of(shown, [](const ui::Page *page) { return !page->isVisible() || page->isCurrent(); });
    if (!isCurrent)
        return false;
    if (!std::exchange(m_isSized, true)) { // what a size changes takes some turns of the event loop
        window.resize(m_isSmallTaken ? largeWindow : smallWindow);
        return false;
    }
    m_isSized = false;
    m_sinceProgress.start();
    const QString theme = ui::Theme::tokens().isDark ? u"dark"_s : u"light"_s;
    const QString name = u"%1-%2"_s.arg(pages.at(m_nextPage) + suffix, theme);
    const bool isGood = takePicture(m_isSmallTaken ? name : name + u"-1024x600"_s);
    m_arePicturesGood = m_arePicturesGood && isGood;
    m_isSmallTaken = !m_isSmallTaken;
    if (m_isSmallTaken)
        return false;
    if (++m_nextPage == pages.size()) {
        if (m_isSecondTheme) {
            m_composition.theme().setMode(m_modeBefore);
            window.resize(m_sizeBefore);
            return true;
        }
        beginTheme(true);
        m_nextPage = 0;
    }
    window.showPage(pages.at(m_nextPage));
    return false;
}

/// The one that is not in force comes first: then the step ends with the one it began with.
void Tour::beginTheme(bool isSecond)
{
    m_isSecondTheme = isSecond;
    m_composition.theme().setMode(ui::Theme::tokens().isDark ? ui::Theme::Mode::Light : ui::Theme::Mode::Dark);
}

bool Tour::takePicture(const QString &name)
{
    ui::MainWindow &window = m_composition.window();
    // A page that puts its parts elsewhere in another size has them laid out by posted events, one for each layout on
    // the way up.
    for (int depth = 0; depth < 4; ++depth) {
        (void)window.grab(QRect(0, 0, 1, 1));
        QCoreApplication::sendPostedEvents(nullptr, QEvent::LayoutRequest);
    }
    ++m_pictures;
    return window.grab().save(u"%1/%2.png"_s.arg(m_directory, name));
}

} // namespace sandglass::app
