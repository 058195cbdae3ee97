#pragma once

#include "services/core/error.h"
#include "services/core/time.h"
#include "services/cost/ratecard.h"
#include "services/lifecycle/past.h"

#include <QObject>

#include <cstdint>
#include <memory>
#include <thread>

namespace sandglass::lifecycle {

/// Looks back in the journal for a view, in a thread of its own that starts with the first question. Of many questions
/// the newest is answered next; the ones in between are not. Lives on the UI thread.
class TimeMachine final : public QObject
{
    Q_OBJECT
public:
    explicit TimeMachine(const Journal &journal, QObject *parent = nullptr);
    ~TimeMachine() override; ///< waits for the present answer, which it breaks off

    void seek(Timestamp moment, cost::RateCard card);
    void forget();                            ///< no answer any more to what was asked so far
    void dispose(std::shared_ptr<Past> past); ///< takes it apart where that holds up nobody
    [[nodiscard]] bool isSeeking() const;     ///< an answer is to come

Q_SIGNALS:
    void arrived(const std::shared_ptr<sandglass::lifecycle::Past> &past);
    void failed(const sandglass::Error &error);

private:
    struct Desk; ///< shared with the thread
    Q_INVOKABLE void look();
    void stop();

    const Journal &m_journal;
    std::shared_ptr<Desk> m_desk;
    std::thread m_thread;
};

} // namespace sandglass::lifecycle
