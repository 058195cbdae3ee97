// The Webhooks page with real clicks, over a fake API with real state and a real receiver.

#include "models/webhooks/deliveriesmodel.h"
#include "models/webhooks/quarantinemodel.h"
#include "models/webhooks/tunnelsession.h"
#include "models/webhooks/webhooklistmodel.h"
#include "tests/models/webhookfixture.h"
#include "ui/theme/theme.h"
#include "ui/webhooks/webhookspage.h"
#include "ui/widgets/emptystate.h"

#include <QApplication>
#include <QCheckBox>
#include <QClipboard>
#include <QComboBox>
#include <QDialog>
#include <QFile>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QSignalSpy>
#include <QTableView>
#include <QTest>

using namespace sandglass;
using namespace Qt::Literals::StringLiterals;
using models::WebhookListModel;
using testsupport::FakeReply;
using ui::WebhooksPage;

class TestWebhooksPage final : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void initTestCase();
    void init();
    void cleanup();
    void emptyAndFailedStatesSayWhatToDo();
    void newWebhookFromTheDialog();
    void refusedNewWebhookKeepsTheDialog();
    void editChangesWhatWasChanged();
    void removeWaitsForUndo();
    void switchOffAndOn();
    void rotationShowsTheSecretOnce();
    void testTellsTheAnswer();
    void deliveriesOfTheChosenWebhook();
    void refusedAreExplainedAndForgotten();
    void secretHidesAndIsCopied();
    void overlapIsShownAndEnded();
    void missingTunnelProgramIsNamed();
    void tunnelOpensAndCloses();

private:
    [[nodiscard]] QPushButton *button(const char *name) const
    {
        return m_page->findChild<QPushButton *>(QString::fromLatin1(name));
    }
    void click(const char *name) { QTest::mouseClick(button(name), Qt::LeftButton); }
    template<typename Widget>
    [[nodiscard]] Widget *find(const char *name) const
    {
        return m_page->findChild<Widget *>(QString::fromLatin1(name));
    }
    [[nodiscard]] QString text(const char *name) const { return find<QLabel>(name)->text(); }
    /// The dialog of that name on top; null when there is none.
    [[nodiscard]] QDialog *dialog(const char *name) const
    {
        for (auto *open : m_page->findChildren<QDialog *>(QString::fromLatin1(name))) {
            if (open->isVisible())
                return open;
        }
        return nullptr;
    }
    void openPage();
    void clickRow(const char *table, int row);
    void type(QDialog *in, const char *field, const QString &words);
    void press(QDialog *in, const char *name)
    {
        QTest::mouseClick(in->findChild<QPushButton *>(QString::fromLatin1(name)), Qt::LeftButton);
    }
    [[nodiscard]] ui::ReceiverView view() const;
    void picture(const char *name, QWidget *of = nullptr);

    std::unique_ptr<test::WebhookFixture> m_fixture;
    std::unique_ptr<e2b::RegistrationFile> m_file;
    std::unique_ptr<WebhookListModel> m_webhooks;
    std::unique_ptr<models::DeliveriesModel> m_deliveries;
    std::unique_ptr<models::QuarantineModel> m_quarantine;
    std::unique_ptr<models::TunnelSession> m_tunnel;
    std::unique_ptr<WebhooksPage> m_page;
};

void TestWebhooksPage::initTestCase()
{
    Q_INIT_RESOURCE(resources); // lies in a static library
    new ui::Theme(*qApp);
}

void TestWebhooksPage::init()
{
    m_fixture = std::make_unique<test::WebhookFixture>();
    QVERIFY(m_fixture->startReceiver());
    m_file = std::make_unique<e2b::RegistrationFile>(m_fixture->dir.filePath(u"r.json"_s).toStdString());
    m_webhooks = std::make_unique<WebhookListModel>(m_fixture->client);
    m_deliveries = std::make_unique<models::DeliveriesModel>(m_fixture->client);
    m_quarantine = std::make_unique<models::QuarantineModel>();
    m_quarantine->setReceiver(m_fixture->receiver.get());
    m_tunnel = std::make_unique<models::TunnelSession>(*m_file);
    m_tunnel->setReceiver(m_fixture->receiver->port(), "/webhooks/e2b", test::receiverSecret);
    m_tunnel->setConnection(m_fixture->connection());
    m_webhooks->setOwnUrls({QString::fromStdString(m_fixture->receiver->url())});
    m_page = std::make_unique<WebhooksPage>(*m_webhooks, *m_deliveries, *m_quarantine, *m_tunnel);
    m_page->setReceiver(view());
    m_page->resize(816, 490); // what a window of 1024 × 600 leaves
}

