#include "models/settings/connectionsmodel.h"
#include "models/settings/ratecardmodel.h"
#include "models/settings/settings.h"
#include "services/core/displayzone.h"
#include "services/core/keystore.h"
#include "ui/settings/settingspage.h"
#include "ui/text/format.h"
#include "ui/theme/theme.h"

#include <QAbstractSpinBox>
#include <QApplication>
#include <QCheckBox>
#include <QClipboard>
#include <QComboBox>
#include <QLabel>
#include <QLineEdit>
#include <QPromise>
#include <QPushButton>
#include <QSettings>
#include <QSignalSpy>
#include <QSpinBox>
#include <QTableView>
#include <QTemporaryDir>
#include <QTest>
#include <QWheelEvent>

using namespace sandglass;
using namespace Qt::Literals::StringLiterals;

namespace {
const QString someKey = u"e2b_0123456789abcdef0123456789abcdef01234567"_s;
}

class TestSettingsPage final : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void initTestCase()
    {
        Q_INIT_RESOURCE(resources); // lies in a static library
        m_theme = new ui::Theme(*qApp);
    }

    void pricesOfOneConnection()
    {
        QTemporaryDir dir;
        QSettings store(dir.filePath(u"s.ini"_s), QSettings::IniFormat);
        models::Settings settings(store);
        FileKeyStore keys(dir.filePath(u"k.json"_s).toStdString());
        models::ConnectionsModel connections(settings, keys, {}, {});
        models::PriceBook prices(settings, *cost::RateCard::fromJson(R"({"currency":"USD","rates":[
            {"valid_from":"2026-08-06T00:00:00Z","usd_per_vcpu_second":"0.000014","usd_per_gib_second":"0.0000045","source":"l"}]})"));
        models::RateCardModel rates(prices);
        ui::SettingsPage page(settings, connections, rates);
        page.show();
        auto *whose = page.findChild<QComboBox *>(u"rateConnection"_s);
        QCOMPARE(whose->count(), 1 + connections.rowCount());
        whose->setFocus();
        QTest::keyClick(whose, Qt::Key_Down); // the local engine
        QCOMPARE(rates.connection(), u"local"_s);
        const auto origin = [&page] { return page.findChild<QLabel *>(u"rateOrigin"_s)->text(); };
        QVERIFY(origin().startsWith(u"As all connections"_s));
        page.findChild<QPushButton *>(u"addRate"_s)->click();
        QVERIFY(prices.isOwn(u"local"_s));
        QVERIFY(!prices.isOwn({}));
        QCOMPARE(whose->currentText(), u"Local engine"_s);
        QCOMPARE(origin(), u"Prices of this connection"_s);
        QCOMPARE(page.findChild<QTableView *>(u"rateTable"_s)->model()->rowCount(), 2);
        page.findChild<QPushButton *>(u"resetRates"_s)->click();
        QVERIFY(!prices.isOwn(u"local"_s));
    }

    void everything()
    {
        QTemporaryDir dir;
        QSettings store(dir.filePath(u"s.ini"_s), QSettings::IniFormat);
        models::Settings settings(store);
        FileKeyStore keys(dir.filePath(u"k.json"_s).toStdString());
        models::ConnectionsModel connections(settings, keys, {}, [](const e2b::Connection &) {
            QPromise<Result<>> promise;
            promise.start();
            promise.addResult(Result<>(failure(Error::Kind::Service, "unauthorized", 401)));
            promise.finish();
            return promise.future();
        });
        models::PriceBook prices(settings, *cost::RateCard::fromJson(R"({"currency":"USD","rates":[
            {"valid_from":"2026-08-06T00:00:00Z","usd_per_vcpu_second":"0.000014","usd_per_gib_second":"0.0000045","source":"l"}]})"));
        models::RateCardModel rates(prices);
        ui::SettingsPage page(settings, connections, rates);
        page.resize(1000, 900);
        page.show();
        const auto button = [&page](const QString &name) { return page.findChild<QPushButton *>(name); };
        const auto edit = [&page](const QString &name) { return page.findChild<QLineEdit *>(name); };
        const auto label = [&page](const QString &name) { return page.findChild<QLabel *>(name); };

        // somebody scrolls by: no field takes the wheel for itself
        for (auto *field : page.findChildren<QWidget *>()) {
            if (!qobject_cast<QComboBox *>(field) && !qobject_cast<QAbstractSpinBox *>(field))
                continue;
            QWheelEvent turn({5, 5}, field->mapToGlobal(QPointF(5, 5)), {}, {0, -120}, Qt::NoButton, Qt::NoModifier,
                             Qt::NoScrollPhase, false);
            QApplication::sendEvent(field, &turn);
            QVERIFY2(!turn.isAccepted(), qPrintable(field->objectName()));
        }

        // a self-hosted connection: refused with a wrong key, kept with a right one, tested
        button(u"addConnection"_s)->click();
        QTest::keyClicks(edit(u"connectionName"_s), u"Team"_s);
        QTest::keyClicks(edit(u"connectionDomain"_s), u"e2b.example.org"_s);
        QTest::keyClicks(edit(u"connectionKey"_s), u"nonsense"_s);
        button(u"saveConnection"_s)->click();
        QVERIFY(label(u"connectionProblem"_s)->isVisible());
        QCOMPARE(connections.rowCount(), 2);
        edit(u"connectionKey"_s)->setText(someKey);
        button(u"saveConnection"_s)->click();
        QCOMPARE(connections.rowCount(), 3);
        QVERIFY(edit(u"connectionKey"_s)->text().isEmpty()); // shown masked only
        QVERIFY(!edit(u"connectionKey"_s)->placeholderText().contains(u"456789ab"_s));
        button(u"testConnection"_s)->click();
        QTRY_VERIFY(label(u"connectionResult"_s)->text().contains(u"refuses the key"_s));
        button(u"useConnection"_s)->click();
        QCOMPARE(connections.activeId(), u"team"_s);

        // the engine's key is masked on the page and whole in the clipboard
        page.setEngine({ui::EngineView::State::Running,
                        {},
                        u"tier 1"_s,
                        {},
                        u"http://127.0.0.1:1"_s,
                        u"http://127.0.0.1:2"_s,
                        someKey});
        QVERIFY(label(u"exportLines"_s)->text().contains(u"E2B_API_URL=http://127.0.0.1:1"_s));
        QVERIFY(!label(u"exportLines"_s)->text().contains(someKey));
        button(u"copyExport"_s)->click();
        QVERIFY(QApplication::clipboard()->text().contains(someKey));
        QSignalSpy restart(&page, &ui::SettingsPage::engineRestartRequested);
        button(u"restartEngine"_s)->click();
        QCOMPARE(restart.count(), 1);

        // the receiver's secret shows only on demand
        ui::ReceiverView receiver;
        receiver.isListening = true;
        receiver.url = u"http://127.0.0.1:8000/webhooks/e2b"_s;
        receiver.secret = u"abcdefghijklmnopqrstuvwxyz012345"_s;
        receiver.statistics.accepted = 12;
        receiver.statistics.badSignature = 2;
        receiver.statistics.tooLarge = 1;
        page.setReceiver(receiver);
        QVERIFY(label(u"receiverRefused"_s)->text().contains(u"2 wrong signature · 1 too large"_s));
        QVERIFY(!label(u"receiverSecret"_s)->text().contains(receiver.secret));
        button(u"receiverSecretReveal"_s)->click();
        QCOMPARE(label(u"receiverSecret"_s)->text(), receiver.secret);
        button(u"receiverSecretReveal"_s)->click();
        QVERIFY(!label(u"receiverSecret"_s)->text().contains(receiver.secret));

        auto *appearance = page.findChild<QComboBox *>(u"appearance"_s);
        appearance->setCurrentIndex(appearance->findData(u"light"_s));
        QVERIFY(!ui::Theme::tokens().isDark);
        appearance->setCurrentIndex(appearance->findData(u"dark"_s));
        QVERIFY(ui::Theme::tokens().isDark);
        QCOMPARE(settings.text(models::Settings::Key::Appearance), u"dark"_s);
        auto *keep = page.findChild<QComboBox *>(u"keepDays"_s);
        QCOMPARE(keep->currentData().toInt(), 0);
        keep->setCurrentIndex(keep->findData(30));
        QCOMPARE(settings.number(models::Settings::Key::KeepDays), 30);
        settings.set(models::Settings::Key::KeepDays, 45); // a number that is not offered
        QCOMPARE(keep->currentData().toInt(), 45);
        QVERIFY2(label(u"costFormula"_s)
                     ->text()
                     .contains(u"vCPU × seconds × price per vCPU-second + GiB × seconds × price per GiB-second"_s),
                 qPrintable(label(u"costFormula"_s)->text()));
        QVERIFY2(label(u"costFormula"_s)
                     ->text()
                     .endsWith(u"2 vCPU × 3600 s × $0.000014 + 0.5 GiB × 3600 s × $0.0000045 = $0.1089."_s),
                 qPrintable(label(u"costFormula"_s)->text()));
        QVERIFY(label(u"costFormula"_s)->wordWrap()); // else it widens the page beyond a small window
        auto *closed = page.findChild<QComboBox *>(u"windowClosed"_s);
        QCOMPARE(closed->currentData().toString(), u"ask"_s);
        closed->setCurrentIndex(closed->findData(u"quit"_s));
        QCOMPARE(settings.text(models::Settings::Key::WindowClosed), u"quit"_s);
        settings.set(models::Settings::Key::WindowClosed, u"tray"_s); // the answer to the question
        QCOMPARE(closed->currentText(), u"Keep running in the tray"_s);
        auto *trayIcon = page.findChild<QCheckBox *>(u"trayIcon"_s);
        QVERIFY(trayIcon->isChecked()); // as long as nobody says otherwise
        trayIcon->click();
        QVERIFY(!settings.value(models::Settings::Key::TrayIcon).toBool());
        auto *onTimeout = page.findChild<QComboBox *>(u"newSandboxOnTimeout"_s);
        QVERIFY(onTimeout->currentData().toBool()); // pause, unless somebody chose
        onTimeout->setCurrentIndex(1);
        QVERIFY(!settings.value(models::Settings::Key::PauseOnTimeout).toBool());
        settings.set(models::Settings::Key::PauseOnTimeout, true); // by the form
        QVERIFY(onTimeout->currentData().toBool());
        page.findChild<QSpinBox *>(u"newSandboxTimeout"_s)->setValue(90);
        QCOMPARE(settings.number(models::Settings::Key::SandboxTimeoutSeconds), 90 * 60);
        page.findChild<QSpinBox *>(u"newSandboxTimeout"_s)->setValue(90'000); // minutes
        QCOMPARE(settings.number(models::Settings::Key::SandboxTimeoutSeconds), 86'400);
        auto *zone = page.findChild<QComboBox *>(u"timeZone"_s);
        zone->setCurrentIndex(zone->findData(u"utc"_s));
        QVERIFY(DisplayZone::isUtc());
        QCOMPARE(settings.text(models::Settings::Key::TimeZone), u"utc"_s);
        zone->setCurrentIndex(zone->findData(u"system"_s));
        QVERIFY(!DisplayZone::isUtc());
        auto *currency = page.findChild<QComboBox *>(u"currency"_s);
        auto *rate = page.findChild<QLineEdit *>(u"currencyRate"_s);
        QVERIFY(!rate->isEnabled());
        rate->setText(u"0.5"_s);
        currency->setCurrentText(u"EUR"_s);
        QVERIFY(rate->isEnabled());
        QCOMPARE(settings.text(models::Settings::Key::DisplayCurrency), u"EUR"_s);
        QCOMPARE(ui::formatMoney(Money::parse("3")), u"€1.50"_s);
        rate->setText(u"nothing"_s);
        Q_EMIT rate->editingFinished();
        QVERIFY(label(u"currencyProblem"_s)->text().contains(u"above zero"_s));
        QCOMPARE(settings.text(models::Settings::Key::CurrencyRate), u"0.5"_s);
        currency->setCurrentText(u"USD"_s);
        QCOMPARE(ui::formatMoney(Money::parse("3")), u"$3.00"_s);
        button(u"addRate"_s)->click();
        QCOMPARE(rates.rowCount(), 2);
        button(u"resetRates"_s)->click();
        QCOMPARE(rates.rowCount(), 1);
    }

private:
    ui::Theme *m_theme = nullptr;
};

QTEST_MAIN(TestSettingsPage)
#include "tst_settingspage.moc"
