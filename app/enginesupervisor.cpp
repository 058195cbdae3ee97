#include "app/enginesupervisor.h"

#include <QDir>
#include <QFile>
#include <QFileInfo>
#include <QJsonDocument>
#include <QJsonObject>
#include <QLoggingCategory>

#include <chrono>

using namespace std::chrono_literals;
using namespace Qt::Literals::StringLiterals;

namespace sandglass::app {

namespace {

Q_LOGGING_CATEGORY(logEngine, "sandglass.engine")

constexpr qsizetype errorTailLimit = 8 * 1024;
constexpr int startLimitMs = 20'000;
constexpr int stopLimitMs = 5'000;

} // namespace

EngineSupervisor::EngineSupervisor(QString program, QString stateDirectory, QObject *parent)
    : QObject(parent)
    , m_program(std::move(program))
    , m_stateDirectory(std::move(stateDirectory))
    , m_readyFile(m_stateDirectory + u"/ready.json"_s)
{
    m_process.setStandardOutputFile(QProcess::nullDevice());
    connect(&m_process, &QProcess::readyReadStandardError, this, &EngineSupervisor::keepErrorOutput);
    connect(&m_process, &QProcess::finished, this, &EngineSupervisor::onFinished);
    connect(&m_process, &QProcess::errorOccurred, this, [this](QProcess::ProcessError error) {
        if (error == QProcess::FailedToStart)
            fail(u"%1 cannot be started: %2"_s.arg(m_program, m_process.errorString()));
    });
    m_readyPoll.setInterval(10ms);
    connect(&m_readyPoll, &QTimer::timeout, this, &EngineSupervisor::pollReadyFile);
}

EngineSupervisor::~EngineSupervisor()
{
    disconnect(&m_process, nullptr, this, nullptr);
    stop();
}

void EngineSupervisor::start()
{
    if (m_state == State::Starting || m_state == State::Ready)
        return;
    if (!QDir().mkpath(m_stateDirectory))
        return fail(u"the folder %1 cannot be made"_s.arg(m_stateDirectory));
    QFile::remove(m_readyFile);
    m_errorTail.clear();
    m_failure.clear();
    setState(State::Starting);
    m_process.start(m_program,
                    {u"--state-dir"_s, m_stateDirectory, u"--api-port"_s, u"0"_s, u"--sandbox-port"_s, u"0"_s,
                     u"--ready-file"_s, m_readyFile, u"--log-dir"_s, QFileInfo(logFile()).path(),
                     u"--die-with-parent"_s});
    m_readyPoll.start();
    QTimer::singleShot(startLimitMs, this, [this, pid = m_process.processId()] {
        if (m_state == State::Starting && m_process.processId() == pid) {
            m_process.kill();
            fail(u"the engine did not become ready within %1 s"_s.arg(startLimitMs / 1000));
        }
    });
}

QString EngineSupervisor::logFile() const
{
    return m_stateDirectory + u"/log/engine.jsonl"_s;
}

void EngineSupervisor::restart()
{
    if (m_process.state() == QProcess::NotRunning)
        return start();
    m_readyPoll.stop();
    m_startsAgain = true;
    setState(State::Starting);
    m_process.terminate();
    QTimer::singleShot(stopLimitMs, this, [this, pid = m_process.processId()] {
        if (m_startsAgain && m_process.processId() == pid)
            m_process.kill();
    });
}

void EngineSupervisor::stop()
{
    m_readyPoll.stop();
    m_startsAgain = false;
    if (m_process.state() != QProcess::NotRunning) {
        m_process.terminate();
        if (!m_process.waitForFinished(stopLimitMs)) {
            m_process.kill();
            m_process.waitForFinished(stopLimitMs);
        }
    }
    m_state = State::Stopped;
}

void EngineSupervisor::setState(State state)
{
    if (m_state == state)
        return;
    m_state = state;
    Q_EMIT stateChanged(state);
}

void EngineSupervisor::fail(const QString &reason)
{
    m_readyPoll.stop();
    m_failure = reason;
    setState(State::Failed);
}

void EngineSupervisor::pollReadyFile()
{
    QFile file(m_readyFile);
    if (!file.open(QIODevice::ReadOnly))
        return;
    // The engine renames the finished file into place, so what can be opened is complete.
    const QJsonObject ready = QJsonDocument::fromJson(file.readAll()).object();
    if (ready.isEmpty())
        return;
    m_readyPoll.stop();
    m_address = {ready.value("api_url"_L1).toString(),      ready.value("sandbox_url"_L1).toString(),
                 ready.value("api_key_file"_L1).toString(), ready.value("tier"_L1).toVariant().toString(),
                 ready.value("tier_summary"_L1).toString(), ready.value("tier_reasons"_L1).toVariant().toStringList()};
    setState(State::Ready);
}

void EngineSupervisor::onFinished(int exitCode, QProcess::ExitStatus status)
{
    keepErrorOutput();
    if (std::exchange(m_startsAgain, false)) {
        m_state = State::Stopped;
        return start();
    }
    if (m_state == State::Stopped || m_state == State::Failed)
        return;
    const QString said = QString::fromUtf8(m_errorTail).trimmed().section(u'\n', -1);
    if (!said.isEmpty() && status == QProcess::NormalExit)
        return fail(said);
    fail(status == QProcess::CrashExit ? u"the engine was ended by a signal"_s
                                       : u"the engine ended with status %1"_s.arg(exitCode));
}

void EngineSupervisor::keepErrorOutput()
{
    const QByteArray said = m_process.readAllStandardError();
    for (const QByteArray &line : said.split('\n')) {
        if (!line.trimmed().isEmpty())
            qCInfo(logEngine, "%s", line.trimmed().constData());
    }
    m_errorTail += said;
    if (m_errorTail.size() > errorTailLimit)
        m_errorTail.remove(0, m_errorTail.size() - errorTailLimit);
}

} // namespace sandglass::app
