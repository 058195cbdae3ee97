#include "services/core/mailbox.h"
#include "services/core/workthread.h"

#include <QEventLoop>
#include <QTest>
#include <QThread>

#include <algorithm>
#include <memory>
#include <thread>
#include <vector>

using namespace sandglass;

namespace {

class Teller final : public QObject
{
    Q_OBJECT
Q_SIGNALS:
    void told(int number, const QString &word);
};

/// An object in a thread of its own, as those that hold a mailbox are.
class Worker
{
public:
    Worker()
    {
        m_teller->moveToThread(&m_thread);
        m_inbox->moveToThread(&m_thread);
        m_thread.start();
    }
    ~Worker()
    {
        m_teller.release()->deleteLater();
        m_inbox.release()->deleteLater();
        m_thread.quit();
        m_thread.wait();
    }
    [[nodiscard]] Teller &teller() { return *m_teller; }
    [[nodiscard]] Mailbox &inbox() { return *m_inbox; }
    [[nodiscard]] QThread *thread() { return &m_thread; }

private:
    QThread m_thread;
    std::unique_ptr<Teller> m_teller = std::make_unique<Teller>();
    std::unique_ptr<Mailbox> m_inbox = std::make_unique<Mailbox>();
};

} // namespace

class TestMailbox final : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void runsCallsInOrderInItsThread();
    void keepsTheOrderOfEachOfManyThreads();
    void handsOverWhatHasCome();
    void keepsTheOrderWhenACallTurnsTheLoop();
    void waits();
    void carriesSignals();
    void dropsWhatWaitsAtItsEnd();
    void endsInsideACall();
    void workThreadDoesAllOfItsWork();
};

void TestMailbox::runsCallsInOrderInItsThread()
{
    Worker worker;
    std::vector<int> seen;
    bool isElsewhere = false;
    for (int i = 0; i < 1'000; ++i)
        worker.inbox().post([&, i] {
            seen.push_back(i);
            isElsewhere = isElsewhere || QThread::currentThread() != worker.thread();
        });
    worker.inbox().postAndWait([] {});
    QCOMPARE(seen.size(), std::size_t{1'000});
    QVERIFY(std::ranges::is_sorted(seen));
    QVERIFY(!isElsewhere);
}

void TestMailbox::keepsTheOrderOfEachOfManyThreads()
{
    Mailbox inbox;
    std::vector<std::vector<int>> seen(4);
    std::vector<std::thread> threads;
    for (std::size_t thread = 0; thread < seen.size(); ++thread)
        threads.emplace_back([&inbox, &seen, thread] {
            for (int i = 0; i < 2'000; ++i)
                inbox.post([&seen, thread, i] { seen[thread].push_back(i); });
        });
    const auto isDone = [&] { return std::ranges::all_of(seen, [](const auto &one) { return one.size() == 2'000; }); };
    QTRY_VERIFY(isDone());
    for (std::thread &thread : threads)
        thread.join();
    for (const auto &one : seen)
        QVERIFY(std::ranges::is_sorted(one));
}

/// Not one call in each turn of the event loop: what comes faster than the loop turns would pile up.
void TestMailbox::handsOverWhatHasCome()
{
    constexpr int count = 1'000;
    Mailbox inbox;
    int seen = 0, turns = 0;
    for (int i = 0; i < count; ++i)
        inbox.post([&seen] { ++seen; });
    for (; seen < count; ++turns)
        QCoreApplication::processEvents();
    QVERIFY2(turns < count / 2, qPrintable(QString::number(turns)));
}

void TestMailbox::keepsTheOrderWhenACallTurnsTheLoop()
{
    Mailbox inbox;
    std::vector<int> seen;
    QEventLoop dialog;
    inbox.post([&] {
        seen.push_back(1);
        inbox.post([&] {
            seen.push_back(3);
            dialog.quit();
        });
        dialog.exec();
        seen.push_back(4);
    });
    inbox.post([&] { seen.push_back(2); });
    QTRY_COMPARE(seen, (std::vector{1, 2, 3, 4}));
}

void TestMailbox::waits()
{
    Worker worker;
    int number = 0;
    worker.inbox().post([&] { number = 1; });
    worker.inbox().postAndWait([&] { number += 1; });
    QCOMPARE(number, 2);
}

void TestMailbox::carriesSignals()
{
    std::vector<std::pair<int, QString>> heard;
    Mailbox inbox;
    Worker worker;
    inbox.subscribe(&worker.teller(), &Teller::told, [&](int number, const QString &word) {
        QCOMPARE(QThread::currentThread(), thread());
        heard.emplace_back(number, word);
    });
    worker.inbox().postAndWait([&] {
        Q_EMIT worker.teller().told(1, QStringLiteral("one"));
        Q_EMIT worker.teller().told(2, QStringLiteral("two"));
    });
    QVERIFY(heard.empty());
    QTRY_COMPARE(heard.size(), std::size_t{2});
    QCOMPARE(heard[1], std::pair(2, QStringLiteral("two")));
}

void TestMailbox::dropsWhatWaitsAtItsEnd()
{
    auto counted = std::make_shared<int>(0);
    {
        Mailbox inbox;
        inbox.post([counted] { ++*counted; });
    }
    QCoreApplication::processEvents();
    QCOMPARE(*counted, 0);
    QCOMPARE(counted.use_count(), 1L);
}

void TestMailbox::endsInsideACall()
{
    auto inbox = std::make_unique<Mailbox>();
    bool isSecondRun = false;
    inbox->post([&] { inbox.reset(); });
    inbox->post([&] { isSecondRun = true; });
    QTRY_VERIFY(!inbox);
    QCoreApplication::processEvents();
    QVERIFY(!isSecondRun);
}

void TestMailbox::workThreadDoesAllOfItsWork()
{
    std::vector<int> done;
    {
        WorkThread disk;
        for (int i = 0; i < 1'000; ++i)
            disk.post([&done, i] { done.push_back(i); });
    }
    QCOMPARE(done.size(), std::size_t{1'000});
    QVERIFY(std::ranges::is_sorted(done));
}

QTEST_GUILESS_MAIN(TestMailbox)
#include "tst_mailbox.moc"
