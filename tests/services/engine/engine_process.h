#pragma once

#include <QByteArray>
#include <QHash>
#include <QJsonDocument>
#include <QNetworkAccessManager>
#include <QProcess>
#include <QStringList>
#include <QTemporaryDir>

#include <functional>
#include <memory>
#include <sys/types.h>

/// A real sandglass-engine on free ports, and HTTP calls to it.
class EngineProcess
{
public:
    struct Answer
    {
        int status = 0; ///< 0 = none
        QByteArray body;
        QHash<QByteArray, QByteArray> headers;                         ///< names in lower case
        [[nodiscard]] QJsonValue json(const QString &name = {}) const; ///< the whole, or a member
    };
    using Headers = QList<std::pair<QByteArray, QByteArray>>;

    /// `stateDirectory` empty: one of its own that vanishes with the object.
    explicit EngineProcess(const QString &stateDirectory = {});
    ~EngineProcess();

    /// The next start is of that user, who owns the state directory from now on. Needs root.
    void runAs(uid_t user);
    /// The next start happens in a process that did this first. Between fork and exec: system calls only.
    void prepare(std::function<void()> step) { m_process.setChildProcessModifier(std::move(step)); }
    [[nodiscard]] bool start(const QStringList &more = {}); ///< until the ready file is there
    void kill();                                            ///< SIGKILL
    [[nodiscard]] int terminate();                          ///< SIGTERM; the exit status, -1 when it does not end
    [[nodiscard]] bool canRunSandboxes() const { return m_tier <= 3; }
    [[nodiscard]] qint64 pid() const { return m_process.processId(); }
    [[nodiscard]] QByteArray output() { return m_process.readAllStandardOutput() + m_process.readAllStandardError(); }

    [[nodiscard]] Answer api(const QByteArray &method, const QString &path, const QByteArray &body = {});
    [[nodiscard]] Answer apiAs(const QByteArray &key, const QByteArray &method, const QString &path);
    /// A request into the sandbox, with the routing headers and its token.
    [[nodiscard]] Answer sandbox(const QString &id, const QByteArray &token, int port, const QByteArray &method,
                                 const QString &path, const QByteArray &body = {}, Headers headers = {});
    [[nodiscard]] Answer execute(const QString &id, const QByteArray &token, const QString &code);

    struct Created
    {
        QString id;
        QByteArray token;
    };
    [[nodiscard]] Created create(const QByteArray &body = R"({"templateID":"code-interpreter-v1","timeout":120})");

    [[nodiscard]] QString stateDirectory() const { return m_state; }
    [[nodiscard]] QUrl apiUrl() const { return m_api; }
    [[nodiscard]] QByteArray key() const { return m_key; }
    [[nodiscard]] QNetworkReply *send(const QUrl &url, const QByteArray &method, const QByteArray &body,
                                      const Headers &headers);
    [[nodiscard]] static Answer wait(QNetworkReply *reply, int milliseconds = 60'000);
    [[nodiscard]] static QString program();
    [[nodiscard]] QUrl sandboxUrl() const { return m_sandboxes; }

private:
    std::unique_ptr<QTemporaryDir> m_own;
    QString m_state;
    QProcess m_process;
    QUrl m_api, m_sandboxes;
    QByteArray m_key;
    int m_tier = 6;
    QNetworkAccessManager m_network;
};

/// Values of the lines of an execution with that type and member, joined.
[[nodiscard]] QByteArray executionText(const QByteArray &ndjson, const char *type, const char *member);
