#include "app/commandline.h"

#include <QTest>

using namespace sandglass;

class TestCommandLine final : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void readsEveryOption();
    void refusesMisuse_data();
    void refusesMisuse();
    void helpAndVersionNeedNothing();
};

namespace {

app::ParsedCommandLine parse(const QStringList &arguments)
{
    return app::parseCommandLine(QStringList{QStringLiteral("sandglass")} + arguments);
}

} // namespace

void TestCommandLine::readsEveryOption()
{
    const auto parsed =
        parse({QStringLiteral("--profile"), QStringLiteral("/p"), QStringLiteral("--receiver-port"),
               QStringLiteral("0"), QStringLiteral("--ready-file"), QStringLiteral("/r"),
               QStringLiteral("--engine-api"), QStringLiteral("http://127.0.0.1:8710"), QStringLiteral("--tour"),
               QStringLiteral("/t"), QStringLiteral("--page"), QStringLiteral("costs"), QStringLiteral("--log"),
               QStringLiteral("debug"), QStringLiteral("a.py")});
    QVERIFY(!parsed.message);
    QCOMPARE(parsed.options.profile, QStringLiteral("/p"));
    QCOMPARE(parsed.options.receiverPort, std::optional(0));
    QCOMPARE(parsed.options.readyFile, QStringLiteral("/r"));
    QCOMPARE(parsed.options.engineApi, QStringLiteral("http://127.0.0.1:8710"));
    QCOMPARE(parsed.options.tourDirectory, QStringLiteral("/t"));
    QCOMPARE(parsed.options.page, QStringLiteral("costs"));
    QCOMPARE(parsed.options.logLevel, QStringLiteral("debug"));
    QCOMPARE(parsed.options.files, QStringList{QStringLiteral("a.py")});
    QVERIFY(!parse({}).options.receiverPort);
}

void TestCommandLine::refusesMisuse_data()
{
    QTest::addColumn<QStringList>("arguments");
    QTest::newRow("unknown option") << QStringList{QStringLiteral("--frobnicate")};
    QTest::newRow("port no number") << QStringList{QStringLiteral("--receiver-port"), QStringLiteral("x")};
    QTest::newRow("port too large") << QStringList{QStringLiteral("--receiver-port"), QStringLiteral("70000")};
    QTest::newRow("stream port") << QStringList{QStringLiteral("--stream-port"), QStringLiteral("-1")};
    QTest::newRow("value missing") << QStringList{QStringLiteral("--profile")};
    QTest::newRow("empty path") << QStringList{QStringLiteral("--tour"), QString()};
    QTest::newRow("no URL") << QStringList{QStringLiteral("--engine-api"), QStringLiteral("ftp://x")};
    QTest::newRow("no page") << QStringList{QStringLiteral("--page"), QStringLiteral("attic")};
    QTest::newRow("no format") << QStringList{QStringLiteral("--log-format"), QStringLiteral("xml")};
    QTest::newRow("no level") << QStringList{QStringLiteral("--log"), QStringLiteral("loud")};
}

void TestCommandLine::refusesMisuse()
{
    QFETCH(QStringList, arguments);
    const auto parsed = parse(arguments);
    QVERIFY(parsed.message.has_value());
    QCOMPARE(parsed.exitCode, 2);
}

void TestCommandLine::helpAndVersionNeedNothing()
{
    for (const QString &option : {QStringLiteral("--help"), QStringLiteral("--version")}) {
        const auto parsed = parse({option});
        QVERIFY(parsed.message.has_value());
        QCOMPARE(parsed.exitCode, 0);
    }
    QVERIFY(parse({QStringLiteral("--version")}).message->contains(QStringLiteral(SANDGLASS_VERSION)));
    QVERIFY(parse({QStringLiteral("--help")}).message->contains(QStringLiteral("--receiver-port")));
}

QTEST_APPLESS_MAIN(TestCommandLine)
#include "tst_commandline.moc"
