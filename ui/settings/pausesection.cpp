#include "ui/settings/pausesection.h"

#include "models/settings/settings.h"

#include <QCheckBox>
#include <QVBoxLayout>

namespace sandglass::ui {

using models::Settings;

PauseSection::PauseSection(Settings &settings, QWidget *parent)
    : Section(tr("Pause and resume"),
              tr("Names, sizes and times of the files in a sandbox's home are listed before you pause it and after you "
                 "resume it, for five seconds at most; Sandboxes > Files shows what got lost."),
              parent)
{
    auto *compare = new QCheckBox(tr("Compare the files of a sandbox around a pause"), this);
    compare->setObjectName(QStringLiteral("compareFiles"));
    body()->addWidget(compare);
    const auto update = [compare, &settings] {
        compare->setChecked(settings.value(Settings::Key::CompareFiles).toBool());
    };
    update();
    connect(compare, &QCheckBox::toggled, this,
            [&settings](bool isOn) { settings.set(Settings::Key::CompareFiles, isOn); });
    connect(&settings, &Settings::changed, this, [update](Settings::Key key) {
        if (key == Settings::Key::CompareFiles)
            update();
    });
}

} // namespace sandglass::ui
