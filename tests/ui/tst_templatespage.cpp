#include "models/templates/newsandboxsession.h"
#include "models/templates/templatelistmodel.h"
#include "ui/templates/newsandboxdialog.h"
#include "ui/templates/pairtable.h"
#include "ui/templates/templatedetails.h"
#include "ui/templates/templatespage.h"
#include "ui/theme/theme.h"

#include <QComboBox>
#include <QLabel>
#include <QLineEdit>
#include <QPromise>
#include <QPushButton>
#include <QRadioButton>
#include <QSignalSpy>
#include <QTableView>
#include <QTest>

#include <algorithm>

using namespace sandglass;
using namespace Qt::Literals::StringLiterals;
using List = std::vector<e2b::TemplateInfo>;

namespace {

template<typename T>
QFuture<T> ready(T value)
{
    QPromise<T> promise;
    promise.start();
    promise.addResult(std::move(value));
    promise.finish();
    return promise.future();
}

e2b::TemplateInfo makeTemplate(const char *id, const char *name)
{
    e2b::TemplateInfo info;
    info.templateId = id;
    info.names = {name};
    info.buildStatus = "ready";
    info.cpuCount = 2;
    info.memoryMb = 512;
    return info;
}

} // namespace

class TestTemplatesPage final : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void initTestCase()
    {
        Q_INIT_RESOURCE(resources); // lies in a static library
        new ui::Theme(*qApp);
    }

    void searchSelectAndOpen()
    {
        models::TemplateListModel model([] {
            return ready(Result<List>(List{makeTemplate("id1", "base"), makeTemplate("id2", "code-interpreter-v1")}));
        });
        ui::TemplatesPage page(model);
        page.resize(1000, 600);
        page.show();
        QTRY_COMPARE(model.rowCount(), 2);
        QTRY_COMPARE(page.selectedId(), u"id1"_s);
        page.focusSearch();
        QTest::keyClicks(page.headerTools()->findChild<QLineEdit *>(u"templateSearch"_s), u"inter"_s);
        QCOMPARE(page.findChild<QTableView *>()->model()->rowCount(), 1);
        page.findChild<QTableView *>()->selectRow(0);
        QVERIFY(
            page.findChild<ui::TemplateDetails *>()->snippet().contains(u"Sandbox.create(\"code-interpreter-v1\")"_s));
        QSignalSpy refine(&page, &ui::TemplatesPage::openInRefineRequested);
        QTest::mouseClick(page.findChild<QPushButton *>(u"detailsOpenInRefine"_s), Qt::LeftButton);
        QCOMPARE(refine.value(0).value(0).toString(), u"code-interpreter-v1"_s);
        QSignalSpy create(&page, &ui::TemplatesPage::newSandboxRequested);
        QTest::mouseClick(page.findChild<QPushButton *>(u"newSandbox"_s), Qt::LeftButton);
        QCOMPARE(create.value(0).value(0).toString(), u"id2"_s);
    }

    void statusTakesTheColoursOfTheTheme()
    {
        models::TemplateListModel model([] { return ready(Result<List>(List{makeTemplate("id1", "base")})); });
        ui::TemplatesPage page(model);
        page.show();
        QTRY_COMPARE(page.selectedId(), u"id1"_s);
        const QString run = ui::Theme::tokens().run.name();
        const auto *details = page.findChild<ui::TemplateDetails *>();
        const auto shows = [details](const QString &colour) {
            return std::ranges::any_of(details->findChildren<QLabel *>(),
                                       [&](const QLabel *label) { return label->text().contains(colour); });
        };
        QVERIFY(shows(run));
        const bool wasDark = ui::Theme::tokens().isDark;
        ui::Theme::instance()->setMode(wasDark ? ui::Theme::Mode::Light : ui::Theme::Mode::Dark);
        QVERIFY(ui::Theme::tokens().run.name() != run);
        QVERIFY(shows(ui::Theme::tokens().run.name()));
        QVERIFY(!shows(run));
        ui::Theme::instance()->setMode(ui::Theme::Mode::System);
    }

    void detailsAreEmptyUntilOneIsChosen()
    {
        ui::TemplateDetails details;
        details.show();
        QVERIFY(!details.findChild<QPushButton *>(u"detailsOpenInRefine"_s)->isVisible());
        details.setTemplate(makeTemplate("id1", "base"));
        QVERIFY(details.findChild<QPushButton *>(u"detailsOpenInRefine"_s)->isVisible());
        details.setTemplate(std::nullopt);
        QVERIFY(!details.findChild<QPushButton *>(u"detailsOpenInRefine"_s)->isVisible());
    }

    void dialogValidatesShowsCostAndErrors()
    {
        models::TemplateListModel model([] { return ready(Result<List>(List{makeTemplate("id1", "base")})); });
        const auto card = *cost::RateCard::fromJson(R"({"currency":"USD","rates":[{"valid_from":"2020-01-01T00:00:00Z",
            "usd_per_vcpu_second":"0.000014","usd_per_gib_second":"0.0000045","source":"t"}]})");
        e2b::SandboxSpec asked;
        Result<e2b::SandboxInfo> answer = failure(Error::Kind::Service, "no room", 503);
        models::NewSandboxSession session(
            [&](const e2b::SandboxSpec &spec) {
                asked = spec;
                return ready(answer);
            },
            [](const std::string &) { return ready(Result<>()); });
        ui::NewSandboxDialog dialog(model, session, card);
        dialog.show();
        QTRY_COMPARE(model.rowCount(), 1);
        dialog.setTimeoutSeconds(3600);
        QVERIFY(dialog.findChild<QLabel *>(u"worstCase"_s)->text().contains(u"0.1"_s));
        QCOMPARE(dialog.findChild<QLabel *>(u"worstCase"_s)->toolTip(), u"$0.1089 when it runs until the timeout"_s);
        QVERIFY(!dialog.spec().allowInternetAccess);
        auto *variables = dialog.findChild<ui::PairTable *>(u"variables"_s);
        QTest::keyClicks(variables->findChildren<QLineEdit *>().at(0), u"1BAD"_s);
        auto *create = dialog.findChild<QPushButton *>(u"createButton"_s);
        QTest::mouseClick(create, Qt::LeftButton);
        auto *problem = dialog.findChild<QLabel *>(u"problem"_s);
        QVERIFY(problem->isVisible() && problem->text().contains(u"1BAD"_s));
        QVERIFY(asked.envVars.empty());
        variables->findChildren<QLineEdit *>().at(0)->setText(u"GOOD"_s);
        QTest::mouseClick(create, Qt::LeftButton);
        QTRY_VERIFY(problem->text().contains(u"no room"_s));
        QVERIFY(dialog.isVisible());
        QCOMPARE(asked.templateId, std::string("id1"));
        QCOMPARE(asked.timeoutSeconds, 3600);
        QCOMPARE(asked.envVars.count("GOOD"), std::size_t{1});
        answer = e2b::SandboxInfo{};
        QTest::mouseClick(create, Qt::LeftButton);
        QTRY_VERIFY(!dialog.isVisible());
        QCOMPARE(dialog.result(), static_cast<int>(QDialog::Accepted));
    }

    void timeoutsEndTellsItsPrice()
    {
        models::TemplateListModel model([] { return ready(Result<List>(List{makeTemplate("id1", "base")})); });
        const auto card = *cost::RateCard::fromJson(R"({"currency":"USD","rates":[{"valid_from":"2020-01-01T00:00:00Z",
            "usd_per_vcpu_second":"0.000014","usd_per_gib_second":"0.0000045","source":"t"}]})");
        models::NewSandboxSession session(
            [](const e2b::SandboxSpec &) { return ready(Result<e2b::SandboxInfo>(e2b::SandboxInfo{})); },
            [](const std::string &) { return ready(Result<>()); });
        ui::NewSandboxDialog dialog(model, session, card);
        dialog.show();
        QTRY_COMPARE(model.rowCount(), 1);
        QVERIFY(dialog.spec().autoPause); // nothing is lost unless somebody says so
        QCOMPARE(dialog.findChild<QLabel *>(u"pauseCost"_s)->text(),
                 u"Costs only storage, which is free; $0.1089/h once resumed."_s);
        QCOMPARE(dialog.findChild<QLabel *>(u"killCost"_s)->text(),
                 u"Costs nothing more; memory and files are gone."_s);
        QTest::mouseClick(dialog.findChild<QRadioButton *>(u"killOnTimeout"_s), Qt::LeftButton, {}, QPoint(8, 8));
        QVERIFY(!dialog.spec().autoPause);
        dialog.setPausesOnTimeout(true);
        QVERIFY(dialog.spec().autoPause);
    }

    void planLimitsAreToldBefore()
    {
        models::TemplateListModel model([] { return ready(Result<List>(List{makeTemplate("id1", "base")})); });
        const auto card = *cost::RateCard::fromJson(R"({"currency":"USD","rates":[{"valid_from":"2020-01-01T00:00:00Z",
            "usd_per_vcpu_second":"0.000014","usd_per_gib_second":"0.0000045","source":"t"}]})");
        models::NewSandboxSession session(
            [](const e2b::SandboxSpec &) { return ready(Result<e2b::SandboxInfo>(e2b::SandboxInfo{})); },
            [](const std::string &) { return ready(Result<>()); });
        ui::NewSandboxDialog dialog(model, session, card);
        dialog.show();
        auto *warning = dialog.findChild<QLabel *>(u"planWarning"_s);
        dialog.setTimeoutSeconds(25 * 3600);
        QVERIFY(!warning->isVisible()); // of a connection that has no plans
        dialog.setTimeoutSeconds(3600);
        dialog.warnOfPlanLimits(19);
        QVERIFY2(!warning->isVisible(), qPrintable(warning->text())); // the twentieth, for exactly an hour
        dialog.setTimeoutSeconds(3601);
        QVERIFY(warning->isVisible());
        QCOMPARE(warning->text(), u"The timeout is longer than the plan Hobby (1 h) lets a sandbox run."_s);
        dialog.setTimeoutSeconds(300);
        QVERIFY(!warning->isVisible());
        dialog.warnOfPlanLimits(20);
        QCOMPARE(warning->text(), u"20 run now: the plan Hobby (20 at once) takes no more."_s);
        dialog.warnOfPlanLimits(100);
        QVERIFY2(warning->text().contains(u"Hobby (20 at once) or Pro (100 at once)"_s), qPrintable(warning->text()));
        dialog.warnOfPlanLimits(std::nullopt); // nobody has counted them
        QVERIFY(!warning->isVisible());
        QVERIFY(dialog.findChild<QPushButton *>(u"createButton"_s)->isEnabled()); // the service has the last word
    }
};

QTEST_MAIN(TestTemplatesPage)
#include "tst_templatespage.moc"
