#pragma once

#include <QObject>
#include <QProcess>
#include <QString>
#include <QStringList>
#include <QTimer>

namespace sandglass::app {

/// What a serving engine told in its ready file.
struct EngineAddress
{
    QString apiUrl;
    QString sandboxUrl;
    QString apiKeyFile;
    QString tier;        ///< its number
    QString summary;     ///< in words: "Tier 2: namespaces and overlay; memory limit is approximate"
    QStringList reasons; ///< what is missing for a better one, and the cures
};

/// Starts sandglass-engine as a child on free ports and tells what becomes of it. The engine dies with this process;
/// when the engine dies first, nothing else ends: start() brings it back.
class EngineSupervisor final : public QObject
{
    Q_OBJECT
public:
    enum class State { Stopped, Starting, Ready, Failed };
    Q_ENUM(State)

    /// `program`: path of sandglass-engine; `stateDirectory`: its --state-dir.
    EngineSupervisor(QString program, QString stateDirectory, QObject *parent = nullptr);
    ~EngineSupervisor() override;

    void start();   ///< no effect while starting or ready
    void restart(); ///< ends it if it runs, SIGKILL after 5 s, then starts it; does not wait
    void stop();    ///< SIGTERM, SIGKILL after 5 s; blocks until it is gone. For the end of the program.

    [[nodiscard]] State state() const { return m_state; }
    [[nodiscard]] const EngineAddress &address() const { return m_address; }
    /// Where it keeps its log; there is none before it was started the first time.
    [[nodiscard]] QString logFile() const;
    /// The first line of what went wrong, in the engine's words; empty unless Failed.
    [[nodiscard]] const QString &failure() const { return m_failure; }
    [[nodiscard]] qint64 processId() const { return m_process.processId(); }

Q_SIGNALS:
    void stateChanged(sandglass::app::EngineSupervisor::State state);

private:
    void setState(State state);
    void fail(const QString &reason);
    void pollReadyFile();
    void onFinished(int exitCode, QProcess::ExitStatus status);
    void keepErrorOutput();

    QString m_program;
    QString m_stateDirectory;
    QString m_readyFile;
    QProcess m_process;
    QTimer m_readyPoll;
    State m_state = State::Stopped;
    EngineAddress m_address;
    QString m_failure;
    bool m_startsAgain = false; ///< once the one that ends has ended
    QByteArray m_errorTail;     ///< last lines of its standard error
};

} // namespace sandglass::app
