#include "ui/sandboxes/usepanel.h"

#include "models/sandboxes/sandboxuse.h"
#include "services/core/qtstring.h"
#include "ui/text/format.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/sparkline.h"

#include <QHBoxLayout>
#include <QVBoxLayout>

#include <algorithm>

namespace sandglass::ui {

using models::SandboxUse;

namespace {

constexpr std::chrono::minutes kCurve{5};

double share(std::int64_t part, std::int64_t whole)
{
    return whole > 0 ? std::clamp(static_cast<double>(part) / static_cast<double>(whole), 0.0, 1.0) : 0;
}

double heightOf(const e2b::SandboxMetric &sample, int figure)
{
    switch (figure) {
    case 0:
        return std::clamp(sample.cpuUsedPercent / 100, 0.0, 1.0);
    case 1:
        return share(sample.memoryUsed, sample.memoryTotal);
    default:
        return share(sample.diskUsed, sample.diskTotal);
    }
}

} // namespace

UsePanel::UsePanel(SandboxUse &use, QWidget *parent) : QWidget(parent), m_use(use)
{
    setObjectName(QStringLiteral("usePanel"));
    auto *layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(6);
    m_figures = new QWidget;
    auto *row = new QHBoxLayout(m_figures);
    row->setContentsMargins(0, 0, 0, 0);
    row->setSpacing(28);
    m_gauges = {makeGauge(tr("Processors"), QStringLiteral("cpuUsed")),
                makeGauge(tr("Memory"), QStringLiteral("memoryUsed")),
                makeGauge(tr("Disk"), QStringLiteral("diskUsed"))};
    for (const Gauge &gauge : m_gauges)
        row->addWidget(gauge.whole, 1);
    layout->addWidget(m_figures);
    m_words = makeMuted({});
    m_words->setObjectName(QStringLiteral("useWords"));
    m_words->setWordWrap(true);
    layout->addWidget(m_words);
    layout->addStretch();
    connect(&m_use, &SandboxUse::changed, this, &UsePanel::update);
    update();
}

UsePanel::Gauge UsePanel::makeGauge(const QString &name, const QString &objectName)
{
    Gauge gauge;
    gauge.whole = new QWidget;
    gauge.whole->setObjectName(objectName);
    gauge.whole->setAccessibleName(tr("%1 used").arg(name));
    auto *layout = new QVBoxLayout(gauge.whole);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(2);
    auto *texts = new QHBoxLayout;
    texts->setSpacing(6);
    texts->addWidget(makeMuted(name));
    texts->addWidget(gauge.value = makeHeading({}));
    texts->addWidget(gauge.detail = makeMuted({}));
    texts->addStretch();
    layout->addLayout(texts);
    layout->addWidget(gauge.curve = new Sparkline);
    return gauge;
}

void UsePanel::showEvent(QShowEvent *event)
{
    QWidget::showEvent(event);
    m_use.setWatched(true);
}

void UsePanel::hideEvent(QHideEvent *event)
{
    QWidget::hideEvent(event);
    m_use.setWatched(false);
}

void UsePanel::update()
{
    const bool hasFigures = !m_use.samples().empty();
    m_figures->setVisible(hasFigures);
    if (hasFigures)
        updateFigures();
    const QString text = words();
    m_words->setText(text);
    m_words->setVisible(!text.isEmpty());
}

void UsePanel::updateFigures()
{
    const e2b::SandboxMetric &last = m_use.samples().back();
    tell(Processors, tr("%1 %").arg(qRound(last.cpuUsedPercent)), tr("of %n vCPU", nullptr, last.cpuCount));
    tell(Memory, formatBytes(last.memoryUsed), tr("of %1").arg(formatBytes(last.memoryTotal)));
    tell(Disk, formatBytes(last.diskUsed), tr("of %1").arg(formatBytes(last.diskTotal)));
    for (int figure = 0; figure < FigureCount; ++figure) {
        QList<QPointF> points;
        for (const e2b::SandboxMetric &sample : m_use.samples()) {
            const double x = 1 - std::chrono::duration<double>(last.time - sample.time) / kCurve;
            if (x >= 0)
                points << QPointF(x, heightOf(sample, figure));
        }
        m_gauges[static_cast<std::size_t>(figure)].curve->setPoints(std::move(points));
    }
}

void UsePanel::tell(Figure figure, const QString &value, const QString &detail)
{
    const Gauge &gauge = m_gauges[figure];
    gauge.value->setText(value);
    gauge.detail->setText(detail);
    gauge.whole->setAccessibleDescription(value + u' ' + detail);
}

QString UsePanel::words() const
{
    const bool hasFigures = !m_use.samples().empty();
    switch (m_use.state()) {
    case SandboxUse::State::Idle:
        return {};
    case SandboxUse::State::Asking:
        return tr("Asking the service…");
    case SandboxUse::State::Waiting:
        return m_use.isRunning() ? tr("No figures yet: the service takes them every few seconds.")
                                 : tr("The service has no figures of it.");
    case SandboxUse::State::Known:
        return m_use.isRunning() ? tr("Of the last 5 minutes, as the service measures it")
                                 : tr("It does not run: figures of %1").arg(formatClock(m_use.samples().back().time));
    case SandboxUse::State::Unsupported:
        return tr("This service does not tell what a sandbox uses.");
    case SandboxUse::State::Failed:
        break;
    }
    const QString reason = toQString(m_use.error().message);
    if (hasFigures)
        return tr("Figures of %1; newer ones could not be read: %2")
            .arg(formatClock(m_use.samples().back().time), reason);
    if (m_use.error().status == 404)
        return m_use.isRunning() ? tr("The service in use does not know this sandbox. It may be another connection's.")
                                 : tr("The service keeps no figures of it.");
    return tr("What it uses could not be read: %1").arg(reason);
}

} // namespace sandglass::ui
