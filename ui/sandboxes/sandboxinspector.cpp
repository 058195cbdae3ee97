#include "ui/sandboxes/sandboxinspector.h"

#include "models/sandboxes/sandboxlogmodel.h"
#include "models/sandboxes/sandboxuse.h"
#include "ui/sandboxes/filespanel.h"
#include "ui/sandboxes/logpanel.h"
#include "ui/sandboxes/usepanel.h"
#include "ui/theme/theme.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/segmentedcontrol.h"

#include <QHBoxLayout>
#include <QVBoxLayout>

namespace sandglass::ui {

namespace {

constexpr int heightForUse = 160; ///< more would be empty; a log takes what it gets

} // namespace

SandboxInspector::SandboxInspector(models::SandboxUse &use, models::SandboxLogModel &log, QWidget *parent)
    : QFrame(parent), m_use(use), m_log(log)
{
    setObjectName(QStringLiteral("sandboxInspector"));
    setProperty("card", true);
    auto *layout = new QVBoxLayout(this);
    layout->setContentsMargins(metrics::cardPadding, 10, metrics::cardPadding, 10);
    layout->setSpacing(8);
    auto *head = new QHBoxLayout;
    head->addWidget(m_id = makeMono({}));
    head->addStretch();
    m_views = new SegmentedControl({tr("Use"), tr("Log")}, QStringLiteral("inspectorViews"));
    m_views->setCurrentIndex(Use);
    head->addWidget(m_views);
    layout->addLayout(head);
    auto *usePanel = new UsePanel(m_use);
    layout->addWidget(usePanel);
    auto *logPanel = new LogPanel(m_log);
    logPanel->hide();
    layout->addWidget(logPanel, 1);
    setMaximumHeight(heightForUse);
    connect(m_views, &SegmentedControl::currentChanged, this, [this, usePanel, logPanel](int view) {
        setMaximumHeight(view == Use ? heightForUse : QWIDGETSIZE_MAX);
        usePanel->setVisible(view == Use);
        logPanel->setVisible(view == Log);
        if (m_files != nullptr)
            m_files->setVisible(view == Files);
        Q_EMIT viewChanged();
    });
    connect(logPanel, &LogPanel::told, this, &SandboxInspector::told);
    hide();
}

void SandboxInspector::setSandbox(const QString &id, bool isRunning)
{
    m_id->setText(id);
    m_use.setSandbox(id, isRunning);
    m_log.setSandbox(id, isRunning);
    if (m_files != nullptr)
        m_files->setSandbox(id);
    setVisible(!id.isEmpty());
}

void SandboxInspector::showFiles(models::FileCheck &check)
{
    m_views->addSegment(tr("Files"));
    m_files = new FilesPanel(check, this);
    m_files->hide();
    static_cast<QVBoxLayout *>(layout())->addWidget(m_files, 1);
}

void SandboxInspector::setView(View view)
{
    m_views->setCurrentIndex(view);
}

} // namespace sandglass::ui
