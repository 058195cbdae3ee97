#include "tests/services/engine/base_fixture.h"
#include "tests/services/engine/fake_registry.h"

#include <QDirIterator>
#include <QProcess>
#include <QStandardPaths>
#include <QTest>

using namespace Qt::Literals::StringLiterals;

/// Bases by the real podman and mmdebstrap, and what root can install in them.
class TestRealBases final : public QObject, private BaseFixture
{
    Q_OBJECT

private:
    /// A place of its own for images, and the registry without encryption.
    [[nodiscard]] bool preparePodman(quint16 port)
    {
        const auto write = [this](const QString &name, const QByteArray &text) {
            QFile made(file(name));
            return made.open(QIODevice::WriteOnly) && made.write(text) > 0;
        };
        const QByteArray place = m_files.path().toLocal8Bit();
        qputenv("CONTAINERS_STORAGE_CONF", place + "/storage.conf");
        qputenv("CONTAINERS_REGISTRIES_CONF", place + "/registries.conf");
        return write(u"storage.conf"_s,
                     "[storage]\ndriver = \"vfs\"\ngraphroot = \"" + place + "/images\"\nrunroot = \"" + place
                         + "/run\"\n")
            && write(u"registries.conf"_s,
                     "unqualified-search-registries = []\n[[registry]]\nlocation = \"127.0.0.1:"
                         + QByteArray::number(port) + "\"\ninsecure = true\n");
    }
    [[nodiscard]] static QByteArray podman(const QStringList &arguments)
    {
        QProcess process;
        process.setProcessChannelMode(QProcess::MergedChannels);
        process.start(u"podman"_s, arguments);
        return process.waitForFinished(60'000) && process.exitCode() == 0 ? process.readAll().trimmed()
                                                                          : "failed: " + process.readAll();
    }
    [[nodiscard]] static bool isAnyArgument(const QByteArray &text)
    {
        for (const QString &pid : QDir(u"/proc"_s).entryList(QDir::Dirs)) {
            for (const QString &kind : {u"cmdline"_s, u"environ"_s}) {
                QFile each(u"/proc/%1/%2"_s.arg(pid, kind));
                if (each.open(QIODevice::ReadOnly) && each.readAll().contains(text))
                    return true;
            }
        }
        return false;
    }
    [[nodiscard]] bool isInAnyFile(const QByteArray &text) const
    {
        QDirIterator it(m_state->path(), QDir::Files | QDir::Hidden, QDirIterator::Subdirectories);
        while (it.hasNext()) {
            QFile each(it.next());
            if (!each.fileName().contains(u"/layers/"_s) && each.open(QIODevice::ReadOnly)
                && each.readAll().contains(text))
                return true;
        }
        return false;
    }

private Q_SLOTS:
    void initTestCase() { QVERIFY(makeMini()); }
    void init() { m_state = std::make_unique<QTemporaryDir>(u"/var/tmp/bases-state-XXXXXX"_s); }
    void cleanup()
    {
        m_engine.reset();
        m_state.reset();
    }

    void podmansImages()
    {
        if (QStandardPaths::findExecutable(u"podman"_s).isEmpty())
            QSKIP("podman is not installed");
        QFile layer(mini());
        QVERIFY(layer.open(QIODevice::ReadOnly));
        FakeRegistry registry(layer.readAll(), R"(["PATH=/opt/of/image:/usr/bin","FROM_IMAGE=a b"])");
        registry.credentials = "some:s3cret-of-registry";
        QVERIFY(registry.listen(QHostAddress::LocalHost));
        QVERIFY(preparePodman(registry.serverPort()));
        if (const QByteArray told = podman({u"info"_s}); told.startsWith("failed"))
            QSKIP(QByteArray("podman does not run here: " + told.left(300)).constData());
        restart({u"--log-dir"_s, m_state->filePath(u"log"_s)});
        if (!m_engine->canRunSandboxes())
            QSKIP("no isolation on this machine");
        const QString image = u"127.0.0.1:%1/team/mini:1"_s.arg(registry.serverPort());
        const auto login = [](const QString &password) {
            return QJsonObject{
                {u"fromImageRegistry"_s,
                 QJsonObject{{u"type"_s, u"registry"_s}, {u"username"_s, u"some"_s}, {u"password"_s, password}}}};
        };
        bool isSeen = false;
        registry.onRequest = [&isSeen] { isSeen = isSeen || isAnyArgument("s3cret-of"); };

        const QString wrong = built("wrong", image, {}, 60'000, login(u"s3cret-of-nobody"_s));
        QVERIFY2(wrong.startsWith(u"error at base: the image '"_s + image), qPrintable(wrong));
        QVERIFY(registry.refused > 0 && !QString(wrong + messages(m_last)).contains(u"s3cret-of"_s));
        QCOMPARE(systems(), QStringList());
        const QString right =
            built("right", image, {u"echo $FROM_IMAGE $PATH > /srv/said"_s}, 60'000, login(u"s3cret-of-registry"_s));
        QVERIFY2(right == u"ready"_s,
                 qPrintable(right + u'\n' + messages(m_last) + QString::fromLatin1(registry.strange.join('|'))));
        QVERIFY(registry.served > 0);
        QVERIFY2(!isSeen && !isInAnyFile("s3cret-of") && !isInAnyFile(registry.credentials.toBase64()),
                 "the password can be read");
        QVERIFY(!QString(messages(m_last) + QString::fromLocal8Bit(m_engine->output())).contains(u"s3cret-of"_s));
        QCOMPARE(run("right", u"cat /srv/said /etc/canary-of-the-image; echo $FROM_IMAGE"_s),
                 QByteArray("a b /opt/of/image:/usr/bin\nimagea b\n"));
        QCOMPARE(podman({u"images"_s, u"-q"_s}), QByteArray()); // what was pulled is not needed any more
        QCOMPARE(podman({u"ps"_s, u"-aq"_s}), QByteArray());
        const int served = registry.served;
        QCOMPARE(built("again", image), u"ready"_s);
        QCOMPARE(registry.served, served);
        QCOMPARE(built("anew", image, {}, 60'000, {{u"force"_s, true}}).left(13),
                 u"error at base"_s); // without a password

        // One of the person's own stays, and is taken as it is now.
        QVERIFY(!podman({u"import"_s, mini(), u"localhost/own:2"_s}).startsWith("failed"));
        QCOMPARE(built("own", u"own:2"_s), u"ready"_s);
        QCOMPARE(systems().size(), 2);
        QCOMPARE(built("own", u"localhost/own:2"_s), u"ready"_s);
        QCOMPARE(systems().size(), 2);
        QVERIFY(
            !podman({u"import"_s, u"--change"_s, u"ENV=NEW=yes"_s, mini(), u"localhost/own:2"_s}).startsWith("failed"));
        QCOMPARE(built("own", u"own:2"_s), u"ready"_s);
        QCOMPARE(run("own", u"echo $NEW"_s), QByteArray("yes\n"));
        QVERIFY(!podman({u"image"_s, u"inspect"_s, u"own:2"_s}).startsWith("failed"));
        (void)podman({u"system"_s, u"reset"_s, u"--force"_s});
    }

    void debianAndWhatRootInstalls()
    {
        if (!qEnvironmentVariableIsSet("SANDGLASS_TEST_DOWNLOADS"))
            QSKIP("gets packages from Debian and PyPI for some minutes: set SANDGLASS_TEST_DOWNLOADS=1 for it");
        const QString mmdebstrap = QStandardPaths::findExecutable(u"mmdebstrap"_s);
        if (mmdebstrap.isEmpty())
            QSKIP("mmdebstrap is not installed");
        const QString only = file(u"only-mmdebstrap"_s); // podman would be asked first
        QVERIFY(QDir().mkpath(only) && QFile::link(mmdebstrap, only + u"/mmdebstrap"_s));
        for (const QString &folder : {u"/usr/local/sbin"_s, u"/usr/sbin"_s, u"/sbin"_s})
            QVERIFY(!QFile::exists(folder + u"/podman"_s));
        QDir programs(u"/usr/bin"_s);
        for (const QString &name : programs.entryList(QDir::Files | QDir::Executable)) {
            if (name != u"podman"_s)
                QFile::link(programs.filePath(name), only + u'/' + name);
        }
        restartWith(only + u":/usr/sbin:/sbin"_s);
        if (!m_engine->canRunSandboxes())
            QSKIP("no isolation on this machine");
        const QStringList steps{
            u"root: apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qqy --no-install-recommends "
            "python3-ipython python3-pip openssh-client fontconfig-config >/dev/null"_s,
            u"root: useradd -m other && su other -c 'echo $HOME' && sudo -u other true && "
            "tar -cf /tmp/t --owner=77 /etc/hosts 2>/dev/null && tar -xpf /tmp/t -C /tmp --same-owner"_s,
            u"root: apt-get install -qqy --no-install-recommends sudo >/dev/null && sudo -u other true"_s,
            u"root: pip install cowsay"_s,
            u"sudo true; pip install --user cowpy"_s,
        };
        const QString done = built("debian", u"debian:12-slim"_s, steps, 480'000);
        QVERIFY2(done == u"ready"_s, qPrintable(done));
        QCOMPARE(run("debian", u"import cowsay, cowpy, sys; print(sys.executable)"_s, "python"),
                 QByteArray("/usr/bin/python3\n"));
        QCOMPARE(run("debian", u". /etc/os-release; echo $VERSION_CODENAME; ssh -V 2>&1 | cut -c-7; ls /home"_s),
                 QByteArray("bookworm\nOpenSSH\nother\nuser\n"));
        // What the host has and that Debian has not.
        QCOMPARE(run("debian", u"ls /usr/bin/cmake /usr/bin/mmdebstrap /usr/bin/git 2>/dev/null"_s), QByteArray());
        QCOMPARE(built("other", u"debian:bookworm"_s), u"ready"_s);
        QCOMPARE(systems().size(), 1);
    }
};

QTEST_GUILESS_MAIN(TestRealBases)
#include "tst_realbases.moc"
