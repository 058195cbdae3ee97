#include "tests/services/engine/broker_fixture.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace sandglass;
using namespace sandglass::engine;
using namespace sandglass::engine::test;

class TestSandboxdFiles final : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void initTestCase();
    void cleanupTestCase() { m_sandbox.reset(); }
    void writesAndReads();
    void describesEntries_data();
    void describesEntries();
    void listsInOrder();
    void listsThousands();
    void refuses_data();
    void refuses();
    void makesMovesAndRemoves();
    void removesABigTreeWhileServing();

private:
    Result<FileEntry> stat(const std::string &path)
    {
        return m_fixture.wait<FileEntry>([&](auto then) { m_sandbox->stat(path, "user", std::move(then)); });
    }
    Result<UniqueFd> open(const std::string &path, bool write)
    {
        return m_fixture.wait<UniqueFd>([&](auto then) { m_sandbox->openFile(path, "user", write, std::move(then)); });
    }
    Result<std::vector<FileEntry>> list(const std::string &path, int depth)
    {
        return m_fixture.wait<std::vector<FileEntry>>(
            [&](auto then) { m_sandbox->listDirectory(path, "user", depth, std::move(then)); });
    }
    Result<FileEntry> makeDirectory(const std::string &path)
    {
        return m_fixture.wait<FileEntry>([&](auto then) { m_sandbox->makeDirectory(path, "user", std::move(then)); });
    }
    Result<FileEntry> move(const std::string &from, const std::string &to)
    {
        return m_fixture.wait<FileEntry>([&](auto then) { m_sandbox->move(from, to, "user", std::move(then)); });
    }
    Result<> remove(const std::string &path)
    {
        return m_fixture.wait<void>([&](auto then) { m_sandbox->remove(path, "user", std::move(then)); });
    }

    Fixture m_fixture;
    std::shared_ptr<Sandbox> m_sandbox;
};

void TestSandboxdFiles::initTestCase()
{
    START_OR_SKIP(m_fixture);
    m_sandbox = m_fixture.launch();
    QVERIFY(m_sandbox);
    const auto made = m_fixture.run(*m_sandbox,
                                    "mkdir -p tree/b/deep && cd tree && echo hello > a.txt && chmod 640 a.txt && "
                                    "ln -s a.txt link && ln -s /nowhere dangling && ln -s b dirlink && "
                                    "mkfifo pipe && touch b/deep/x b/c && chmod 4755 b/c");
    QCOMPARE(made.status.code, 0);
}

void TestSandboxdFiles::writesAndReads()
{
    auto file = open("new/parents/file.bin", true);
    QVERIFY(file);
    QCOMPARE(::write(file->get(), "content", 7), ssize_t{7});
    auto again = open("/home/user/new/parents/../parents/file.bin", false);
    QVERIFY(again);
    QCOMPARE(m_fixture.readUntil(again->get()), std::string("content"));
    QVERIFY(open("~/new/parents/file.bin", true)); // truncates
    QCOMPARE(stat("new/parents/file.bin")->size, std::int64_t{0});
    QCOMPARE(m_fixture.run(*m_sandbox, "stat -c '%U %a' new/parents/file.bin").out, std::string("user 644\n"));
}

void TestSandboxdFiles::describesEntries_data()
{
    QTest::addColumn<QString>("path");
    QTest::addColumn<int>("type");
    QTest::addColumn<QString>("permissions");
    QTest::addColumn<QString>("target");
    const auto type = [](FileEntry::Type value) { return static_cast<int>(value); };
    QTest::newRow("file") << "tree/a.txt" << type(FileEntry::Type::File) << "-rw-r-----" << QString();
    QTest::newRow("directory") << "tree" << type(FileEntry::Type::Directory) << "drwxr-xr-x" << QString();
    QTest::newRow("link to a file") << "tree/link" << type(FileEntry::Type::File) << "Lrwxrwxrwx"
                                    << "/home/user/tree/a.txt";
    QTest::newRow("link to a directory") << "tree/dirlink" << type(FileEntry::Type::Directory) << "Lrwxrwxrwx"
                                         << "/home/user/tree/b";
    QTest::newRow("dangling link") << "tree/dangling" << type(FileEntry::Type::Symlink) << "Lrwxrwxrwx"
                                   << "/nowhere";
    QTest::newRow("set user id") << "tree/b/c" << type(FileEntry::Type::File) << "urwxr-xr-x" << QString();
    QTest::newRow("sticky") << "/tmp" << type(FileEntry::Type::Directory) << "dtrwxrwxrwx" << QString();
    QTest::newRow("device") << "/dev/null" << type(FileEntry::Type::Unknown) << "Dcrw-rw-rw-" << QString();
    QTest::newRow("pipe") << "tree/pipe" << type(FileEntry::Type::Unknown) << "prw-r--r--" << QString();
    QTest::newRow("root") << "/" << type(FileEntry::Type::Directory) << "drwxr-xr-x" << QString();
}

void TestSandboxdFiles::describesEntries()
{
    QFETCH(QString, path);
    QFETCH(QString, target);
    const auto entry = stat(path.toStdString());
    QVERIFY(entry);
    QTEST(static_cast<int>(entry->type), "type");
    QTEST(QString::fromStdString(entry->permissions), "permissions");
    QCOMPARE(QString::fromStdString(entry->symlinkTarget.value_or("")), target);
    QVERIFY(entry->path.starts_with('/') && entry->modifiedUnixNs > 0);
}

