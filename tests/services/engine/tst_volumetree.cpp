#include "services/engine/broker/volumemount.h"
#include "services/engine/volumes/volumetree.h"

#include <QDir>
#include <QFile>
#include <QTemporaryDir>
#include <QTest>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace sandglass;
using namespace sandglass::engine;

/// The files of a volume, whatever a sandbox has put there.
class TestVolumeTree final : public QObject
{
    Q_OBJECT

private:
    std::unique_ptr<QTemporaryDir> m_directory;
    std::optional<VolumeTree> m_tree;

    [[nodiscard]] QString inside(const QString &name) const
    {
        return m_directory->filePath(QStringLiteral("volume/") + name);
    }
    [[nodiscard]] QString outside(const QString &name) const { return m_directory->filePath(name); }
    void write(const QString &path, const QByteArray &text)
    {
        QFile file(path);
        QVERIFY(file.open(QIODevice::WriteOnly));
        QCOMPARE(file.write(text), text.size());
    }
    [[nodiscard]] static QByteArray read(const QString &path)
    {
        QFile file(path);
        return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray("(none)");
    }
    [[nodiscard]] UniqueFd spooled(const QByteArray &text)
    {
        UniqueFd fd(::open(m_directory->path().toLocal8Bit().constData(), O_TMPFILE | O_RDWR, 0600));
        (void)!::write(fd.get(), text.constData(), static_cast<std::size_t>(text.size()));
        return fd;
    }
    [[nodiscard]] Result<VolumeEntry> store(std::string_view path, const QByteArray &text, bool overwrite = true)
    {
        return m_tree->store(path, spooled(text).get(), 0640, overwrite);
    }

private Q_SLOTS:
    void init()
    {
        m_directory = std::make_unique<QTemporaryDir>(QStringLiteral("/var/tmp/volumetree-XXXXXX"));
        QVERIFY(QDir(m_directory->path()).mkdir(QStringLiteral("volume")));
        auto opened = VolumeTree::open(inside({}).toStdString());
        QVERIFY(opened);
        m_tree = std::move(*opened);
        write(outside(QStringLiteral("secret")), "of the host");
    }
    void cleanup()
    {
        m_tree.reset();
        m_directory.reset();
    }

    void storesAndTells()
    {
        const auto made = store("/note.txt", "text");
        QVERIFY2(made, made ? "" : made.error().message.c_str());
        QCOMPARE(made->name, std::string("note.txt"));
        QCOMPARE(made->path, std::string("/note.txt"));
        QCOMPARE(made->size, 4);
        QCOMPARE(made->mode, 0640U);
        QCOMPARE(made->uid, 1000U);
        QVERIFY(made->type == VolumeEntry::Type::File);
        QCOMPARE(read(inside(QStringLiteral("note.txt"))), QByteArray("text"));
        QVERIFY(store("note.txt", "other")); // without the slash, and in its place
        QCOMPARE(read(inside(QStringLiteral("note.txt"))), QByteArray("other"));
        const auto kept = store("/note.txt", "third", false);
        QVERIFY(!kept);
        QCOMPARE(kept.error().status, 409);
        QCOMPARE(QDir(inside({})).entryList(QDir::Files | QDir::Hidden), QStringList{QStringLiteral("note.txt")});
        QCOMPARE(store("/none/note.txt", "x").error().status, 404);
        QVERIFY(m_tree->makeDirectory("/folder", 0755, false));
        QVERIFY(!store("/folder", "x"));
        QCOMPARE(store("/", "x").error().status, 400);
    }