void TestWebhooksPage::cleanup()
{
    m_page.reset();
    m_tunnel.reset();
    m_quarantine.reset();
    m_deliveries.reset();
    m_webhooks.reset();
    m_fixture.reset();
}

ui::ReceiverView TestWebhooksPage::view() const
{
    ui::ReceiverView view;
    view.isListening = true;
    view.url = QString::fromStdString(m_fixture->receiver->url());
    view.secret = QString::fromStdString(test::receiverSecret);
    view.canRotate = true;
    view.statistics = m_fixture->receiver->statistics();
    return view;
}

void TestWebhooksPage::openPage()
{
    m_page->show();
    m_page->activateWindow();
    QVERIFY(QTest::qWaitForWindowExposed(m_page.get()));
    QTRY_VERIFY(m_webhooks->state() != WebhookListModel::State::Loading);
}

void TestWebhooksPage::clickRow(const char *table, int row)
{
    auto *view = find<QTableView>(table);
    QTest::mouseClick(view->viewport(), Qt::LeftButton, {}, view->visualRect(view->model()->index(row, 0)).center());
}

void TestWebhooksPage::type(QDialog *in, const char *field, const QString &words)
{
    auto *edit = in->findChild<QLineEdit *>(QString::fromLatin1(field));
    edit->clear();
    QTest::keyClicks(edit, words);
}

/// For a person to look at: SANDGLASS_PICTURES names a folder.
void TestWebhooksPage::picture(const char *name, QWidget *of)
{
    const QString folder = qEnvironmentVariable("SANDGLASS_PICTURES");
    if (!folder.isEmpty())
        (of != nullptr ? of : m_page.get())->grab().save(folder + u'/' + QString::fromLatin1(name) + u".png");
}

void TestWebhooksPage::emptyAndFailedStatesSayWhatToDo()
{
    const auto heading = [this] {
        const auto *empty = find<ui::EmptyState>("webhooksEmpty");
        return empty->findChildren<QLabel *>().first()->text();
    };
    openPage();
    QCOMPARE(heading(), u"No webhooks here"_s);
    m_fixture->api.failNext("GET /events/webhooks", FakeReply::error(401, "bad key"), 1);
    m_page->refresh();
    QTRY_COMPARE(heading(), u"The webhooks could not be read"_s);
    QTest::mouseClick(find<ui::EmptyState>("webhooksEmpty")->findChild<QPushButton *>(), Qt::LeftButton);
    QTRY_COMPARE(heading(), u"No webhooks here"_s);
    m_fixture->api.failNext("GET /events/webhooks", FakeReply::error(405, "no"), -1);
    m_page->refresh();
    QTRY_COMPARE(heading(), u"No webhooks at this connection"_s);
}

void TestWebhooksPage::newWebhookFromTheDialog()
{
    openPage();
    click("newWebhook");
    QDialog *form = dialog("webhookDialog");
    QVERIFY(form != nullptr);
    auto *save = form->findChild<QPushButton *>(u"saveWebhook"_s);
    const auto *problem = form->findChild<QLabel *>(u"webhookDialogProblem"_s);
    // This program's receiver is offered; the cloud does not get to loopback, which is said, with the way out.
    QVERIFY(form->findChild<QLabel *>(u"webhookReach"_s)->text().contains(u"tunnel"_s));
    type(form, "webhookUrl", u"ftp://example.org"_s);
    QVERIFY(!save->isEnabled());
    type(form, "webhookUrl", u"https://example.org/hooks"_s);
    type(form, "webhookName", u"Mine"_s);
    type(form, "webhookSecretEdit", QString(31, u's'));
    QVERIFY(!save->isEnabled());
    QVERIFY(problem->text().contains(u"31"_s));
    type(form, "webhookSecretEdit", QString(32, u's'));
    QVERIFY(save->isEnabled());
    const auto *secret = form->findChild<QLineEdit *>(u"webhookSecretEdit"_s);
    QCOMPARE(secret->echoMode(), QLineEdit::Password); // who looks over a shoulder does not read it
    auto *reveal = form->findChild<QPushButton *>(u"webhookSecretEditReveal"_s);
    reveal->click();
    QCOMPARE(secret->echoMode(), QLineEdit::Normal);
    reveal->click();
    QCOMPARE(secret->echoMode(), QLineEdit::Password);
    picture("new", form);
    for (const char *event : {"event-created", "event-updated", "event-paused", "event-resumed", "event-checkpointed"})
        QTest::mouseClick(form->findChild<QCheckBox *>(QString::fromLatin1(event)), Qt::LeftButton, {}, QPoint(8, 8));
    press(form, "saveWebhook");
    QTRY_VERIFY(dialog("webhookDialog") == nullptr);
    QCOMPARE(m_fixture->api.webhooks.size(), 1);
    const QJsonObject made = m_fixture->api.webhooks.first();
    QCOMPARE(made.value(u"name"_s).toString(), u"Mine"_s);
    QCOMPARE(made.value(u"url"_s).toString(), u"https://example.org/hooks"_s);
    QCOMPARE(made.value(u"signatureSecret"_s).toString(), QString(32, u's'));
    QCOMPARE(made.value(u"events"_s).toArray(), QJsonArray{u"sandbox.lifecycle.killed"_s});
    QCOMPARE(m_webhooks->rowCount(), 1);
    QVERIFY(button("editWebhook")->isEnabled()); // it is selected
}

