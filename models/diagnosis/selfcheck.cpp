#include "models/diagnosis/selfcheck.h"

#include "services/core/qtstring.h"
#include "services/core/whendone.h"
#include "services/telemetry/redactor.h"

#include <QTimer>

#include <algorithm>
#include <utility>

namespace sandglass::models {

namespace {

const char *wordOf(Finding::Level level)
{
    return level == Finding::Level::Good ? "ok" : level == Finding::Level::Notice ? "notice" : "problem";
}

} // namespace

SelfCheck::SelfCheck(std::chrono::milliseconds limit, QObject *parent) : QObject(parent), m_limit(limit) {}

void SelfCheck::add(const QString &name, Check check)
{
    m_rows.push_back({name, {}});
    m_checks.push_back(std::move(check));
}

void SelfCheck::run()
{
    const int run = ++m_run;
    for (Row &row : m_rows)
        row.finding.reset();
    Q_EMIT changed();
    for (std::size_t i = 0; i < m_checks.size() && run == m_run; ++i)
        whenDone(m_checks[i](), this, [this, i, run](Finding finding) { take(i, run, std::move(finding)); });
    QTimer::singleShot(m_limit, this, [this, run] {
        for (std::size_t i = 0; i < m_rows.size(); ++i)
            take(i, run, {Finding::Level::Problem, tr("No answer within %1 s.").arg(m_limit.count() / 1000), {}});
    });
}

/// The first answer counts: one that comes after the limit changes nothing.
void SelfCheck::take(std::size_t row, int run, Finding finding)
{
    if (run != m_run || m_rows[row].finding)
        return;
    m_rows[row].finding = std::move(finding);
    Q_EMIT changed();
}

bool SelfCheck::isRunning() const
{
    return m_run > 0 && std::ranges::any_of(m_rows, [](const Row &row) { return !row.finding; });
}

int SelfCheck::count(Finding::Level level) const
{
    return static_cast<int>(
        std::ranges::count_if(m_rows, [level](const Row &row) { return row.finding && row.finding->level == level; }));
}

QString SelfCheck::report() const
{
    QString text;
    for (const Row &row : m_rows) {
        text += row.finding ? QString::fromLatin1(wordOf(row.finding->level)) : QStringLiteral("unknown");
        text += QStringLiteral("  ") + row.name;
        if (row.finding)
            text += QStringLiteral(": ") + row.finding->sentence;
        if (row.finding && !row.finding->remedy.isEmpty())
            text += QStringLiteral(" > ") + row.finding->remedy;
        text += QLatin1Char('\n');
    }
    return toQString(telemetry::redactor().clean(toUtf8(text)));
}

} // namespace sandglass::models
