#include "tests/services/engine/engine_process.h"

#include <QEventLoop>
#include <QFile>
#include <QJsonArray>
#include <QJsonObject>
#include <QNetworkReply>
#include <QTest>
#include <QTimer>

#include <grp.h>
#include <unistd.h>

EngineProcess::EngineProcess(const QString &stateDirectory) : m_state(stateDirectory)
{
    if (m_state.isEmpty()) {
        m_own = std::make_unique<QTemporaryDir>();
        m_state = m_own->path();
    }
}

EngineProcess::~EngineProcess()
{
    if (m_process.state() != QProcess::NotRunning)
        (void)terminate();
}

QString EngineProcess::program()
{
    return qEnvironmentVariable("SANDGLASS_BIN_DIR") + QStringLiteral("/sandglass-engine");
}

void EngineProcess::runAs(uid_t user)
{
    if (::chown(m_state.toLocal8Bit().constData(), user, user) != 0)
        qWarning("the state directory cannot be given away");
    m_process.setChildProcessModifier([user] {
        if (::setgroups(0, nullptr) != 0 || ::setresgid(user, user, user) != 0 || ::setresuid(user, user, user) != 0)
            ::_exit(126);
    });
}

bool EngineProcess::start(const QStringList &more)
{
    const QString ready = m_state + QStringLiteral("/ready.json");
    QFile::remove(ready);
    m_process.start(program(),
                    QStringList{QStringLiteral("--state-dir"), m_state, QStringLiteral("--api-port"),
                                QStringLiteral("0"), QStringLiteral("--sandbox-port"), QStringLiteral("0"),
                                QStringLiteral("--ready-file"), ready, QStringLiteral("--die-with-parent")}
                        + more);
    const bool served =
        QTest::qWaitFor([&] { return QFile::exists(ready) || m_process.state() == QProcess::NotRunning; }, 20'000);
    QFile file(ready);
    if (!served || !file.open(QIODevice::ReadOnly)) {
        qWarning() << "the engine does not serve:" << output();
        return false;
    }
    const QJsonObject info = QJsonDocument::fromJson(file.readAll()).object();
    m_api = QUrl(info[QStringLiteral("api_url")].toString());
    m_sandboxes = QUrl(info[QStringLiteral("sandbox_url")].toString());
    m_tier = info[QStringLiteral("tier")].toInt();
    QFile key(info[QStringLiteral("api_key_file")].toString());
    if (key.open(QIODevice::ReadOnly))
        m_key = key.readAll().trimmed();
    return !m_key.isEmpty();
}

void EngineProcess::kill()
{
    m_process.kill();
    m_process.waitForFinished(10'000);
}

int EngineProcess::terminate()
{
    m_process.terminate();
    if (!QTest::qWaitFor([&] { return m_process.state() == QProcess::NotRunning; }, 15'000)) {
        kill();
        return -1;
    }
    return m_process.exitStatus() == QProcess::NormalExit ? m_process.exitCode() : -1;
}

QNetworkReply *EngineProcess::send(const QUrl &url, const QByteArray &method, const QByteArray &body,
                                   const Headers &headers)
{
    QNetworkRequest request(url);
    for (const auto &[name, value] : headers)
        request.setRawHeader(name, value);
    if (!body.isEmpty() && !request.hasRawHeader("Content-Type"))
        request.setRawHeader("Content-Type", "application/json");
    return m_network.sendCustomRequest(request, method, body);
}

EngineProcess::Answer EngineProcess::wait(QNetworkReply *reply, int milliseconds)
{
    const std::unique_ptr<QNetworkReply> owned(reply);
    (void)QTest::qWaitFor([&] { return reply->isFinished(); }, milliseconds);
    Answer answer;
    answer.status = reply->attribute(QNetworkRequest::HttpStatusCodeAttribute).toInt();
    answer.body = reply->readAll();
    for (const auto &[name, value] : reply->rawHeaderPairs())
        answer.headers.insert(name.toLower(), value);
    return answer;
}

EngineProcess::Answer EngineProcess::api(const QByteArray &method, const QString &path, const QByteArray &body)
{
    return wait(send(QUrl(m_api.toString() + path), method, body, {{"X-API-KEY", m_key}}));
}

EngineProcess::Answer EngineProcess::apiAs(const QByteArray &key, const QByteArray &method, const QString &path)
{
    return wait(
        send(QUrl(m_api.toString() + path), method, {}, key.isNull() ? Headers{} : Headers{{"X-API-KEY", key}}));
}

EngineProcess::Answer EngineProcess::sandbox(const QString &id, const QByteArray &token, int port,
                                             const QByteArray &method, const QString &path, const QByteArray &body,
                                             Headers headers)
{
    headers += {{"E2b-Sandbox-Id", id.toLatin1()}, {"E2b-Sandbox-Port", QByteArray::number(port)}};
    if (!token.isEmpty())
        headers += {{"X-Access-Token", token}};
    return wait(send(QUrl(m_sandboxes.toString() + path), method, body, headers));
}

EngineProcess::Answer EngineProcess::execute(const QString &id, const QByteArray &token, const QString &code)
{
    const QByteArray body = QJsonDocument(QJsonObject{{QStringLiteral("code"), code}}).toJson(QJsonDocument::Compact);
    return sandbox(id, token, 49999, "POST", QStringLiteral("/execute"), body);
}

EngineProcess::Created EngineProcess::create(const QByteArray &body)
{
    const Answer answer = api("POST", QStringLiteral("/sandboxes"), body);
    if (answer.status != 201)
        qWarning() << "create:" << answer.status << answer.body;
    return {answer.json(QStringLiteral("sandboxID")).toString(),
            answer.json(QStringLiteral("envdAccessToken")).toString().toLatin1()};
}

QJsonValue EngineProcess::Answer::json(const QString &name) const
{
    const QJsonDocument document = QJsonDocument::fromJson(body);
    if (!name.isEmpty())
        return document.object().value(name);
    return document.isArray() ? QJsonValue(document.array()) : QJsonValue(document.object());
}

QByteArray executionText(const QByteArray &ndjson, const char *type, const char *member)
{
    QByteArray text;
    for (const QByteArray &line : ndjson.split('\n')) {
        const QJsonObject object = QJsonDocument::fromJson(line).object();
        if (object[QStringLiteral("type")].toString() == QLatin1StringView(type))
            text += object[QLatin1StringView(member)].toString().toUtf8();
    }
    return text;
}
