#include "app/storing.h"

#include "services/core/qtstring.h"
#include "services/core/runin.h"
#include "services/core/whendone.h"
#include "services/lifecycle/journal.h"
#include "ui/shell/banner.h"
#include "ui/shell/mainwindow.h"
#include "ui/text/format.h"

#include <QDesktopServices>
#include <QLocale>
#include <QLoggingCategory>
#include <QUrl>

#include <filesystem>
#include <memory>

using namespace std::chrono_literals;

namespace sandglass::app {

namespace {

Q_LOGGING_CATEGORY(logStoring, "sandglass.storing")

constexpr const char *viewOnly = "view_only";

/// Below 0: not known.
qint64 freeBytesOf(const std::filesystem::path &folder)
{
    std::error_code error;
    const auto space = std::filesystem::space(folder, error);
    return error ? -1 : static_cast<qint64>(space.available);
}

} // namespace

Storing::Storing(const lifecycle::Journal &journal, ui::MainWindow &window)
    : m_journal(journal), m_window(window), m_damage(new ui::Banner(QStringLiteral("damageBanner")))
{
    m_damage->setDismissible(true);
    connect(m_damage, &ui::Banner::actionTriggered, this, &Storing::openFolder);
    m_window.addStrip(m_damage);
    if (const auto &salvaged = m_journal.salvaged()) {
        const QString sentence = sentenceFor(*salvaged);
        qCWarning(logStoring, "%s", toUtf8(sentence).c_str());
        m_damage->show(sentence, tr("Show the folder"));
    }
    connect(&m_timer, &QTimer::timeout, this, &Storing::look);
    connect(&m_window, &ui::MainWindow::storageActionTriggered, this, &Storing::openFolder);
    m_timer.start(1s); // the journal's answers come on a thread of its own
    look();
}

QString Storing::sentenceFor(const Error &error, qint64 freeBytes)
{
    const QString reason = toQString(error.message);
    if (error.code == viewOnly)
        return tr("View mode, nothing new is stored: %1").arg(reason);
    const QString room = freeBytes < 0 ? QString() : tr(" (%1 free)").arg(ui::formatBytes(freeBytes));
    return tr("Events cannot be stored, senders are told to try again: %1%2").arg(reason, room);
}

QString Storing::sentenceFor(const lifecycle::SalvageReport &report)
{
    const QLocale locale;
    return tr("The journal was damaged (%1). %2 events were saved, at least %3 lost; the damaged file is kept as %4.")
        .arg(toQString(report.cause), locale.toString(static_cast<qlonglong>(report.rowsKept)),
             locale.toString(static_cast<qlonglong>(report.rowsLost)),
             toQString(report.damagedFile.filename().string()));
}

/// Rows that turned out to be damaged while the journal is open.
void Storing::tellDamage()
{
    const qint64 rows = m_journal.damagedRows();
    if (rows <= m_damagedRows)
        return;
    m_damagedRows = rows;
    const QString sentence = rows == 1
        ? tr("One event in the journal is damaged and left out. The next start repairs the file.")
        : tr("%1 events in the journal are damaged and left out. The next start repairs the file.")
              .arg(QLocale().toString(rows));
    qCWarning(logStoring, "%s", toUtf8(sentence).c_str());
    m_damage->show(sentence, tr("Show the folder"));
}

void Storing::look()
{
    tellDamage();
    const auto failure = m_journal.lastFailure();
    if (!failure) {
        m_failures = 0;
        if (!m_sentence.isEmpty()) {
            m_sentence.clear();
            m_window.hideStorageProblem();
        }
        return;
    }
    ++m_failures;
    if (failure->code == viewOnly)
        return show(*failure, -1);
    if (m_failures < 2)
        return; // another process may just have held the database
    whenDone(runIn(m_disk, m_answers, [folder = m_journal.file().parent_path()] { return freeBytesOf(folder); }), this,
             [this, error = *failure](qint64 freeBytes) {
                 if (m_failures > 0)
                     show(error, freeBytes);
             });
}

void Storing::show(const Error &error, qint64 freeBytes)
{
    const QString sentence = sentenceFor(error, freeBytes);
    if (sentence == m_sentence)
        return;
    m_sentence = sentence;
    m_window.showStorageProblem(sentence, tr("Show the folder"));
}

void Storing::openFolder()
{
    QDesktopServices::openUrl(QUrl::fromLocalFile(toQString(m_journal.file().parent_path().string())));
}

} // namespace sandglass::app
