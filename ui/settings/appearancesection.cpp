#include "ui/settings/appearancesection.h"

#include "models/settings/settings.h"
#include "services/core/displayzone.h"
#include "ui/text/displaycurrency.h"
#include "ui/theme/theme.h"

#include <QApplication>
#include <QComboBox>
#include <QFormLayout>
#include <QHBoxLayout>
#include <QLabel>
#include <QLineEdit>
#include <QTimeZone>

namespace sandglass::ui {

using models::Settings;

namespace {

void repaintAll()
{
    const QWidgetList widgets = QApplication::allWidgets();
    for (QWidget *widget : widgets)
        widget->update();
}

} // namespace

AppearanceSection::AppearanceSection(Settings &settings, QWidget *parent)
    : Section(tr("Appearance"), {}, parent), m_theme(new QComboBox(this)), m_zone(new QComboBox(this))
{
    m_theme->setObjectName(QStringLiteral("appearance"));
    m_theme->addItem(tr("As the system"), QStringLiteral("system"));
    m_theme->addItem(tr("Light"), QStringLiteral("light"));
    m_theme->addItem(tr("Dark"), QStringLiteral("dark"));
    m_theme->setMaximumWidth(220);
    m_theme->setCurrentIndex(std::max(0, m_theme->findData(settings.text(Settings::Key::Appearance))));
    QFormLayout *form = addForm();
    form->addRow(makeText("muted", tr("Theme")), m_theme);
    buildZone(settings, *form);
    buildCurrency(settings, *form);
    connect(m_theme, &QComboBox::currentIndexChanged, this, [this, &settings] {
        settings.set(Settings::Key::Appearance, m_theme->currentData());
        applyAppearance(settings);
    });
    connect(&settings, &Settings::changed, this, [this, &settings](Settings::Key key) {
        if (key == Settings::Key::Appearance)
            m_theme->setCurrentIndex(std::max(0, m_theme->findData(settings.text(key))));
    });
}

void AppearanceSection::buildZone(Settings &settings, QFormLayout &form)
{
    m_zone->setObjectName(QStringLiteral("timeZone"));
    m_zone->addItem(tr("As the system: %1").arg(QString::fromLatin1(QTimeZone::systemTimeZoneId())),
                    QStringLiteral("system"));
    m_zone->addItem(tr("UTC"), QStringLiteral("utc"));
    m_zone->setMaximumWidth(220);
    m_zone->setToolTip(
        tr("Of all times shown, of days, weeks and months of budgets without a zone of their own, and of "
           "the days in exports"));
    m_zone->setCurrentIndex(std::max(0, m_zone->findData(settings.text(Settings::Key::TimeZone))));
    form.addRow(makeText("muted", tr("Time zone")), m_zone);
    connect(m_zone, &QComboBox::currentIndexChanged, this, [this, &settings] {
        settings.set(Settings::Key::TimeZone, m_zone->currentData());
        applyTimeZone(settings);
    });
}

void AppearanceSection::buildCurrency(Settings &settings, QFormLayout &form)
{
    m_currency = new QComboBox(this);
    m_currency->setObjectName(QStringLiteral("currency"));
    m_currency->setAccessibleName(tr("Currency"));
    m_currency->setEditable(true);
    m_currency->addItems({QStringLiteral("USD"), QStringLiteral("EUR"), QStringLiteral("GBP"), QStringLiteral("CHF"),
                          QStringLiteral("JPY")});
    m_currency->setCurrentText(settings.text(Settings::Key::DisplayCurrency));
    m_rate = new QLineEdit(settings.text(Settings::Key::CurrencyRate), this);
    m_rate->setObjectName(QStringLiteral("currencyRate"));
    m_rate->setAccessibleName(tr("Rate for a US dollar"));
    m_rate->setMaximumWidth(100);
    auto *row = new QHBoxLayout;
    row->setSpacing(8);
    row->addWidget(m_currency);
    row->addWidget(makeText("muted", tr("for a US dollar:")));
    row->addWidget(m_rate);
    row->addStretch(1);
    form.addRow(makeText("muted", tr("Amounts in")), row);
    m_currencyProblem = makeText("muted");
    m_currencyProblem->setObjectName(QStringLiteral("currencyProblem"));
    form.addRow({}, m_currencyProblem);
    connect(m_currency, &QComboBox::currentTextChanged, this, [this, &settings] { takeCurrency(settings); });
    connect(m_rate, &QLineEdit::editingFinished, this, [this, &settings] { takeCurrency(settings); });
    takeCurrency(settings);
}

void AppearanceSection::takeCurrency(Settings &settings)
{
    const QString code = m_currency->currentText().trimmed().toUpper();
    const QString rate = m_rate->text().trimmed();
    m_rate->setEnabled(code != u"USD");
    if (!DisplayCurrency::set(code, rate))
        return m_currencyProblem->setText(tr("A currency has three letters, its rate is a number above zero."));
    m_currencyProblem->setText(tr("Computed, stored and exported in exact US dollars."));
    settings.set(Settings::Key::DisplayCurrency, code);
    settings.set(Settings::Key::CurrencyRate, rate);
    repaintAll();
}

void applyCurrency(const Settings &settings)
{
    if (!DisplayCurrency::set(settings.text(Settings::Key::DisplayCurrency),
                              settings.text(Settings::Key::CurrencyRate)))
        DisplayCurrency::set({}, {});
}

void applyTimeZone(const Settings &settings)
{
    DisplayZone::setUtc(settings.text(Settings::Key::TimeZone) == u"utc");
    repaintAll();
}

void applyAppearance(const Settings &settings)
{
    const QString wanted = settings.text(Settings::Key::Appearance);
    if (Theme *theme = Theme::instance())
        theme->setMode(wanted == u"light"      ? Theme::Mode::Light
                           : wanted == u"dark" ? Theme::Mode::Dark
                                               : Theme::Mode::System);
}

} // namespace sandglass::ui
