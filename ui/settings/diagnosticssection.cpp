#include "ui/settings/diagnosticssection.h"

#include "ui/text/format.h"
#include "ui/theme/theme.h"
#include "ui/widgets/buttons.h"

#include <QCheckBox>
#include <QFormLayout>
#include <QHBoxLayout>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QSignalBlocker>
#include <QVBoxLayout>

namespace sandglass::ui {

namespace {

QString count(quint64 number)
{
    return formatCount(static_cast<std::int64_t>(number));
}

QString hostText(const models::OutgoingHost &host)
{
    using When = models::OutgoingHost::When;
    QString shape;
    switch (host.when) {
    case When::Now:
        shape = DiagnosticsSection::tr("● in use");
        break;
    case When::OnDemand:
        shape = DiagnosticsSection::tr("◌ on demand");
        break;
    case When::Never:
        shape = DiagnosticsSection::tr("○ off");
        break;
    }
    return DiagnosticsSection::tr("%1: %2. %3.")
        .arg(shape, host.condition, host.purpose.left(1).toUpper() + host.purpose.mid(1));
}

} // namespace

DiagnosticsSection::DiagnosticsSection(QWidget *parent)
    : Section(tr("Diagnostics"),
              tr("Off until you switch it on. Keys, tokens and webhook secrets are taken out of everything that is "
                 "written or sent; code and output stay out of it."),
              parent)
{
    QFormLayout *form = addForm();
    buildTraces(form);
    buildLog(form);
    body()->addSpacing(metrics::gap);
    buildHosts();
    setView({});
}

void DiagnosticsSection::buildTraces(QFormLayout *form)
{
    m_tracing = new QCheckBox(tr("Send traces to an OpenTelemetry collector (OTLP over HTTP)"), this);
    m_tracing->setObjectName(QStringLiteral("tracingEnabled"));
    connect(m_tracing, &QCheckBox::toggled, this, &DiagnosticsSection::tracingChanged);
    form->addRow(m_tracing);
    buildAddress(form);
    buildHeaders(form);
    m_state = addValue(form, tr("State"), false);
    m_state->setObjectName(QStringLiteral("tracingState"));
}

void DiagnosticsSection::buildAddress(QFormLayout *form)
{
    m_endpoint = new QLineEdit(this);
    m_endpoint->setObjectName(QStringLiteral("tracingEndpoint"));
    m_endpoint->setAccessibleName(tr("Address of the OpenTelemetry collector"));
    m_endpoint->setPlaceholderText(QStringLiteral("http://127.0.0.1:4318"));
    m_test = makeButton(tr("Test connection"), QStringLiteral("testTracing"), this);
    auto *address = new QHBoxLayout;
    address->setSpacing(metrics::gap);
    address->addWidget(m_endpoint, 1);
    address->addWidget(m_test);
    form->addRow(makeText("muted", tr("Address")), address);
    m_testResult = makeText("muted");
    m_testResult->setObjectName(QStringLiteral("tracingTestResult"));
    m_testResult->setWordWrap(true);
    m_testResult->setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Preferred); // else it wraps at its first guess
    m_testResult->hide();
    form->addRow(QString(), m_testResult);
    connect(m_endpoint, &QLineEdit::editingFinished, this, [this] {
        if (m_endpoint->isEnabled() && m_endpoint->text().trimmed() != m_view.endpoint)
            Q_EMIT endpointChanged(m_endpoint->text().trimmed());
    });
    connect(m_endpoint, &QLineEdit::textEdited, m_testResult, &QLabel::hide);
    connect(m_test, &QPushButton::clicked, this, [this] {
        m_test->setEnabled(false);
        m_testResult->setText(tr("◌ Asking…"));
        m_testResult->show();
        Q_EMIT testRequested();
    });
}

void DiagnosticsSection::buildHeaders(QFormLayout *form)
{
    m_headers = new QLineEdit(this);
    m_headers->setObjectName(QStringLiteral("tracingHeaders"));
    m_headers->setAccessibleName(tr("Headers for the OpenTelemetry collector"));
    m_headers->setEchoMode(QLineEdit::Password);
    m_saveHeaders = makeButton(tr("Keep"), QStringLiteral("saveTracingHeaders"), this);
    m_saveHeaders->setAccessibleName(tr("Keep the headers"));
    m_saveHeaders->setEnabled(false);
    m_forgetHeaders = makeButton(tr("Forget"), QStringLiteral("forgetTracingHeaders"), this);
    m_forgetHeaders->setAccessibleName(tr("Forget the headers"));
    auto *headers = new QHBoxLayout;
    headers->setSpacing(metrics::gap);
    headers->addWidget(m_headers, 1);
    headers->addWidget(m_saveHeaders);
    headers->addWidget(m_forgetHeaders);
    form->addRow(makeText("muted", tr("Headers")), headers);
    m_headersProblem = makeText("error");
    m_headersProblem->setObjectName(QStringLiteral("tracingHeadersProblem"));
    m_headersProblem->setWordWrap(true);
    m_headersProblem->hide();
    form->addRow(QString(), m_headersProblem);
    connect(m_headers, &QLineEdit::textChanged, this,
            [this](const QString &text) { m_saveHeaders->setEnabled(!text.trimmed().isEmpty()); });
    connect(m_headers, &QLineEdit::returnPressed, m_saveHeaders, &QPushButton::click);
    connect(m_saveHeaders, &QPushButton::clicked, this, [this] { Q_EMIT headersEntered(m_headers->text().trimmed()); });
    connect(m_forgetHeaders, &QPushButton::clicked, this, [this] { Q_EMIT headersEntered({}); });
}

