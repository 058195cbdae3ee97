#include "app/receiversecrets.h"

#include "services/core/ids.h"
#include "services/core/json.h"
#include "services/core/keystore.h"
#include "services/core/qtstring.h"

#include <algorithm>
#include <utility>

namespace sandglass::app {

namespace {

constexpr const char *currentName = "webhook-secret";
constexpr const char *beforeName = "webhook-secrets-before";
constexpr std::chrono::milliseconds timerSlack{50};

} // namespace

ReceiverSecrets::ReceiverSecrets(KeyStore &keys, const QByteArray &given, Clock clock, QObject *parent)
    : QObject(parent)
    , m_keys(keys)
    , m_given(given.toStdString())
    , m_isGiven(!given.isEmpty())
    , m_clock(std::move(clock))
{
    m_end.setSingleShot(true);
    connect(&m_end, &QTimer::timeout, this, [this] {
        planEnd();
        Q_EMIT changed();
    });
}

void ReceiverSecrets::open()
{
    if (m_isGiven) {
        if (m_given.size() < minimumLength)
            return Q_EMIT failed(
                tr("SANDGLASS_WEBHOOK_SECRET is shorter than %n characters", nullptr, static_cast<int>(minimumLength)));
        m_current = m_given;
        return Q_EMIT opened();
    }
    m_keys.read(currentName, [this](Result<std::optional<std::string>> answer) {
        if (answer && *answer && (*answer)->size() >= minimumLength) {
            m_current = **answer;
            return readBefore();
        }
        m_current = newWebhookSecret();
        if (answer)
            keep();
        else // one may be there, and webhooks signed with it
            Q_EMIT notKept(answer.error());
        Q_EMIT opened();
    });
}

void ReceiverSecrets::readBefore()
{
    m_keys.read(beforeName, [this](const Result<std::optional<std::string>> &answer) {
        const auto rows = answer && *answer ? parseJson(**answer) : Result<Json>(Json::array());
        if (rows && rows->is_array()) {
            for (const Json &row : *rows) {
                const std::string value = stringOr(row, "secret");
                if (value.size() >= minimumLength && m_before.size() < mostBefore)
                    m_before.push_back({value, fromUnixMs(intOr(row, "until_ms", 0))});
            }
        }
        planEnd();
        Q_EMIT opened();
    });
}

QString ReceiverSecrets::current() const
{
    return toQString(m_current);
}

std::optional<Timestamp> ReceiverSecrets::acceptedUntil() const
{
    if (m_before.empty() || m_before.front().until <= m_clock())
        return std::nullopt;
    return m_before.front().until;
}

std::vector<lifecycle::SigningSecret> ReceiverSecrets::all() const
{
    std::vector<lifecycle::SigningSecret> secrets{{"current", m_current, true}};
    const Timestamp now = m_clock();
    for (const Before &before : m_before)
        secrets.push_back({"a secret before", before.value, before.until > now});
    return secrets;
}

void ReceiverSecrets::rotate()
{
    if (m_isGiven || m_current.empty())
        return;
    m_before.insert(m_before.begin(), {std::exchange(m_current, newWebhookSecret()), m_clock() + overlap});
    if (m_before.size() > mostBefore)
        m_before.resize(mostBefore);
    keep();
    planEnd();
    Q_EMIT changed();
}

void ReceiverSecrets::endOverlap()
{
    const Timestamp now = m_clock();
    for (Before &before : m_before)
        before.until = std::min(before.until, now);
    keep();
    planEnd();
    Q_EMIT changed();
}

void ReceiverSecrets::keep()
{
    const auto tell = [this](const Result<> &kept) {
        if (!kept)
            Q_EMIT notKept(kept.error());
    };
    // Those before first: a crash in between costs nothing then.
    if (!m_before.empty()) {
        Json rows = Json::array();
        for (const Before &before : m_before)
            rows.push_back({{"secret", before.value}, {"until_ms", toUnixMs(before.until)}});
        m_keys.write(beforeName, dumpJson(rows), tell);
    }
    m_keys.write(currentName, m_current, tell);
}

void ReceiverSecrets::planEnd()
{
    const Timestamp now = m_clock();
    std::optional<Timestamp> next;
    for (const Before &before : m_before) {
        if (before.until > now)
            next = std::min(next.value_or(before.until), before.until);
    }
    if (next)
        m_end.start(std::chrono::duration_cast<std::chrono::milliseconds>(*next - now) + timerSlack);
    else
        m_end.stop();
}

} // namespace sandglass::app
