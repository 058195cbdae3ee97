#include "services/core/displayzone.h"
#include "services/lifecycle/transfer.h"

#include "services/lifecycle/fold.h"
#include "services/lifecycle/journal.h"
#include "services/lifecycle/transfercsv.h"
#include "tests/services/lifecycle/journalhelp.h"
#include "tests/services/lifecycle/lives.h"

#include <QScopeGuard>
#include <QTemporaryDir>
#include <QTest>

#include <sys/resource.h>

#include <csignal>
#include <sstream>

using namespace sandglass;
using namespace sandglass::lifecycle;
using namespace sandglass::lifecycle::sample;

namespace {

namespace fs = std::filesystem;

std::vector<std::vector<std::string>> rowsOf(const fs::path &file)
{
    std::ifstream stream(file, std::ios::binary);
    CsvReader reader(stream);
    std::vector<std::vector<std::string>> rows;
    std::vector<std::string> fields;
    while (reader.next(fields) == CsvReader::Outcome::Row)
        rows.push_back(fields);
    return rows;
}

} // namespace

class TestTransfer : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void init();
    void cleanup();

    void csvRows_data();
    void csvRows();
    void eventsComeBackAsTheyWere_data();
    void eventsComeBackAsTheyWere();
    void bareBodiesAndBrokenLines();
    void csvWithoutBodies();
    void csvWithoutColumnsIsRefused();
    void rangeOfAnExport();
    void importIsCancelled();
    void exportIsCancelled();
    void fullDiskLeavesNoHalfFile();
    void sandboxesWithTheirCost();
    void costsPerDayAddUp();

private:
    [[nodiscard]] fs::path path(const char *name) const { return fs::path(m_dir->path().toStdString()) / name; }
    std::unique_ptr<Journal> open(const char *name)
    {
        auto journal = Journal::open(path(name));
        return journal ? std::move(*journal) : nullptr;
    }

    std::unique_ptr<QTemporaryDir> m_dir;
    std::unique_ptr<Journal> m_journal;
};

void TestTransfer::init()
{
    m_dir = std::make_unique<QTemporaryDir>();
    m_journal = open("journal.db");
    QVERIFY(m_journal);
}

void TestTransfer::cleanup()
{
    m_journal.reset();
    m_dir.reset();
}

void TestTransfer::csvRows_data()
{
    QTest::addColumn<QStringList>("fields");
    QTest::newRow("plain") << QStringList{u"a"_qs, u"b"_qs};
    QTest::newRow("empty ones") << QStringList{QString(), u"b"_qs, QString()};
    QTest::newRow("quotes, commas, line ends") << QStringList{u"a\"b"_qs, u"c,d"_qs, u"e\r\nf"_qs, u"\""_qs};
    QTest::newRow("not ASCII") << QStringList{u"größer"_qs, u"🐌"_qs};
}

void TestTransfer::csvRows()
{
    QFETCH(const QStringList, fields);
    std::vector<std::string> row;
    for (const QString &field : fields)
        row.push_back(field.toStdString());
    std::string text;
    appendCsvRow(text, row);
    appendCsvRow(text, {"next", "=1+1"}, true);
    std::istringstream stream(text);
    CsvReader reader(stream);
    std::vector<std::string> read;
    QVERIFY(reader.next(read) == CsvReader::Outcome::Row);
    QVERIFY(read == row);
    QVERIFY(reader.next(read) == CsvReader::Outcome::Row);
    QVERIFY(read == (std::vector<std::string>{"next", "'=1+1"})); // no formula in a spreadsheet
    QVERIFY(reader.next(read) == CsvReader::Outcome::End);
}

void TestTransfer::eventsComeBackAsTheyWere_data()
{
    QTest::addColumn<QString>("name");
    QTest::newRow("JSON Lines") << u"events.jsonl"_qs;
    QTest::newRow("CSV") << u"events.CSV"_qs;
}

