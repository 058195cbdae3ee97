#include "ui/settings/settingspage.h"

#include "ui/settings/appearancesection.h"
#include "ui/settings/connectionssection.h"
#include "ui/settings/historysection.h"
#include "ui/settings/modelssection.h"
#include "ui/settings/newsandboxsection.h"
#include "ui/settings/pausesection.h"
#include "ui/settings/ratesection.h"
#include "ui/theme/theme.h"
#include "ui/widgets/scrollarea.h"
#include "ui/widgets/wheelguard.h"

#include <QAbstractSpinBox>
#include <QComboBox>
#include <QScrollArea>
#include <QVBoxLayout>

namespace sandglass::ui {

namespace {

void guardFields(const QWidget &section)
{
    for (auto *field : section.findChildren<QComboBox *>())
        guardFromWheel(field);
    for (auto *field : section.findChildren<QAbstractSpinBox *>())
        guardFromWheel(field);
}

} // namespace

SettingsPage::SettingsPage(models::Settings &settings, models::ConnectionsModel &connections,
                           models::RateCardModel &rates, QWidget *parent)
    : Page(parent)
    , m_engine(new EngineSection(this))
    , m_receiver(new ReceiverSection(settings, this))
    , m_stream(new StreamSection(this))
    , m_collectors(new CollectorsSection(this))
    , m_diagnostics(new DiagnosticsSection(this))
    , m_notices(new NoticesSection(settings, this))
    , m_tray(new TraySection(settings, this))
{
    setObjectName(QStringLiteral("settingsPage"));
    auto *column = new QWidget(this);
    column->setMaximumWidth(980);
    auto *cards = m_cards = new QVBoxLayout(column);
    cards->setContentsMargins(metrics::pageMargin, 20, metrics::pageMargin, metrics::pageMargin);
    cards->setSpacing(metrics::cardGap);
    for (Section *section : std::initializer_list<Section *>{
             new ConnectionsSection(connections, this), m_engine, m_receiver, m_stream, m_collectors,
             new RateSection(rates, connections, this), new NewSandboxSection(settings, this),
             new PauseSection(settings, this), new HistorySection(settings, this), m_notices, m_tray,
             new AppearanceSection(settings, this), m_diagnostics}) {
        cards->addWidget(section);
        guardFields(*section);
        connect(section, &Section::toast, this, &Page::toast);
    }
    cards->addStretch();
    auto *layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    QWidget *area = makeScrollArea(column);
    m_scroll = qobject_cast<QScrollArea *>(area);
    layout->addWidget(area);
    connect(m_engine, &EngineSection::restartRequested, this, &SettingsPage::engineRestartRequested);
    connect(m_receiver, &ReceiverSection::restartRequested, this, &SettingsPage::receiverRestartRequested);
    connect(m_receiver, &ReceiverSection::tokenRequested, this, &SettingsPage::receiverTokenRequested);
}

void SettingsPage::showModels(models::ModelListModel &models, models::ModelPricesModel &prices)
{
    m_models = new ModelsSection(models, prices, this);
    m_cards->insertWidget(1, m_models);
    guardFields(*m_models);
    connect(m_models, &Section::toast, this, &Page::toast);
}

void SettingsPage::startNewModel()
{
    if (m_models == nullptr)
        return;
    m_models->startNew();
    if (m_scroll != nullptr)
        m_scroll->ensureWidgetVisible(m_models);
}

QString SettingsPage::title() const
{
    return tr("Settings");
}

} // namespace sandglass::ui
