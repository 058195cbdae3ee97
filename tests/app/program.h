#pragma once

#include "services/core/json.h"

#include <QFile>
#include <QProcess>
#include <QTest>

#include <csignal>

namespace sandglass::test {

/// A program of ours that writes a ready file; killed with the object.
class Program final
{
public:
    Program(const QString &name, QStringList arguments, const QString &readyFile,
            const QProcessEnvironment &environment)
        : m_readyFile(readyFile)
    {
        QFile::remove(readyFile);
        m_process.setProcessEnvironment(environment);
        m_process.setProcessChannelMode(QProcess::ForwardedChannels);
        m_process.start(qEnvironmentVariable("SANDGLASS_BIN_DIR") + u'/' + name,
                        arguments << QStringLiteral("--ready-file") << readyFile);
    }
    ~Program() { kill(); }
    Program(const Program &) = delete;
    Program &operator=(const Program &) = delete;

    /// What it wrote once it serves; null when it never did.
    [[nodiscard]] Json ready()
    {
        Json answer;
        (void)QTest::qWaitFor(
            [&] {
                QFile file(m_readyFile);
                if (!file.open(QIODevice::ReadOnly))
                    return false;
                const auto parsed = parseJson(file.readAll().toStdString());
                answer = parsed ? *parsed : Json();
                return parsed.has_value();
            },
            30'000);
        return answer;
    }
    void send(int number) const { ::kill(static_cast<pid_t>(m_process.processId()), number); }
    void kill()
    {
        if (m_process.state() != QProcess::NotRunning)
            send(SIGKILL);
        m_process.waitForFinished();
    }
    /// After a wish to end: the exit code; -1 when it does not end, or by a signal.
    [[nodiscard]] int exitCode()
    {
        const bool isOver = m_process.state() == QProcess::NotRunning || m_process.waitForFinished(30'000);
        return isOver && m_process.exitStatus() == QProcess::NormalExit ? m_process.exitCode() : -1;
    }

private:
    QString m_readyFile;
    QProcess m_process;
};

} // namespace sandglass::test
