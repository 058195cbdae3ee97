#pragma once

#include "services/core/json.h"
#include "services/lifecycle/journal.h"
#include "services/lifecycle/receiver.h"
#include "services/lifecycle/restapi.h"
#include "services/lifecycle/restapilive.h"
#include "services/lifecycle/tracker.h"
#include "tests/services/http/rawclient.h"
#include "tests/services/lifecycle/events.h"

#include <QObject>
#include <QTemporaryDir>

#include <memory>
#include <string>
#include <vector>

namespace sandglass::test {

/// What tests of the receiver's endpoints share: a fresh journal for each, its tracker, and a receiver that serves
/// them.
class RestServer : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void init();
    void cleanup();

protected:
    /// A fresh journal with `events`, their tracker, and a receiver with the endpoints.
    void serve(const std::vector<lifecycle::Event> &events, lifecycle::RestApiOptions options = {});
    void serveWith(std::shared_ptr<lifecycle::LivePicture> picture, lifecycle::RestApiOptions options);
    void append(const std::vector<lifecycle::Event> &events);
    /// While this thread keeps running its events: the picture lives in it.
    [[nodiscard]] RawClient::Reply get(const std::string &target, const std::string &headers = "");
    [[nodiscard]] Json json(const std::string &target);

    std::unique_ptr<QTemporaryDir> m_dir;
    std::unique_ptr<lifecycle::Journal> m_journal;
    std::unique_ptr<lifecycle::Tracker> m_tracker;
    std::unique_ptr<lifecycle::TrackerPicture> m_picture;
    std::unique_ptr<lifecycle::Receiver> m_receiver;
    std::shared_ptr<lifecycle::RestApi> m_rest;
    Timestamp m_now = lifecycle::sample::at(3600);
};

[[nodiscard]] lifecycle::Event createdOf(double seconds, const std::string &sandboxId, const std::string &templateId);

} // namespace sandglass::test
