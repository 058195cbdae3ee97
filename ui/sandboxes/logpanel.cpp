#include "ui/sandboxes/logpanel.h"

#include "models/sandboxes/sandboxlogmodel.h"
#include "services/core/qtstring.h"
#include "ui/sandboxes/logview.h"
#include "ui/text/format.h"
#include "ui/widgets/buttons.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/savedialog.h"
#include "ui/widgets/searchfield.h"
#include "ui/widgets/segmentedcontrol.h"

#include <QCheckBox>
#include <QClipboard>
#include <QGuiApplication>
#include <QHBoxLayout>
#include <QSaveFile>
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
    buildBar();
    auto *layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(6);
    layout->addWidget(m_bar);
    layout->addWidget(m_view = new LogView(m_log), 1);
    m_words = makeLabel({}, "error");
    m_words->setObjectName(QStringLiteral("logWords"));
    m_words->setWordWrap(true);
    layout->addWidget(m_words);
    m_view->setMinimumHeight(leastHeight - m_bar->sizeHint().height());
    connect(m_view, &LogView::topReached, &m_log, &SandboxLogModel::loadOlder);
    connect(&m_log, &SandboxLogModel::stateChanged, this, &LogPanel::update);
    update();
}

void LogPanel::buildBar()
{
    m_bar = new QWidget;
    auto *layout = new QHBoxLayout(m_bar);
    layout->setContentsMargins(0, 0, 0, 0);
    m_levels = new SegmentedControl({tr("All"), tr("Warnings"), tr("Errors")}, QStringLiteral("logLevels"));
    m_levels->setCurrentIndex(0);
    layout->addWidget(m_levels);
    m_search = new SearchField(tr("Search the log, case counts"), QStringLiteral("logSearch"));
    layout->addWidget(m_search, 2);
    layout->addStretch(1);
    m_follow = new QCheckBox(tr("Follow"));
    m_follow->setObjectName(QStringLiteral("followLog"));
    m_follow->setToolTip(tr("New lines are shown as they come"));
    m_follow->setChecked(true);
    layout->addWidget(m_follow);
    m_copy = makeButton(tr("Copy"), QStringLiteral("copyLog"));
    m_copy->setToolTip(tr("What is selected, or all that is shown"));
    layout->addWidget(m_copy);
    m_save = makeButton(tr("Save…"), QStringLiteral("saveLog"));
    layout->addWidget(m_save);
    connect(m_levels, &SegmentedControl::currentChanged, this, &LogPanel::applyFilter);
    connect(m_search, &SearchField::searchChanged, this, &LogPanel::applyFilter);
    connect(m_follow, &QCheckBox::toggled, &m_log, &SandboxLogModel::setFollowing);
    connect(m_copy, &QPushButton::clicked, this, &LogPanel::copy);
    connect(m_save, &QPushButton::clicked, this, &LogPanel::save);
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
    m_log.setFilter(levels.at(static_cast<std::size_t>(m_levels->currentIndex())), m_search->text());
}

void LogPanel::update()
{
    const bool hasRows = m_log.rowCount() > 0;
    m_copy->setEnabled(hasRows);
    m_save->setEnabled(hasRows);
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

void LogPanel::copy()
{
    const QString text = m_view->chosenText();
    QGuiApplication::clipboard()->setText(text);
    const auto lines = text.count(u'\n') + (text.endsWith(u'\n') ? 0 : 1);
    Q_EMIT told(tr("Copied %n lines", nullptr, static_cast<int>(lines)));
}

void LogPanel::save()
{
    askWhereToSave(this, tr("Save the log"), m_log.sandboxId() + QStringLiteral(".log"), tr("Text files (*.log *.txt)"),
                   [this](const QString &path) { write(path); });
}

void LogPanel::write(const QString &path)
{
    const int lines = m_log.rowCount();
    QSaveFile file(path);
    if (file.open(QIODevice::WriteOnly) && file.write(m_view->wholeText().toUtf8()) >= 0 && file.commit())
        Q_EMIT told(tr("Saved %n lines", nullptr, lines));
    else
        Q_EMIT told(tr("The log could not be saved: %1").arg(file.errorString()));
}

} // namespace sandglass::ui