void TestWebhooksPage::refusedNewWebhookKeepsTheDialog()
{
    openPage();
    click("newWebhook");
    QDialog *form = dialog("webhookDialog");
    m_fixture->api.failNext("POST", FakeReply::error(400, "ten are enough"));
    press(form, "saveWebhook");
    const auto *problem = form->findChild<QLabel *>(u"webhookDialogProblem"_s);
    QTRY_VERIFY(problem->text().contains(u"ten are enough"_s));
    QVERIFY(form->isVisible());
    press(form, "saveWebhook");
    QTRY_VERIFY(dialog("webhookDialog") == nullptr);
    QCOMPARE(m_fixture->api.webhooks.size(), 1);
}

void TestWebhooksPage::editChangesWhatWasChanged()
{
    m_fixture->addWebhook(u"w1"_s, u"Old name"_s, u"https://example.org/"_s);
    openPage();
    QTRY_COMPARE(m_webhooks->rowCount(), 1);
    QVERIFY(!button("editWebhook")->isEnabled());
    clickRow("webhookTable", 0);
    click("editWebhook");
    QDialog *form = dialog("webhookDialog");
    QVERIFY(form->findChild<QCheckBox *>(u"event-created"_s)->isChecked());
    QVERIFY(!form->findChild<QCheckBox *>(u"event-killed"_s)->isChecked());
    type(form, "webhookName", u"New name"_s);
    press(form, "saveWebhook");
    QTRY_VERIFY(dialog("webhookDialog") == nullptr);
    QCOMPARE(m_fixture->api.webhooks[u"w1"_s].value(u"name"_s).toString(), u"New name"_s);
    QVERIFY(!m_fixture->api.webhooks[u"w1"_s].contains(u"signatureSecret"_s)); // it keeps the one it has
}

void TestWebhooksPage::removeWaitsForUndo()
{
    m_fixture->addWebhook(u"w1"_s, u"one"_s, u"https://example.org/"_s);
    openPage();
    QTRY_COMPARE(m_webhooks->rowCount(), 1);
    clickRow("webhookTable", 0);
    click("removeWebhook");
    QPushButton *undo = nullptr;
    for (auto *candidate : m_page->findChildren<QPushButton *>(u"toastAction"_s)) {
        if (candidate->isVisible())
            undo = candidate;
    }
    QVERIFY(undo != nullptr);
    QTest::mouseClick(undo, Qt::LeftButton);
    m_page->settle();
    QCOMPARE(m_webhooks->openCount(), 0);
    QCOMPARE(m_fixture->api.webhooks.size(), 1);
    click("removeWebhook");
    m_page->settle(); // as at the end of the program: nothing waits any longer
    QTRY_VERIFY(m_fixture->api.webhooks.isEmpty());
    QTRY_COMPARE(m_webhooks->rowCount(), 0);
}

void TestWebhooksPage::switchOffAndOn()
{
    m_fixture->addWebhook(u"w1"_s, u"one"_s, u"https://example.org/"_s);
    openPage();
    QTRY_COMPARE(m_webhooks->rowCount(), 1);
    clickRow("webhookTable", 0);
    click("toggleWebhook");
    QTRY_COMPARE(button("toggleWebhook")->text(), u"Switch on"_s);
    QVERIFY(!m_fixture->api.webhooks[u"w1"_s].value(u"enabled"_s).toBool());
    click("toggleWebhook");
    QTRY_COMPARE(button("toggleWebhook")->text(), u"Switch off"_s);
    m_fixture->api.failNext("PATCH", FakeReply::error(404, "gone"));
    QSignalSpy toast(m_page.get(), &ui::Page::toast);
    click("toggleWebhook");
    QTRY_COMPARE(toast.size(), 1);
    QVERIFY(toast.first().first().toString().contains(u"gone"_s));
}

