// Programs on one profile, one after the other and side by side (acceptance S90, S104).

#include "services/core/json.h"
#include "services/e2b/client.h"
#include "tests/app/program.h"

#include <QDir>
#include <QFile>
#include <QSettings>
#include <QTemporaryDir>
#include <QTest>

using namespace sandglass;
using namespace Qt::Literals::StringLiterals;

namespace {

constexpr int patience = 40'000; // ms

QByteArray textOf(const QString &path)
{
    QFile file(path);
    return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
}

} // namespace

class TestSingleInstance final : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void init() { m_dir = std::make_unique<QTemporaryDir>(); }
    void secondStartIsShownByTheFirst();
    void otherProfileRunsBesideIt();
    void whoDoesNotAnswerIsNamed();
    void signalsKeepTheWindow_data();
    void signalsKeepTheWindow();
    void windowIsKeptBeforeACrash();
    void engineComesBackAfterACrash();

private:
    [[nodiscard]] QString path(const QString &name) const { return m_dir->filePath(name); }
    [[nodiscard]] std::unique_ptr<test::Program> start(const QString &profile, QStringList more = {}) const
    {
        more << u"--profile"_s << path(profile) << u"--receiver-port"_s << u"0"_s;
        return std::make_unique<test::Program>(u"sandglass"_s, more, path(profile + u".json"_s),
                                               QProcessEnvironment::systemEnvironment());
    }
    /// Without an engine of its own, which these tests do not need.
    [[nodiscard]] std::unique_ptr<test::Program> startAlone(const QString &profile) const
    {
        return start(profile, {u"--engine-api"_s, u"http://127.0.0.1:9"_s});
    }
    struct Outcome
    {
        int code = -1;
        QByteArray out, err;
    };
    /// A start that is to end by itself.
    [[nodiscard]] Outcome startAgain(const QString &profile, const QStringList &arguments,
                                     const QString &folder = {}) const
    {
        QProcess process;
        process.setWorkingDirectory(folder);
        process.start(qEnvironmentVariable("SANDGLASS_BIN_DIR") + u"/sandglass"_s,
                      QStringList{u"--profile"_s, path(profile)} + arguments);
        const bool isOver = process.waitForFinished(patience) && process.exitStatus() == QProcess::NormalExit;
        return {isOver ? process.exitCode() : -1, process.readAllStandardOutput(), process.readAllStandardError()};
    }
    [[nodiscard]] QVariant kept(const QString &key) const
    {
        return QSettings(path(u"p/config/settings.ini"_s), QSettings::IniFormat).value(u"window/"_s + key);
    }

    std::unique_ptr<QTemporaryDir> m_dir;
};

void TestSingleInstance::secondStartIsShownByTheFirst()
{
    const auto first = startAlone(u"p"_s);
    QVERIFY(!first->ready().is_null());
    QVERIFY(QDir().mkpath(path(u"code"_s)));
    QFile file(path(u"code/hello.py"_s));
    QVERIFY(file.open(QIODevice::WriteOnly) && file.write("print('hello')\n") > 0);
    file.close();

    const Outcome second = startAgain(u"p"_s, {u"hello.py"_s}, path(u"code"_s));
    QCOMPARE(second.code, 0);
    QVERIFY2(second.out.contains("running already"), second.out);
    QTRY_VERIFY(textOf(path(u"p/state/refine-autosave.py"_s)).contains(file.fileName().toUtf8()));
    QCOMPARE(startAgain(u"p"_s, {u"--page"_s, u"costs"_s}).code, 0);
    first->send(SIGTERM);
    QCOMPARE(first->exitCode(), 0);
    QCOMPARE(kept(u"page"_s).toString(), u"costs"_s);
}

void TestSingleInstance::otherProfileRunsBesideIt()
{
    const auto one = startAlone(u"p"_s);
    QVERIFY(!one->ready().is_null());
    const auto other = startAlone(u"q"_s);
    QVERIFY(!other->ready().is_null());
}

void TestSingleInstance::whoDoesNotAnswerIsNamed()
{
    const auto first = startAlone(u"p"_s);
    QVERIFY(!first->ready().is_null());
    first->send(SIGSTOP);
    const Outcome second = startAgain(u"p"_s, {});
    QCOMPARE(second.code, 1);
    QVERIFY2(second.err.contains(path(u"p/state"_s).toUtf8()) && second.err.contains("does not answer"), second.err);
    first->kill();
    const auto third = startAlone(u"p"_s); // its socket is still there, and nobody behind it
    QVERIFY(!third->ready().is_null());
    QCOMPARE(startAgain(u"p"_s, {}).code, 0);
}

void TestSingleInstance::signalsKeepTheWindow_data()
{
    QTest::addColumn<int>("number");
    QTest::newRow("SIGTERM") << SIGTERM;
    QTest::newRow("SIGINT") << SIGINT;
    QTest::newRow("SIGHUP") << SIGHUP;
}

void TestSingleInstance::signalsKeepTheWindow()
{
    QFETCH(int, number);
    const auto program = startAlone(u"p"_s);
    QVERIFY(!program->ready().is_null());
    program->send(number);
    QCOMPARE(program->exitCode(), 0);
    QVERIFY(!kept(u"geometry"_s).toByteArray().isEmpty());
}

void TestSingleInstance::windowIsKeptBeforeACrash()
{
    const auto program = startAlone(u"p"_s);
    QVERIFY(!program->ready().is_null());
    QTRY_VERIFY_WITH_TIMEOUT(!kept(u"geometry"_s).toByteArray().isEmpty(), patience);
}

void TestSingleInstance::engineComesBackAfterACrash()
{
    auto program = start(u"p"_s);
    const Json ready = program->ready();
    QVERIFY(!ready.is_null());
    e2b::Connection engine;
    engine.kind = e2b::Connection::Kind::Local;
    engine.apiUrl = stringOr(ready, "api_url");
    engine.sandboxUrl = stringOr(ready, "sandbox_url");
    engine.apiKey = textOf(QString::fromStdString(stringOr(ready, "api_key_file"))).trimmed().toStdString();
    QVERIFY(!engine.apiUrl.empty());
    e2b::Client client(engine);
    const auto created = client.createSandbox({});
    QTRY_VERIFY_WITH_TIMEOUT(created.isFinished(), patience);
    if (!created.result())
        QSKIP("no sandboxes on this machine");

    program->kill();
    program = start(u"p"_s); // while the engine before it still ends the sandbox
    QVERIFY(!stringOr(program->ready(), "api_url").empty());
}

QTEST_GUILESS_MAIN(TestSingleInstance)
#include "tst_singleinstance.moc"
