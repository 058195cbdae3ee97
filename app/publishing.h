#pragma once

#include "models/webhooks/callbacklistmodel.h"
#include "services/core/paths.h"
#include "services/lifecycle/codeexecution.h"

#include <QObject>
#include <QTimer>

#include <map>

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
/// become events in the journal: at once, or when what they cost is known, but not more than two seconds later.
class Publishing final : public QObject
{
    Q_OBJECT
public:
    /// All must outlive this.
    Publishing(lifecycle::Tracker &tracker, lifecycle::Journal &journal, models::RunSession &runs, KeyStore &keys,
               const ProfilePaths &paths);
    ~Publishing() override;

    void showIn(ui::WebhooksPage &page);
    [[nodiscard]] models::CallbackListModel &callbacks() { return m_callbacks; }

private:
    struct Run
    {
        lifecycle::CodeExecution execution;
        Timestamp at{};
    };

    void recordRun(int number);
    void recordPriced(int number);
    void recordUnpriced(); ///< those whose cost is still not known
    void write(const Run &run);

    lifecycle::Tracker &m_tracker;
    lifecycle::Journal &m_journal;
    models::RunSession &m_runs;
    models::CallbackListModel m_callbacks;
    std::map<int, Run> m_unpriced; ///< by number of the attempt
    QTimer m_patience;
};

} // namespace sandglass::app
