#include "services/e2b/webhookregistrations.h"

#include "services/core/ids.h"
#include "services/core/json.h"
#include "services/core/whendone.h"
#include "services/e2b/webhookclient.h"
#include "services/lifecycle/recordfile.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

namespace sandglass::e2b {
namespace {

constexpr std::array removalWaits{std::chrono::seconds(2), std::chrono::seconds(10), std::chrono::seconds(60)};

bool isSame(const WebhookRegistration &a, const WebhookRegistration &b)
{
    return a.connection == b.connection && a.name == b.name;
}

} // namespace

RegistrationFile::RegistrationFile(std::filesystem::path file) : m_file(std::move(file))
{
    const auto stored = lifecycle::readRecord(m_file);
    if (!stored || !stored->is_array())
        return;
    for (const Json &row : *stored) {
        WebhookRegistration registration{stringOr(row, "connection"), stringOr(row, "name"), stringOr(row, "webhook")};
        if (!registration.name.empty())
            m_all.push_back(std::move(registration));
    }
}

Result<> RegistrationFile::put(const WebhookRegistration &registration)
{
    std::erase_if(m_all, [&](const WebhookRegistration &other) { return isSame(other, registration); });
    m_all.push_back(registration);
    return save();
}

Result<> RegistrationFile::remove(const WebhookRegistration &registration)
{
    std::erase_if(m_all, [&](const WebhookRegistration &other) { return isSame(other, registration); });
    return save();
}

Result<> RegistrationFile::save() const
{
    Json rows = Json::array();
    for (const WebhookRegistration &registration : m_all)
        rows.push_back({{"connection", registration.connection},
                        {"name", registration.name},
                        {"webhook", registration.webhookId}});
    return lifecycle::writeRecord(m_file, rows);
}

WebhookRegistrar::WebhookRegistrar(WebhookClient &client, RegistrationFile &file, std::string connection,
                                   QObject *parent)
    : QObject(parent), m_client(client), m_file(file), m_connection(std::move(connection))
{}

std::string WebhookRegistrar::add(std::string name, const std::string &url, const std::string &secret,
                                  std::vector<std::string> events)
{
    name += " " + newUuid().substr(0, 8);
    if (events.empty())
        events = {"sandbox.lifecycle.created", "sandbox.lifecycle.killed"};
    const WebhookRegistration registration{m_connection, name, {}};
    if (const auto noted = m_file.put(registration); !noted) { // one that is not written down could not be removed
        QMetaObject::invokeMethod(
            this, [this, name, error = noted.error()] { Q_EMIT failed(name, error); }, Qt::QueuedConnection);
        return name;
    }
    m_live.push_back(name);
    whenDone(m_client.create({name, url, std::move(events), true, secret}), this,
             [this, registration](const Result<WebhookInfo> &answer) { onCreated(registration, answer); });
    return name;
}

void WebhookRegistrar::onCreated(const WebhookRegistration &registration, const Result<WebhookInfo> &answer)
{
    const bool isUnwanted = std::erase(m_unwanted, registration.name) > 0;
    if (!answer) {
        // Whether it was made after a lost answer only the service's list tells: it stays noted for the next sweep.
        const bool isRefused = answer.error().kind == Error::Kind::Service || answer.error().kind == Error::Kind::Local;
        if (isRefused)
            (void)m_file.remove(registration);
        std::erase(m_live, registration.name);
        Q_EMIT failed(registration.name, answer.error());
        return;
    }
    const WebhookRegistration made{registration.connection, registration.name, answer->id};
    (void)m_file.put(made); // without the id the sweep goes by the name
    if (isUnwanted) {
        takeAway(made, 0);
        return;
    }
    Q_EMIT registered(registration.name, *answer);
}

void WebhookRegistrar::remove(const std::string &name)
{
    const auto found = std::ranges::find_if(m_file.all(), [&](const WebhookRegistration &registration) {
        return registration.connection == m_connection && registration.name == name;
    });
    if (found == m_file.all().end() || std::ranges::find(m_live, name) == m_live.end())
        return;
    if (found->webhookId.empty())
        m_unwanted.push_back(name);
    else
        takeAway(*found, 0);
}

void WebhookRegistrar::removeAll()
{
    const auto names = m_live;
    for (const std::string &name : names)
        remove(name);
}

void WebhookRegistrar::takeAway(const WebhookRegistration &registration, int attempt)
{
    std::erase(m_live, registration.name);
    whenDone(m_client.remove(registration.webhookId), this, [this, registration, attempt](const Result<> &answer) {
        if (answer) {
            (void)m_file.remove(registration);
            Q_EMIT removed(registration.name);
            return;
        }
        const auto next = static_cast<std::size_t>(attempt);
        if (next < removalWaits.size() && answer.error().isRetryable())
            QTimer::singleShot(removalWaits.at(next), this,
                               [this, registration, attempt] { takeAway(registration, attempt + 1); });
        else // still noted: the next start tries again
            Q_EMIT failed(registration.name, answer.error());
    });
}

void WebhookRegistrar::sweep()
{
    if (std::exchange(m_isSweeping, true))
        return;
    m_toSweep.clear();
    m_sweptCount = m_leftCount = 0;
    for (const WebhookRegistration &registration : m_file.all()) {
        const bool isLive = std::ranges::find(m_live, registration.name) != m_live.end();
        if (registration.connection == m_connection && !isLive && !m_file.isHeld(registration.name))
            m_toSweep.push_back(registration);
    }
    if (m_toSweep.empty()) {
        sweepNext();
        return;
    }
    whenDone(m_client.list(), this, [this](const Result<std::vector<WebhookInfo>> &webhooks) {
        if (webhooks) {
            sweepListed(*webhooks);
        } else {
            m_leftCount = static_cast<int>(m_toSweep.size());
            m_toSweep.clear();
            sweepNext();
        }
    });
}

void WebhookRegistrar::sweepListed(const std::vector<WebhookInfo> &webhooks)
{
    for (WebhookRegistration &registration : m_toSweep) {
        const auto found = std::ranges::find_if(webhooks, [&](const WebhookInfo &webhook) {
            return registration.webhookId.empty() ? webhook.name == registration.name
                                                  : webhook.id == registration.webhookId;
        });
        registration.webhookId = found != webhooks.end() ? found->id : std::string();
    }
    sweepNext();
}

void WebhookRegistrar::sweepNext()
{
    while (!m_toSweep.empty() && m_toSweep.front().webhookId.empty()) { // not at the service: nothing to remove
        (void)m_file.remove(m_toSweep.front());
        m_toSweep.pop_front();
    }
    if (m_toSweep.empty()) {
        m_isSweeping = false;
        Q_EMIT swept(m_sweptCount, m_leftCount);
        return;
    }
    const WebhookRegistration registration = m_toSweep.front();
    m_toSweep.pop_front();
    whenDone(m_client.remove(registration.webhookId), this, [this, registration](const Result<> &answer) {
        if (answer) {
            (void)m_file.remove(registration);
            ++m_sweptCount;
        } else {
            ++m_leftCount;
        }
        sweepNext();
    });
}

} // namespace sandglass::e2b
