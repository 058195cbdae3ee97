#pragma once

#include "services/core/time.h"
#include "services/lifecycle/journal.h"
#include "services/lifecycle/receiver.h"
#include "tests/services/http/rawclient.h"

#include <QObject>
#include <QTemporaryDir>

#include <memory>
#include <string>
#include <string_view>

namespace sandglass::test {

inline const std::string secret = "sandglass-test-secret-0123456789abcdef";
inline const std::string oldSecret = "an-older-secret-of-the-same-receiver-01";
inline const std::string token = "token-0123456789abcdef";
inline const Timestamp today = parseRfc3339("2026-08-20T10:15:31Z").value();

[[nodiscard]] std::string eventBody(const std::string &id, const std::string &time = "2026-08-20T10:15:30.5Z");
[[nodiscard]] std::string request(std::string_view start, std::string_view headers, std::string_view body);
[[nodiscard]] std::string post(std::string_view signature, std::string_view body, std::string_view more = "");
[[nodiscard]] std::string delivery(std::string_view body, std::string_view key = secret);

/// What tests of the receiver share: a fresh journal for each, and a receiver that knows both secrets and for which it
/// is `today`.
class SignedReceiver : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void init();
    void cleanup();

protected:
    void start(lifecycle::ReceiverOptions options = {});
    [[nodiscard]] RawClient::Reply send(const std::string &bytes)
    {
        RawClient client(m_receiver->port());
        return client.send(bytes) ? client.reply() : RawClient::Reply();
    }
    [[nodiscard]] std::string path(const char *name) const
    {
        return m_dir->filePath(QString::fromLatin1(name)).toStdString();
    }

    std::unique_ptr<QTemporaryDir> m_dir;
    std::unique_ptr<lifecycle::Journal> m_journal;
    std::unique_ptr<lifecycle::Receiver> m_receiver;
};

} // namespace sandglass::test
