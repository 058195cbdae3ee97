#pragma once

#include "models/analytics/analysis.h"
#include "models/sandboxes/foldscan.h"
#include "services/core/mailbox.h"

#include <QObject>
#include <QString>
#include <QThread>
#include <QTimer>

#include <filesystem>
#include <memory>

namespace sandglass::lifecycle {
class Picture;
}

namespace sandglass::models {

class AnalyticsWorker;
class TimeWindow;

/// Statistics of the time window: which templates are used how much, how long sandboxes live, how many at once, how
/// runs of code ended and what they cost, and what the same would have cost otherwise. Sandboxes are read in slices of
/// milliseconds and added up in a thread of its own, again every two seconds while somebody looks. Lives on the
/// tracker's thread.
class Analytics final : public QObject
{
    Q_OBJECT
public:
    static constexpr int bucketCount = 60;

    /// `journal`: see AnalyticsWorker. `window` must outlive this.
    Analytics(lifecycle::Picture &picture, TimeWindow &window, std::filesystem::path journal,
              QObject *parent = nullptr);
    ~Analytics() override; ///< waits for the worker, which stops early

    void setActive(bool active);
    void refresh();
    void setTemplateFilter(const QString &filter); ///< id or name, '*' stands for anything; empty: all
    [[nodiscard]] QString templateFilter() const;
    void setWhatIf(const cost::WhatIf &change);
    void setGaps(std::vector<lifecycle::HistoryGap> gaps);

    /// Null until the first answer, and after a while without anybody looking.
    [[nodiscard]] const AnalysisPtr &latest() const { return m_latest; }
    /// Whether latest() answers what is asked at present, and all of it; else it is of the window or the filter before,
    /// or runs of code are still being read.
    [[nodiscard]] bool isCurrent() const { return m_latest && m_answered >= m_changed && m_latest->runs.isRead; }
    [[nodiscard]] const QString &failure() const { return m_failure; } ///< why older sandboxes are missing; or empty

Q_SIGNALS:
    void changed(); ///< latest(), isCurrent() or failure()

private:
    void change(); ///< what is asked for has changed
    void ask();
    [[nodiscard]] AnalysisQuestion question() const;
    template<typename Call>
    void tell(Call &&call);

    lifecycle::Picture &m_picture;
    TimeWindow &m_window;
    std::string m_filter;
    cost::WhatIf m_whatIf;
    std::vector<lifecycle::HistoryGap> m_gaps;

    FoldScan m_scan;
    std::shared_ptr<LifeBook> m_underWay;
    std::shared_ptr<const LifeBook> m_present;
    bool m_isDirty = true; ///< sandboxes have changed since they were read
    QTimer m_ticker;

    AnalysisPtr m_latest;
    QString m_failure;
    quint64 m_asked = 0;    ///< number of the last question
    quint64 m_answered = 0; ///< the one that m_latest answers
    quint64 m_changed = 0;  ///< the first one that asks for what is asked for at present

    Mailbox m_inbox;           ///< what the worker has to say
    AnalyticsWorker *m_worker; ///< lives in m_thread
    QThread m_thread;
};

} // namespace sandglass::models
