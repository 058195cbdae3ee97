// The engine's log in the window: what was there, what is added, over the file being set aside, and what is no line.

#include "models/diagnosis/enginelogmodel.h"
#include "services/telemetry/logline.h"
#include "services/telemetry/rotatingfile.h"

#include <QAbstractItemModelTester>
#include <QFile>
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QTest>

using namespace sandglass;
using namespace Qt::Literals::StringLiterals;
using models::EngineLogModel;

namespace {

std::string line(const std::string &message, const char *level = "info", const Json &fields = {})
{
    return telemetry::logLine({systemNow(), level, "sandglass.engine", message, {}, fields});
}

} // namespace

class TestEngineLog final : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void init() { m_dir = std::make_unique<QTemporaryDir>(); }
    void tellsWhatIsThereAndWhatComes();
    void missesNothingWhenTheFileIsSetAside();
    void beginsNearTheEndOfALongOne();
    void forgetsTheOldest();
    void filters();
    void standsStillWhenAsked();
    void skipsWhatIsNoLine();
    void waitsForTheRestOfALine();
    void tellsWhyItCannotBeRead();
    void readsNothingWhileNobodyLooks();

private:
    [[nodiscard]] std::filesystem::path folder() const { return m_dir->path().toStdString(); }
    [[nodiscard]] std::filesystem::path file() const { return folder() / "engine.jsonl"; }
    [[nodiscard]] telemetry::RotatingFile open(std::uintmax_t bytes = 4U << 20, int files = 3) const
    {
        return std::move(*telemetry::RotatingFile::open(folder(), "engine", {bytes, files}));
    }
    void append(const QByteArray &bytes) const
    {
        QFile plain(QString::fromStdString(file().string()));
        QVERIFY(plain.open(QIODevice::Append));
        plain.write(bytes);
    }
    std::unique_ptr<QTemporaryDir> m_dir;
};

void TestEngineLog::tellsWhatIsThereAndWhatComes()
{
    EngineLogModel model(file());
    const QAbstractItemModelTester tester(&model);
    model.setWatched(true);
    QSignalSpy told(&model, &EngineLogModel::stateChanged);
    QTRY_VERIFY(told.count() > 0);
    QCOMPARE(model.rowCount(), 0); // there is no file yet
    QVERIFY(model.trouble().isEmpty());

    auto log = open();
    QVERIFY(log.write(line("first", "info", {{"sandbox", "i1"}, {"status", 500}, {"error", nullptr}})));
    QTRY_COMPARE(model.rowCount(), 1);
    QCOMPARE(model.at(0).message, u"first"_s);
    QCOMPARE(model.at(0).fields, u"sandbox i1 · status 500"_s);
    QVERIFY(log.write(line("second", "warning")));
    QVERIFY(log.write(line("third", "error")));
    QTRY_COMPARE(model.rowCount(), 3);
    QCOMPARE(model.at(1).level, EngineLogModel::Level::Warning);
    QCOMPARE(model.at(2).level, EngineLogModel::Level::Error);
    QCOMPARE(model.data(model.index(2), Qt::DisplayRole).toString(), u"third"_s);
}

