// Refine with somebody else writing the code: choice, limits, words for every end, both parts of the cost.

#include "models/runs/proposers.h"
#include "models/settings/modellistmodel.h"
#include "models/settings/modelpricebook.h"
#include "models/settings/modelpricesmodel.h"
#include "services/core/keystore.h"
#include "tests/support/fakemodelserver.h"
#include "tests/ui/refinefixture.h"
#include "ui/refine/attemptcost.h"
#include "ui/refine/modeltext.h"
#include "ui/settings/modelssection.h"
#include "ui/text/format.h"
#include "ui/theme/theme.h"

#include <QComboBox>
#include <QLabel>
#include <QLineEdit>
#include <QListView>
#include <QPlainTextEdit>
#include <QPushButton>
#include <QSignalSpy>
#include <QSpinBox>
#include <QTableView>
#include <QTest>

using namespace sandglass;
using namespace sandglass::testsupport;
using namespace Qt::Literals::StringLiterals;
using models::AttemptRow;
using models::RunSession;
using Says = FakeModelServer::Says;

namespace {

const QByteArray good = "{\"type\":\"stdout\",\"text\":\"right\\n\"}\n{\"type\":\"end_of_execution\"}\n";
const QByteArray bad = "{\"type\":\"stdout\",\"text\":\"wrong\\n\"}\n{\"type\":\"end_of_execution\"}\n";

Says answer()
{
    return FakeModelServer::code("print('x')", 1'200, 300, 200);
}

} // namespace

class TestRefineProposals final : public test::RefineFixture
{
    Q_OBJECT
private Q_SLOTS:
    void initTestCase()
    {
        Q_INIT_RESOURCE(resources); // lies in a static library
        new ui::Theme(*qApp);
    }
    void init();
    void cleanup() { closePage(); }

    void personIsTheDefault();
    void modelCorrectsItself();
    void requirementIsNeeded();
    void endsAreTold_data();
    void endsAreTold();
    void waitsAreToldAndStopped();
    void scriptOfTheProgram();
    void limitOfMoney();
    void settingUpAModel();
    void costsInWords();

private:
    template<typename Widget>
    Widget *find(const char *name)
    {
        return m_page->findChild<Widget *>(QString::fromLatin1(name));
    }
    QString words() { return find<QLabel>("refineWords")->text(); }
    void choose(const QString &id)
    {
        auto *who = find<QComboBox>("proposer");
        who->setCurrentIndex(who->findData(id));
        Q_EMIT who->activated(who->currentIndex());
    }
    void addModel(bool isPriced = true);
    void start() { QTest::mouseClick(find<QPushButton>("refineButton"), Qt::LeftButton); }
    bool isOver() { return m_session->refining().end().has_value() && m_session->state() == RunSession::State::Idle; }

    std::unique_ptr<FileKeyStore> m_keys;
    std::unique_ptr<models::ModelPriceBook> m_book;
    std::unique_ptr<models::ModelListModel> m_models;
    std::unique_ptr<models::Proposers> m_proposers;
    std::unique_ptr<FakeModelServer> m_provider;
};

void TestRefineProposals::init()
{
    makeProfile();
    m_keys = std::make_unique<FileKeyStore>(m_dir->filePath(u"k.json"_s).toStdString());
    m_book = std::make_unique<models::ModelPriceBook>(*m_settings, refine::ModelPriceList());
    m_models = std::make_unique<models::ModelListModel>(*m_settings, *m_keys, *m_book);
    m_proposers = std::make_unique<models::Proposers>(*m_settings, *m_models, *m_book);
    m_api->sandboxDetails = R"({"sandboxID":"i77b0e21abcdefghij","templateID":"t","cpuCount":2,"memoryMB":512})";
    m_provider = std::make_unique<FakeModelServer>();
    makePage();
    m_session->setRateCard(*cost::RateCard::fromJson(R"({"currency":"USD","rates":[{"valid_from":"2020-01-01T00:00:00Z",
        "usd_per_vcpu_second":"0.000014","usd_per_gib_second":"0.0000045","source":"t"}]})"));
    m_page->setProposers(*m_proposers);
    showPage();
    find<QPlainTextEdit>("requirement")->setPlainText(u"Say right"_s);
    find<QLineEdit>("expectedOutput")->setText(u"right"_s);
}

void TestRefineProposals::addModel(bool isPriced)
{
    const auto id = m_models->add(
        {{}, "Tiny", refine::ModelConnection::Protocol::OpenAi, m_provider->openAiUrl(), "tiny-coder", {}, 500},
        QString::fromLatin1(m_provider->key));
    QVERIFY(id);
    refine::ModelPrice price;
    price.picoPerInput = 150'000;
    price.picoPerCachedInput = 75'000;
    price.picoPerOutput = 600'000;
    if (isPriced)
        QVERIFY(m_book->setPrices(*id, {price}));
    choose(u"model:"_s + *id);
}

