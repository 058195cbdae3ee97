// The list of a sandbox's files: read, kept and compared.

#include "services/e2b/filelist.h"

#include <QTest>

using namespace sandglass;
using namespace sandglass::e2b;
using namespace Qt::Literals::StringLiterals;
using Type = ListedFile::Type;

namespace {

ListedFile file(const std::string &path, std::int64_t size = 1, std::int64_t ns = 5, Type type = Type::File)
{
    return {path, type, size, fromUnixNs(ns), {}};
}

using Paths = std::vector<std::string>;

} // namespace

class TestFileList final : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void readsWhatEnvdTells()
    {
        const auto list = decodeFileList(*parseJson(R"({"entries":[
            {"name":"b","type":"FILE_TYPE_FILE","path":"/home/user/b","size":"12","modifiedTime":"2026-08-20T10:00:00.5Z"},
            {"name":"a","type":"FILE_TYPE_DIRECTORY","path":"/home/user/a","size":4096,"new":{}},
            {"name":"l","type":"FILE_TYPE_SYMLINK","path":"/home/user/l","symlinkTarget":"/x"}]})"));
        QVERIFY2(list, list ? "" : list.error().message.c_str());
        QCOMPARE(list->files.size(), std::size_t(3));
        QCOMPARE(list->files[0].path, "/home/user/a"); // sorted
        QVERIFY(list->files[0].type == Type::Directory && list->files[0].size == 4096);
        QVERIFY(list->files[1].size == 12 && list->files[1].modified == parseRfc3339("2026-08-20T10:00:00.5Z"));
        QCOMPARE(list->files[2].linkTarget, "/x");
        QVERIFY(!list->isCut);
        QVERIFY(decodeFileList(Json::object())->files.empty()); // an empty home
    }

    void refuses_data()
    {
        QTest::addColumn<QByteArray>("text");
        QTest::newRow("list") << QByteArray("[]");
        QTest::newRow("null") << QByteArray("null");
        QTest::newRow("entries are text") << QByteArray(R"({"entries":"x"})");
        QTest::newRow("entry is text") << QByteArray(R"({"entries":["x"]})");
        QTest::newRow("no path") << QByteArray(R"({"entries":[{"size":"1"}]})");
        QTest::newRow("size is a word") << QByteArray(R"({"entries":[{"path":"a","size":"1x"}]})");
        QTest::newRow("size is huge") << QByteArray(R"({"entries":[{"path":"a","size":"99999999999999999999"}]})");
        QTest::newRow("time is a word") << QByteArray(R"({"entries":[{"path":"a","modifiedTime":"x"}]})");
    }
    void refuses()
    {
        QFETCH(QByteArray, text);
        QVERIFY(!decodeFileList(*parseJson(text.toStdString())));
    }

    void cutAtItsLimits()
    {
        Json entries = Json::array();
        for (int i = 0; i < 6'000; ++i)
            entries.push_back({{"path", "/home/user/" + std::to_string(i)}});
        const auto many = decodeFileList({{"entries", entries}});
        QVERIFY(many && many->isCut);
        QCOMPARE(many->files.size(), FileList::mostFiles);
        entries = Json::array();
        for (int i = 0; i < 100; ++i)
            entries.push_back({{"path", std::string(20'000, 'x') + std::to_string(i)}});
        const auto wide = decodeFileList({{"entries", entries}});
        QVERIFY(wide && wide->isCut && wide->files.size() == 52);
    }

    void keptAsItWas()
    {
        FileList list{{file("a"), file("d", 0, 7, Type::Directory), file("l", 3, -1, Type::Other)}, true};
        list.files[2].linkTarget = "/x";
        list.files[0].modified.reset();
        const auto back = fileListFrom(*parseJson(dumpJson(toJson(list))));
        QVERIFY(back && *back == list);
        for (const char *bad : {"{}", R"({"files":1})", R"({"files":[1]})", R"({"files":[["a",0,1]]})",
                                R"({"files":[["a",0,"1",2]]})", R"({"files":[["a",0,1,2,3]]})"})
            QVERIFY2(!fileListFrom(*parseJson(bad)), bad);
    }

    void differences()
    {
        const FileList before{{file("a"), file("b"), file("c", 3), file("d", 1, 5, Type::Directory), file("e")}, false};
        FileList after = before;
        FileDifference difference = compareFiles(before, after);
        QVERIFY(difference.isNone() && difference.same == 4);
        after.files = {file("a"), file("c", 4), file("d", 9, 9, Type::Directory), file("e", 1, 6), file("f")};
        difference = compareFiles(before, after);
        QCOMPARE(difference.removed, Paths{"b"});
        QCOMPARE(difference.changed, (Paths{"c", "e"}));
        QCOMPARE(difference.added, Paths{"f"});
        QCOMPARE(difference.same, std::size_t(1));
        QCOMPARE(compareFiles(before, {}).removed.size(), std::size_t(5));
        QCOMPARE(compareFiles({}, before).added.size(), std::size_t(5));
        after = before;
        after.files[0].type = Type::Directory; // a folder in its place
        QCOMPARE(compareFiles(before, after).changed, Paths{"a"});
    }

    void whatWasCutIsNotLost()
    {
        const FileList before{{file("a"), file("b"), file("c")}, false};
        const FileList after{{file("a"), file("aa"), file("b")}, true};
        const FileDifference difference = compareFiles(before, after);
        QVERIFY(difference.isPartial && difference.removed.empty() && difference.added == Paths{"aa"});
        QVERIFY(compareFiles(after, before).added.empty());
    }
};

QTEST_GUILESS_MAIN(TestFileList)
#include "tst_filelist.moc"
