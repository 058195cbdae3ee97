#include "ui/timeline/timelinepage.h"

#include "models/costs/timewindow.h"
#include "models/sandboxes/timelinemodel.h"
#include "ui/charts/timelineview.h"
#include "ui/costs/timewindowcontrol.h"
#include "ui/text/format.h"
#include "ui/theme/theme.h"
#include "ui/widgets/buttons.h"
#include "ui/widgets/card.h"
#include "ui/widgets/emptystate.h"
#include "ui/widgets/labels.h"

#include <QHBoxLayout>
#include <QLabel>
#include <QPushButton>
#include <QStackedWidget>
#include <QVBoxLayout>

namespace sandglass::ui {

namespace {

constexpr int zoomStep = 4; // pixels

} // namespace

TimelinePage::TimelinePage(models::TimeWindow &window, models::TimelineModel &model, QWidget *parent)
    : Page(parent), m_window(window), m_model(model)
{
    setObjectName(QStringLiteral("timelinePage"));
    buildTools();
    m_stack = new QStackedWidget;
    m_stack->addWidget(buildCard());
    m_empty = new EmptyState({}, {});
    m_stack->addWidget(m_empty);
    auto *layout = new QVBoxLayout(this);
    layout->setContentsMargins(metrics::pageMargin, 20, metrics::pageMargin, metrics::pageMargin);
    layout->addWidget(m_stack);
    connect(&m_model, &models::TimelineModel::changed, this, &TimelinePage::onChanged);
    connect(m_view, &TimelineView::rangeSelected, &m_window, &models::TimeWindow::select);
    connect(m_view, &TimelineView::resetRequested, &m_window, &models::TimeWindow::reset);
    connect(m_view, &TimelineView::activated, this, &TimelinePage::sandboxActivated);
    onChanged();
}

void TimelinePage::buildTools()
{
    m_tools = new QWidget(this);
    auto *layout = new QHBoxLayout(m_tools);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->addWidget(new TimeWindowControl(m_window, QStringLiteral("timelineWindow")));
}

QWidget *TimelinePage::buildCard()
{
    auto *card = new Card(tr("Lives"));
    card->setHint(tr("filled: running · dashed: paused · drag to select a stretch of time"));
    m_leftOut = makeMuted({});
    QPushButton *flatter = makeQuietButton(tr("−"), QStringLiteral("lanesFlatter"));
    QPushButton *higher = makeQuietButton(tr("+"), QStringLiteral("lanesHigher"));
    flatter->setToolTip(tr("Flatter lanes (Ctrl+wheel)"));
    higher->setToolTip(tr("Higher lanes (Ctrl+wheel)"));
    for (QWidget *tool : std::initializer_list<QWidget *>{m_leftOut, flatter, higher})
        card->titleRow()->addWidget(tool);
    m_view = new TimelineView(m_model, QStringLiteral("timelineView"));
    card->body()->addWidget(m_view);
    connect(flatter, &QPushButton::clicked, this, [this] { m_view->setLaneHeight(m_view->laneHeight() - zoomStep); });
    connect(higher, &QPushButton::clicked, this, [this] { m_view->setLaneHeight(m_view->laneHeight() + zoomStep); });
    return card;
}

QString TimelinePage::subtitle() const
{
    if (!isCurrent() && m_model.lanes().empty())
        return tr("adding up");
    const auto count = static_cast<std::int64_t>(m_model.lanes().size());
    const QString lives = count == 1 ? tr("1 sandbox") : tr("%1 sandboxes").arg(formatCount(count));
    return m_window.isFixed() ? lives + u" · " + formatSpan(m_window.from(), m_window.to()) : lives;
}

QByteArray TimelinePage::saveState() const
{
    return QByteArray::number(m_view->laneHeight());
}

void TimelinePage::restoreState(const QByteArray &state)
{
    if (const int height = state.toInt(); height > 0)
        m_view->setLaneHeight(height);
}

void TimelinePage::showEvent(QShowEvent *event)
{
    Page::showEvent(event);
    m_model.setActive(true);
}

void TimelinePage::hideEvent(QHideEvent *event)
{
    Page::hideEvent(event);
    m_model.setActive(false);
}

bool TimelinePage::isCurrent() const
{
    return m_model.isCurrent();
}

void TimelinePage::onChanged()
{
    if (isCurrent())
        m_empty->setTexts(tr("No sandbox lived in this window"),
                          tr("Choose a longer window above, or start a sandbox: its life appears as a lane here."));
    else
        m_empty->setTexts(tr("Adding up"), tr("The lives of this window are being read."));
    m_stack->setCurrentIndex(m_model.lanes().empty() ? 1 : 0);
    m_leftOut->setText(m_model.leftOut() > 0 ? tr("%1 older not shown").arg(formatCount(m_model.leftOut()))
                                             : QString());
    Q_EMIT subtitleChanged();
}

} // namespace sandglass::ui
