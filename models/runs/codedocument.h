#pragma once

#include "services/core/mailbox.h"
#include "services/core/result.h"
#include "services/core/workthread.h"

#include <QObject>
#include <QString>
#include <QTimer>

namespace sandglass::models {

/// The file behind the editor: opens and saves it, and keeps a copy of unsaved text in the profile so that a crash
/// costs at most two seconds of typing. Reads and writes in a thread of its own, in the order they were asked for; what
/// is being written when this goes is written to its end. Files above sizeLimit are refused.
class CodeDocument final : public QObject
{
    Q_OBJECT
public:
    static constexpr qint64 sizeLimit = 8 << 20;

    /// `autosavePath`: a file in the profile's state directory; empty switches autosave off.
    explicit CodeDocument(QString autosavePath, QObject *parent = nullptr);

    [[nodiscard]] QString path() const { return m_path; }
    [[nodiscard]] QString title() const; ///< file name, or "untitled.py"
    [[nodiscard]] bool isModified() const { return m_modified; }

    /// opened() follows, or openFailed(): not readable, too large, not UTF-8 text.
    void open(const QString &path);
    /// saved() follows, or saveFailed(). Writes beside and renames, so that a full disk never costs the old text. Lines
    /// end as in the file that was there.
    void save(const QString &path, const QString &text);
    void startNew(const QString &title); ///< no file yet; `title` is only a name to show
    /// The editor holds the text of that file again, as it was put aside; reads and writes nothing. `path` empty: none.
    void resume(const QString &path, const QString &title, bool isModified);

    /// The text of the last session when it ended without being saved; empty when there is none. Reads in this thread:
    /// for the start, before there is a window.
    [[nodiscard]] QString recover();
    [[nodiscard]] bool isFirstStart() const { return m_firstStart; } ///< nothing was ever kept in this profile

public Q_SLOTS:
    /// Every change of the editor; written at most every 2 s.
    void noteText(const QString &text);
    void autosaveNow();

Q_SIGNALS:
    void titleChanged();
    /// `isOverUnsaved`: what the editor held until now is in no file.
    void opened(const QString &text, bool isOverUnsaved);
    void openFailed(const QString &path, const QString &reason);
    void saved();
    void saveFailed(const QString &reason);
    void autosaved();
    void autosaveFailed(const QString &reason);

private:
    void setPath(const QString &path, bool modified);

    QString m_autosavePath;
    QString m_path;
    QString m_untitled;
    QString m_text;
    bool m_modified = false;
    bool m_dirty = false; ///< m_text differs from the autosave file, and none is on its way there
    bool m_firstStart = false;
    QTimer m_timer;
    Mailbox m_answers{this};
    WorkThread m_disk; ///< last: posts to the mailbox until it has ended
};

} // namespace sandglass::models
