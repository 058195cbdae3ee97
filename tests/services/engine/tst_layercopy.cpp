#include "services/engine/templates/layercopy.h"
#include "services/engine/templates/layerstore.h"

#include "services/core/uniquefd.h"

#include <QDir>
#include <QFile>
#include <QTemporaryDir>
#include <QTest>

#include <array>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/xattr.h>
#include <unistd.h>

using namespace sandglass;
using namespace sandglass::engine;

class TestLayerCopy final : public QObject
{
    Q_OBJECT

private:
    std::unique_ptr<QTemporaryDir> m_dir;
    std::atomic<bool> m_isCancelled = false;

    [[nodiscard]] std::string from(const char *name = "") const
    {
        return m_dir->filePath(QStringLiteral("from/")).toStdString() + name;
    }
    [[nodiscard]] std::string to(const char *name = "") const
    {
        return m_dir->filePath(QStringLiteral("to/")).toStdString() + name;
    }
    static void write(const std::string &path, const QByteArray &text)
    {
        QFile file(QString::fromStdString(path));
        QVERIFY(file.open(QIODevice::WriteOnly));
        QCOMPARE(file.write(text), text.size());
    }
    static QByteArray read(const std::string &path)
    {
        QFile file(QString::fromStdString(path));
        return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray("?");
    }
    static struct stat statusOf(const std::string &path)
    {
        struct stat status
        {};
        if (::lstat(path.c_str(), &status) != 0)
            status = {};
        return status;
    }
    Result<LayerSize> copy(LayerLimits limits = {})
    {
        const UniqueFd upper(::open(from().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        return copyLayer(upper.get(), to(), limits, m_isCancelled);
    }

private Q_SLOTS:
    void init()
    {
        m_dir = std::make_unique<QTemporaryDir>(QStringLiteral("/var/tmp/layercopy-XXXXXX")); // a disk: user xattrs
        QVERIFY(m_dir->isValid());
        QVERIFY(QDir(m_dir->path()).mkdir(QStringLiteral("from")));
        m_isCancelled = false;
    }

    void keepsWhatFilesAre()
    {
        QVERIFY(::mkdir(from("d").c_str(), 0711) == 0);
        write(from("d/plain"), "text");
        QVERIFY(::chmod(from("d/plain").c_str(), 0640) == 0);
        const std::array<timespec, 2> times{timespec{1'700'000'000, 5}, timespec{1'600'000'000, 7}};
        QVERIFY(::utimensat(AT_FDCWD, from("d/plain").c_str(), times.data(), 0) == 0);
        QVERIFY(::symlink("/etc/passwd", from("outside").c_str()) == 0);
        QVERIFY(::mkfifo(from("pipe").c_str(), 0600) == 0);
        QVERIFY(::setxattr(from("d/plain").c_str(), "user.note", "n", 1, 0) == 0);

        const auto size = copy();
        QVERIFY2(size, size ? "" : size.error().message.c_str());
        QCOMPARE(size->bytes, 4);
        QCOMPARE(size->entries, 4);
        QCOMPARE(read(to("d/plain")), QByteArray("text"));
        const struct stat plain = statusOf(to("d/plain"));
        QCOMPARE(plain.st_mode & 07777U, 0640U);
        QCOMPARE(plain.st_mtim.tv_sec, 1'600'000'000);
        QCOMPARE(plain.st_mtim.tv_nsec, 7);
        QCOMPARE(statusOf(to("d")).st_mode & 07777U, 0711U);
        QVERIFY(S_ISLNK(statusOf(to("outside")).st_mode)); // not the file it names
        QVERIFY(S_ISFIFO(statusOf(to("pipe")).st_mode));
        char value = 0;
        QCOMPARE(::getxattr(to("d/plain").c_str(), "user.note", &value, 1), 1);
        QCOMPARE(value, 'n');
    }

    void keepsWhatAnOverlayMeans()
    {
        QVERIFY(::mkdir(from("replaced").c_str(), 0755) == 0);
        if (::setxattr(from("replaced").c_str(), "user.overlay.opaque", "y", 1, 0) != 0)
            QSKIP("no user attributes here");
        QVERIFY(::setxattr(from("replaced").c_str(), "user.overlay.origin", "o", 1, 0) == 0);
        QVERIFY(::mknod(from("deleted").c_str(), S_IFCHR, makedev(0, 0)) == 0);
        const auto size = copy();
        QVERIFY2(size, size ? "" : size.error().message.c_str());
        std::array<char, 8> value{};
        QCOMPARE(::getxattr(to("replaced").c_str(), "user.overlay.opaque", value.data(), value.size()), 1);
        QCOMPARE(::getxattr(to("replaced").c_str(), "user.overlay.origin", value.data(), value.size()), -1);
        const struct stat whiteout = statusOf(to("deleted"));
        QVERIFY(S_ISCHR(whiteout.st_mode));
        QCOMPARE(whiteout.st_rdev, makedev(0, 0));
    }

    void hardLinksStayOneFile()
    {
        write(from("first"), QByteArray(100'000, 'x'));
        for (int i = 0; i < 50; ++i)
            QVERIFY(::link(from("first").c_str(), from(("l" + std::to_string(i)).c_str()).c_str()) == 0);
        const auto size = copy();
        QVERIFY(size);
        QCOMPARE(size->bytes, 100'000); // not fifty times: a disk could be filled that way
        QCOMPARE(statusOf(to("first")).st_nlink, 51U);
        QCOMPARE(statusOf(to("l49")).st_ino, statusOf(to("first")).st_ino);
    }

    void holesStayHoles()
    {
        write(from("sparse"), "begin");
        QVERIFY(::truncate(from("sparse").c_str(), 1LL << 33) == 0);
        LayerLimits limits;
        limits.bytes = 1 << 20;
        const auto size = copy(limits);
        QVERIFY2(size, size ? "" : size.error().message.c_str());
        const struct stat sparse = statusOf(to("sparse"));
        QCOMPARE(sparse.st_size, 1LL << 33);
        QVERIFY(sparse.st_blocks * 512 < 1 << 20);
    }

    void closedFilesAreCopiedAndStayClosed()
    {
        QVERIFY(::mkdir(from("closed").c_str(), 0700) == 0);
        write(from("closed/secret"), "s");
        QVERIFY(::chmod(from("closed/secret").c_str(), 0) == 0 && ::chmod(from("closed").c_str(), 0) == 0);
        QVERIFY(copy());
        QCOMPARE(statusOf(from("closed")).st_mode & 07777U, 0U);
        QCOMPARE(statusOf(to("closed")).st_mode & 07777U, 0U);
        QVERIFY(::chmod(to("closed").c_str(), 0700) == 0);
        QCOMPARE(statusOf(to("closed/secret")).st_mode & 07777U, 0U);
        QVERIFY(::chmod(from("closed").c_str(), 0700) == 0); // so that the folder can be removed
    }

    void socketsAreLeftOut()
    {
        const UniqueFd listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        from("socket").copy(address.sun_path, sizeof address.sun_path - 1);
        QVERIFY(::bind(listener.get(), reinterpret_cast<const sockaddr *>(&address), sizeof address) == 0);
        QVERIFY(copy());
        QCOMPARE(statusOf(to("socket")).st_mode, 0U);
    }

    void limits_data()
    {
        QTest::addColumn<int>("bytes");
        QTest::addColumn<int>("entries");
        QTest::addColumn<int>("depth");
        QTest::addColumn<bool>("fits");
        QTest::newRow("all fit") << 3'000 << 14 << 10 << true;
        QTest::newRow("bytes") << 2'999 << 14 << 10 << false;
        QTest::newRow("entries") << 3'000 << 12 << 10 << false;
        QTest::newRow("depth") << 3'000 << 14 << 9 << false;
    }
    void limits()
    {
        QFETCH(int, bytes);
        QFETCH(int, entries);
        QFETCH(int, depth);
        QFETCH(bool, fits);
        std::string folder = from();
        for (int i = 0; i < 10; ++i) {
            folder += "d/";
            QVERIFY(::mkdir(folder.c_str(), 0755) == 0);
        }
        for (const char *name : {"a", "b", "c"})
            write(from(name), QByteArray(1'000, 'x'));
        const auto size = copy({bytes, entries, depth});
        QCOMPARE(size.has_value(), fits);
        if (!fits)
            QCOMPARE(QByteArray::fromStdString(size.error().code), QByteArray("resource_exhausted"));
    }

    void cancelled()
    {
        write(from("a"), "x");
        m_isCancelled = true;
        const auto size = copy();
        QVERIFY(!size);
        QCOMPARE(size.error().kind, Error::Kind::Cancelled);
    }

    void storeRemovesOnlyWhatWasSaved()
    {
        const LayerStore store(m_dir->path().toStdString());
        const std::string name = store.newName();
        QVERIFY(::mkdir(store.pathOf(name).c_str(), 0700) == 0);
        QVERIFY(::mkdir((store.pathOf(name) + "/closed").c_str(), 0700) == 0);
        write(store.pathOf(name) + "/closed/f", "x");
        QVERIFY(::chmod((store.pathOf(name) + "/closed").c_str(), 0) == 0);
        QCOMPARE(store.names(), std::vector<std::string>{name}); // not "from"
        store.remove("from");
        store.remove("saved-x/../from");
        QVERIFY(S_ISDIR(statusOf(from()).st_mode));
        store.remove(name);
        QVERIFY(store.names().empty());
    }
};

QTEST_GUILESS_MAIN(TestLayerCopy)
#include "tst_layercopy.moc"