void TestTransfer::eventsComeBackAsTheyWere()
{
    QFETCH(const QString, name);
    std::mt19937_64 random(7);
    std::vector<Event> events;
    for (int i = 0; i < 30; ++i) {
        Life life(random, "sbx" + std::to_string(i));
        life.live();
        events.insert(events.end(), life.events.begin(), life.events.end());
    }
    Event odd = created(5, "e", "odd");
    odd.metadata = {{"na\"me", "a,b\r\nc"}, {"snail", "\xF0\x9F\x90\x8C"}};
    odd.raw = "  " + encodeEvent(odd) + "\n"; // not one line
    odd.source = EventSource::Poll;
    odd.receivedAt = at(99.123456789);
    events.push_back(odd);
    Event unknown = bare(EventType::Unknown, 8, "e", "odd");
    events.push_back(unknown);
    appendAll(*m_journal, events);

    const fs::path file = path(name.toUtf8().constData());
    const auto written = exportEvents(*m_journal, file, transferFormatOf(file));
    QVERIFY(written.has_value());
    QCOMPARE(*written, static_cast<std::int64_t>(events.size()));
    const auto other = open("other.db");
    const auto report = importEvents(*other, file, transferFormatOf(file));
    QVERIFY2(report.has_value(), report ? "" : report.error().message.c_str());
    QCOMPARE(report->stored, *written);
    QCOMPARE(report->refused, 0);
    const auto before = readAll(*m_journal), after = readAll(*other);
    QCOMPARE(after.size(), before.size());
    for (std::size_t i = 0; i < before.size(); ++i)
        QVERIFY2(after[i].event == before[i].event, before[i].event.id.c_str());
    const auto again = importEvents(*other, file, transferFormatOf(file));
    QCOMPARE(again->stored, 0);
    QCOMPARE(again->duplicates, *written);
}

void TestTransfer::bareBodiesAndBrokenLines()
{
    std::string text = encodeEvent(created(0)) + "\r\n\n{\"type\": 7}\nnot JSON\n";
    text += R"({"received_at": "2026-08-20T10:00:05Z", "event": )" + encodeEvent(created(1, "e2", "b")) + "}\n";
    for (int i = 0; i < 20; ++i)
        text += "{}\n";
    text += encodeEvent(created(2, "e3", "c")); // no line end
    writeContent(path("in.jsonl"), text);
    const auto report = importEvents(*m_journal, path("in.jsonl"), TransferFormat::JsonLines);
    QVERIFY(report.has_value());
    QCOMPARE(report->stored, 3);
    QCOMPARE(report->refused, 22);
    QCOMPARE(report->reasons.size(), std::size_t(10));
    QVERIFY2(report->reasons[1].starts_with("line 4: "), report->reasons[1].c_str());
    const auto events = readAll(*m_journal);
    QCOMPARE(events[0].event.receivedAt, at(0));
    QCOMPARE(events[1].event.receivedAt, at(5));
    QVERIFY(events[0].event.source == EventSource::Import);
    QVERIFY(!importEvents(*m_journal, path("missing"), TransferFormat::JsonLines).has_value());
}