void TestRefineProposals::personIsTheDefault()
{
    QCOMPARE(find<QComboBox>("proposer")->currentText(), u"You"_s);
    QVERIFY(!find<QPushButton>("refineButton")->isVisible());
    QSignalSpy wanted(m_page.get(), &ui::RefinePage::modelsRequested);
    choose(u"add"_s);
    QCOMPARE(wanted.size(), 1);
    QCOMPARE(find<QComboBox>("proposer")->currentText(), u"You"_s); // it is no choice
}

void TestRefineProposals::modelCorrectsItself()
{
    addModel();
    m_api->executions = {bad, good};
    m_provider->says({answer()});
    QVERIFY(find<QPushButton>("refineButton")->isVisible() && words().isEmpty());
    QTest::keyClick(m_page->editor(), Qt::Key_Return, Qt::ControlModifier | Qt::ShiftModifier);
    QVERIFY(m_session->state() == RunSession::State::Proposing);
    QVERIFY(!find<QPushButton>("refineButton")->isEnabled() && !find<QPushButton>("runButton")->isEnabled());
    QVERIFY(find<QPushButton>("stopButton")->isEnabled());
    QVERIFY2(words().contains(u"Asking Tiny"_s), qPrintable(words()));
    QTRY_VERIFY(isOver());
    QVERIFY2(words().startsWith(u"● Passed"_s), qPrintable(words()));
    const auto &rows = m_session->attempts()->rows();
    QCOMPARE(rows.size(), std::size_t{2});
    QCOMPARE(rows[0]->author, u"tiny-coder"_s);
    QVERIFY(rows[0]->verdict == AttemptRow::Verdict::CheckFailed && rows[1]->verdict == AttemptRow::Verdict::Passed);
    QCOMPARE(rows[0]->added, 1); // all of a first proposal is new
    QTRY_VERIFY(m_session->attempts()->rows()[1]->cost && m_session->attempts()->rows()[0]->cost);
    for (const auto &row : m_session->attempts()->rows()) {
        QCOMPARE(row->model->cost->toFixed(12), "0.000345000000");
        QVERIFY(*row->wholeCost() == *row->model->cost + *row->cost);
        QCOMPARE(ui::costParts(*row),
                 u"model %1 + sandbox %2"_s.arg(ui::formatMoney(row->model->cost), ui::formatMoney(row->cost)));
        const QString details = ui::costDetails(*row);
        QVERIFY2(details.contains(u"1,200 tokens in (200 of them cached), 300 out"_s), qPrintable(details));
        QVERIFY2(details.contains(u"Together: $0.0003"_s), qPrintable(details));
    }
    QTRY_VERIFY(find<QLabel>("attemptsCost")->text().startsWith(u"model $0.00069 + sandbox "_s));
    QVERIFY(find<QLabel>("attemptsCost")->text().contains(u" = $0.00069"_s));
    // Nothing was put into the editor; the person does that.
    QVERIFY(m_page->editor()->text().isEmpty());
    find<QListView>("attemptList")->setCurrentIndex(m_session->attempts()->index(0));
    QTest::mouseClick(find<QPushButton>("restoreCode"), Qt::LeftButton);
    QCOMPARE(m_page->editor()->text(), u"print('x')\n"_s);
}

void TestRefineProposals::requirementIsNeeded()
{
    addModel();
    find<QPlainTextEdit>("requirement")->clear();
    QSignalSpy toast(m_page.get(), &ui::Page::toast);
    start();
    QCOMPARE(toast.size(), 1);
    QVERIFY(m_session->state() == RunSession::State::Idle && m_provider->asked().isEmpty());
}

