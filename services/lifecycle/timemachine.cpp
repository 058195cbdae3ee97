#include "services/lifecycle/timemachine.h"

#include <condition_variable>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

namespace sandglass::lifecycle {

struct TimeMachine::Desk
{
    struct Question
    {
        Timestamp moment{};
        cost::RateCard card;
    };

    std::mutex mutex;
    std::condition_variable work;
    TimeMachine *machine = nullptr; ///< null once it is gone
    bool mustStop = false;
    std::optional<Question> next;
    std::vector<std::shared_ptr<Past>> waste;
    bool isReading = false;
    std::int64_t asked = 0; ///< answers to what was asked before are of no interest
    std::optional<Result<std::shared_ptr<Past>>> answer;

    [[nodiscard]] bool isStopped()
    {
        const std::lock_guard lock(mutex);
        return mustStop;
    }

    void run(const Journal &journal);
    void give(Result<std::shared_ptr<Past>> result, std::int64_t to);
};

void TimeMachine::Desk::run(const Journal &journal)
{
    const auto stopped = [this] { return isStopped(); };
    std::unique_ptr<PastReader> reader;
    for (;;) {
        std::optional<Question> question;
        std::vector<std::shared_ptr<Past>> done;
        std::int64_t number = 0;
        {
            std::unique_lock lock(mutex);
            work.wait(lock, [this] { return mustStop || next || !waste.empty(); });
            done.swap(waste);
            if (mustStop)
                return;
            question = std::exchange(next, std::nullopt);
            isReading = question.has_value();
            number = asked;
        }
        if (!question)
            continue;
        if (!reader) {
            if (!journal.holdTables(stopped))
                return;
            auto opened = PastReader::open(journal.file(), {}, stopped);
            if (!opened) {
                give(failure(std::move(opened.error())), number);
                continue;
            }
            reader = std::move(*opened);
        }
        give(reader->read(question->moment, question->card, stopped), number);
    }
}

void TimeMachine::Desk::give(Result<std::shared_ptr<Past>> result, std::int64_t to)
{
    const std::lock_guard lock(mutex);
    isReading = false;
    if (!machine || mustStop || to != asked)
        return;
    if (answer && *answer)
        waste.push_back(std::move(**answer));
    answer = std::move(result);
    QMetaObject::invokeMethod(machine, "look", Qt::QueuedConnection);
}

TimeMachine::TimeMachine(const Journal &journal, QObject *parent)
    : QObject(parent), m_journal(journal), m_desk(std::make_shared<Desk>())
{
    m_desk->machine = this;
}

TimeMachine::~TimeMachine()
{
    {
        const std::lock_guard lock(m_desk->mutex);
        m_desk->machine = nullptr;
    }
    stop();
}

void TimeMachine::stop()
{
    if (!m_thread.joinable())
        return;
    {
        const std::lock_guard lock(m_desk->mutex);
        m_desk->mustStop = true;
    }
    m_desk->work.notify_one();
    m_thread.join();
}

void TimeMachine::seek(Timestamp moment, cost::RateCard card)
{
    {
        const std::lock_guard lock(m_desk->mutex);
        m_desk->next = Desk::Question{moment, std::move(card)};
    }
    if (m_thread.joinable())
        return m_desk->work.notify_one();
    m_thread = std::thread([desk = m_desk, journal = &m_journal] { desk->run(*journal); });
}

void TimeMachine::forget()
{
    const std::lock_guard lock(m_desk->mutex);
    m_desk->next.reset();
    m_desk->answer.reset();
    ++m_desk->asked;
}

void TimeMachine::dispose(std::shared_ptr<Past> past)
{
    if (!past || !m_thread.joinable())
        return;
    {
        const std::lock_guard lock(m_desk->mutex);
        m_desk->waste.push_back(std::move(past));
    }
    m_desk->work.notify_one();
}

bool TimeMachine::isSeeking() const
{
    const std::lock_guard lock(m_desk->mutex);
    return m_desk->next || m_desk->isReading || m_desk->answer;
}

void TimeMachine::look()
{
    std::optional<Result<std::shared_ptr<Past>>> answer;
    {
        const std::lock_guard lock(m_desk->mutex);
        answer = std::exchange(m_desk->answer, std::nullopt);
    }
    if (!answer)
        return;
    if (*answer)
        Q_EMIT arrived(**answer);
    else
        Q_EMIT failed(answer->error());
}

} // namespace sandglass::lifecycle
