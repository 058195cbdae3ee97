#include "tests/services/engine/base_fixture.h"
#include "tests/services/engine/tar_maker.h"

#include <QFile>
#include <QTest>

#include <sys/stat.h>

using namespace Qt::Literals::StringLiterals;

/// What templates can stand on besides this machine's system: archives, podman's images, and Debian by mmdebstrap.
class TestBases final : public QObject, private BaseFixture
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase() { QVERIFY(makeMini()); }
    void init()
    {
        m_state = std::make_unique<QTemporaryDir>(u"/var/tmp/bases-state-XXXXXX"_s);
        restart({u"--rootfs"_s, rootfs()});
        if (!m_engine->canRunSandboxes())
            QSKIP("no isolation on this machine");
    }
    void cleanup()
    {
        qputenv("PATH", m_path);
        m_engine.reset();
        m_state.reset();
    }

    void anArchiveIsABase()
    {
        const QStringList commands{
            u"root: cat /etc/canary-of-the-image > /srv/built; touch /usr/bin/own; chown 33:44 /srv/built"_s,
            u"echo $USER $HOME $(id -u) >> /srv/built"_s};
        QCOMPARE(built("one", u"mini"_s, commands), u"ready"_s);
        QVERIFY(messages(m_last).contains(u"[base] Unpacking the archive"_s));
        QCOMPARE(
            run("one", u"cat /srv/built; ls /usr/bin/own /etc/canary*; ls /usr/bin/git /usr/bin/python3 2>/dev/null"_s),
            QByteArray("imageuser /home/user 1000\n/etc/canary-of-the-image\n/usr/bin/own\n"));
        const QByteArray why = run("one", u"print(1)"_s, "python");
        QVERIFY2(why.contains("python3, which the image of this sandbox does not hold"), why);
        // Once for all templates, and for all engines.
        QCOMPARE(built("two", u"mini"_s, commands), u"ready"_s);
        QVERIFY(!messages(m_last).contains(u"Unpacking"_s) && messages(m_last).contains(u"CACHED"_s));
        QCOMPARE(systems().size(), 1);
        QCOMPARE(m_engine->terminate(), 0);
        restart({u"--rootfs"_s, rootfs()});
        QCOMPARE(built("three", u"mini"_s), u"ready"_s);
        QVERIFY(!messages(m_last).contains(u"Unpacking"_s));
        QCOMPARE(systems().size(), 1);
        QCOMPARE(built("four", {}, {}, 60'000, {{u"fromTemplate"_s, u"one"_s}}), u"ready"_s);
        QCOMPARE(run("four", u"cat /etc/canary-of-the-image"_s), QByteArray("image"));
    }

    void snapshotsStandOnIt()
    {
        QCOMPARE(built("one", u"mini"_s), u"ready"_s);
        const Created sandbox = m_engine->create(R"({"timeout":60,"templateID":"one"})");
        QCOMPARE(m_engine->api("POST", u"/sandboxes/%1/snapshots"_s.arg(sandbox.id), R"({"name":"copy"})").status, 201);
        QCOMPARE(run("copy", u"cat /etc/canary-of-the-image; ls /usr/bin/git 2>/dev/null"_s), QByteArray("image"));
    }

    void badArchives()
    {
        QFile hostile(file(u"hostile.tar"_s)), shellless(file(u"shellless.tar"_s));
        QVERIFY(hostile.open(QIODevice::WriteOnly) && shellless.open(QIODevice::WriteOnly));
        QVERIFY(hostile.write(TarMaker().folder("bin").file("../outside", "x").done()) > 0);
        QVERIFY(shellless.write(TarMaker().folder("bin").done()) > 0);
        hostile.close();
        shellless.close();
        QCOMPARE(m_engine->terminate(), 0);
        restart({u"--rootfs"_s, u"hostile="_s + hostile.fileName(), u"--rootfs"_s, u"plain="_s + shellless.fileName(),
                 u"--rootfs=gone="_s + file(u"gone.tar"_s)});
        QCOMPARE(built("x", u"hostile"_s),
                 u"error at base: the image 'hostile' cannot be used: '../outside' leads out of the archive"_s);
        QVERIFY(built("x", u"plain"_s).contains(u"it has no /bin/bash"_s));
        QVERIFY(built("x", u"gone"_s).contains(u"there is no "_s + file(u"gone.tar"_s)));
        QCOMPARE(systems(), QStringList());
        QVERIFY(!QFile::exists(m_state->filePath(u"outside"_s)));
    }

    void withoutTheTools()
    {
        QCOMPARE(m_engine->terminate(), 0);
        restartWith(u"/nonexistent"_s);
        QVERIFY(built("x", u"debian:12"_s).endsWith(u"podman or mmdebstrap for it (apt install mmdebstrap)"_s));
        QVERIFY(built("x", u"python:3.12"_s).contains(u"apt install podman"_s));
        QVERIFY(built("x", u"--all"_s).contains(u"'--all' is no reference of an image"_s));
        QVERIFY(begin("x",
                      {{u"fromImage"_s, u"a"_s},
                       {u"fromImageRegistry"_s, QJsonObject{{u"type"_s, u"aws"_s}, {u"awsRegion"_s, u"eu"_s}}}})
                    .contains(u"get-login-password"_s));
    }

    /// A program in the place of mmdebstrap that is as slow as the test needs.
    void whoAsksForTheSameWaitsAlong()
    {
        const QString gate = file(u"gate"_s);
        QCOMPARE(::mkfifo(qPrintable(gate), 0600), 0);
        const QString slow =
            program(u"mmdebstrap"_s,
                    "echo \"I: began $*\" >&2; echo x >> " + file(u"starts"_s).toLocal8Bit() + "; read line < "
                        + gate.toLocal8Bit() + "; printf 'progress 1\\rprogress 2\\n' >&2; exec cat "
                        + mini().toLocal8Bit() + "\n");
        QCOMPARE(m_engine->terminate(), 0);
        restartWith(slow);
        QCOMPARE(begin("one", {{u"fromImage"_s, u"debian:12"_s}}), u"building"_s);
        const QString one = m_last;
        QTRY_VERIFY(messages(one).contains(u"[base] I: began --variant=minbase"_s));
        QCOMPARE(begin("two", {{u"fromImage"_s, u"debian:12"_s}}), u"building"_s);
        const QString two = m_last;
        QTRY_VERIFY(messages(two).contains(u"waiting for it"_s));
        // The first leaves: the other's goes on.
        QCOMPARE(m_engine->api("DELETE", u"/templates/one"_s).status, 204);
        QTRY_COMPARE(m_engine->api("GET", one + u"/status"_s).status, 404);
        QFile open(gate);
        QVERIFY(open.open(QIODevice::WriteOnly) && open.write("go\n") > 0);
        open.close();
        QCOMPARE(outcome(two), u"ready"_s);
        QVERIFY2(messages(two).contains(u"[base] progress 2"_s) && !messages(two).contains(u"progress 1"_s),
                 qPrintable(messages(two)));
        QFile starts(file(u"starts"_s));
        QVERIFY(starts.open(QIODevice::ReadOnly));
        QCOMPARE(starts.readAll(), QByteArray("x\n"));
        QCOMPARE(built("three", u"debian:bookworm-slim"_s), u"ready"_s); // the same suite, which is there
        QCOMPARE(systems().size(), 1);
        QFile::remove(gate);
    }

    void whatFailsOrIsCancelledLeavesNothing()
    {
        const QString half = program(
            u"mmdebstrap"_s, "head -c 300000 " + mini().toLocal8Bit() + "; echo 'E: the mirror is gone' >&2; exit 3\n");
        QCOMPARE(m_engine->terminate(), 0);
        restartWith(half);
        const QString why = built("x", u"debian:12"_s);
        QVERIFY2(why.contains(u"mmdebstrap ended with exit status 3: E: the mirror is gone"_s), qPrintable(why));
        QCOMPARE(systems(), QStringList());
        // One that hears SIGTERM tidies up; its child does not keep the build waiting.
        const QByteArray note = file(u"tidied"_s).toLocal8Bit();
        const QString endless = program(u"mmdebstrap"_s,
                                        "trap 'echo tidied > " + note + "; exit 1' TERM; head -c 300000 "
                                            + mini().toLocal8Bit() + "; echo begun >&2; sleep 86391 & wait\n");
        QCOMPARE(m_engine->terminate(), 0);
        restartWith(endless);
        QCOMPARE(begin("x", {{u"fromImage"_s, u"debian:12"_s}}), u"building"_s);
        QTRY_VERIFY(messages(m_last).contains(u"begun"_s));
        QCOMPARE(systems().size(), 1);
        QCOMPARE(m_engine->api("DELETE", u"/templates/x"_s).status, 204);
        QTRY_VERIFY(QFile::exists(QString::fromLocal8Bit(note)));
        QTRY_COMPARE(systems(), QStringList());
        // An engine that is killed meanwhile: the next one removes the half of it.
        QCOMPARE(begin("y", {{u"fromImage"_s, u"debian:12"_s}}), u"building"_s);
        QTRY_COMPARE(systems().size(), 1);
        m_engine->kill();
        restart();
        QTRY_COMPARE(systems(), QStringList());
        QVERIFY(outcome(m_last).contains(u"the engine ended"_s));
    }
};

QTEST_GUILESS_MAIN(TestBases)
#include "tst_bases.moc"