void TestRefineProposals::endsAreTold_data()
{
    QTest::addColumn<Says>("says");
    QTest::addColumn<QString>("expected");
    QTest::addColumn<int>("attempts");
    QTest::newRow("limit") << answer() << u"■ Ended after 2 attempt"_s << 2;
    QTest::newRow("key") << FakeModelServer::refusal(401, "invalid_api_key") << u"✕ The provider refuses the key"_s
                         << 0;
    QTest::newRow("no model") << FakeModelServer::refusal(404, "x") << u"✕ The provider knows no such model"_s << 0;
    QTest::newRow("quota") << FakeModelServer::refusal(429, "insufficient_quota") << u"✕ The account's credit"_s << 0;
    QTest::newRow("slow down") << FakeModelServer::refusal(429, "x", "0") << u"✕ The provider asked to slow down"_s
                               << 0;
    QTest::newRow("broken") << FakeModelServer::refusal(500, "x", "0") << u"✕ The provider cannot answer just now"_s
                            << 0;
    QTest::newRow("garbage") << Says{.raw = "<html>"} << u"✕ Something answers, but not as a model does"_s << 1;
    QTest::newRow("refused") << Says{.text = "No.", .stop = "content_filter"} << u"✕ the model refused to answer: No."_s
                             << 1;
    Says cut = answer();
    cut.fault = FakeReply::Fault::CutChunks;
    QTest::newRow("cut") << cut << u"✕ the answer broke off"_s << 1;
    QTest::newRow("truncated") << Says{.text = "```python\nx", .stop = "length"} << u"■ Ended after 2 attempt"_s << 2;
}

void TestRefineProposals::endsAreTold()
{
    QFETCH(Says, says);
    QFETCH(QString, expected);
    addModel();
    find<QSpinBox>("refineAttempts")->setValue(2);
    m_api->executions = {bad};
    m_provider->says({says});
    start();
    QTRY_VERIFY(isOver());
    QVERIFY2(words().startsWith(expected), qPrintable(words()));
    QTEST(m_session->attempts()->rowCount(), "attempts");
    QVERIFY(!m_session->trouble()); // no fault of the engine
    QVERIFY(!find<QWidget>("troubleBanner")->isVisible());
    QVERIFY(find<QPushButton>("refineButton")->isEnabled());
}

void TestRefineProposals::waitsAreToldAndStopped()
{
    addModel();
    m_provider->says({FakeModelServer::refusal(429, "x", "50")});
    start();
    QTRY_VERIFY2(words().contains(u"asks to slow down (429). Try 2 of 4 in 50"_s), qPrintable(words()));
    QTest::mouseClick(find<QPushButton>("stopButton"), Qt::LeftButton);
    QVERIFY(isOver());
    QCOMPARE(words(), u"■ Stopped."_s);
    m_session->endSession();
    Says silent;
    silent.raw = "x";
    silent.fault = FakeReply::Fault::Silent;
    m_provider->says({silent});
    start();
    QTRY_COMPARE(m_provider->asked().size(), 2);
    m_session->endSession(); // of a closing window
    QVERIFY(isOver());
    QTRY_COMPARE(m_provider->server().openConnections(), 0);
}

void TestRefineProposals::scriptOfTheProgram()
{
    choose(u"script"_s);
    QVERIFY(find<QPushButton>("scriptFiles")->isVisible());
    m_api->executions = {bad, bad, good};
    start();
    QTRY_VERIFY(isOver());
    QVERIFY2(words().startsWith(u"● Passed"_s), qPrintable(words()));
    QCOMPARE(m_session->attempts()->rowCount(), 3);
    QCOMPARE(m_session->attempts()->at(0).author, u"script"_s);
    QVERIFY(!m_session->attempts()->at(0).model);
    m_api->executions = {bad};
    start();
    QTRY_VERIFY(isOver());
    QCOMPARE(words(), u"■ The script has no further attempt."_s);
}

void TestRefineProposals::limitOfMoney()
{
    addModel(false);
    QVERIFY2(words().contains(u"price of this model is not known"_s), qPrintable(words()));
    auto *money = find<QLineEdit>("refineMoney");
    money->setText(u"ten"_s);
    QVERIFY(!find<QPushButton>("refineButton")->isEnabled());
    QVERIFY(!words().contains(u"amount of dollars"_s)); // it may become one
    QTest::keyClick(m_page->editor(), Qt::Key_Return, Qt::ControlModifier | Qt::ShiftModifier);
    QVERIFY(m_session->state() == RunSession::State::Idle); // not under the limit of before either
    QTest::keyClick(money, Qt::Key_Return);
    QVERIFY(words().contains(u"amount of dollars"_s));
    money->setText(u"0.0001"_s);
    m_api->executions = {bad};
    m_provider->says({answer()});
    start();
    QTRY_VERIFY(isOver());
    QVERIFY2(words().contains(u"what the last attempt cost is not known"_s), qPrintable(words()));
    QCOMPARE(ui::costParts(m_session->attempts()->at(0)).left(13), u"model unknown"_s);
    QTRY_VERIFY2(find<QLabel>("attemptsCost")->text().startsWith(u"model unknown + sandbox $0.0"_s)
                     && find<QLabel>("attemptsCost")->text().contains(u"not known of 1 attempt"_s),
                 qPrintable(find<QLabel>("attemptsCost")->text())); // no false zero, no sum
    m_models->remove(u"tiny"_s);
    QCOMPARE(find<QComboBox>("proposer")->currentText(), u"You"_s);
    addModel();
    start();
    QTRY_VERIFY(isOver() && m_session->attempts()->rowCount() == 2);
    QCOMPARE(words(), u"■ Ended: the $0.0001 for it are spent."_s);
}

