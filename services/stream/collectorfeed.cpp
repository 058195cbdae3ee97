#include "services/stream/collectorfeed.h"

#include "services/core/json.h"
#include "services/core/mailbox.h"
#include "services/lifecycle/recordfile.h"

#include <QLoggingCategory>

#include <algorithm>
#include <map>
#include <utility>

using namespace std::chrono_literals;

namespace sandglass::stream {

namespace {

Q_LOGGING_CATEGORY(logFeed, "sandglass.collectors")

constexpr auto tellInterval = 200ms;
constexpr auto saveInterval = 2s; // what is lost with a crash is sent once more, and known already

} // namespace

class CollectorFeed::Worker final : public QObject
{
public:
    Worker(CollectorFeed &feed, lifecycle::Journal &journal, CollectorFeedOptions options)
        : m_feed(feed), m_journal(journal), m_options(std::move(options)), m_tellTimer(this), m_saveTimer(this)
    {
        m_tellTimer.setSingleShot(true);
        m_saveTimer.setSingleShot(true);
        connect(&m_tellTimer, &QTimer::timeout, this, &Worker::tell);
        connect(&m_saveTimer, &QTimer::timeout, this, &Worker::save);
    }

    [[nodiscard]] Mailbox &inbox() { return m_inbox; }

    void setCollectors(const std::vector<CollectorAddress> &addresses)
    {
        if (!m_isLoaded)
            load();
        std::erase_if(m_clients, [&](const auto &client) {
            return std::ranges::find(addresses, client->address()) == addresses.end();
        });
        for (const CollectorAddress &address : addresses) {
            const auto isSame = [&](const auto &client) { return client->address() == address; };
            if (std::ranges::any_of(m_clients, isSame))
                continue;
            m_clients.push_back(
                std::make_unique<StreamClient>(m_journal, address, m_positions[address.url], m_options.client));
            connect(m_clients.back().get(), &StreamClient::changed, this, [this] {
                if (!m_tellTimer.isActive())
                    m_tellTimer.start(tellInterval);
            });
            m_clients.back()->start();
        }
        tell();
    }

    void end()
    {
        notePositions();
        m_clients.clear();
        save();
    }

private:
    void load()
    {
        m_isLoaded = true;
        const auto record = lifecycle::readRecord(m_options.positionFile);
        if (!record) {
            qCWarning(logFeed, "%s: every collector is read from its beginning", record.error().message.c_str());
            return;
        }
        if (!record->is_object())
            return;
        for (const auto &[url, position] : record->items())
            m_positions[url] = {stringOr(position, "id"), intOr(position, "seq")};
        m_saved = m_positions;
    }

    void notePositions()
    {
        for (const auto &client : m_clients)
            m_positions[client->address().url] = client->status().position;
    }

    void tell()
    {
        std::vector<CollectorStatus> status;
        for (const auto &client : m_clients)
            status.push_back(client->status());
        {
            const std::lock_guard lock(m_feed.m_mutex);
            m_feed.m_status = std::move(status);
        }
        notePositions();
        if (!m_saveTimer.isActive())
            m_saveTimer.start(saveInterval);
        Q_EMIT m_feed.changed();
    }

    void save()
    {
        if (m_positions == m_saved)
            return;
        Json record = Json::object();
        for (const auto &[url, position] : m_positions) {
            if (!position.id.empty())
                record[url] = {{"id", position.id}, {"seq", position.seq}};
        }
        if (const auto written = lifecycle::writeRecord(m_options.positionFile, record); !written)
            qCWarning(logFeed, "%s", written.error().message.c_str());
        else
            m_saved = m_positions;
    }

    Mailbox m_inbox{this};
    CollectorFeed &m_feed;
    lifecycle::Journal &m_journal;
    const CollectorFeedOptions m_options;
    std::vector<std::unique_ptr<StreamClient>> m_clients;
    std::map<std::string, Position> m_positions;
    std::map<std::string, Position> m_saved;
    bool m_isLoaded = false;
    QTimer m_tellTimer;
    QTimer m_saveTimer;
};

CollectorFeed::CollectorFeed(lifecycle::Journal &journal, CollectorFeedOptions options, QObject *parent)
    : QObject(parent), m_worker(new Worker(*this, journal, std::move(options)))
{
    m_thread.setObjectName(QStringLiteral("collectors"));
    m_worker->moveToThread(&m_thread);
    m_thread.start();
}

CollectorFeed::~CollectorFeed()
{
    endWorker(m_worker, m_thread, [this] { m_worker->end(); });
}

void CollectorFeed::setCollectors(std::vector<CollectorAddress> addresses)
{
    m_worker->inbox().post([worker = m_worker, given = std::move(addresses)] { worker->setCollectors(given); });
}

std::vector<CollectorStatus> CollectorFeed::status() const
{
    const std::lock_guard lock(m_mutex);
    return m_status;
}

} // namespace sandglass::stream
