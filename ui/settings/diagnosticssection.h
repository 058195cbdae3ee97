#pragma once

#include "models/settings/outgoinghosts.h"
#include "ui/settings/section.h"

#include <QList>
#include <QString>

class QCheckBox;
class QLineEdit;
class QPushButton;

namespace sandglass::ui {

/// What is known about traces, log and hosts.
struct DiagnosticsView
{
    bool isTracing = false;
    bool isTracingGiven = false; ///< on or off by the environment: the switch has no say
    QString endpoint;
    bool isEndpointGiven = false; ///< by the environment
    bool hasHeaders = false;
    bool areHeadersGiven = false; ///< by the environment
    QString keyPlace;             ///< where headers are kept
    quint64 sent = 0;
    quint64 dropped = 0;
    quint64 waiting = 0;
    QString traceProblem; ///< why spans do not arrive
    bool isLogging = false;
    QString logFolder;
    QString logProblem;
    QList<models::OutgoingHost> hosts;
};

/// Traces, the log file, and every host the program talks to. Nothing here is on until somebody switches it on.
class DiagnosticsSection final : public Section
{
    Q_OBJECT
public:
    explicit DiagnosticsSection(QWidget *parent);
    void setView(const DiagnosticsView &view);
    void showTestResult(bool isGood, const QString &sentence);
    void showHeadersProblem(const QString &sentence); ///< empty: they were taken

Q_SIGNALS:
    void shown(); ///< somebody looks at it
    void tracingChanged(bool isOn);
    void endpointChanged(const QString &endpoint);
    void headersEntered(const QString &headers); ///< empty: forget them
    void testRequested();
    void loggingChanged(bool isOn);
    void logFolderRequested();

protected:
    void showEvent(QShowEvent *event) override;

private:
    void buildTraces(QFormLayout *form);
    void buildAddress(QFormLayout *form);
    void buildHeaders(QFormLayout *form);
    void buildLog(QFormLayout *form);
    void buildHosts();
    void setHosts(const QList<models::OutgoingHost> &hosts);
    [[nodiscard]] QString traceState() const;

    DiagnosticsView m_view;
    QList<models::OutgoingHost> m_shownHosts;
    QCheckBox *m_tracing = nullptr;
    QLineEdit *m_endpoint = nullptr;
    QLineEdit *m_headers = nullptr;
    QPushButton *m_saveHeaders = nullptr;
    QPushButton *m_forgetHeaders = nullptr;
    QLabel *m_headersProblem = nullptr;
    QPushButton *m_test = nullptr;
    QLabel *m_testResult = nullptr;
    QLabel *m_state = nullptr;
    QCheckBox *m_logging = nullptr;
    QLabel *m_logPlace = nullptr;
    QPushButton *m_openFolder = nullptr;
    QWidget *m_hosts = nullptr; ///< a line and its explanation for each
};

} // namespace sandglass::ui
