#pragma once

#include "tests/services/engine/engine_process.h"
#include "tests/services/engine/system_maker.h"

#include <QDir>
#include <QFile>
#include <QJsonArray>
#include <QJsonObject>
#include <QTest>

/// An engine that builds templates on images, and a small image to build on.
class BaseFixture
{
protected:
    using Answer = EngineProcess::Answer;
    using Created = EngineProcess::Created;

    QTemporaryDir m_files{QStringLiteral("/var/tmp/bases-XXXXXX")};
    QByteArray m_path = qgetenv("PATH");
    std::unique_ptr<QTemporaryDir> m_state;
    std::unique_ptr<EngineProcess> m_engine;
    QString m_last; ///< path of the build that was asked for last

    [[nodiscard]] QString file(const QString &name) const { return m_files.filePath(name); }
    [[nodiscard]] QString mini() const { return file(QStringLiteral("mini.tar")); }
    /// mini().
    [[nodiscard]] bool makeMini()
    {
        SystemMaker system(file(QStringLiteral("mini")));
        return m_files.isValid() && system.add(SystemMaker::usualPrograms())
            && system.write(QStringLiteral("etc/canary-of-the-image"), "image")
            && system.write(QStringLiteral("etc/passwd"),
                            "root:x:0:0:root:/root:/bin/bash\nwww-data:x:33:33::/:/bin/sh\n")
            && system.pack(mini(), {QStringLiteral("--owner=33"), QStringLiteral("--group=44")});
    }
    void restart(const QStringList &options = {})
    {
        m_engine = std::make_unique<EngineProcess>(m_state->path());
        QVERIFY(m_engine->start(options));
    }
    /// Only these programs, besides those of the engine itself.
    void restartWith(const QString &folder, const QStringList &options = {})
    {
        qputenv("PATH", folder.toLocal8Bit());
        restart(options);
        qputenv("PATH", m_path);
    }
    /// A program of that name in a folder of its own, which it gives.
    [[nodiscard]] QString program(const QString &name, const QByteArray &script)
    {
        const QString folder = file(QStringLiteral("%1-%2").arg(name).arg(QDir(m_files.path()).count()));
        QFile made(folder + u'/' + name);
        if (!QDir().mkpath(folder) || !made.open(QIODevice::WriteOnly)
            || made.write("#!/bin/bash\nexport PATH=" + m_path + "\n" + script) < 0)
            return {};
        made.setPermissions(QFile::ReadOwner | QFile::WriteOwner | QFile::ExeOwner | QFile::ReadOther
                            | QFile::ExeOther);
        return folder;
    }

    /// "building", or the answer's text where the build was refused.
    QString begin(const QByteArray &name, QJsonObject wish, const QStringList &commands = {})
    {
        QJsonArray steps;
        for (const QString &each : commands) {
            const bool asRoot = each.startsWith(QStringLiteral("root: "));
            QJsonArray arguments{asRoot ? each.mid(6) : each};
            if (asRoot)
                arguments << QStringLiteral("root");
            steps << QJsonObject{{QStringLiteral("type"), QStringLiteral("RUN")}, {QStringLiteral("args"), arguments}};
        }
        wish[QStringLiteral("steps")] = steps;
        const Answer asked = m_engine->api("POST", QStringLiteral("/v3/templates"), R"({"name":")" + name + R"("})");
        m_last = QStringLiteral("/templates/%1/builds/%2")
                     .arg(asked.json(QStringLiteral("templateID")).toString(),
                          asked.json(QStringLiteral("buildID")).toString());
        const Answer begun = m_engine->api("POST", QStringLiteral("/v2") + m_last, QJsonDocument(wish).toJson());
        return begun.status == 202 ? QStringLiteral("building") : QString::fromUtf8(begun.body);
    }
    [[nodiscard]] QString outcome(const QString &build, int milliseconds = 60'000)
    {
        QJsonObject status;
        (void)QTest::qWaitFor(
            [&] {
                status = m_engine->api("GET", build + QStringLiteral("/status")).json().toObject();
                return status[QStringLiteral("status")] != QStringLiteral("building");
            },
            milliseconds);
        const QJsonObject reason = status[QStringLiteral("reason")].toObject();
        return reason.isEmpty()
            ? status[QStringLiteral("status")].toString()
            : QStringLiteral("error at %1: %2")
                  .arg(reason[QStringLiteral("step")].toString(), reason[QStringLiteral("message")].toString());
    }
    [[nodiscard]] QString built(const QByteArray &name, const QString &image, const QStringList &commands = {},
                                int milliseconds = 60'000, QJsonObject more = {})
    {
        more[QStringLiteral("fromImage")] = image;
        const QString begun = begin(name, more, commands);
        return begun == QStringLiteral("building") ? outcome(m_last, milliseconds) : begun;
    }
    [[nodiscard]] QString messages(const QString &build)
    {
        QString all;
        for (const QJsonValue &each : m_engine->api("GET", build + QStringLiteral("/status?limit=100"))
                                          .json(QStringLiteral("logEntries"))
                                          .toArray())
            all += each[QStringLiteral("message")].toString() + u'\n';
        return all;
    }
    [[nodiscard]] QByteArray run(const QByteArray &from, const QString &code, const QByteArray &language = "bash")
    {
        const Created sandbox = m_engine->create(R"({"timeout":60,"templateID":")" + from + R"("})");
        const QByteArray body = QJsonDocument(QJsonObject{{QStringLiteral("code"), code},
                                                          {QStringLiteral("language"), QString::fromLatin1(language)}})
                                    .toJson(QJsonDocument::Compact);
        const Answer answer =
            m_engine->sandbox(sandbox.id, sandbox.token, 49999, "POST", QStringLiteral("/execute"), body);
        (void)m_engine->api("DELETE", QStringLiteral("/sandboxes/") + sandbox.id);
        return answer.status == 200 ? executionText(answer.body, "stdout", "text") : answer.body;
    }
    [[nodiscard]] QStringList systems() const
    {
        return QDir(m_state->filePath(QStringLiteral("layers"))).entryList({QStringLiteral("image-*")}, QDir::Dirs);
    }
    [[nodiscard]] QString rootfs() const { return QStringLiteral("mini=") + mini(); }
};
