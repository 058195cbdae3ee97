#pragma once

#include "services/stream/streamclient.h"

#include <QObject>
#include <QThread>
#include <QTimer>

#include <memory>
#include <mutex>
#include <vector>

namespace sandglass::stream {

struct CollectorFeedOptions
{
    std::filesystem::path positionFile; ///< how far each collector has been taken over
    StreamClientOptions client;
};

/// Any number of collectors into one journal, on a thread of their own. What several of them tell is stored once.
class CollectorFeed final : public QObject
{
    Q_OBJECT
public:
    /// `journal` must outlive this.
    CollectorFeed(lifecycle::Journal &journal, CollectorFeedOptions options, QObject *parent = nullptr);
    ~CollectorFeed() override; ///< keeps the positions

    /// In place of those there were; who stays the same stays connected. Positions of those left out are kept.
    void setCollectors(std::vector<CollectorAddress> addresses);
    [[nodiscard]] std::vector<CollectorStatus> status() const; ///< any thread

Q_SIGNALS:
    void changed(); ///< status(); some times a second at most

private:
    class Worker;

    mutable std::mutex m_mutex; ///< of m_status
    std::vector<CollectorStatus> m_status;
    QThread m_thread;
    Worker *m_worker; ///< lives in the thread
};

} // namespace sandglass::stream
