#include "app/storing.h"

#include "services/core/qtstring.h"
#include "services/core/whendone.h"
#include "services/lifecycle/journal.h"
#include "ui/shell/mainwindow.h"
#include "ui/text/format.h"

#include <QDesktopServices>
#include <QPromise>
#include <QThreadPool>
#include <QUrl>

#include <filesystem>
#include <memory>

using namespace std::chrono_literals;

namespace sandglass::app {

namespace {

constexpr const char *viewOnly = "view_only";

/// Asked in another thread: the disk may be one that hangs.
QFuture<qint64> freeBytesOf(const std::filesystem::path &folder)
{
    auto promise = std::make_shared<QPromise<qint64>>();
    promise->start();
    QThreadPool::globalInstance()->start([promise, folder] {
        std::error_code error;
        const auto space = std::filesystem::space(folder, error);
        promise->addResult(error ? -1 : static_cast<qint64>(space.available));
        promise->finish();
    });
    return promise->future();
}

} // namespace

Storing::Storing(const lifecycle::Journal &journal, ui::MainWindow &window) : m_journal(journal), m_window(window)
{
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

void Storing::look()
{
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
    whenDone(freeBytesOf(m_journal.file().parent_path()), this, [this, error = *failure](qint64 freeBytes) {
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
