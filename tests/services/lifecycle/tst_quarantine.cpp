#include "services/lifecycle/openmetrics.h"
#include "services/lifecycle/quarantine.h"
#include "services/lifecycle/quarantinekeeper.h"
#include "services/lifecycle/receiverclock.h"

#include <QFile>
#include <QTemporaryDir>
#include <QTest>

using namespace sandglass;
using namespace sandglass::lifecycle;
using namespace std::chrono_literals;

namespace {

const Timestamp start = parseRfc3339("2026-08-20T10:00:00Z").value();

QuarantineEntry entry(RefusalKind kind, std::string body = "{}")
{
    QuarantineEntry e;
    e.time = start;
    e.kind = kind;
    e.status = 401;
    e.message = "Invalid signature";
    e.diagnosis = {Mistake::HexDigest, true, "detail"};
    e.remote = "127.0.0.1";
    e.method = "POST";
    e.path = "/webhooks/e2b";
    e.headers = {{"Content-Type", "application/json"}};
    e.signature = "abc";
    e.bodySize = body.size();
    e.body = std::move(body);
    return e;
}

std::vector<std::string> bodies(const Quarantine &quarantine)
{
    std::vector<std::string> all;
    for (const QuarantineEntry &e : quarantine.entries())
        all.push_back(e.body);
    return all;
}

} // namespace

class TestQuarantine final : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void samplesEachKindForItself();
    void clockSetBackDoesNotStopIt();
    void isBoundedInNumber();
    void isBoundedInBytes();
    void cutsBodies();
    void findsAndRemoves();
    void headersCarryNoSecrets();
    void survivesInAFile();
    void badFiles();
    void keeperSaves();
    void keeperTellsFailures();
    void deliveryClock();
    void openMetricsText();

private:
    [[nodiscard]] std::filesystem::path file(const char *name) const
    {
        return std::filesystem::path(m_dir.path().toStdString()) / name;
    }

    QTemporaryDir m_dir;
};