    void nothingLeadsOut_data()
    {
        QTest::addColumn<QByteArray>("path");
        QTest::newRow("up") << QByteArray("../secret");
        QTest::newRow("up from a folder") << QByteArray("/folder/../../secret");
        QTest::newRow("link to a file") << QByteArray("/absolute");
        QTest::newRow("link upwards") << QByteArray("/relative");
        QTest::newRow("through a linked folder") << QByteArray("/up/secret");
        QTest::newRow("through a linked root") << QByteArray("/root/etc/passwd");
        QTest::newRow("through a process") << QByteArray("/self/fd/0");
    }
    void nothingLeadsOut()
    {
        QFETCH(QByteArray, path);
        const std::string text = path.toStdString();
        QVERIFY(QDir(inside({})).mkdir(QStringLiteral("folder")));
        const auto link = [this](const QString &target, const char *name) {
            QVERIFY(
                ::symlink(target.toLocal8Bit().constData(), inside(QString::fromLatin1(name)).toLocal8Bit().constData())
                == 0);
        };
        link(outside(QStringLiteral("secret")), "absolute");
        link(QStringLiteral("../secret"), "relative");
        link(QStringLiteral(".."), "up");
        link(QStringLiteral("/"), "root");
        link(QStringLiteral("/proc/self"), "self");
        const auto opened = m_tree->openFile(text);
        QVERIFY(!opened);
        QVERIFY2(opened.error().status == 403 || opened.error().status == 400, opened.error().message.c_str());
        QVERIFY(!m_tree->list(text, 3));
        QVERIFY(!m_tree->list(text + "/", 3));
        (void)m_tree->setMode(text, 0777);
        (void)m_tree->makeDirectory(text + "/made", 0755, true);
        (void)m_tree->remove(text);
        (void)store(text, "overwritten"); // a link that is named itself is replaced, never followed
        QCOMPARE(read(outside(QStringLiteral("secret"))), QByteArray("of the host"));
        QCOMPARE(QDir(m_directory->path()).entryList(QDir::AllEntries | QDir::NoDotAndDotDot),
                 (QStringList{QStringLiteral("secret"), QStringLiteral("volume")}));
        QVERIFY(QFileInfo(outside(QStringLiteral("secret"))).permissions().testFlag(QFile::ReadOwner));
        QVERIFY(!QFileInfo(outside(QStringLiteral("secret"))).permissions().testFlag(QFile::WriteOther));
    }

    void linksWithin()
    {
        QVERIFY(store("/note", "text"));
        QVERIFY(m_tree->makeDirectory("/a", 0755, false));
        QVERIFY(::symlink("../note", inside(QStringLiteral("a/link")).toLocal8Bit().constData()) == 0);
        const auto told = m_tree->stat("/a/link");
        QVERIFY(told && told->type == VolumeEntry::Type::Symlink);
        QCOMPARE(told->target.value_or(""), std::string("../note"));
        QVERIFY(m_tree->openFile("/a/link"));
        QCOMPARE(m_tree->setMode("/a/link", 0600).error().status, 400);
    }

    void lists()
    {
        QVERIFY(m_tree->makeDirectory("/a/b/c", 0700, true));
        QVERIFY(store("/a/b/c/deep", "x"));
        QVERIFY(store("/a/first", "x"));
        const auto paths = [this](std::string_view path, std::uint32_t depth) {
            QStringList all;
            const auto entries = m_tree->list(path, depth);
            for (const VolumeEntry &entry : entries.value_or(std::vector<VolumeEntry>()))
                all << QString::fromStdString(entry.path);
            return all.join(QLatin1Char(' '));
        };
        QCOMPARE(paths("/", 1), QStringLiteral("/a"));
        QCOMPARE(paths("/a", 1), QStringLiteral("/a/b /a/first"));
        QCOMPARE(paths("/a/", 9), QStringLiteral("/a/b /a/b/c /a/b/c/deep /a/first"));
        QCOMPARE(m_tree->list("/none", 1).error().status, 404);
        QCOMPARE(m_tree->list("/a/first", 1).error().status, 400);
        QCOMPARE(m_tree->stat("/a/b/c")->mode, 0700U);
        QCOMPARE(m_tree->stat("/a")->mode, 0755U);
        QCOMPARE(m_tree->stat("/")->path, std::string("/"));
    }

