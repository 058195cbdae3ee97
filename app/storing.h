#pragma once

#include <QObject>
#include <QString>
#include <QTimer>

namespace sandglass {
struct Error;
}
namespace sandglass::lifecycle {
class Journal;
}
namespace sandglass::ui {
class MainWindow;
}

namespace sandglass::app {

/// Says over the pages that the journal cannot store what comes in, and why, for as long as that is so: a disk that is
/// full, or a folder that cannot be written, when the window is for viewing only.
class Storing final : public QObject
{
    Q_OBJECT
public:
    /// Both must outlive this.
    Storing(const lifecycle::Journal &journal, ui::MainWindow &window);

    /// `freeBytes` of the disk; below 0 = not known.
    [[nodiscard]] static QString sentenceFor(const Error &error, qint64 freeBytes);

private:
    void look();
    void show(const Error &error, qint64 freeBytes);
    void openFolder();

    const lifecycle::Journal &m_journal;
    ui::MainWindow &m_window;
    QTimer m_timer;
    QString m_sentence;
    int m_failures = 0; ///< looks in a row
};

} // namespace sandglass::app
