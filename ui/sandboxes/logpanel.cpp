#include "ui/sandboxes/logpanel.h"

#include "models/sandboxes/sandboxlogmodel.h"
#include "services/core/qtstring.h"
#include "ui/sandboxes/logview.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/logbar.h"

#include <QLabel>
#include <QVBoxLayout>

#include <array>

namespace sandglass::ui {

using models::SandboxLogModel;

namespace {

constexpr int leastHeight = 150;
constexpr std::array levels{e2b::LogLevel::Debug, e2b::LogLevel::Warn, e2b::LogLevel::Error};

} // namespace

LogPanel::LogPanel(SandboxLogModel &log, QWidget *parent) : QWidget(parent), m_log(log)
{
    setObjectName(QStringLiteral("logPanel"));
    m_view = new LogView(m_log);
    m_bar = new LogBar(*m_view, tr("Search the log, case counts"),
                       [this]() -> QString { return m_log.sandboxId() + QStringLiteral(".log"); });
    auto *layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(6);
    layout->addWidget(m_bar);
    layout->addWidget(m_view, 1);
    m_words = makeLabel({}, "error");
    m_words->setObjectName(QStringLiteral("logWords"));
    m_words->setWordWrap(true);
    layout->addWidget(m_words);
    m_view->setMinimumHeight(leastHeight - m_bar->sizeHint().height());
    connect(m_bar, &LogBar::filterChanged, this, &LogPanel::applyFilter);
    connect(m_bar, &LogBar::followChanged, &m_log, &SandboxLogModel::setFollowing);
    connect(m_bar, &LogBar::told, this, &LogPanel::told);
    connect(m_view, &LogView::topReached, &m_log, &SandboxLogModel::loadOlder);
    connect(&m_log, &SandboxLogModel::stateChanged, this, &LogPanel::update);
    update();
}

void LogPanel::showEvent(QShowEvent *event)
{
    QWidget::showEvent(event);
    m_log.setWatched(true);
}

void LogPanel::hideEvent(QHideEvent *event)
{
    QWidget::hideEvent(event);
    m_log.setWatched(false);
}

void LogPanel::applyFilter()
{
    m_log.setFilter(levels.at(static_cast<std::size_t>(m_bar->least())), m_bar->search());
}

void LogPanel::update()
{
    const bool hasRows = m_log.rowCount() > 0;
    m_bar->setHasRows(hasRows);
    const bool isOld = m_log.state() == SandboxLogModel::State::Failed && hasRows;
    m_words->setText(isOld ? tr("Newer lines could not be read: %1").arg(toQString(m_log.error().message)) : QString());
    m_words->setVisible(isOld);
    if (!hasRows)
        updatePlaceholder();
}

void LogPanel::updatePlaceholder()
{
    switch (m_log.state()) {
    case SandboxLogModel::State::Idle:
        return m_view->setPlaceholder({}, {});
    case SandboxLogModel::State::Asking:
        return m_view->setPlaceholder(tr("Asking the service…"), {});
    case SandboxLogModel::State::Ready:
        return m_log.isFiltered()
            ? m_view->setPlaceholder(tr("No line fits"), tr("Change the search or the level above."))
            : m_view->setPlaceholder(tr("Nothing was written yet"), tr("What its processes print stands here."));
    case SandboxLogModel::State::Unsupported:
        return m_view->setPlaceholder(tr("No log"), tr("This service keeps no logs of sandboxes."));
    case SandboxLogModel::State::Failed:
        break;
    }
    if (m_log.error().status == 404)
        return m_view->setPlaceholder(tr("No log"),
                                      tr("The service in use does not know this sandbox, or not any more."));
    m_view->setPlaceholder(tr("The log could not be read"), toQString(m_log.error().message));
}

} // namespace sandglass::ui
