#include "services/engine/images/imagename.h"
#include "services/engine/images/systemsetup.h"
#include "services/engine/images/systemunpacker.h"
#include "tests/services/engine/tar_maker.h"

#include <QDir>
#include <QFile>
#include <QTemporaryDir>
#include <QTest>

#include <fcntl.h>
#include <memory>
#include <sys/stat.h>

using namespace sandglass;
using namespace sandglass::engine;
using namespace Qt::Literals::StringLiterals;

/// Archives of whole systems, hostile ones among them, and what is made of their folders.
class TestSystemUnpacker final : public QObject
{
    Q_OBJECT

private:
    std::unique_ptr<QTemporaryDir> m_place;

    [[nodiscard]] QString path(const QString &name) const { return m_place->filePath(u"system/"_s + name); }
    [[nodiscard]] UniqueFd openTop() const
    {
        return UniqueFd(::open(qPrintable(m_place->filePath(u"system"_s)), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    }
    /// In pieces of every size; empty when all went well.
    [[nodiscard]] QString unpack(const QByteArray &archive, TarLimits limits = {})
    {
        const UniqueFd top = openTop();
        SystemUnpacker unpacker(top.get(), std::nullopt, limits);
        for (qsizetype at = 0, size = 1; at < archive.size(); at += size, size = size * 3 % 7001 + 1) {
            const QByteArray piece = archive.mid(at, size);
            if (!unpacker.add({piece.constData(), std::size_t(piece.size())}))
                return QString::fromStdString(unpacker.error());
        }
        return unpacker.finish() ? QString() : QString::fromStdString(unpacker.error());
    }
    [[nodiscard]] QByteArray text(const QString &name) const
    {
        QFile file(path(name));
        return file.open(QIODevice::ReadOnly) ? file.readAll() : "nothing";
    }
    [[nodiscard]] struct stat status(const QString &name) const
    {
        struct stat found
        {};
        ::lstat(qPrintable(path(name)), &found);
        return found;
    }
    [[nodiscard]] Result<> setUp(const ImageSettings &settings = {}) const
    {
        return setUpSystem(SystemTree(openTop(), std::nullopt), settings);
    }

private Q_SLOTS:
    void init()
    {
        m_place = std::make_unique<QTemporaryDir>();
        QVERIFY(QDir(m_place->path()).mkdir(u"system"_s));
        QFile outside(m_place->filePath(u"outside"_s));
        QVERIFY(outside.open(QIODevice::WriteOnly) && outside.write("as it was") > 0);
    }
    void cleanup()
    {
        QFile outside(m_place->filePath(u"outside"_s));
        QVERIFY(outside.open(QIODevice::ReadOnly));
        QCOMPARE(outside.readAll(), QByteArray("as it was"));
        QCOMPARE(QDir(m_place->path()).entryList(QDir::AllEntries | QDir::NoDotAndDotDot | QDir::Hidden),
                 (QStringList{u"outside"_s, u"system"_s}));
    }

    void unpacks()
    {
        const QByteArray large(300'000, 'x');
        TarMaker tar;
        tar.mode("0000755").folder("./").folder("./usr").folder("./usr/bin").mode("0000500").folder("closed");
        tar.mode("0004755").file("usr/bin/tool", large).mode("0000400").file("closed/file", "closed");
        tar.hardLink("usr/bin/same", "./usr/bin/tool").symbolicLink("bin", "usr/bin");
        tar.symbolicLink("etc/alternatives/x", "/usr/bin/tool"); // without the folders above it
        tar.mode("0000644").entry("run/pipe", '6').entry("dev/null", '3').entry("dev/sda", '4');
        tar.file("twice", "first").file("twice", "last").symbolicLink("turns", "twice").file("turns", "a file");
        QCOMPARE(unpack(tar.done()), QString());
        QCOMPARE(text(u"usr/bin/tool"_s), large);
        QCOMPARE(text(u"closed/file"_s), QByteArray("closed"));
        QCOMPARE(text(u"twice"_s), QByteArray("last"));
        QCOMPARE(text(u"turns"_s), QByteArray("a file"));
        QCOMPARE(QFile::symLinkTarget(path(u"etc/alternatives/x"_s)), u"/usr/bin/tool"_s);
        // Nothing changes its user, and its owner may read and write everything.
        QCOMPARE(int(status(u"usr/bin/tool"_s).st_mode), int(S_IFREG | 0755));
        QCOMPARE(int(status(u"closed"_s).st_mode), int(S_IFDIR | 0700));
        QCOMPARE(int(status(u"closed/file"_s).st_mode), int(S_IFREG | 0600));
        QCOMPARE(status(u"usr/bin/same"_s).st_ino, status(u"usr/bin/tool"_s).st_ino);
        QCOMPARE(status(u"usr/bin/tool"_s).st_mtime, time_t{014000000000});
        QVERIFY(S_ISFIFO(status(u"run/pipe"_s).st_mode));
        QVERIFY(!QFile::exists(path(u"dev/null"_s)));
    }

    void refuses_data()
    {
        QTest::addColumn<QByteArray>("archive");
        QTest::addColumn<QString>("why");
        const auto add = [](const char *name, const QByteArray &archive, const char *why) {
            QTest::newRow(name) << archive << QString::fromLatin1(why);
        };
        add("absolute", TarMaker().file("/tmp/x", "x").done(), "absolute path");
        add("climbs", TarMaker().file("../outside", "x").done(), "leads out");
        add("climbs inside", TarMaker().file("a/../../outside", "x").done(), "leads out");
        add("through a link", TarMaker().symbolicLink("l", "..").file("l/outside", "x").done(), "goes through");
        add("through a link that stays inside", TarMaker().folder("d").symbolicLink("l", "d").file("l/x", "x").done(),
            "goes through");
        add("folder over a link", TarMaker().symbolicLink("l", "..").folder("l/d").done(), "goes through");
        add("hard link out", TarMaker().hardLink("x", "../outside").done(), "leads out");
        add("hard link to an absolute path", TarMaker().hardLink("x", "/etc/passwd").done(), "absolute path");
        add("hard link through a link", TarMaker().symbolicLink("l", "..").hardLink("x", "l/outside").done(),
            "goes through");
        add("hard link to nothing", TarMaker().hardLink("x", "y").done(), "does not hold before");
        add("device", TarMaker().entry("tmp/sda", '4').done(), "is a device");
        add("device beside dev", TarMaker().entry("devices/null", '3').done(), "is a device");
        add("file in the place of a folder", TarMaker().folder("d").file("d/x", "x").file("d", "x").done(), "replace");
        add("unknown kind", TarMaker().entry("x", 'Z').done(), "of a kind");
        add("sparse", TarMaker().pax("GNU.sparse.major", "1").file("x", "x").done(), "sparse");
        add("cut off", TarMaker().file("x", QByteArray(600, 'x')).withoutEnd().chopped(100), "cut off");
        add("no archive", QByteArray(2048, 'x'), "no tar archive");
        add("too large", TarMaker().file("x", QByteArray(70'000, 'x')).done(), "larger than");
        add(
            "too many",
            [] {
                TarMaker tar;
                for (int i = 0; i < 40; ++i)
                    tar.file("f" + QByteArray::number(i), {});
                return tar.done();
            }(),
            "more than 30 entries");
    }
    void refuses()
    {
        QFETCH(QByteArray, archive);
        QFETCH(QString, why);
        const QString said = unpack(archive, {64 << 10, 30});
        QVERIFY2(said.contains(why), qPrintable(said));
    }

    void setsUp()
    {
        TarMaker tar;
        tar.mode("0000755").folder("bin").file("bin/bash", "x").folder("etc/apt").folder("etc/dpkg").folder("etc/skel");
        tar.mode("0000644").file("etc/skel/.bashrc", "skeleton").file("etc/hosts", "10.0.0.1 of-the-builder\n");
        tar.file("etc/passwd", "root:x:0:0::/root:/bin/sh\nnode:x:1000:1000::/home/node:/bin/sh\nuser:x:7:7::/x:/y\n");
        tar.file("etc/shadow", "root:*:1::::::\n").file("usr/sbin/policy-rc.d", "its own");
        QCOMPARE(unpack(tar.done()), QString());
        const ImageSettings settings{"mini", {{"PATH", "/opt/it's/bin:/bin"}, {"A", "b"}}};
        const auto done = setUp(settings);
        QVERIFY2(done, done ? "" : done.error().message.c_str());
        QCOMPARE(text(u"etc/passwd"_s),
                 QByteArray("root:x:0:0::/root:/bin/sh\nuser:x:1000:1000::/home/user:/bin/bash\n"
                            "node:x:1000:1000::/home/node:/bin/sh\n"));
        QCOMPARE(text(u"etc/group"_s), QByteArray("root:x:0:\nuser:x:1000:\nnogroup:x:65534:\n"));
        QVERIFY(text(u"etc/shadow"_s).contains("\nuser:*:"));
        QVERIFY(!QFile::exists(path(u"etc/gshadow"_s)));
        QVERIFY(!text(u"etc/hosts"_s).contains("of-the-builder"));
        QCOMPARE(text(u"home/user/.bashrc"_s), QByteArray("skeleton"));
        QCOMPARE(text(u"usr/sbin/policy-rc.d"_s), QByteArray("its own"));
        QVERIFY(text(u"etc/apt/apt.conf.d/90sandbox"_s).contains("APT::Sandbox::User \"root\""));
        QCOMPARE(text(u"etc/dpkg/dpkg.cfg.d/90sandbox"_s), QByteArray("force-unsafe-io\n"));
        QCOMPARE(text(u"etc/profile.d/00-image-path.sh"_s), QByteArray("export PATH='/opt/it'\\''s/bin:/bin'\n"));
        const ImageSettings kept = readImageSettings(path({}).toStdString());
        QCOMPARE(kept.image, settings.image);
        QVERIFY(kept.environment == settings.environment);
        QVERIFY(readImageSettings(m_place->path().toStdString()).environment.empty());
    }

    /// Whoever made the image chose its links: what is written through them stays in it.
    void linksLeadNowhereElse()
    {
        const QByteArray out = m_place->path().toLocal8Bit();
        TarMaker tar;
        tar.mode("0000755").folder("bin").file("real/bash", "x").symbolicLink("bin/bash", "/real/bash");
        tar.symbolicLink("etc/passwd", "../../outside").symbolicLink("etc/hosts", out + "/outside");
        tar.symbolicLink("root", "../../..").symbolicLink("home", "/rooms").folder("rooms");
        tar.symbolicLink(".sandglass-image.json", out + "/outside")
            .symbolicLink("var", "../../../../../../var-of-image");
        tar.folder("var-of-image").symbolicLink("etc/shadow", "/proc/self/environ");
        QCOMPARE(unpack(tar.done()), QString());
        const auto done = setUp();
        QVERIFY2(done, done ? "" : done.error().message.c_str());
        QVERIFY(QFile::exists(path(u"rooms/user"_s)) && QFile::exists(path(u"var-of-image/tmp"_s)));
        QVERIFY(S_ISREG(status(u"etc/passwd"_s).st_mode) && S_ISREG(status(u"etc/hosts"_s).st_mode));
        QVERIFY(text(u"etc/passwd"_s).startsWith("root:x:0:0:root"));
    }
    void linksThatLeadNowhereAreAnError()
    {
        TarMaker tar;
        tar.mode("0000755").file("bin/bash", "x").symbolicLink("etc", m_place->path().toLocal8Bit());
        QCOMPARE(unpack(tar.done()), QString());
        const auto done = setUp();
        QVERIFY(!done && done.error().message.find("/etc of the image") != std::string::npos);
    }
    void commandsNeedAShell()
    {
        QCOMPARE(unpack(TarMaker().folder("bin").file("bin/bash", "not executable").done()), QString());
        QVERIFY(setUp().error().message.find("/bin/bash") != std::string::npos);
    }

    void names()
    {
        for (const char *host : {"", "e2bdev/base", "docker.io/e2bdev/base:latest", "e2bdev/code-interpreter@sha256:1"})
            QVERIFY2(isHostBase(host), host);
        QVERIFY(!isHostBase("debian") && !isHostBase("quay.io/e2bdev/base"));
        QCOMPARE(debianSuite("debian"), std::optional<std::string>("stable"));
        QCOMPARE(debianSuite("docker.io/library/debian:12"), std::optional<std::string>("bookworm"));
        QCOMPARE(debianSuite("debian:12.11-slim"), std::optional<std::string>("bookworm"));
        QCOMPARE(debianSuite("debian:trixie-slim"), std::optional<std::string>("trixie"));
        for (const char *other : {"debian:120", "debian:buzz", "debian@sha256:1", "quay.io/debian", "my/debian:12"})
            QVERIFY2(!debianSuite(other), other);
        QCOMPARE(withRegistry("python:3.12"), std::string("docker.io/library/python:3.12"));
        QCOMPARE(withRegistry("a/b"), std::string("docker.io/a/b"));
        QCOMPARE(withRegistry("localhost/b:1"), std::string("localhost/b:1"));
        QCOMPARE(registryOf("127.0.0.1:5000/b"), std::string("127.0.0.1:5000"));
        QVERIFY(checkImageName("ghcr.io/a/b:1@sha256:0"));
        for (const char *bad : {"", "--all", "a b", "a;b", "../x", "a\n"})
            QVERIFY2(!checkImageName(bad), bad);
    }
};

QTEST_GUILESS_MAIN(TestSystemUnpacker)
#include "tst_systemunpacker.moc"
