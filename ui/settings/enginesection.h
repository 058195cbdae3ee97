#pragma once

#include "ui/settings/section.h"

#include <QPointer>
#include <QStringList>

class QPushButton;

namespace sandglass::models {
class EngineLogModel;
}

namespace sandglass::ui {

class EngineLogDialog;

/// What is known about the local engine.
struct EngineView
{
    enum class State { Stopped, Starting, Running, Failed };
    State state = State::Stopped;
    QString failure;     ///< after Failed: why, in its own words
    QString tier;        ///< isolation, e.g. "namespaces + seccomp + cgroup"
    QStringList reasons; ///< why not a stronger one, what to install
    QString apiUrl;
    QString sandboxUrl;
    QString apiKey; ///< shown masked; copied only on demand
    friend bool operator==(const EngineView &, const EngineView &) = default;
};

/// State and isolation of the local engine, its log, a restart, and the lines that point an SDK at it.
class EngineSection final : public Section
{
    Q_OBJECT
public:
    explicit EngineSection(QWidget *parent);
    void setEngine(const EngineView &engine);
    void offerLog(models::EngineLogModel &log); ///< which must outlive this; for an engine of our own
    [[nodiscard]] static QString exportLines(const EngineView &engine, const QString &key);

Q_SIGNALS:
    void restartRequested();

private:
    void showLog(models::EngineLogModel &log);

    EngineView m_engine;
    QLabel *m_state;
    QLabel *m_tier;
    QLabel *m_reasons;
    QLabel *m_lines;
    QPushButton *m_restart;
    QPushButton *m_copy;
    QPushButton *m_log;
    QPointer<EngineLogDialog> m_logDialog;
};

} // namespace sandglass::ui
