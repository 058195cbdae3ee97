#include "ui/sandboxes/fleetlegend.h"

#include "ui/sandboxes/fleetmap.h"
#include "ui/theme/theme.h"

#include <QPainter>

#include <array>

using namespace std::chrono_literals;

namespace sandglass::ui {

namespace {

constexpr int cellSide = 11;
constexpr int textGap = 6;
constexpr int entryGap = 20;
constexpr std::array<std::chrono::milliseconds, 4> ages = {1min, 15min, 3h, 24h};

} // namespace

FleetLegend::FleetLegend(QWidget *parent) : QWidget(parent)
{
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
    setAccessibleName(tr("Full: running. Frame: paused. Dot: ended. The stronger the colour, the older."));
    connect(Theme::instance(), &Theme::changed, this, qOverload<>(&QWidget::update));
}

QSize FleetLegend::sizeHint() const
{
    return {200, 18};
}

void FleetLegend::paintEvent(QPaintEvent * /*event*/)
{
    QPainter painter(this);
    painter.setFont(Theme::uiFont(12));
    painter.setPen(Theme::tokens().muted);
    int x = 0;
    const auto text = [this, &painter, &x](const QString &words) {
        const int width = painter.fontMetrics().horizontalAdvance(words);
        painter.drawText(QRect(x, 0, width + 1, height()), Qt::AlignVCenter, words);
        x += width;
    };
    const auto cell = [this, &painter, &x](StateLook look, std::chrono::milliseconds age) {
        paintFleetCell(painter, {x, (height() - cellSide) / 2, cellSide, cellSide}, look, strengthOf(age));
        x += cellSide;
    };
    for (const StateLook look : {StateLook::Running, StateLook::Paused, StateLook::Killed}) {
        cell(look, 24h);
        x += textGap;
        text(look == StateLook::Killed ? tr("Ended") : wordFor(look));
        x += entryGap;
    }
    text(tr("1 min"));
    x += textGap;
    for (const std::chrono::milliseconds age : ages) {
        cell(StateLook::Running, age);
        x += 2;
    }
    x += textGap - 2;
    text(tr("a day old"));
}

} // namespace sandglass::ui
