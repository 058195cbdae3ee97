#include "models/diagnosis/selfcheck.h"

#include "services/telemetry/redactor.h"

#include <QPromise>
#include <QSignalSpy>
#include <QTest>

#include <memory>

using namespace std::chrono_literals;
using namespace Qt::Literals::StringLiterals;
using namespace sandglass::models;

namespace {

using Level = Finding::Level;

/// Answers of checks that the test gives when it likes.
struct Later
{
    std::vector<std::shared_ptr<QPromise<Finding>>> promises;
    [[nodiscard]] SelfCheck::Check check()
    {
        return [this] {
            promises.push_back(std::make_shared<QPromise<Finding>>());
            promises.back()->start();
            return promises.back()->future();
        };
    }
    void answer(std::size_t number, Finding finding)
    {
        promises.at(number)->addResult(std::move(finding));
        promises.at(number)->finish();
    }
};

} // namespace

class TestSelfCheck final : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void tellsEachAsItComes();
    void silenceIsAProblem();
    void lateAnswersOfARunBeforeDoNotCount();
    void reportHasNoSecrets();
};

void TestSelfCheck::tellsEachAsItComes()
{
    Later first, second;
    SelfCheck check(60s);
    check.add(u"First"_s, first.check());
    check.add(u"Second"_s, second.check());
    QVERIFY(!check.isRunning());
    check.run();
    QVERIFY(check.isRunning());
    QVERIFY(!check.rows()[0].finding);

    second.answer(0, {Level::Notice, u"little room"_s, u"make room"_s});
    QTRY_VERIFY(check.rows()[1].finding.has_value());
    QVERIFY(check.isRunning());
    first.answer(0, {Level::Good, u"fine"_s, {}});
    QTRY_VERIFY(!check.isRunning());
    QCOMPARE(check.count(Level::Good), 1);
    QCOMPARE(check.count(Level::Notice), 1);
    QCOMPARE(check.count(Level::Problem), 0);
    QCOMPARE(check.report(), u"ok  First: fine\nnotice  Second: little room > make room\n"_s);
}

void TestSelfCheck::silenceIsAProblem()
{
    Later never;
    SelfCheck check(30ms);
    check.add(u"Disk"_s, never.check());
    check.run();
    QTRY_VERIFY(!check.isRunning());
    QCOMPARE(check.count(Level::Problem), 1);
    never.answer(0, {Level::Good, u"after all"_s, {}});
    QCoreApplication::processEvents();
    QCOMPARE(check.count(Level::Problem), 1);
}

void TestSelfCheck::lateAnswersOfARunBeforeDoNotCount()
{
    Later later;
    SelfCheck check(60s);
    check.add(u"Journal"_s, later.check());
    check.run();
    check.run();
    later.answer(0, {Level::Problem, u"old"_s, {}});
    QCoreApplication::processEvents();
    QVERIFY(check.isRunning());
    later.answer(1, {Level::Good, u"new"_s, {}});
    QTRY_VERIFY(!check.isRunning());
    QCOMPARE(check.rows()[0].finding->sentence, u"new"_s);
}

void TestSelfCheck::reportHasNoSecrets()
{
    sandglass::telemetry::redactor().learn("correct-horse-battery");
    Later later;
    SelfCheck check(60s);
    check.add(u"Connection"_s, later.check());
    check.run();
    later.answer(
        0, {Level::Problem, u"refused e2b_0123456789abcdef0123456789abcdef01234567 and correct-horse-battery"_s, {}});
    QTRY_VERIFY(!check.isRunning());
    QVERIFY2(!check.report().contains(u"456789abcdef"_s), qPrintable(check.report()));
    QVERIFY2(!check.report().contains(u"horse"_s), qPrintable(check.report()));
}

QTEST_GUILESS_MAIN(TestSelfCheck)
#include "tst_selfcheck.moc"
