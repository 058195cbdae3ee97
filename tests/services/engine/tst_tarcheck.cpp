#include "services/engine/builds/tarcheck.h"
#include "tests/services/engine/tar_maker.h"

#include <QTest>

using sandglass::engine::TarCheck;
using sandglass::engine::TarLimits;

/// What may be in an uploaded archive, and what may not.
class TestTarCheck final : public QObject
{
    Q_OBJECT

    /// Empty when the archive is fine; however it is cut into pieces.
    static QByteArray faultOf(const QByteArray &tar, TarLimits limits = {})
    {
        QByteArray first;
        for (const qsizetype step : {tar.size(), qsizetype{512}, qsizetype{1000}, qsizetype{7}}) {
            TarCheck check(limits);
            bool isFine = true;
            for (qsizetype at = 0; at < tar.size() && isFine; at += step)
                isFine =
                    check.add(std::string_view(tar.constData() + at, std::size_t(std::min(step, tar.size() - at))));
            isFine = isFine && check.finish();
            const QByteArray fault = QByteArray::fromStdString(check.error());
            if (isFine != fault.isEmpty())
                return "no word of what is wrong";
            if (step == tar.size())
                first = fault;
            else if (first != fault)
                return "depends on the pieces: " + first + " / " + fault;
        }
        return first;
    }

private Q_SLOTS:
    void takesWhatIsHarmless()
    {
        TarMaker tar;
        tar.folder("./").folder("a/").file("a/b", QByteArray(1500, 'x')).file("empty", {}).symbolicLink("a/link", "b");
        tar.symbolicLink("a/up", "../empty").hardLink("again", "a/b").file("./c..d/..e", "dots");
        tar.pax("path", QByteArray(300, 'p') + "/" + QByteArray(200, 'q')).file("short", "long name");
        tar.entry("././@LongLink", 'L', QByteArray(200, 'n') + '\0').file("cut", "text");
        QCOMPARE(faultOf(tar.done()), QByteArray());
    }

    void refuses_data()
    {
        QTest::addColumn<QByteArray>("tar");
        QTest::addColumn<QByteArray>("word");
        const auto row = [](const char *name, const QByteArray &tar, const char *word) {
            QTest::newRow(name) << tar << QByteArray(word);
        };
        row("climbs", TarMaker().file("a/../../b", "x").done(), "leads out");
        row("absolute", TarMaker().file("/etc/passwd", "x").done(), "absolute");
        row("pax climbs", TarMaker().pax("path", "../x").file("fine", "x").done(), "leads out");
        row("long name climbs", TarMaker().entry("l", 'L', QByteArray("../x\0", 5)).file("fine", "x").done(),
            "leads out");
        row("link out", TarMaker().symbolicLink("a", "../b").done(), "out of the archive");
        row("deep link out", TarMaker().symbolicLink("a/b", "c/../../../d").done(), "out of the archive");
        row("absolute link", TarMaker().symbolicLink("a", "/etc").done(), "out of the archive");
        row("pax link out", TarMaker().pax("linkpath", "/etc").symbolicLink("a", "b").done(), "out of the archive");
        row("hard link out", TarMaker().hardLink("a", "../b").done(), "leads out");
        row("hard link to nothing", TarMaker().hardLink("a", "b").done(), "does not hold");
        row("through a link", TarMaker().folder("d").symbolicLink("a", "d").file("a/x", "y").done(), "goes through");
        row("hard link through a link", TarMaker().file("f", "x").symbolicLink("a", "d").hardLink("a/x", "f").done(),
            "goes through");
        row("device", TarMaker().entry("a", '4').done(), "device");
        row("character device", TarMaker().entry("a", '3').done(), "device");
        row("pipe", TarMaker().entry("a", '6').done(), "pipe");
        row("sparse", TarMaker().entry("a", 'S').done(), "not unpacked");
        row("all alike", TarMaker().entry("g", 'g', "13 path=name\n").file("a", "x").done(), "alike");
        row("damaged pax", TarMaker().entry("x", 'x', "99 path=name\n").file("a", "x").done(), "pax");
        row("cut off", TarMaker().file("a", QByteArray(2000, 'x')).withoutEnd().left(1200), "cut off");
        row("no end", TarMaker().file("a", "x").withoutEnd(), "cut off");
        row("no tar", QByteArray(4096, 'x'), "no tar");
        row("nothing", QByteArray("\0", 1), "cut off");
        row("after the end", TarMaker().file("a", "x").done() + TarMaker().file("b", "y").done(), "follows");
        row("larger than told of", TarMaker().entry("a", '0', {}, {}, 07777777777).done(), "larger than");
        row("endless name", TarMaker().entry("a", 'L', {}, {}, 2 << 20).done(), "too long");
    }
    void refuses()
    {
        QFETCH(QByteArray, tar);
        QFETCH(QByteArray, word);
        TarLimits limits;
        limits.bytes = 8 << 20;
        const QByteArray fault = faultOf(tar, limits);
        QVERIFY2(fault.contains(word), fault.constData());
    }

    void holdsTheLimits()
    {
        TarLimits limits;
        limits.bytes = 64 << 10;
        limits.entries = 10;
        limits.depth = 4;
        TarMaker many, deep;
        for (int i = 0; i < 11; ++i)
            many.file(QByteArray::number(i), {});
        deep.file("a/b/c/d/e", "x");
        QVERIFY(faultOf(many.done(), limits).contains("more than 10"));
        QVERIFY(faultOf(deep.done(), limits).contains("too deep"));
        QVERIFY(faultOf(TarMaker().file("a", QByteArray(70 << 10, 'x')).done(), limits).contains("larger"));
    }
};

QTEST_APPLESS_MAIN(TestTarCheck)
#include "tst_tarcheck.moc"
