#include "services/cost/figures.h"

#include <QTest>

using namespace sandglass;
using namespace sandglass::cost;
using namespace std::chrono_literals;

namespace {

const Timestamp start = parseRfc3339("2026-08-20T10:00:00Z").value();

RateCard listPrice()
{
    return RateCard::fromJson(R"({"currency":"USD","rates":[{"valid_from":"2020-01-01T00:00:00Z",
        "usd_per_vcpu_second":"0.000014","usd_per_gib_second":"0.0000045"}]})")
        .value();
}

Usage stretch(std::chrono::seconds from, std::chrono::seconds to, std::optional<std::int64_t> confirmedMs = {})
{
    return {start + from, start + to, confirmedMs, 2, 512};
}

QByteArray text(const std::optional<Money> &money)
{
    return money ? QByteArray::fromStdString(money->toFixed(12)) : QByteArray("unknown");
}

} // namespace

class TestFigures final : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void openSandboxIsReservedToItsTimeout();
    void confirmedStandsApart();
    void pausesAreLeftOut();
    void unknownIsNeverZero();
};

void TestFigures::openSandboxIsReservedToItsTimeout()
{
    const auto figures = figuresOf({stretch(0s, 0s)}, true, start + 1h, listPrice(), start + 10min);
    QCOMPARE(text(figures.estimated), QByteArray("0.018150000000"));
    QCOMPARE(text(figures.reserved), QByteArray("0.108900000000"));
    QCOMPARE(text(figures.confirmed), QByteArray("unknown"));
    // Past its timeout it costs at least what it has cost.
    const auto late = figuresOf({stretch(0s, 0s)}, true, start + 5min, listPrice(), start + 10min);
    QVERIFY(late.reserved == late.estimated);
    QCOMPARE(text(figuresOf({stretch(0s, 0s)}, true, {}, listPrice(), start + 10min).reserved), QByteArray("unknown"));
}

void TestFigures::confirmedStandsApart()
{
    const auto figures =
        figuresOf({stretch(0s, 600s, 599'000), stretch(3600s, 3900s)}, false, {}, listPrice(), start + 2h);
    QCOMPARE(text(figures.estimated), QByteArray("0.027225000000"));
    QCOMPARE(text(figures.confirmed), QByteArray("0.018119750000"));
    QCOMPARE(text(figures.reserved), QByteArray("0.027194750000"));
}

void TestFigures::pausesAreLeftOut()
{
    // 10 minutes, 50 of pause, 5 minutes.
    const auto figures =
        figuresOf({stretch(0s, 600s, 600'000), stretch(3600s, 3900s, 300'000)}, false, {}, listPrice(), start + 65min);
    QCOMPARE(text(figures.confirmed), QByteArray("0.027225000000"));
    QVERIFY(figures.estimated == figures.confirmed && figures.reserved == figures.confirmed);
}

void TestFigures::unknownIsNeverZero()
{
    Usage unknown = stretch(0s, 600s, 600'000);
    unknown.memoryMb = 0;
    const auto figures = figuresOf({unknown}, false, {}, listPrice(), start + 1h);
    QVERIFY(!figures.estimated && !figures.confirmed && !figures.reserved);
    QCOMPARE(figures.unpriced, 1);
    QVERIFY(!figuresOf({stretch(0s, 600s)}, false, {}, RateCard(), start + 1h).estimated);
    const auto partly = figuresOf({unknown, stretch(600s, 1200s)}, false, {}, listPrice(), start + 1h);
    QCOMPARE(text(partly.estimated), QByteArray("0.018150000000"));
    QCOMPARE(partly.unpriced, 1);
}

QTEST_GUILESS_MAIN(TestFigures)
#include "tst_figures.moc"