void TestWebhooksPage::rotationShowsTheSecretOnce()
{
    m_fixture->addWebhook(u"w1"_s, u"one"_s, u"https://example.org/"_s);
    m_fixture->addWebhook(u"w2"_s, u"own"_s, QString::fromStdString(m_fixture->receiver->url()));
    openPage();
    QTRY_COMPARE(m_webhooks->rowCount(), 2);
    clickRow("webhookTable", m_webhooks->rowOf(u"w1"_s));
    click("rotateWebhook");
    QTRY_VERIFY(dialog("secretDialog") != nullptr);
    const QString secret = m_fixture->api.webhooks[u"w1"_s].value(u"signatureSecret"_s).toString();
    QVERIFY(secret.size() >= 32);
    press(dialog("secretDialog"), "newSecretCopy");
    QCOMPARE(QApplication::clipboard()->text(), secret);
    press(dialog("secretDialog"), "closeSecret");
    // One that leads here takes the receiver's secret; there is nothing to hand on.
    clickRow("webhookTable", m_webhooks->rowOf(u"w2"_s));
    click("rotateWebhook");
    QTRY_COMPARE(m_fixture->api.webhooks[u"w2"_s].value(u"signatureSecret"_s).toString().toStdString(),
                 test::receiverSecret);
    QTRY_VERIFY(dialog("secretDialog") == nullptr);
}

void TestWebhooksPage::testTellsTheAnswer()
{
    m_fixture->addWebhook(u"w1"_s, u"own"_s, QString::fromStdString(m_fixture->receiver->url()));
    openPage();
    QTRY_COMPARE(m_webhooks->rowCount(), 1);
    clickRow("webhookTable", 0);
    click("testWebhook");
    QDialog *form = dialog("testDialog");
    QVERIFY(form != nullptr);
    const auto *answer = form->findChild<QLabel *>(u"testAnswer"_s);
    press(form, "sendTest"); // the receiver's secret is known
    QTRY_VERIFY(answer->text().startsWith(u"✓ Accepted with 200"_s));
    type(form, "testSecret", QString::fromStdString(test::otherSecret));
    press(form, "sendTest");
    QTRY_VERIFY(!answer->text().contains(u"Sending"_s));
    picture("test", form);
    QTRY_VERIFY(answer->text().contains(u"401"_s) && answer->text().contains(u"secret"_s));
    type(form, "testSecret", u"short"_s);
    QVERIFY(!form->findChild<QPushButton *>(u"sendTest"_s)->isEnabled());
    press(form, "closeTest");
}

void TestWebhooksPage::deliveriesOfTheChosenWebhook()
{
    m_fixture->addWebhook(u"w1"_s, u"one"_s, u"https://example.org/"_s);
    m_fixture->addDeliveries(u"w1"_s, 6);
    openPage();
    QTRY_COMPARE(m_webhooks->rowCount(), 1);
    picture("registrations");
    clickRow("webhookTable", 0);
    m_page->showPart(WebhooksPage::Deliveries);
    QTRY_COMPARE(m_deliveries->rowCount(), 6);
    QTRY_VERIFY(find<QTableView>("deliveryTable")->isVisible());
    clickRow("deliveryTable", 0);
    QVERIFY(text("deliveryDetails").contains(u"the name of the host was not found"_s));
    picture("deliveries");
}

void TestWebhooksPage::refusedAreExplainedAndForgotten()
{
    openPage();
    m_page->showPart(WebhooksPage::Refused);
    QCOMPARE(m_fixture->deliver("e1", test::otherSecret), 401);
    QCOMPARE(m_fixture->deliver("e2", test::otherSecret), 401);
    QTRY_VERIFY((m_quarantine->refresh(), m_quarantine->rowCount() == 2));
    QVERIFY(!button("retryRefused")->isEnabled());
    clickRow("refusedTable", 0);
    QVERIFY(text("refusedDetails").contains(QString::fromStdString(explain(m_quarantine->at(0).diagnosis))));
    picture("refused");
    click("copyRefused");
    QVERIFY(QApplication::clipboard()->text().startsWith(u"curl -i -X 'POST' '"_s
                                                         + QString::fromStdString(m_fixture->receiver->url())));
    QSignalSpy toast(m_page.get(), &ui::Page::toast);
    click("retryRefused");
    QTRY_COMPARE(toast.size(), 1);
    QVERIFY(toast.takeFirst().first().toString().startsWith(u"Refused again"_s));
    m_fixture->receiver->setSecrets({{"current", test::otherSecret, true}});
    click("retryRefused");
    QTRY_COMPARE(toast.size(), 1);
    QVERIFY(toast.takeFirst().first().toString().startsWith(u"Accepted"_s));
    QTRY_COMPARE(m_quarantine->rowCount(), 1);
    click("clearRefused");
    QCOMPARE(m_quarantine->rowCount(), 1); // until Undo is over
    m_page->settle();
    QCOMPARE(m_quarantine->rowCount(), 0);
}

