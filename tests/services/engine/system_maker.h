#pragma once

#include <QDir>
#include <QFile>
#include <QProcess>
#include <QSet>
#include <QStandardPaths>
#include <QStringList>

/// A small root file system of its own, made of programs of this machine and the libraries they need.
class SystemMaker
{
public:
    /// What commands, and the steps of a build, take for granted.
    [[nodiscard]] static QStringList usualPrograms()
    {
        return {QStringLiteral("bash"),  QStringLiteral("cat"),   QStringLiteral("ls"),      QStringLiteral("id"),
                QStringLiteral("mkdir"), QStringLiteral("rm"),    QStringLiteral("find"),    QStringLiteral("tar"),
                QStringLiteral("cp"),    QStringLiteral("mv"),    QStringLiteral("chown"),   QStringLiteral("chmod"),
                QStringLiteral("stat"),  QStringLiteral("touch"), QStringLiteral("dirname"), QStringLiteral("basename"),
                QStringLiteral("env"),   QStringLiteral("ln"),    QStringLiteral("sleep"),   QStringLiteral("mknod")};
    }

    explicit SystemMaker(const QString &folder) : m_folder(folder)
    {
        for (const char *name : {"usr/bin", "usr/lib", "usr/lib64", "etc", "tmp", "root"})
            QDir().mkpath(path(QString::fromLatin1(name)));
        for (const char *name : {"bin", "lib", "lib64"})
            QFile::link(QStringLiteral("usr/") + QString::fromLatin1(name), path(QString::fromLatin1(name)));
    }

    [[nodiscard]] QString path(const QString &name) const { return m_folder + u'/' + name; }
    /// False when one is missing on this machine.
    [[nodiscard]] bool add(const QStringList &programs)
    {
        for (const QString &name : programs) {
            const QString program = QStandardPaths::findExecutable(name);
            if (program.isEmpty() || !copy(program, QStringLiteral("/usr/bin/") + name) || !addLibraries(program))
                return false;
        }
        QFile::link(QStringLiteral("bash"), path(QStringLiteral("usr/bin/sh")));
        return true;
    }
    [[nodiscard]] bool write(const QString &name, const QByteArray &text) const
    {
        QFile file(path(name));
        return QDir().mkpath(QFileInfo(file).path()) && file.open(QIODevice::WriteOnly) && file.write(text) >= 0;
    }
    /// The same account as the sandboxes' owner has, where the engine was started by root.
    [[nodiscard]] bool giveTo(unsigned user) const
    {
        return run(QStringLiteral("chown"), {QStringLiteral("-hR"), QStringLiteral("%1:%1").arg(user), m_folder});
    }
    [[nodiscard]] bool pack(const QString &archive, const QStringList &more = {}) const
    {
        return run(QStringLiteral("tar"),
                   QStringList{QStringLiteral("-C"), m_folder, QStringLiteral("-cf"), archive} + more
                       + QStringList{QStringLiteral(".")});
    }
    [[nodiscard]] static bool run(const QString &program, const QStringList &arguments)
    {
        return QProcess::execute(program, arguments) == 0;
    }

private:
    [[nodiscard]] bool copy(const QString &from, const QString &to)
    {
        const QString target = m_folder + to;
        return m_copied.contains(to)
            || (QDir().mkpath(QFileInfo(target).path()) && QFile::copy(from, target) && !m_copied.insert(to)->isNull());
    }
    [[nodiscard]] bool addLibraries(const QString &program)
    {
        QProcess ldd;
        ldd.start(QStringLiteral("ldd"), {program});
        if (!ldd.waitForFinished())
            return false;
        for (const QByteArray &line : ldd.readAllStandardOutput().split('\n')) {
            for (const QByteArray &word : line.simplified().split(' ')) {
                const QString library = QString::fromLocal8Bit(word);
                const QString target =
                    library.startsWith(QStringLiteral("/usr")) ? library : QStringLiteral("/usr") + library;
                if (library.startsWith(u'/') && !copy(library, target))
                    return false;
            }
        }
        return true;
    }

    const QString m_folder;
    QSet<QString> m_copied;
};