    void folders()
    {
        QCOMPARE(m_tree->makeDirectory("/a/b", 0755, false).error().status, 404);
        QVERIFY(m_tree->makeDirectory("/a", 0755, false));
        QCOMPARE(m_tree->makeDirectory("/a", 0755, false).error().status, 409);
        QVERIFY(m_tree->makeDirectory("/a", 0755, true));
        QVERIFY(store("/a/file", "x"));
        QVERIFY(!m_tree->makeDirectory("/a/file", 0755, true));
        QVERIFY(!m_tree->makeDirectory("/a/file/below", 0755, true));
        QCOMPARE(m_tree->setMode("/a/file", 06755)->mode, 0755U); // nobody becomes somebody else by it
    }

    void removes()
    {
        QVERIFY(m_tree->makeDirectory("/a/b", 0755, true));
        QVERIFY(store("/a/b/file", "x"));
        QVERIFY(
            ::symlink(outside({}).toLocal8Bit().constData(), inside(QStringLiteral("a/out")).toLocal8Bit().constData())
            == 0);
        QVERIFY(m_tree->setMode("/a/b", 0));
        QVERIFY(m_tree->remove("/a"));
        QVERIFY(QDir(inside({})).isEmpty());
        QCOMPARE(read(outside(QStringLiteral("secret"))), QByteArray("of the host"));
        QCOMPARE(m_tree->remove("/a").error().status, 404);
        QCOMPARE(m_tree->remove("/").error().status, 400);
    }

    void onlyFilesAreRead()
    {
        QVERIFY(::mkfifo(inside(QStringLiteral("pipe")).toLocal8Bit().constData(), 0600) == 0);
        QCOMPARE(m_tree->openFile("/pipe").error().status, 400); // and does not wait for a writer
        QVERIFY(m_tree->stat("/pipe")->type == VolumeEntry::Type::Unknown);
        QCOMPARE(m_tree->openFile("/").error().status, 400);
    }

    void addsUp()
    {
        QCOMPARE(m_tree->use().entries, 0);
        QVERIFY(m_tree->makeDirectory("/a", 0755, true));
        QVERIFY(store("/a/big", QByteArray(1 << 20, 'x')));
        const VolumeUse use = m_tree->use();
        QCOMPARE(use.entries, 2);
        QVERIFY(use.bytes >= 1 << 20 && use.bytes < 2 << 20);
    }

    void badPaths()
    {
        QCOMPARE(m_tree->stat("").error().status, 400);
        QCOMPARE(m_tree->stat(std::string_view("/a\0b", 4)).error().status, 400);
        QCOMPARE(m_tree->stat(std::string(5000, 'x')).error().status, 400);
        QVERIFY(!m_tree->stat(std::string(300, 'x'))); // longer than a name may be
    }

    void mountPaths_data()
    {
        QTest::addColumn<QByteArray>("path");
        QTest::addColumn<QByteArray>("why");
        const QByteArray dots = "path must not contain any '.' or '..' components",
                         kept = "path belongs to the system of the sandbox";
        const auto row = [](const char *path, const QByteArray &why) {
            QTest::newRow(path) << QByteArray(path) << why;
        };
        row("/data", {});
        row("/home/user/data", {});
        row("/usrlocal", {});
        row("", "path cannot be empty");
        row("data", "path must be absolute");
        row("/a/../b", dots);
        row("/a/./b", dots);
        row("/a//b", dots);
        row("/a/", dots);
        row("/", kept);
        row("/proc", kept);
        row("/proc/self", kept);
        row("/dev/shm", kept);
        row("/usr/bin", kept);
        row("/etc", kept);
        row("/opt/sandglass", kept);
    }
    void mountPaths()
    {
        QFETCH(QByteArray, path);
        QFETCH(QByteArray, why);
        const char *given = whyNoMountPath(path.toStdString());
        QCOMPARE(QByteArray(given), why);
    }
};

QTEST_GUILESS_MAIN(TestVolumeTree)
#include "tst_volumetree.moc"
