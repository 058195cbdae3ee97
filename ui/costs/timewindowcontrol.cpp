#include "ui/costs/timewindowcontrol.h"

#include "models/costs/timewindow.h"
#include "services/core/displayzone.h"
#include "ui/text/format.h"
#include "ui/widgets/buttons.h"
#include "ui/widgets/row.h"
#include "ui/widgets/segmentedcontrol.h"

#include <QDateTime>
#include <QHBoxLayout>
#include <QPushButton>

#include <algorithm>
#include <array>

using namespace std::chrono_literals;

namespace sandglass::ui {

namespace {

constexpr std::array<std::chrono::milliseconds, 7> lengths = {
    1h, 8h, models::TimeWindow::today, 24h, 7 * 24h, 30 * 24h, 90 * 24h};

/// Days alone where it is more than one: beside the lengths there is little room in a small window.
QString shortSpan(Timestamp from, Timestamp to)
{
    const QDate first = DisplayZone::at(from).date();
    const QDate last = DisplayZone::at(to).date();
    const QString format = QStringLiteral("d MMM");
    return first == last ? formatSpan(from, to)
                         : first.toString(format) + QStringLiteral(" – ") + last.toString(format);
}

} // namespace

TimeWindowControl::TimeWindowControl(models::TimeWindow &window, const QString &objectName, QWidget *parent)
    : QWidget(parent)
    , m_window(window)
    , m_lengths(new SegmentedControl({tr("1 h"), tr("8 h"), tr("Today"), tr("24 h"), tr("7 d"), tr("30 d"), tr("90 d")},
                                     objectName))
    , m_selection(makeButton({}, objectName + QStringLiteral("Selection")))
{
    auto *layout = makeRow(this, 10);
    layout->addWidget(m_selection);
    layout->addWidget(m_lengths);
    connect(m_selection, &QPushButton::clicked, &m_window, &models::TimeWindow::reset);
    connect(m_lengths, &SegmentedControl::currentChanged, this,
            [this](int index) { m_window.follow(lengths[static_cast<std::size_t>(index)]); });
    connect(&m_window, &models::TimeWindow::changed, this, &TimeWindowControl::update);
    update();
}

void TimeWindowControl::update()
{
    const auto found = std::ranges::find(lengths, m_window.followed());
    if (found != lengths.end() && m_lengths->currentIndex() != found - lengths.begin())
        m_lengths->setCurrentIndex(static_cast<int>(found - lengths.begin()));
    m_selection->setVisible(m_window.isFixed());
    if (!m_window.isFixed())
        return;
    m_selection->setText(shortSpan(m_window.from(), m_window.to()) + QStringLiteral("  ✕"));
    m_selection->setToolTip(tr("%1. Show the whole window again (Esc, or double click in a chart)")
                                .arg(formatSpan(m_window.from(), m_window.to())));
}

} // namespace sandglass::ui
