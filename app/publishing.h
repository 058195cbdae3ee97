#pragma once

#include "models/webhooks/callbacklistmodel.h"
#include "services/core/paths.h"

#include <QObject>

namespace sandglass::lifecycle {
class Journal;
}
namespace sandglass::models {
class RunSession;
}
namespace sandglass::ui {
class WebhooksPage;
}

namespace sandglass::app {

/// Events on their way to others: callbacks are told of what the tracker records, and the program's own runs of code
/// become events in the journal.
class Publishing final : public QObject
{
    Q_OBJECT
public:
    /// All must outlive this.
    Publishing(lifecycle::Tracker &tracker, lifecycle::Journal &journal, models::RunSession &runs, KeyStore &keys,
               const ProfilePaths &paths);

    void showIn(ui::WebhooksPage &page);
    [[nodiscard]] models::CallbackListModel &callbacks() { return m_callbacks; }

private:
    void recordRun();

    lifecycle::Tracker &m_tracker;
    lifecycle::Journal &m_journal;
    models::RunSession &m_runs;
    models::CallbackListModel m_callbacks;
};

} // namespace sandglass::app