void TestRefineProposals::settingUpAModel()
{
    models::ModelPricesModel prices(*m_book);
    ui::ModelsSection section(*m_models, prices, nullptr);
    section.resize(900, 700);
    section.show();
    const auto edit = [&section](const char *name) {
        return section.findChild<QLineEdit *>(QString::fromLatin1(name));
    };
    const auto press = [&section](const char *name) {
        QTest::mouseClick(section.findChild<QPushButton *>(QString::fromLatin1(name)), Qt::LeftButton);
    };
    const auto *result = section.findChild<QLabel *>(u"modelResult"_s);
    QVERIFY(section.findChild<QLabel *>(u"noModels"_s)->isVisible());
    press("saveModel");
    QVERIFY(section.findChild<QLabel *>(u"modelProblem"_s)->text().contains(u"name"_s));
    QTest::keyClicks(edit("modelName"), u"Tiny"_s);
    const auto *protocol = section.findChild<QComboBox *>(u"modelProtocol"_s);
    section.findChild<QComboBox *>(u"modelAddress"_s)->setEditText(u"https://api.anthropic.com"_s);
    QCOMPARE(protocol->currentIndex(), 1); // it is known to speak so
    section.findChild<QComboBox *>(u"modelAddress"_s)->setEditText(u"https://api.openai.com/v1"_s);
    QCOMPARE(protocol->currentIndex(), 0);
    section.findChild<QComboBox *>(u"modelAddress"_s)->setEditText(QString::fromStdString(m_provider->openAiUrl()));
    QTest::keyClicks(edit("modelModel"), u"tiny-coder"_s);
    QTest::keyClicks(edit("modelKey"), QString::fromLatin1(m_provider->key));
    press("saveModel");
    QCOMPARE(m_models->rowCount(), 1);
    QVERIFY(edit("modelKey")->text().isEmpty());
    QCOMPARE(edit("modelKey")->placeholderText(), u"kept: …0123"_s);
    QVERIFY(section.findChild<QLabel *>(u"modelPriceOrigin"_s)->text().contains(u"not known"_s));
    m_provider->says({Says{.text = "ready", .input = 20, .output = 3}});
    press("testModel");
    QTRY_VERIFY2(result->text().startsWith(u"● Works"_s), qPrintable(result->text()));
    QVERIFY2(result->text().contains(u"20 tokens in, 3 out, cost unknown"_s), qPrintable(result->text()));
    press("freeModel");
    QCOMPARE(section.findChild<QTableView *>(u"modelPrices"_s)->model()->rowCount(), 1);
    press("testModel");
    QTRY_VERIFY2(result->text().contains(u"cost $0.00"_s), qPrintable(result->text()));
    m_provider->key = "sk-another-0123456789";
    press("testModel");
    QTRY_VERIFY2(result->text().startsWith(u"✕ The provider refuses the key"_s), qPrintable(result->text()));
    press("removeModel");
    QCOMPARE(m_models->rowCount(), 0);
    QVERIFY(section.findChild<QLabel *>(u"noModels"_s)->isVisible());
    QVERIFY(edit("modelName")->text().isEmpty());
}

void TestRefineProposals::costsInWords()
{
    AttemptRow row;
    row.verdict = AttemptRow::Verdict::Passed;
    row.sandboxId = u"i1"_s;
    row.cost = Money::parse("0.0000151");
    QCOMPARE(ui::costParts(row), ui::formatMoney(row.cost)); // a person's attempt reads as before
    row.model = refine::ModelUse{"m", "openai", {}, {}, std::chrono::seconds(2)};
    QCOMPARE(ui::costParts(row), u"model unknown + sandbox "_s + ui::formatMoney(row.cost));
    QCOMPARE(ui::costSum(row), u"—"_s);
    QVERIFY(ui::costDetails(row).contains(u"the provider told no count of tokens"_s));
    row.model->cost = Money::parse("0.001");
    QCOMPARE(ui::costSum(row), ui::formatMoney(Money::parse("0.0010151")));
    row.sandboxId.clear();
    row.cost.reset();
    QCOMPARE(ui::costParts(row), u"model "_s + ui::formatMoney(row.model->cost));
}

QTEST_MAIN(TestRefineProposals)
#include "tst_refineproposals.moc"