void DiagnosticsSection::buildLog(QFormLayout *form)
{
    m_logging = new QCheckBox(tr("Keep a log file (JSON lines, five files of 4 MiB at most)"), this);
    m_logging->setObjectName(QStringLiteral("logToFile"));
    auto *space = new QWidget(this);
    space->setFixedHeight(metrics::unit);
    form->addRow(space);
    form->addRow(m_logging);
    m_logPlace = addValue(form, tr("Folder"), true);
    m_logPlace->setObjectName(QStringLiteral("logPlace"));
    m_openFolder = makeButton(tr("Open folder"), QStringLiteral("openLogFolder"), this);
    auto *button = new QHBoxLayout;
    button->addWidget(m_openFolder);
    button->addStretch();
    form->addRow(QString(), button);
    connect(m_logging, &QCheckBox::toggled, this, &DiagnosticsSection::loggingChanged);
    connect(m_openFolder, &QPushButton::clicked, this, &DiagnosticsSection::logFolderRequested);
}

void DiagnosticsSection::buildHosts()
{
    body()->addWidget(makeText("heading", tr("Every host this program talks to")));
    QLabel *text = makeText("muted", tr("There are no usage statistics, no crash reports and no search for updates."));
    text->setWordWrap(true);
    body()->addWidget(text);
    m_hosts = new QWidget(this);
    m_hosts->setObjectName(QStringLiteral("outgoingHosts"));
    m_hosts->setAccessibleName(tr("Every host this program talks to"));
    auto *lines = new QVBoxLayout(m_hosts);
    lines->setContentsMargins(0, metrics::unit, 0, 0);
    lines->setSpacing(2);
    body()->addWidget(m_hosts);
}

QString DiagnosticsSection::traceState() const
{
    if (!m_view.isTracing)
        return m_view.isTracingGiven ? tr("○ Off, by the environment: nothing is sent")
                                     : tr("○ Off: nothing is sent, nobody is asked");
    QString text = m_view.traceProblem.isEmpty()
        ? tr("● On · spans: %1 sent").arg(count(m_view.sent))
        : tr("✕ %1 · spans: %2 sent").arg(m_view.traceProblem, count(m_view.sent));
    if (m_view.waiting > 0)
        text += tr(" · %1 waiting").arg(count(m_view.waiting));
    if (m_view.dropped > 0)
        text += tr(" · %1 dropped").arg(count(m_view.dropped));
    return text;
}

void DiagnosticsSection::setView(const DiagnosticsView &view)
{
    m_view = view;
    const QSignalBlocker blockTracing(m_tracing);
    const QSignalBlocker blockLogging(m_logging);
    m_tracing->setChecked(view.isTracing);
    m_tracing->setEnabled(!view.isTracingGiven);
    m_tracing->setToolTip(view.isTracingGiven ? tr("Decided by OTEL_TRACES_EXPORTER or OTEL_SDK_DISABLED") : QString());
    m_endpoint->setEnabled(!view.isEndpointGiven);
    m_endpoint->setToolTip(view.isEndpointGiven ? tr("Given by OTEL_EXPORTER_OTLP_ENDPOINT") : QString());
    if (!m_endpoint->hasFocus())
        m_endpoint->setText(view.endpoint);
    m_headers->setEnabled(!view.areHeadersGiven);
    m_headers->setPlaceholderText(view.areHeadersGiven  ? tr("given by OTEL_EXPORTER_OTLP_HEADERS")
                                      : view.hasHeaders ? tr("kept in %1").arg(view.keyPlace)
                                                        : tr("none; name=value, other=value"));
    m_forgetHeaders->setEnabled(view.hasHeaders && !view.areHeadersGiven);
    m_state->setText(traceState());
    m_logging->setChecked(view.isLogging);
    m_logPlace->setText(view.logProblem.isEmpty() ? view.logFolder : tr("✕ %1").arg(view.logProblem));
    m_openFolder->setEnabled(view.isLogging && view.logProblem.isEmpty());
    setHosts(view.hosts);
}

void DiagnosticsSection::setHosts(const QList<models::OutgoingHost> &hosts)
{
    if (hosts == m_shownHosts)
        return;
    m_shownHosts = hosts;
    auto *lines = static_cast<QVBoxLayout *>(m_hosts->layout());
    while (QLayoutItem *old = lines->takeAt(0)) {
        delete old->widget();
        delete old;
    }
    for (const models::OutgoingHost &host : hosts) {
        QLabel *name = makeText("mono", host.host);
        name->setTextFormat(Qt::PlainText);
        name->setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
        name->setWordWrap(true);
        QLabel *text = makeText("muted", hostText(host));
        text->setTextFormat(Qt::PlainText);
        text->setWordWrap(true);
        text->setContentsMargins(0, 0, 0, metrics::gap);
        lines->addWidget(name);
        lines->addWidget(text);
    }
}

void DiagnosticsSection::showEvent(QShowEvent *event)
{
    Section::showEvent(event);
    Q_EMIT shown();
}

void DiagnosticsSection::showTestResult(bool isGood, const QString &sentence)
{
    m_test->setEnabled(true);
    setLook(m_testResult, "role", isGood ? QStringLiteral("good") : QStringLiteral("error"));
    m_testResult->setText((isGood ? tr("✓ %1") : tr("✕ %1")).arg(sentence));
    m_testResult->show();
}

void DiagnosticsSection::showHeadersProblem(const QString &sentence)
{
    m_headersProblem->setText(sentence);
    m_headersProblem->setVisible(!sentence.isEmpty());
    if (sentence.isEmpty())
        m_headers->clear();
}

} // namespace sandglass::ui