void TestWebhooksPage::secretHidesAndIsCopied()
{
    openPage();
    const QString secret = QString::fromStdString(test::receiverSecret);
    QVERIFY(!text("webhookSecret").contains(secret));
    click("webhookSecretReveal");
    QCOMPARE(text("webhookSecret"), secret);
    click("webhookSecretReveal");
    QVERIFY(!text("webhookSecret").contains(secret));
    click("webhookSecretCopy");
    QCOMPARE(QApplication::clipboard()->text(), secret);
}

void TestWebhooksPage::overlapIsShownAndEnded()
{
    openPage();
    QSignalSpy rotate(m_page.get(), &WebhooksPage::rotateSecretRequested);
    QSignalSpy end(m_page.get(), &WebhooksPage::endOverlapRequested);
    QVERIFY(!button("endSecretOverlap")->isVisible());
    click("rotateReceiverSecret");
    QCOMPARE(rotate.size(), 1);
    ui::ReceiverView rotated = view();
    rotated.oldSecretUntil = systemNow() + std::chrono::hours(24);
    m_page->setReceiver(rotated);
    QVERIFY(text("oldSecretUntil").startsWith(u"accepted until"_s));
    click("endSecretOverlap");
    QCOMPARE(end.size(), 1);
    rotated.canRotate = false;
    m_page->setReceiver(rotated);
    QVERIFY(!button("rotateReceiverSecret")->isEnabled());
}

void TestWebhooksPage::missingTunnelProgramIsNamed()
{
    const QByteArray path = qgetenv("PATH");
    qputenv("PATH", m_fixture->dir.path().toUtf8());
    openPage();
    m_page->showPart(WebhooksPage::Tunnel);
    QVERIFY(text("tunnelMissing").startsWith(u"cloudflared is not installed"_s));
    QVERIFY(!button("tunnelButton")->isEnabled());
    picture("tunnel");
    auto *kind = find<QComboBox>("tunnelKind");
    kind->setCurrentIndex(1);
    QVERIFY(text("tunnelMissing").startsWith(u"ssh is not installed"_s));
    qputenv("PATH", path);
    m_tunnel->setReceiver(0, {}, {});
    kind->setCurrentIndex(0);
    QVERIFY(text("tunnelMissing").contains(u"needs the receiver"_s));
}

void TestWebhooksPage::tunnelOpensAndCloses()
{
    QFile program(m_fixture->dir.filePath(u"cloudflared"_s));
    QVERIFY(program.open(QIODevice::WriteOnly));
    program.write("#!/bin/sh\necho 'INF https://quiet-sand.trycloudflare.com'\nexec sleep 60\n");
    program.setPermissions(QFileDevice::ReadOwner | QFileDevice::WriteOwner | QFileDevice::ExeOwner);
    program.close();
    const QByteArray path = qgetenv("PATH");
    qputenv("PATH", m_fixture->dir.path().toUtf8() + ':' + path);
    openPage();
    m_page->showPart(WebhooksPage::Tunnel);
    click("tunnelButton");
    qputenv("PATH", path);
    QTRY_VERIFY(text("tunnelState").contains(u"https://quiet-sand.trycloudflare.com/webhooks/e2b"_s));
    QTRY_VERIFY(text("tunnelRegistration").startsWith(u"E2B cloud delivers through it"_s));
    QTRY_COMPARE(m_fixture->api.webhooks.size(), 1);
    click("copyTunnelUrl");
    QCOMPARE(QApplication::clipboard()->text(), m_tunnel->publicUrl());
    picture("tunnel-open");
    QCOMPARE(button("tunnelButton")->text(), u"Close the tunnel"_s);
    click("tunnelButton");
    QTRY_VERIFY(m_fixture->api.webhooks.isEmpty());
    QCOMPARE(button("tunnelButton")->text(), u"Open the tunnel"_s);
}

QTEST_MAIN(TestWebhooksPage)
#include "tst_webhookspage.moc"
