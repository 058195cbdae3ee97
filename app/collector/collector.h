#pragma once

#include "app/collector/options.h"
#include "services/core/result.h"
#include "services/core/uniquefd.h"
#include "services/lifecycle/journal.h"
#include "services/lifecycle/receiver.h"
#include "services/lifecycle/restapi.h"
#include "services/lifecycle/restapilive.h"
#include "services/lifecycle/tracker.h"
#include "services/stream/costticker.h"
#include "services/stream/streamserver.h"

#include <memory>
#include <string>

namespace sandglass::collectorapp {

/// The receiver, the journal, the REST endpoints and the live stream of one profile, without a window. Built in this
/// order, torn down in the reverse.
class Collector final : public QObject
{
    Q_OBJECT
public:
    /// Serves when it returns. Error: profile unusable or in use, a port taken, what an address demands is missing …
    [[nodiscard]] static Result<std::unique_ptr<Collector>> start(const Options &options);
    ~Collector() override; ///< the clients are told, deliveries under way get their answer

    [[nodiscard]] std::string receiverUrl() const { return m_receiver->url(); }
    [[nodiscard]] std::string streamUrl() const { return m_stream->url(); }
    [[nodiscard]] const std::filesystem::path &tokenFile() const { return m_tokenFile; }
    /// Where the webhook secret is, in words.
    [[nodiscard]] const std::string &secretPlace() const { return m_secretPlace; }

private:
    Collector(UniqueFd lock, std::unique_ptr<lifecycle::Journal> journal, const cost::RateCard &card);

    [[nodiscard]] Result<> serve(const Options &options);

    UniqueFd m_lock; ///< on the profile
    std::unique_ptr<lifecycle::Journal> m_journal;
    lifecycle::Tracker m_tracker;
    lifecycle::TrackerPicture m_picture;
    std::shared_ptr<lifecycle::RestApi> m_rest;
    std::unique_ptr<stream::StreamServer> m_stream;
    std::unique_ptr<stream::CostTicker> m_ticker;
    std::unique_ptr<lifecycle::Receiver> m_receiver;
    std::filesystem::path m_tokenFile;
    std::string m_secretPlace;
};

} // namespace sandglass::collectorapp