void TestQuarantine::samplesEachKindForItself()
{
    Timestamp now = start;
    Quarantine quarantine({500, 1U << 20, 1'000, 5, 1s}, [&] { return now; });
    int kept = 0;
    for (int i = 0; i < 100'000; ++i) // a flood in one second
        kept += quarantine.wants(RefusalKind::Signature);
    QCOMPARE(kept, 5);
    QVERIFY(quarantine.wants(RefusalKind::NoSignature)); // not hidden by the flood
    now += 2s;
    QVERIFY(quarantine.wants(RefusalKind::Signature));
    QVERIFY(quarantine.wants(RefusalKind::Signature));
    QVERIFY(!quarantine.wants(RefusalKind::Signature));
    now += 1h;
    for (kept = 0; quarantine.wants(RefusalKind::Signature); ++kept) {
    }
    QCOMPARE(kept, 5); // no more than a burst is saved up
    const auto counts = quarantine.counts();
    QCOMPARE(counts.seen[static_cast<std::size_t>(RefusalKind::Signature)], std::uint64_t(100'009));
    QCOMPARE(counts.skipped, std::uint64_t(100'009 - 12));
    QCOMPARE(counts.entries, std::size_t(0));
}

void TestQuarantine::clockSetBackDoesNotStopIt()
{
    Timestamp now = start;
    Quarantine quarantine({500, 1U << 20, 1'000, 1, 1s}, [&] { return now; });
    QVERIFY(quarantine.wants(RefusalKind::Path));
    now -= 24h;
    QVERIFY(!quarantine.wants(RefusalKind::Path));
    now += 1s;
    QVERIFY(quarantine.wants(RefusalKind::Path));
}

void TestQuarantine::isBoundedInNumber()
{
    Quarantine quarantine({4, 1U << 20, 1'000, 20, 1s});
    quarantine.add(entry(RefusalKind::Malformed, "rare"));
    for (int i = 0; i < 1'000; ++i)
        quarantine.add(entry(RefusalKind::Signature, std::to_string(i)));
    // The oldest of the frequent kind go; the rare one stays.
    QCOMPARE(bodies(quarantine), (std::vector<std::string>{"999", "998", "997", "rare"}));
    QCOMPARE(quarantine.counts().evicted, std::uint64_t(997));
    QCOMPARE(quarantine.counts().entries, std::size_t(4));
}

void TestQuarantine::isBoundedInBytes()
{
    Quarantine quarantine({10'000, 100'000, 8'000, 20, 1s});
    for (int i = 0; i < 500; ++i)
        quarantine.add(entry(RefusalKind::Signature, std::string(8'000, 'x')));
    const auto counts = quarantine.counts();
    QVERIFY(counts.bytes <= 100'000);
    QVERIFY(counts.entries >= 10 && counts.entries <= 12);
    std::size_t sum = 0;
    for (const QuarantineEntry &e : quarantine.entries())
        sum += e.bytes();
    QCOMPARE(counts.bytes, sum);

    Quarantine tiny({10, 100, 8'000, 20, 1s}); // smaller than any entry
    tiny.add(entry(RefusalKind::Signature));
    QCOMPARE(tiny.counts().entries, std::size_t(0));
    QCOMPARE(tiny.counts().bytes, std::size_t(0));
}

void TestQuarantine::cutsBodies()
{
    Quarantine quarantine({10, 1U << 20, 100, 20, 1s});
    QuarantineEntry large = entry(RefusalKind::Signature, std::string(5'000, 'b'));
    large.path = std::string(1U << 20, 'p');
    quarantine.add(std::move(large));
    quarantine.add(entry(RefusalKind::Signature, std::string(100, 'c')));
    const auto entries = quarantine.entries();
    QCOMPARE(entries[1].body, std::string(100, 'b'));
    QCOMPARE(entries[1].bodySize, std::uint64_t(5'000));
    QVERIFY(entries[1].path.size() <= 1'024);
    QVERIFY(!entries[1].isBodyWhole());
    QVERIFY(entries[0].isBodyWhole());
}

void TestQuarantine::findsAndRemoves()
{
    Quarantine quarantine;
    quarantine.add(entry(RefusalKind::Signature, "a"));
    quarantine.add(entry(RefusalKind::Clock, "b"));
    const std::int64_t id = quarantine.entries().back().id;
    QCOMPARE(quarantine.find(id)->body, std::string("a"));
    const std::uint64_t revision = quarantine.revision();
    quarantine.remove(id);
    quarantine.remove(id);
    QCOMPARE(quarantine.revision(), revision + 1);
    QVERIFY(!quarantine.find(id));
    QCOMPARE(bodies(quarantine), std::vector<std::string>{"b"});
    quarantine.clear();
    QCOMPARE(quarantine.counts().entries, std::size_t(0));
    QCOMPARE(quarantine.counts().bytes, std::size_t(0));
}

void TestQuarantine::headersCarryNoSecrets()
{
    const std::string secret = "hunter2hunter2hunter2";
    HeaderList headers{{"Authorization", "Bearer " + secret},
                       {"Cookie", secret},
                       {"X-API-Key", secret},
                       {"x-access-token", secret},
                       {"X-Webhook-Secret", secret},
                       {"e2b-signature", "digest"},
                       {"X-Note", "key e2b_0123456789abcdef"},
                       {"X-Long", std::string(10'000, 'l')}};
    for (int i = 0; i < 100; ++i)
        headers.emplace_back("X-" + std::to_string(i), "v");
    const HeaderList safe = safeHeaders(headers);
    QCOMPARE(safe.size(), std::size_t(40));
    for (const auto &[name, value] : safe) {
        QVERIFY(value.find(secret) == std::string::npos);
        QVERIFY(value.find("0123456789abcdef") == std::string::npos);
        QVERIFY(value.size() <= 256);
    }
    QCOMPARE(safe[0].second, std::string("***"));
    QCOMPARE(safe[5].second, std::string("digest"));
}

void TestQuarantine::survivesInAFile()
{
    Quarantine quarantine;
    quarantine.add(entry(RefusalKind::Signature, std::string("\xff\xfe\0\n\"", 5)));
    QuarantineEntry cut = entry(RefusalKind::TooLarge, "");
    cut.bodySize = 20'000'000;
    cut.diagnosis = {Mistake::TooLarge, true, {}};
    quarantine.add(cut);
    QVERIFY(saveQuarantine(quarantine, file("round.jsonl")));
    QCOMPARE(QFile(m_dir.filePath(QStringLiteral("round.jsonl"))).permissions() & 0x0FFF & ~0x7000,
             QFile::ReadUser | QFile::WriteUser);

    Quarantine restored;
    QVERIFY(loadQuarantine(restored, file("round.jsonl")));
    QCOMPARE(restored.entries().size(), std::size_t(2));
    QVERIFY(restored.entries() == quarantine.entries());
    QVERIFY(!std::filesystem::exists(file("round.jsonl.new")));
}

void TestQuarantine::badFiles()
{
    Quarantine quarantine({10, 1'000, 100, 20, 1s});
    QVERIFY(loadQuarantine(quarantine, file("nothing.jsonl"))); // none yet
    QFile mixed(m_dir.filePath(QStringLiteral("mixed.jsonl")));
    QVERIFY(mixed.open(QIODevice::WriteOnly));
    mixed.write("no JSON\n[1]\n{}\n{\"time\":\"2026-08-20T10:00:00Z\",\"kind\":\"signature\",\"body\":\"e30\","
                "\"body_size\":1}\n{\"time\":\"2026-08-20T10:00:00Z\",\"kind\":\"signature\",\"body\":\"e30\","
                "\"body_size\":2}\n{\"time\":");
    mixed.close();
    QVERIFY(loadQuarantine(quarantine, file("mixed.jsonl")));
    QCOMPARE(bodies(quarantine), std::vector<std::string>{"{}"});
    QFile huge(m_dir.filePath(QStringLiteral("huge.jsonl")));
    QVERIFY(huge.open(QIODevice::WriteOnly));
    huge.write(QByteArray(10'000, 'x'));
    huge.close();
    QVERIFY(!loadQuarantine(quarantine, file("huge.jsonl")));
    QVERIFY(!saveQuarantine(quarantine, file("no/such/folder")));
}

void TestQuarantine::keeperSaves()
{
    Quarantine quarantine;
    {
        QuarantineKeeper keeper(quarantine, file("kept.jsonl"), 20ms);
        quarantine.add(entry(RefusalKind::Signature, "while"));
        QTRY_VERIFY(std::filesystem::exists(file("kept.jsonl")));
        quarantine.add(entry(RefusalKind::Signature, "end"));
    }
    Quarantine restored;
    const QuarantineKeeper keeper(restored, file("kept.jsonl"));
    QCOMPARE(bodies(restored), (std::vector<std::string>{"end", "while"}));
    QVERIFY(!keeper.lastFailure());
}

void TestQuarantine::keeperTellsFailures()
{
    Quarantine quarantine;
    const QuarantineKeeper keeper(quarantine, file("missing/kept.jsonl"), 10ms);
    QVERIFY(!keeper.lastFailure());
    quarantine.add(entry(RefusalKind::Signature));
    QTRY_VERIFY(keeper.lastFailure());
    std::filesystem::create_directory(file("missing"));
    QTRY_VERIFY(!keeper.lastFailure());
}

void TestQuarantine::deliveryClock()
{
    DeliveryClock clock;
    const auto outside = [&](Timestamp event) { return clock.outside(event, start, 7 * 24h, 10min).count(); };
    QCOMPARE(outside(start), 0);
    QCOMPARE(outside(start - 7 * 24h), 0);
    QCOMPARE(outside(start - 7 * 24h - 5s), -5);
    QCOMPARE(outside(start + 10min), 0);
    QCOMPARE(outside(start + 10min + 3s), 3);
    QVERIFY(outside(Timestamp::max()) > 0);
    QVERIFY(outside(Timestamp::min()) < 0);

    QVERIFY(!clock.lowestDelay());
    for (int i = 0; i < 8; ++i)
        clock.add(start, start + 40ms + std::chrono::milliseconds(i));
    QVERIFY(*clock.lowestDelay() == 40ms);
    for (int i = 0; i < 100; ++i) // our clock is set back by half an hour
        clock.add(start + 30min, start + 50ms);
    QVERIFY(*clock.lowestDelay() == 50ms - 30min);
    QCOMPARE(outside(start + 35min), 0); // known: the future is moved by that
    QVERIFY(outside(start + 41min) > 0);
    QCOMPARE(outside(start - 7 * 24h - 5s), -5); // the past is not
    for (int i = 0; i < 64; ++i)
        clock.add(Timestamp::max(), Timestamp::min());
    QVERIFY(outside(start + 80min) > 0); // an hour at most, whatever deliveries say
}

void TestQuarantine::openMetricsText()
{
    OpenMetrics out;
    out.gauge("a_bytes", "Size \"now\".", "bytes");
    out.sample(std::uint64_t(7));
    out.counter("b", "Two\nlines.");
    out.sample(std::uint64_t(1), {{"kind", "x\\y\"z\n\x01"}, {"other", "ü"}});
    out.sample("0.5");
    QCOMPARE(std::move(out).finish(),
             std::string("# TYPE a_bytes gauge\n# UNIT a_bytes bytes\n"
                         "# HELP a_bytes Size \\\"now\\\".\na_bytes 7\n"
                         "# TYPE b counter\n# HELP b Two\\nlines.\n"
                         "b_total{kind=\"x\\\\y\\\"z\\n\",other=\"ü\"} 1\nb_total 0.5\n# EOF\n"));
}

QTEST_GUILESS_MAIN(TestQuarantine)
#include "tst_quarantine.moc"