void TestEngineLog::missesNothingWhenTheFileIsSetAside()
{
    auto log = open(2'000, 20); // some twenty lines each
    QVERIFY(log.write(line("0")));
    EngineLogModel model(file());
    model.setWatched(true);
    QTRY_COMPARE(model.rowCount(), 1);
    // Some lines end the file that is open, and others stand in the next one.
    for (int i = 1; i < 30; ++i)
        QVERIFY(log.write(line(std::to_string(i))));
    QVERIFY(std::filesystem::exists(folder() / "engine.1.jsonl")
            && !std::filesystem::exists(folder() / "engine.2.jsonl"));
    QTRY_COMPARE(model.rowCount(), 30);
    for (int row = 0; row < 30; ++row)
        QCOMPARE(model.at(row).message, QString::number(row));
}

void TestEngineLog::beginsNearTheEndOfALongOne()
{
    auto log = open(64U << 20);
    constexpr int lines = 8'000;
    const std::string filler(200, '.');
    for (int i = 0; i < lines; ++i)
        QVERIFY(log.write(line(std::to_string(i) + filler)));
    EngineLogModel model(file());
    model.setWatched(true);
    QTRY_VERIFY(model.rowCount() > 0 && model.at(model.rowCount() - 1).message.startsWith(QString::number(lines - 1)));
    QVERIFY(model.rowCount() < lines / 2);
    const int first = model.at(0).message.section(u'.', 0, 0).toInt();
    QCOMPARE(first + model.rowCount(), lines); // each once, in order
}

void TestEngineLog::forgetsTheOldest()
{
    EngineLogModel model(file());
    const QAbstractItemModelTester tester(&model);
    model.setWatched(true);
    QSignalSpy told(&model, &EngineLogModel::stateChanged);
    QTRY_VERIFY(told.count() > 0);
    auto log = open(64U << 20);
    const int lines = static_cast<int>(EngineLogModel::capacity) + 700;
    for (int i = 0; i < lines; ++i)
        QVERIFY(log.write(line(std::to_string(i))));
    QTRY_VERIFY_WITH_TIMEOUT(
        model.rowCount() > 0 && model.at(model.rowCount() - 1).message == QString::number(lines - 1), 20'000);
    QCOMPARE(model.rowCount(), static_cast<int>(EngineLogModel::capacity));
    QCOMPARE(model.at(0).message, u"700"_s);
}

void TestEngineLog::filters()
{
    auto log = open();
    QVERIFY(log.write(line("Sandbox created", "info", {{"sandbox", "iabc"}})));
    QVERIFY(log.write(line("A webhook was not delivered", "warning")));
    QVERIFY(log.write(line("No room on the disk", "error")));
    EngineLogModel model(file());
    const QAbstractItemModelTester tester(&model);
    model.setWatched(true);
    QTRY_COMPARE(model.rowCount(), 3);
    QVERIFY(!model.isFiltered());
    model.setFilter(EngineLogModel::Level::Warning, {});
    QCOMPARE(model.rowCount(), 2);
    model.setFilter(EngineLogModel::Level::Error, {});
    QCOMPARE(model.rowCount(), 1);
    model.setFilter(EngineLogModel::Level::Info, u"IABC"_s); // fields, too, in any case
    QCOMPARE(model.rowCount(), 1);
    QVERIFY(model.isFiltered());
    QVERIFY(log.write(line("Something else")));
    QVERIFY(log.write(line("Sandbox killed", "info", {{"sandbox", "iabc"}})));
    QTRY_COMPARE(model.rowCount(), 2);
    QCOMPARE(model.at(1).message, u"Sandbox killed"_s);
    model.setFilter(EngineLogModel::Level::Info, {});
    QCOMPARE(model.rowCount(), 5);
}

void TestEngineLog::standsStillWhenAsked()
{
    auto log = open();
    QVERIFY(log.write(line("first")));
    EngineLogModel model(file());
    model.setWatched(true);
    QTRY_COMPARE(model.rowCount(), 1);
    model.setFollowing(false);
    QVERIFY(log.write(line("second")));
    // The next look would come by then; one under way when it was asked to stand still has ended, too.
    QTest::qWait(1'200);
    QCOMPARE(model.rowCount(), 1);
    model.setFollowing(true);
    QTRY_COMPARE(model.rowCount(), 2);
}

void TestEngineLog::skipsWhatIsNoLine()
{
    append("not JSON\n[1, 2]\n{}\n{\"time\":\"yesterday\",\"message\":\"x\"}\n\xff\xfe\n\n");
    append(QByteArray::fromStdString(line("a line")) + '\n');
    append("{\"time\":\"2026-11-22T10:00:00.000Z\",\"level\":7,\"message\":[],\"fields\":\"none\"}\n");
    EngineLogModel model(file());
    model.setWatched(true);
    QTRY_COMPARE(model.rowCount(), 2);
    QCOMPARE(model.at(0).message, u"a line"_s);
    QVERIFY(model.at(1).message.isEmpty());
}

void TestEngineLog::waitsForTheRestOfALine()
{
    const QByteArray whole = QByteArray::fromStdString(line("a line in two pieces")) + '\n';
    append(QByteArray::fromStdString(line("before")) + '\n' + whole.first(40));
    EngineLogModel model(file());
    model.setWatched(true);
    QTRY_COMPARE(model.rowCount(), 1);
    append(whole.sliced(40));
    QTRY_COMPARE(model.rowCount(), 2);
    QCOMPARE(model.at(1).message, u"a line in two pieces"_s);
}

void TestEngineLog::tellsWhyItCannotBeRead()
{
    std::filesystem::create_directory(file());
    EngineLogModel model(file());
    model.setWatched(true);
    QTRY_VERIFY(!model.trouble().isEmpty());
    QVERIFY2(model.trouble().contains(u"engine.jsonl"_s), qPrintable(model.trouble()));
}

void TestEngineLog::readsNothingWhileNobodyLooks()
{
    auto log = open();
    QVERIFY(log.write(line("first")));
    EngineLogModel model(file());
    model.setWatched(true);
    QTRY_COMPARE(model.rowCount(), 1);
    model.setWatched(false);
    QVERIFY(log.write(line("second")));
    QTest::qWait(1'200); // two looks would come by then
    QCOMPARE(model.rowCount(), 1);
    model.setWatched(true);
    QTRY_COMPARE(model.rowCount(), 2);
}

QTEST_GUILESS_MAIN(TestEngineLog)
#include "tst_enginelog.moc"
