#include "models/runs/sessionfiles.h"

#include "services/core/qtstring.h"

#include <utility>

namespace sandglass::models {

struct SessionFiles::Job
{
    std::atomic<bool> isCancelled = false;
    std::atomic<bool> isReported = false; ///< a report is on its way: progress comes as fast as it can be shown
};

SessionFiles::SessionFiles(QObject *parent) : QObject(parent) {}

SessionFiles::~SessionFiles()
{
    if (m_job && m_state == State::Opening)
        m_job->isCancelled = true;
    m_thread.reset();
}

WorkThread &SessionFiles::thread()
{
    if (!m_thread)
        m_thread = std::make_unique<WorkThread>();
    return *m_thread;
}

std::shared_ptr<SessionFiles::Job> SessionFiles::begin(State state, const QString &path)
{
    m_job = std::make_shared<Job>();
    m_state = state;
    m_path = path;
    m_done = 0;
    Q_EMIT changed();
    return m_job;
}

void SessionFiles::end()
{
    m_state = State::Idle;
    m_job.reset();
    Q_EMIT changed();
}

void SessionFiles::cancel()
{
    if (m_job)
        m_job->isCancelled = true;
}

refine::SessionProgress SessionFiles::reporter(const std::shared_ptr<Job> &job)
{
    return [this, job](double done) {
        if (!job->isReported.exchange(true))
            m_inbox.post([this, job, done] {
                job->isReported = false;
                if (m_job != job)
                    return;
                m_done = done;
                Q_EMIT changed();
            });
        return !job->isCancelled;
    };
}

bool SessionFiles::save(const QString &path, SessionContents contents)
{
    if (m_state != State::Idle)
        return false;
    std::erase_if(contents.rows, [](const auto &row) { return row->verdict == AttemptRow::Verdict::Running; });
    const auto job = begin(State::Saving, path);
    thread().post([this, job, file = toUtf8(path), contents = std::move(contents)] {
        const refine::SessionSource source{headFrom(contents), contents.rows.size(),
                                           [&contents](std::size_t i) { return sharedFrom(*contents.rows[i]); }};
        const auto written = refine::writeSession(file, source, systemNow(), reporter(job));
        m_inbox.post([this, written] {
            end();
            if (written)
                Q_EMIT saved(*written);
            else
                Q_EMIT failed(State::Saving, written.error());
        });
    });
    return true;
}

bool SessionFiles::open(const QString &path)
{
    if (m_state != State::Idle)
        return false;
    const auto job = begin(State::Opening, path);
    thread().post([this, job, file = toUtf8(path)] {
        Result<Opened> result = refine::readSession(file, reporter(job)).map([](const refine::SharedSession &session) {
            return Opened{contentsFrom(session), session.placesCleaned, session.savedAt};
        });
        m_inbox.post([this, result = std::move(result)] {
            end();
            if (result)
                Q_EMIT opened(*result);
            else
                Q_EMIT failed(State::Opening, result.error());
        });
    });
    return true;
}

} // namespace sandglass::models
