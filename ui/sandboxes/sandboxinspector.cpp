#include "ui/sandboxes/sandboxinspector.h"

#include "models/sandboxes/sandboxuse.h"
#include "ui/sandboxes/usepanel.h"
#include "ui/theme/theme.h"
#include "ui/widgets/labels.h"

#include <QHBoxLayout>
#include <QVBoxLayout>

namespace sandglass::ui {

SandboxInspector::SandboxInspector(models::SandboxUse &use, QWidget *parent) : QFrame(parent), m_use(use)
{
    setObjectName(QStringLiteral("sandboxInspector"));
    setProperty("card", true);
    auto *layout = new QVBoxLayout(this);
    layout->setContentsMargins(metrics::cardPadding, 10, metrics::cardPadding, 10);
    layout->setSpacing(8);
    auto *head = new QHBoxLayout;
    head->addWidget(m_id = makeMono({}));
    head->addStretch();
    layout->addLayout(head);
    layout->addWidget(new UsePanel(m_use));
    hide();
}

void SandboxInspector::setSandbox(const QString &id, bool isRunning)
{
    m_id->setText(id);
    m_use.setSandbox(id, isRunning);
    setVisible(!id.isEmpty());
}

} // namespace sandglass::ui
