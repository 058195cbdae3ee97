#include "ui/settings/historysection.h"

#include "models/settings/settings.h"

#include <QComboBox>
#include <QFormLayout>
#include <QLabel>

namespace sandglass::ui {

using models::Settings;

HistorySection::HistorySection(Settings &settings, QWidget *parent)
    : Section(
        tr("History"),
        tr("Events that are older leave the journal, from the next start on. What they cost stays in all sums and "
           "charts. Export what you want to keep: sandglass --export events."),
        parent)
    , m_keep(new QComboBox(this))
{
    m_keep->setObjectName(QStringLiteral("keepDays"));
    m_keep->setAccessibleName(tr("Keep events for"));
    m_keep->setMaximumWidth(220);
    m_keep->addItem(tr("For ever"), 0);
    for (const int days : {7, 30, 90, 365})
        m_keep->addItem(tr("%n days", nullptr, days), days);
    addForm()->addRow(makeText("muted", tr("Keep events")), m_keep);
    show(settings.number(Settings::Key::KeepDays));
    connect(m_keep, &QComboBox::currentIndexChanged, this,
            [this, &settings] { settings.set(Settings::Key::KeepDays, m_keep->currentData()); });
    connect(&settings, &Settings::changed, this, [this, &settings](Settings::Key key) {
        if (key == Settings::Key::KeepDays)
            show(settings.number(key));
    });
}

/// Any number of days may stand in the file.
void HistorySection::show(int days)
{
    if (m_keep->findData(days) < 0)
        m_keep->addItem(tr("%n days", nullptr, days), days);
    m_keep->setCurrentIndex(m_keep->findData(days));
}

} // namespace sandglass::ui