void TestTransfer::csvWithoutBodies()
{
    writeContent(path("in.csv"),
                 "\xEF\xBB\xBFtimestamp,sandbox_id,type,execution_time_ms,vcpu_count,memory_mb,kill_reason,metadata\r\n"
                 "2026-08-20T10:00:00Z,s1,sandbox.lifecycle.created,,,,,\"{\"\"user\"\":\"\"42\"\"}\"\r\n"
                 "2026-08-20T10:01:00Z,s1,sandbox.lifecycle.killed,60000,2,512,timeout,\r\n"
                 "yesterday,s1,sandbox.lifecycle.killed,,,,,\r\n"
                 "2026-08-20T10:01:00Z,,sandbox.lifecycle.killed,,,,,\r\n");
    const auto report = importEvents(*m_journal, path("in.csv"), TransferFormat::Csv);
    QVERIFY2(report.has_value(), report ? "" : report.error().message.c_str());
    QCOMPARE(report->stored, 2);
    QCOMPARE(report->refused, 2);
    QVERIFY2(report->reasons[0].starts_with("line 4: timestamp"), report->reasons[0].c_str());
    const auto events = readAll(*m_journal);
    QCOMPARE(events[0].event.metadata.at("user"), std::string("42"));
    QCOMPARE(events[1].event.execution->executionTimeMs, 60'000);
    QCOMPARE(events[1].event.killReason, std::string("timeout"));
}

void TestTransfer::csvWithoutColumnsIsRefused()
{
    writeContent(path("in.csv"), "a,b\n1,2\n");
    const auto report = importEvents(*m_journal, path("in.csv"), TransferFormat::Csv);
    QVERIFY(!report.has_value());
    QCOMPARE(report.error().kind, Error::Kind::Decode);
    writeContent(path("empty.csv"), "");
    QVERIFY(!importEvents(*m_journal, path("empty.csv"), TransferFormat::Csv).has_value());
}

void TestTransfer::rangeOfAnExport()
{
    appendAll(*m_journal, {created(0), created(10, "e", "b"), created(20, "e", "c")});
    TransferOptions options;
    options.from = at(10);
    options.to = at(20);
    QCOMPARE(exportEvents(*m_journal, path("out.jsonl"), TransferFormat::JsonLines, options).value(), 1);
}

void TestTransfer::importIsCancelled()
{
    std::string text;
    for (int i = 0; i < 9'000; ++i)
        text += encodeEvent(created(i, "e", "sbx" + std::to_string(i))) + '\n';
    writeContent(path("in.jsonl"), text);
    TransferOptions options;
    std::int64_t told = 0;
    options.progress = [&](const TransferProgress &progress) {
        told = progress.records;
        return progress.share < 0.4;
    };
    const auto report = importEvents(*m_journal, path("in.jsonl"), TransferFormat::JsonLines, options);
    QVERIFY(!report.has_value());
    QCOMPARE(report.error().kind, Error::Kind::Cancelled);
    QVERIFY(told > 0 && told < 9'000);
    QCOMPARE(m_journal->count(), told);
}

void TestTransfer::exportIsCancelled()
{
    appendAll(*m_journal, {created(0)});
    TransferOptions options;
    options.progress = [](const TransferProgress &) { return false; };
    const auto written = exportEvents(*m_journal, path("out.csv"), TransferFormat::Csv, options);
    QVERIFY(!written.has_value());
    QCOMPARE(written.error().kind, Error::Kind::Cancelled);
    QVERIFY(!fs::exists(path("out.csv")));
    QVERIFY(!fs::exists(path("out.csv.part")));
    QCOMPARE(exportSandboxes(*m_journal, card, at(5), path("s.csv"), options).error().kind, Error::Kind::Cancelled);
}

void TestTransfer::fullDiskLeavesNoHalfFile()
{
    appendAll(*m_journal, {created(0), created(1, "e", "b")});
    std::signal(SIGXFSZ, SIG_IGN);
    rlimit before{};
    getrlimit(RLIMIT_FSIZE, &before);
    const rlimit limit{100, before.rlim_max};
    setrlimit(RLIMIT_FSIZE, &limit);
    const auto written = exportEvents(*m_journal, path("out.csv"), TransferFormat::Csv);
    setrlimit(RLIMIT_FSIZE, &before);
    QVERIFY(!written.has_value());
    QCOMPARE(written.error().kind, Error::Kind::Local);
    QVERIFY(!fs::exists(path("out.csv")));
    QVERIFY(!exportEvents(*m_journal, path("no/such/folder.csv"), TransferFormat::Csv).has_value());
}

void TestTransfer::sandboxesWithTheirCost()
{
    const auto list = cost::RateCard::fromJson(R"({"currency": "USD", "rates": [{"valid_from": "2026-08-06T00:00:00Z",
        "usd_per_vcpu_second": "0.000014", "usd_per_gib_second": "0.0000045"}]})")
                          .value();
    // Ten minutes, a pause of fifty, five minutes.
    Event first = ended(EventType::Paused, 600, "e1", 0);
    Event last = ended(EventType::Killed, 3'900, "e2", 3'600);
    last.killReason = "timeout";
    Event unknown = created(0, "x", "unknown");
    appendAll(*m_journal, {created(0), first, resumed(3'600, "e2"), last, unknown});
    QCOMPARE(exportSandboxes(*m_journal, list, at(4'000), path("s.csv")).value(), 2);
    const auto rows = rowsOf(path("s.csv"));
    QCOMPARE(rows.size(), std::size_t(3));
    const std::vector<std::string> expected = {"sbx",
                                               "tpl",
                                               "killed",
                                               "2026-08-20T10:00:00.000000000Z",
                                               "2026-08-20T11:05:00.000000000Z",
                                               "timeout",
                                               "2",
                                               "900000",
                                               "2",
                                               "512",
                                               "0.027225000000",
                                               "confirmed",
                                               ""};
    QVERIFY(rows[1] == expected || rows[2] == expected);
    const auto &other = rows[1] == expected ? rows[2] : rows[1];
    QCOMPARE(other[10], std::string()); // unknown is not zero
    TransferOptions range;
    range.from = at(1'000);
    range.to = at(2'000); // it was paused
    QCOMPARE(exportSandboxes(*m_journal, list, at(4'000), path("s.csv"), range).value(), 1);
}

void TestTransfer::costsPerDayAddUp()
{
    std::mt19937_64 random(8);
    std::vector<Event> events;
    Money total;
    for (int i = 0; i < 40; ++i) {
        Life life(random, "sbx" + std::to_string(i));
        life.live();
        life.events.push_back(bare(EventType::Killed, 90'000, "end", "sbx" + std::to_string(i)));
        for (Event &e : life.events)
            events.push_back(std::move(e));
    }
    appendAll(*m_journal, events);
    Fold fold;
    for (const Event &e : events)
        fold.apply(e);
    for (const auto &[id, sandbox] : fold.sandboxes()) {
        for (const RunInterval &run : sandbox.runs) {
            total +=
                cost::priceOf({run.start, run.end.value_or(at(99'000)), run.confirmedMs, run.vcpuCount, run.memoryMb},
                              card.of(sandbox.teamId))
                    .value_or(Money());
        }
    }
    QVERIFY(exportCosts(*m_journal, card, at(99'000), path("c.csv")).value() > 1);
    const auto sumOf = [](const auto &rows) {
        Money sum;
        for (std::size_t i = 1; i < rows.size(); ++i)
            sum += Money::parse(rows[i][4]).value();
        return sum;
    };
    const auto rows = rowsOf(path("c.csv"));
    QVERIFY(!total.isZero());
    QCOMPARE(sumOf(rows).toFixed(9), total.toFixed(9)); // each row is rounded at the twelfth decimal

    // Days of the machine's zone, and of UTC where a person wants them so.
    const QByteArray before = qgetenv("TZ");
    const auto restore = qScopeGuard([&before] {
        qputenv("TZ", before);
        DisplayZone::setUtc(false);
    });
    qputenv("TZ", "Europe/Berlin");
    QVERIFY(exportCosts(*m_journal, card, at(99'000), path("d.csv")).value() > 1);
    const auto inBerlin = rowsOf(path("d.csv"));
    QCOMPARE(inBerlin[1][0], std::string("2026-08-20T00:00:00+02:00"));
    QCOMPARE(sumOf(inBerlin).toFixed(9), total.toFixed(9));
    DisplayZone::setUtc(true);
    QVERIFY(exportCosts(*m_journal, card, at(99'000), path("e.csv")).value() > 1);
    QCOMPARE(rowsOf(path("e.csv"))[1][0], std::string("2026-08-20T00:00:00Z"));
}

QTEST_GUILESS_MAIN(TestTransfer)
#include "tst_transfer.moc"
