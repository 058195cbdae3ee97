// The page of events over a real journal and tracker: details, and what the search finds by session.

#include "models/events/eventlistmodel.h"
#include "tests/models/livefixture.h"
#include "ui/events/eventspage.h"
#include "ui/theme/theme.h"

#include <QApplication>
#include <QImage>
#include <QLabel>
#include <QLineEdit>
#include <QPlainTextEdit>
#include <QPushButton>
#include <QTableView>

#include <memory>

using namespace sandglass;
using namespace Qt::Literals::StringLiterals;
namespace sample = lifecycle::sample;

class TestEventsPage final : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void initTestCase();
    void init();
    void cleanup();
    void detailsTellTheSession();
    void onlyThisSession();
    void searchThatFindsNothingTeaches();
    void longNamesDoNotWiden();

private:
    template<typename Widget>
    [[nodiscard]] Widget *child(const char *name) const
    {
        Widget *found = m_window->findChild<Widget *>(QString::fromLatin1(name));
        Q_ASSERT(found != nullptr);
        return found;
    }
    [[nodiscard]] static lifecycle::Event of(double seconds, const char *sandbox, const std::string &session)
    {
        lifecycle::Event event = sample::created(seconds, sandbox, sandbox);
        event.session = session;
        return event;
    }
    void search(const QString &text)
    {
        auto *field = child<QLineEdit>("eventSearch");
        field->setFocus();
        field->selectAll();
        QTest::keyClicks(field, text);
        QTest::keyClick(field, Qt::Key_Return);
    }

    test::LiveFixture m_live;
    std::unique_ptr<models::EventListModel> m_events;
    std::unique_ptr<QWidget> m_window;
    ui::EventsPage *m_page = nullptr;
    QTableView *m_table = nullptr;
};

void TestEventsPage::initTestCase()
{
    Q_INIT_RESOURCE(resources); // lies in a static library
    new ui::Theme(*qApp);
}

void TestEventsPage::init()
{
    QVERIFY(m_live.open());
    QVERIFY(m_live.record({of(0, "a", "run-1"), of(1, "b", ""), of(2, "c", "run-10"), of(3, "d", "run-1")}));
    m_events = std::make_unique<models::EventListModel>(m_live.tracker());
    m_window = std::make_unique<QWidget>();
    m_window->resize(820, 600); // of a window of 1024, beside the side bar
    m_page = new ui::EventsPage(*m_events, m_window.get());
    m_page->setGeometry(0, 56, 820, 544);
    m_page->headerTools()->setParent(m_window.get());
    m_page->headerTools()->setGeometry(420, 0, 400, 56);
    m_window->show();
    m_window->activateWindow();
    QVERIFY(QTest::qWaitForWindowActive(m_window.get()));
    m_table = child<QTableView>("eventTable");
    QCOMPARE(m_events->rowCount(), 4);
}

void TestEventsPage::cleanup()
{
    m_window.reset();
    m_events.reset();
    m_live.close();
}

void TestEventsPage::detailsTellTheSession()
{
    QVERIFY(!child<QLabel>("eventSession")->isVisible()); // nothing is selected
    m_table->selectRow(0);
    QTRY_VERIFY(child<QLabel>("eventSession")->isVisible());
    QCOMPARE(child<QLabel>("eventSession")->text(), u"Session run-1"_s);
    QVERIFY(child<QPushButton>("eventOnlySession")->isVisible());
    QVERIFY(child<QPlainTextEdit>("eventBody")->toPlainText().contains(u"\"sandbox_id\": \"d\""_s));
    m_table->selectRow(2); // came without one
    QTRY_VERIFY(!child<QLabel>("eventSession")->isVisible());
    QVERIFY(!child<QPushButton>("eventOnlySession")->isVisible());
    QVERIFY(child<QPlainTextEdit>("eventBody")->isVisible());
}

void TestEventsPage::onlyThisSession()
{
    m_table->selectRow(0);
    auto *button = child<QPushButton>("eventOnlySession");
    QTRY_VERIFY(button->isVisible());
    button->setFocus();
    QTest::keyClick(button, Qt::Key_Space);
    QCOMPARE(child<QLineEdit>("eventSearch")->text(), u"session:run-1"_s);
    QTRY_COMPARE(m_events->rowCount(), 2); // not that of run-10
    QCOMPARE(m_page->subtitle(), u"2 found · searched all 4 events"_s);
    QTest::keyClick(child<QLineEdit>("eventSearch"), Qt::Key_Escape);
    QTRY_COMPARE(m_events->rowCount(), 4);
}

void TestEventsPage::searchThatFindsNothingTeaches()
{
    search(u"session:run-2"_s);
    QTRY_COMPARE(m_events->rowCount(), 0);
    bool teaches = false;
    for (const QLabel *label : m_page->findChildren<QLabel *>())
        teaches = teaches || (label->isVisible() && label->text().contains(u"session:NAME"_s));
    QVERIFY(teaches);
    search(u"session:run-10"_s);
    QTRY_COMPARE(m_events->rowCount(), 1);
}

void TestEventsPage::longNamesDoNotWiden()
{
    QVERIFY(m_live.record({of(9, "e", std::string(128, 'W'))}));
    QTRY_COMPARE(m_events->rowCount(), 5);
    m_table->selectRow(0);
    auto *label = child<QLabel>("eventSession");
    QTRY_VERIFY(label->isVisible());
    QTRY_VERIFY(label->toolTip().endsWith(QString(128, u'W'))); // painted, and shortened
    auto *button = child<QPushButton>("eventOnlySession");
    QVERIFY(button->width() >= button->sizeHint().width());
    const int right = button->mapTo(m_page, QPoint(button->width(), 0)).x();
    QVERIFY2(right <= m_page->width() && m_page->minimumSizeHint().width() <= 820, qPrintable(QString::number(right)));
    QVERIFY(label->mapTo(m_page, QPoint(label->width(), 0)).x() <= button->mapTo(m_page, QPoint()).x());
    const QImage picture = m_window->grab().toImage();
    QVERIFY(!picture.isNull());
    if (const QString folder = qEnvironmentVariable("SANDGLASS_PICTURES"); !folder.isEmpty())
        QVERIFY(picture.save(folder + u"/events-session.png"_s));
}

QTEST_MAIN(TestEventsPage)
#include "tst_eventspage.moc"
