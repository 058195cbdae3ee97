#pragma once

#include "models/runs/sessionfiles.h"

#include <QFrame>
#include <QTimer>

#include <functional>
#include <optional>

class QAction;
class QLabel;
class QPushButton;

namespace sandglass::models {
class CodeDocument;
class RunSession;
} // namespace sandglass::models

namespace sandglass::ui {

/// Sessions as files, and the strip above the code that tells how that goes: progress with a way out, what was saved or
/// opened, why not. The session that was there before is kept and can be gone back to; where that would lose something,
/// nothing is opened.
class SessionSharing final : public QFrame
{
    Q_OBJECT
public:
    /// What the page shows, without what the document knows, and how it is made to show something else.
    struct Place
    {
        std::function<models::SessionContents()> contents;
        std::function<void(const models::SessionContents &)> show;
    };
    /// All of it must outlive this.
    SessionSharing(models::RunSession &session, models::CodeDocument &document, Place place, QWidget *parent);

    void openFile(const QString &path);
    void saveTo(const QString &path);
    void askWhichSession();
    void askWhereToSaveIt();
    void goBack(); ///< to the session before, which changes places with this one

    [[nodiscard]] QAction *backAction() { return m_backAction; }

private:
    struct Kept
    {
        models::SessionContents contents;
        QString path; ///< of the code's file
        bool isModified = false;
        int savedUpTo = 0; ///< number of the last attempt that is in a file
        QString savedCode;
    };
    [[nodiscard]] Kept present() const;
    [[nodiscard]] static bool hasUnsaved(const Kept &kept);
    [[nodiscard]] bool wouldLose() const;
    void show(const Kept &kept);
    void onChanged();
    void onSaved(const refine::WrittenSession &written);
    void onOpened(const models::SessionFiles::Opened &opened);
    void onFailed(models::SessionFiles::State during, const Error &error);
    void tell(const QString &sentence);
    void update();

    models::RunSession &m_session;
    models::CodeDocument &m_document;
    Place m_place;
    models::SessionFiles m_files;
    QLabel *m_text;
    QPushButton *m_cancel;
    QPushButton *m_back;
    QPushButton *m_dismiss;
    QAction *m_backAction;
    QTimer m_delay; ///< what is done at once needs no progress
    QString m_sentence;
    std::optional<Kept> m_kept;
    int m_savedUpTo = 0;
    QString m_savedCode;
    int m_savingUpTo = 0; ///< of what is being saved
    QString m_savingCode;
};

} // namespace sandglass::ui
