#include "ui/settings/traysection.h"

#include "models/settings/settings.h"

#include <QCheckBox>
#include <QComboBox>
#include <QFormLayout>
#include <QLabel>
#include <QVBoxLayout>

#include <algorithm>

namespace sandglass::ui {

using models::Settings;

TraySection::TraySection(Settings &settings, QWidget *parent)
    : Section(tr("Tray"),
              tr("How many sandboxes run, what they cost, and alerts that nobody has looked at yet, also while the "
                 "window is closed: receiver, budgets and notifications go on then."),
              parent)
{
    auto *icon = new QCheckBox(tr("Show an icon in the tray"), this);
    icon->setObjectName(QStringLiteral("trayIcon"));
    body()->addWidget(icon);
    QFormLayout *form = addForm();
    m_state = addValue(form, tr("State"), false);
    m_state->setObjectName(QStringLiteral("trayState"));
    auto *closed = new QComboBox(this);
    closed->setObjectName(QStringLiteral("windowClosed"));
    closed->setAccessibleName(tr("When the window is closed"));
    closed->addItem(tr("Ask"), QStringLiteral("ask"));
    closed->addItem(tr("Quit"), QStringLiteral("quit"));
    closed->addItem(tr("Keep running in the tray"), QStringLiteral("tray"));
    closed->setMaximumWidth(220);
    form->addRow(makeText("muted", tr("When the window is closed")), closed);
    const auto update = [icon, closed, &settings] {
        icon->setChecked(settings.value(Settings::Key::TrayIcon).toBool());
        closed->setCurrentIndex(std::max(0, closed->findData(settings.text(Settings::Key::WindowClosed))));
    };
    update();
    connect(icon, &QCheckBox::toggled, this, [&settings](bool isOn) { settings.set(Settings::Key::TrayIcon, isOn); });
    connect(closed, &QComboBox::currentIndexChanged, this,
            [closed, &settings] { settings.set(Settings::Key::WindowClosed, closed->currentData()); });
    connect(&settings, &Settings::changed, this, [update](Settings::Key key) {
        if (key == Settings::Key::TrayIcon || key == Settings::Key::WindowClosed)
            update();
    });
}

void TraySection::setState(const QString &state)
{
    m_state->setText(state);
}

} // namespace sandglass::ui
