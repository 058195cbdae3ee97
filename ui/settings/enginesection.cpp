#include "ui/settings/enginesection.h"

#include "services/core/qtstring.h"
#include "services/core/secret.h"
#include "ui/settings/enginelogdialog.h"
#include "ui/theme/theme.h"
#include "ui/widgets/buttons.h"

#include <QFormLayout>
#include <QHBoxLayout>
#include <QLabel>
#include <QPushButton>
#include <QVBoxLayout>

namespace sandglass::ui {

EngineSection::EngineSection(QWidget *parent)
    : Section(tr("Local engine"),
              tr("Runs sandboxes on this machine. Speaks the E2B API on loopback, so an SDK can use it too."), parent)
    , m_state(nullptr)
    , m_tier(nullptr)
    , m_reasons(nullptr)
    , m_lines(makeText("mono"))
    , m_restart(new QPushButton(tr("Restart engine"), this))
    , m_copy(new QPushButton(tr("Copy for a shell"), this))
    , m_log(new QPushButton(tr("Show log"), this))
{
    QFormLayout *form = addForm();
    m_state = addValue(form, tr("State"), false);
    m_state->setObjectName(QStringLiteral("engineState"));
    m_tier = addValue(form, tr("Isolation"), false);
    m_tier->setObjectName(QStringLiteral("engineTier"));
    m_reasons = addValue(form, {}, false);
    m_lines->setObjectName(QStringLiteral("exportLines"));
    m_lines->setTextInteractionFlags(Qt::TextSelectableByMouse);
    m_lines->setTextFormat(Qt::PlainText);
    form->addRow(makeText("muted", tr("For an SDK")), m_lines);
    m_restart->setObjectName(QStringLiteral("restartEngine"));
    m_copy->setObjectName(QStringLiteral("copyExport"));
    m_log->setObjectName(QStringLiteral("showEngineLog"));
    m_log->hide();
    m_copy->setToolTip(tr("Copies the lines with the whole key."));
    auto *buttons = new QHBoxLayout;
    buttons->addWidget(m_copy);
    buttons->addWidget(m_log);
    buttons->addWidget(m_restart);
    buttons->addStretch();
    body()->addSpacing(metrics::unit);
    body()->addLayout(buttons);
    connect(m_restart, &QPushButton::clicked, this, &EngineSection::restartRequested);
    connect(m_copy, &QPushButton::clicked, this,
            [this] { copy(exportLines(m_engine, m_engine.apiKey), tr("the export lines with the key")); });
    setEngine({});
}

void EngineSection::offerLog(models::EngineLogModel &log)
{
    m_log->show();
    connect(m_log, &QPushButton::clicked, this, [this, &log] { showLog(log); });
}

void EngineSection::showLog(models::EngineLogModel &log)
{
    if (!m_logDialog) {
        m_logDialog = new EngineLogDialog(log, window());
        m_logDialog->setAttribute(Qt::WA_DeleteOnClose);
    }
    m_logDialog->show();
    m_logDialog->raise();
    m_logDialog->activateWindow();
}

QString EngineSection::exportLines(const EngineView &engine, const QString &key)
{
    return QStringLiteral("export E2B_API_URL=%1\nexport E2B_SANDBOX_URL=%2\nexport E2B_API_KEY=%3\n"
                          "export E2B_VOLUME_API_URL=%1")
        .arg(engine.apiUrl, engine.sandboxUrl, key);
}

void EngineSection::setEngine(const EngineView &engine)
{
    m_engine = engine;
    const bool running = engine.state == EngineView::State::Running;
    switch (engine.state) {
    case EngineView::State::Running:
        m_state->setText(tr("● Running at %1").arg(engine.apiUrl));
        break;
    case EngineView::State::Starting:
        m_state->setText(tr("◐ Starting…"));
        break;
    case EngineView::State::Stopped:
        m_state->setText(tr("○ Not running"));
        break;
    case EngineView::State::Failed:
        m_state->setText(tr("✕ Failed: %1").arg(engine.failure));
        break;
    }
    setLook(m_state, "role",
            running                                         ? QStringLiteral("good")
                : engine.state == EngineView::State::Failed ? QStringLiteral("error")
                                                            : QStringLiteral("muted"));
    m_tier->setText(engine.tier.isEmpty() ? QStringLiteral("—") : engine.tier);
    m_reasons->setText(engine.reasons.join(u'\n'));
    m_reasons->setVisible(!engine.reasons.isEmpty());
    m_lines->setText(running ? exportLines(engine, toQString(maskedApiKey(toUtf8(engine.apiKey))))
                             : tr("Shown while the engine runs."));
    m_copy->setEnabled(running && !engine.apiKey.isEmpty());
    m_restart->setText(running ? tr("Restart engine") : tr("Start engine"));
    m_restart->setEnabled(engine.state != EngineView::State::Starting);
}

} // namespace sandglass::ui