void TestSandboxdFiles::listsInOrder()
{
    const auto names = [](const Result<std::vector<FileEntry>> &entries) {
        std::string text;
        for (const FileEntry &entry : entries.value_or(std::vector<FileEntry>{}))
            text += entry.path.substr(std::string("/home/user/tree/").size()) + " ";
        return text;
    };
    QCOMPARE(names(list("tree", 0)), std::string("a.txt b dangling dirlink link pipe "));
    QCOMPARE(names(list("tree", 2)), std::string("a.txt b b/c b/deep dangling dirlink link pipe "));
    QCOMPARE(names(list("tree", 9)), std::string("a.txt b b/c b/deep b/deep/x dangling dirlink link pipe "));
    QCOMPARE(list("tree/dirlink", 1)->size(), std::size_t{2});
}

void TestSandboxdFiles::listsThousands()
{
    QCOMPARE(m_fixture
                 .run(*m_sandbox,
                      "mkdir many && cd many && for i in $(seq 3000); do : > $i-$(printf 'n%.0s' {1..150}); done")
                 .status.code,
             0);
    const auto entries = list("many", 1);
    QVERIFY(entries);
    QCOMPARE(entries->size(), std::size_t{3000});
}

void TestSandboxdFiles::refuses_data()
{
    QTest::addColumn<QString>("operation");
    QTest::addColumn<QString>("path");
    QTest::addColumn<QString>("code");
    QTest::newRow("stat missing") << "stat"
                                  << "nothing"
                                  << "not_found";
    QTest::newRow("read missing") << "read"
                                  << "nothing"
                                  << "not_found";
    QTest::newRow("read a directory") << "read"
                                      << "tree"
                                      << "invalid_argument";
    QTest::newRow("read a pipe") << "read"
                                 << "tree/pipe"
                                 << "invalid_argument";
    QTest::newRow("read a device") << "read"
                                   << "/dev/zero"
                                   << "invalid_argument";
    QTest::newRow("write a pipe") << "write"
                                  << "tree/pipe"
                                  << "invalid_argument";
    QTest::newRow("write a program") << "write"
                                     << "/usr/bin/bash"
                                     << "permission_denied";
    QTest::newRow("write below a file") << "write"
                                        << "tree/a.txt/x"
                                        << "invalid_argument";
    QTest::newRow("list a file") << "list"
                                 << "tree/a.txt"
                                 << "invalid_argument";
    QTest::newRow("list missing") << "list"
                                  << "nothing"
                                  << "not_found";
    QTest::newRow("make a directory again") << "mkdir"
                                            << "tree"
                                            << "already_exists";
    QTest::newRow("make a directory over a file") << "mkdir"
                                                  << "tree/a.txt"
                                                  << "invalid_argument";
    QTest::newRow("read a secret of the host") << "read"
                                               << "/etc/shadow"
                                               << "not_found";
    QTest::newRow("climb out") << "read"
                               << "../../../../etc/shadow"
                               << "not_found";
    for (const char *operation : {"stat", "read", "write", "list", "mkdir"})
        QTest::addRow("%s with a NUL", operation)
            << operation << QString(QStringLiteral("tree/a.txt") + QChar(0)) << "invalid_argument";
    QTest::newRow("a name of 5000 letters") << "stat" << QString(5000, u'n') << "invalid_argument";
}

void TestSandboxdFiles::refuses()
{
    QFETCH(QString, operation);
    QFETCH(QString, path);
    const std::string at = path.toStdString();
    std::string code = "none";
    const auto keep = [&code](const auto &result) {
        if (!result)
            code = result.error().code;
    };
    if (operation == u"stat")
        keep(stat(at));
    else if (operation == u"read" || operation == u"write")
        keep(open(at, operation == u"write"));
    else if (operation == u"list")
        keep(list(at, 1));
    else
        keep(makeDirectory(at));
    QTEST(QString::fromStdString(code), "code");
}

void TestSandboxdFiles::makesMovesAndRemoves()
{
    const auto made = makeDirectory("fresh/inner");
    QVERIFY(made);
    QCOMPARE(made->path, std::string("/home/user/fresh/inner"));
    QVERIFY(open("fresh/inner/one", true));
    QVERIFY(open("fresh/two", true));
    const auto moved = move("fresh/inner/one", "other/place/two");
    QVERIFY(moved);
    QCOMPARE(moved->name, std::string("two"));
    QVERIFY(move("fresh/two", "other/place/two")); // replaces
    QCOMPARE(move("fresh/two", "x").error().code, std::string("not_found"));
    QVERIFY(move("/srv", "/home/user/srv")); // a directory of a template layer
    QCOMPARE(stat("/srv").error().code, std::string("not_found"));
    QVERIFY(remove("fresh"));
    QVERIFY(remove("fresh"));
    QCOMPARE(stat("fresh").error().code, std::string("not_found"));
}

void TestSandboxdFiles::removesABigTreeWhileServing()
{
    QCOMPARE(m_fixture.run(*m_sandbox, "mkdir -p big/{1..40}/{1..40} && touch big/{1..40}/{1..40}/{1..4}").status.code,
             0);
    bool removed = false;
    m_sandbox->remove("big", "user", [&removed](Result<> result) { removed = result.has_value(); });
    QVERIFY(stat("tree/a.txt"));
    QVERIFY(m_fixture.waitFor([&removed] { return removed; }));
    QCOMPARE(stat("big").error().code, std::string("not_found"));
}

QTEST_GUILESS_MAIN(TestSandboxdFiles)
#include "tst_sandboxd_files.moc"
