#pragma once

#include "services/core/mailbox.h"
#include "services/core/workthread.h"

#include <QObject>
#include <QString>
#include <QTimer>

namespace sandglass {
struct Error;
}
namespace sandglass::lifecycle {
class Journal;
struct SalvageReport;
} // namespace sandglass::lifecycle
namespace sandglass::ui {
class Banner;
class MainWindow;
} // namespace sandglass::ui

namespace sandglass::app {

/// Says over the pages that the journal cannot store what comes in, and why, for as long as that is so: a disk that is
/// full, or a folder that cannot be written, when the window is for viewing only. And what a damaged journal has lost.
class Storing final : public QObject
{
    Q_OBJECT
public:
    /// Both must outlive this.
    Storing(const lifecycle::Journal &journal, ui::MainWindow &window);

    /// `freeBytes` of the disk; below 0 = not known.
    [[nodiscard]] static QString sentenceFor(const Error &error, qint64 freeBytes);
    [[nodiscard]] static QString sentenceFor(const lifecycle::SalvageReport &report);

private:
    void look();
    void show(const Error &error, qint64 freeBytes);
    void tellDamage();
    void openFolder();

    const lifecycle::Journal &m_journal;
    ui::MainWindow &m_window;
    QTimer m_timer;
    ui::Banner *m_damage; ///< the window's
    QString m_sentence;
    qint64 m_damagedRows = 0; ///< told of
    int m_failures = 0;       ///< looks in a row
    Mailbox m_answers;
    WorkThread m_disk; ///< it may hang; last: posts to the mailbox
};

} // namespace sandglass::app
