#include "ui/timetravel/travelbar.h"

#include "services/core/displayzone.h"
#include "services/core/qtstring.h"
#include "ui/shell/banner.h"
#include "ui/text/format.h"
#include "ui/theme/theme.h"
#include "ui/timetravel/timeslider.h"
#include "ui/widgets/buttons.h"

#include <QAction>
#include <QDateTime>
#include <QDateTimeEdit>
#include <QHBoxLayout>
#include <QPushButton>
#include <QVBoxLayout>

#include <utility>

using namespace std::chrono_literals;
using namespace Qt::Literals::StringLiterals;

namespace sandglass::ui {

using models::Viewpoint;
using Step = Viewpoint::Step;

namespace {

QDateTime localTime(Timestamp moment)
{
    return DisplayZone::at(moment);
}

QString momentText(Timestamp moment)
{
    return localTime(moment).toString(u"d MMM yyyy HH:mm:ss"_s);
}

} // namespace

TravelBar::TravelBar(Viewpoint &viewpoint, QWidget *parent) : QWidget(parent), m_viewpoint(viewpoint)
{
    setObjectName(u"travelBar"_s);
    auto *layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(0);
    m_banner = new Banner(u"travelBanner"_s);
    m_banner->layout()->setContentsMargins(metrics::pageMargin, metrics::unit, metrics::pageMargin, metrics::unit);
    layout->addWidget(m_banner);
    buildActions();
    buildRow();
    layout->addWidget(m_row);
    hide();
    m_clock.setInterval(1s);
    connect(&m_clock, &QTimer::timeout, this, &TravelBar::update);
    connect(m_banner, &Banner::actionTriggered, this, &TravelBar::close);
    connect(&m_viewpoint, &Viewpoint::travelled, this, &TravelBar::update);
    connect(&m_viewpoint, &Viewpoint::newsCame, this, &TravelBar::updateSentence);
    connect(&m_viewpoint, &Viewpoint::reachChanged, this, &TravelBar::update);
    connect(&m_viewpoint, &Viewpoint::prepared, this, [this] {
        const bool isFirst = !std::exchange(m_isPrepared, true);
        update();
        if (isFirst && isVisible())
            m_slider->setFocus(Qt::OtherFocusReason); // it could not take it before
    });
    connect(&m_viewpoint, &Viewpoint::failed, this, [this](const Error &error) {
        Q_EMIT failed(tr("The history could not be read: %1").arg(toQString(error.message)));
    });
    update();
}

void TravelBar::buildRow()
{
    m_row = new QFrame;
    m_row->setProperty("strip", u"header"_s);
    auto *layout = new QHBoxLayout(m_row);
    layout->setContentsMargins(metrics::pageMargin, 6, metrics::pageMargin, metrics::unit);
    layout->setSpacing(10);
    m_entry = new QDateTimeEdit;
    m_entry->setObjectName(u"travelEntry"_s);
    m_entry->setAccessibleName(tr("Date and time to go to"));
    m_entry->setDisplayFormat(u"yyyy-MM-dd HH:mm:ss"_s);
    m_entry->setButtonSymbols(QAbstractSpinBox::NoButtons);
    m_entry->setKeyboardTracking(false);
    m_entry->setToolTip(tr("A date and time of day; Return goes there"));
    layout->addWidget(m_entry);
    m_previous = makeButton(tr("‹ Event"), u"travelPrevious"_s);
    m_previous->setAccessibleName(tr("One event back"));
    m_previous->setToolTip(tr("One event back (←). Shift+← a minute, Ctrl+← an hour, Page Up a day"));
    layout->addWidget(m_previous);
    m_slider = new TimeSlider(u"travelSlider"_s);
    layout->addWidget(m_slider, 1);
    m_next = makeButton(tr("Event ›"), u"travelNext"_s);
    m_next->setAccessibleName(tr("One event forward"));
    m_next->setToolTip(tr("One event forward (→). Shift+→ a minute, Ctrl+→ an hour, Page Down a day"));
    layout->addWidget(m_next);
    connect(m_entry, &QDateTimeEdit::editingFinished, this, &TravelBar::goToEntry);
    connect(m_slider, &TimeSlider::momentChosen, &m_viewpoint, &Viewpoint::travelTo);
    connect(m_previous, &QPushButton::clicked, this, [this] { m_viewpoint.step(Step::Event, -1); });
    connect(m_next, &QPushButton::clicked, this, [this] { m_viewpoint.step(Step::Event, 1); });
}

void TravelBar::buildActions()
{
    m_open = new QAction(tr("&Travel in time…"), this);
    m_open->setObjectName(u"travelAction"_s);
    m_open->setShortcut(QKeySequence(u"Ctrl+T"_s));
    connect(m_open, &QAction::triggered, this, &TravelBar::open);
    m_back = new QAction(tr("&Back to now"), this);
    m_back->setObjectName(u"travelBackAction"_s);
    connect(m_back, &QAction::triggered, this, &TravelBar::close);
    addStep(tr("One &event back"), QKeySequence(Qt::Key_Left), Step::Event, -1);
    addStep(tr("One e&vent forward"), QKeySequence(Qt::Key_Right), Step::Event, 1);
    addStep(tr("A &minute back"), QKeySequence(u"Shift+Left"_s), Step::Minute, -1);
    addStep(tr("A mi&nute forward"), QKeySequence(u"Shift+Right"_s), Step::Minute, 1);
    addStep(tr("An &hour back"), QKeySequence(u"Ctrl+Left"_s), Step::Hour, -1);
    addStep(tr("An h&our forward"), QKeySequence(u"Ctrl+Right"_s), Step::Hour, 1);
    addStep(tr("A &day back"), QKeySequence(Qt::Key_PageUp), Step::Day, -1);
    addStep(tr("A da&y forward"), QKeySequence(Qt::Key_PageDown), Step::Day, 1);
}

void TravelBar::addStep(const QString &text, const QKeySequence &keys, Step step, int count)
{
    auto *action = new QAction(text, this);
    action->setShortcut(keys);
    action->setShortcutContext(Qt::WidgetWithChildrenShortcut); // arrows mean other things elsewhere
    action->setData(QVariant::fromValue(std::pair(static_cast<int>(step), count)));
    connect(action, &QAction::triggered, this, [this, step, count] {
        open();
        m_viewpoint.step(step, count);
    });
    addAction(action);
    m_steps << action;
}

void TravelBar::open()
{
    if (!isVisibleTo(parentWidget())) {
        m_viewpoint.prepare();
        m_clock.start();
        show();
        update();
    }
    m_slider->setFocus(Qt::OtherFocusReason);
}

void TravelBar::close()
{
    m_clock.stop();
    m_isPrepared = false;
    m_viewpoint.returnToNow();
    m_viewpoint.rest();
    hide();
    update();
}

void TravelBar::setPageFollows(bool follows)
{
    m_pageFollows = follows;
    updateSentence();
}

void TravelBar::goToEntry()
{
    const Timestamp moment = fromUnixMs(m_entry->dateTime().toMSecsSinceEpoch());
    const auto shown = std::chrono::floor<std::chrono::seconds>(m_viewpoint.target());
    if (!m_entry->hasFocus() || moment == shown)
        return;
    m_viewpoint.travelTo(moment);
    m_slider->setFocus(Qt::OtherFocusReason); // the next keys step from there
}

void TravelBar::update()
{
    const Timestamp present = m_viewpoint.present();
    const auto first = m_viewpoint.firstEvent();
    m_slider->setSpan(first.value_or(present - 1h), present);
    m_slider->setMoment(m_viewpoint.target());
    if (!m_entry->hasFocus()) {
        const QSignalBlocker quiet(m_entry);
        m_entry->setTimeSpec(DisplayZone::spec());
        m_entry->setDateTime(localTime(m_viewpoint.target()));
    }
    updateActions();
    updateSentence();
}

void TravelBar::updateActions()
{
    const bool hasHistory = m_viewpoint.firstEvent().has_value();
    const bool isOpen = isVisibleTo(parentWidget());
    m_back->setEnabled(isOpen);
    m_slider->setEnabled(hasHistory);
    m_entry->setEnabled(hasHistory);
    m_previous->setEnabled(m_viewpoint.canStep(Step::Event, -1));
    m_next->setEnabled(m_viewpoint.canStep(Step::Event, 1));
    for (QAction *action : std::as_const(m_steps)) {
        const auto [step, count] = action->data().value<std::pair<int, int>>();
        action->setEnabled(isOpen && m_viewpoint.canStep(static_cast<Step>(step), count));
    }
}

void TravelBar::updateSentence()
{
    const QString moment = momentText(m_viewpoint.target());
    QString sentence;
    if (m_viewpoint.isSeeking())
        sentence = tr("Going to %1 …").arg(moment);
    else if (!m_viewpoint.isInPast() && m_viewpoint.firstEvent())
        sentence =
            tr("Drag the handle or enter a time: tables and charts show what was then. Receiving and budgets go on.");
    else if (!m_viewpoint.isInPast())
        sentence = m_isPrepared ? tr("There is no history yet: no event has arrived.") : tr("Reading the history …");
    else if (m_pageFollows)
        sentence = tr("You are looking at %1, read only").arg(moment);
    else
        sentence =
            tr("This page shows the present. Overview, Sandboxes, Events, Costs and Timeline show %1.").arg(moment);
    if (const auto news = m_viewpoint.newsCount(); news > 0 && m_viewpoint.isInPast())
        sentence += u" · "_s + (news == 1 ? tr("1 new event since") : tr("%1 new events since").arg(formatCount(news)));
    m_banner->show(sentence, tr("Back to now"));
}

} // namespace sandglass::ui
