#include "ui/settings/newsandboxsection.h"

#include "models/settings/settings.h"
#include "ui/widgets/timeoutedit.h"

#include <QComboBox>
#include <QFormLayout>
#include <QLabel>
#include <QSignalBlocker>

#include <algorithm>

namespace sandglass::ui {

using models::Settings;

namespace {

constexpr int mostSeconds = 24 * 3'600;

} // namespace

NewSandboxSection::NewSandboxSection(Settings &settings, QWidget *parent)
    : Section(tr("New sandboxes"),
              tr("What the form offers first. What you choose there for the timeout's end is kept here."), parent)
    , m_settings(settings)
    , m_timeout(new TimeoutEdit(QStringLiteral("newSandboxTimeout"), this))
    , m_onTimeout(new QComboBox(this))
{
    m_onTimeout->setObjectName(QStringLiteral("newSandboxOnTimeout"));
    m_onTimeout->setAccessibleName(tr("On timeout"));
    m_onTimeout->addItem(tr("Pause it, keep its memory"), true);
    m_onTimeout->addItem(tr("Kill it"), false);
    m_onTimeout->setMaximumWidth(260);
    QFormLayout *form = addForm();
    form->addRow(makeText("muted", tr("Timeout")), m_timeout);
    form->addRow(makeText("muted", tr("On timeout")), m_onTimeout);
    update();
    connect(m_timeout, &TimeoutEdit::changed, this, [this] {
        m_settings.set(Settings::Key::SandboxTimeoutSeconds, std::min(m_timeout->seconds(), mostSeconds));
    });
    connect(m_onTimeout, &QComboBox::currentIndexChanged, this,
            [this] { m_settings.set(Settings::Key::PauseOnTimeout, m_onTimeout->currentData()); });
    connect(&m_settings, &Settings::changed, this, [this](Settings::Key key) {
        if (key == Settings::Key::PauseOnTimeout)
            update();
    });
}

void NewSandboxSection::update()
{
    const QSignalBlocker quiet(m_timeout);
    const QSignalBlocker calm(m_onTimeout);
    m_timeout->setSeconds(m_settings.number(Settings::Key::SandboxTimeoutSeconds));
    m_onTimeout->setCurrentIndex(m_settings.value(Settings::Key::PauseOnTimeout).toBool() ? 0 : 1);
}

} // namespace sandglass::ui
