#include "ui/refine/sessionsharing.h"

#include "models/runs/codedocument.h"
#include "models/runs/runsession.h"
#include "services/core/qtstring.h"
#include "ui/sandboxes/endtext.h"
#include "ui/text/format.h"
#include "ui/widgets/bannerrow.h"
#include "ui/widgets/buttons.h"
#include "ui/widgets/filedialogs.h"

#include <QAction>
#include <QFileInfo>
#include <QLabel>
#include <QPushButton>

#include <utility>

namespace sandglass::ui {

using models::SessionFiles;

namespace {

constexpr int progressAfter = 250; // ms

QString filters()
{
    return SessionSharing::tr("Sandglass session (*%1);;All files (*)").arg(toQString(refine::sessionSuffix));
}

QString attemptsText(std::size_t count)
{
    return count == 1 ? SessionSharing::tr("1 attempt") : SessionSharing::tr("%1 attempts").arg(count);
}

QString placesText(int count)
{
    return count == 1 ? SessionSharing::tr("1 place") : SessionSharing::tr("%1 places").arg(count);
}

} // namespace

SessionSharing::SessionSharing(models::RunSession &session, models::CodeDocument &document, Place place,
                               QWidget *parent)
    : QFrame(parent)
    , m_session(session)
    , m_document(document)
    , m_place(std::move(place))
    , m_text(new QLabel(this))
    , m_cancel(makeButton(tr("Cancel"), QStringLiteral("sessionCancel")))
    , m_back(makeButton(tr("Back to the session before"), QStringLiteral("sessionBack")))
    , m_dismiss(makeQuietButton(tr("Dismiss"), QStringLiteral("sessionDismiss")))
    , m_backAction(new QAction(tr("Back to the session before"), this))
{
    setObjectName(QStringLiteral("sessionStrip"));
    m_text->setObjectName(QStringLiteral("sessionText"));
    m_text->setTextFormat(Qt::PlainText); // names of files, and what a file says
    m_text->setTextInteractionFlags(Qt::TextSelectableByMouse);
    layOutBanner(*this, m_text, {m_cancel, m_back, m_dismiss});
    m_delay.setSingleShot(true);
    m_delay.setInterval(progressAfter);
    connect(&m_delay, &QTimer::timeout, this, &SessionSharing::update);
    connect(m_cancel, &QPushButton::clicked, &m_files, &SessionFiles::cancel);
    connect(m_back, &QPushButton::clicked, this, &SessionSharing::goBack);
    connect(m_backAction, &QAction::triggered, this, &SessionSharing::goBack);
    connect(m_dismiss, &QPushButton::clicked, this, [this] { tell({}); });
    connect(&m_files, &SessionFiles::changed, this, &SessionSharing::onChanged);
    connect(&m_files, &SessionFiles::saved, this, &SessionSharing::onSaved);
    connect(&m_files, &SessionFiles::opened, this, &SessionSharing::onOpened);
    connect(&m_files, &SessionFiles::failed, this, &SessionSharing::onFailed);
    update();
}

SessionSharing::Kept SessionSharing::present() const
{
    Kept kept{m_place.contents(), m_document.path(), m_document.isModified(), m_savedUpTo, m_savedCode};
    kept.contents.title = m_document.title();
    return kept;
}

bool SessionSharing::hasUnsaved(const Kept &kept)
{
    const models::SessionContents &contents = kept.contents;
    const bool isInItsFile = !kept.path.isEmpty() && !kept.isModified;
    return (!contents.rows.empty() && contents.rows.back()->number > kept.savedUpTo)
        || (!isInItsFile && contents.code != kept.savedCode && !contents.code.trimmed().isEmpty());
}

bool SessionSharing::wouldLose() const
{
    return m_kept && hasUnsaved(*m_kept) && hasUnsaved(present());
}

void SessionSharing::tell(const QString &sentence)
{
    m_sentence = sentence;
    update();
}

void SessionSharing::update()
{
    const bool isBusy = m_files.state() != SessionFiles::State::Idle && !m_delay.isActive();
    if (isBusy) {
        const QString name = QFileInfo(m_files.path()).fileName();
        const int percent = static_cast<int>(m_files.done() * 100);
        m_text->setText(m_files.state() == SessionFiles::State::Saving ? tr("Saving %1: %2 %").arg(name).arg(percent)
                                                                       : tr("Opening %1: %2 %").arg(name).arg(percent));
    } else {
        m_text->setText(m_sentence);
    }
    m_cancel->setVisible(isBusy);
    m_back->setVisible(!isBusy && m_kept.has_value());
    m_dismiss->setVisible(!isBusy);
    m_backAction->setEnabled(m_kept.has_value());
    setAccessibleName(m_text->text());
    setVisible(isBusy || !m_sentence.isEmpty());
}

void SessionSharing::onChanged()
{
    if (m_files.state() == SessionFiles::State::Idle)
        m_delay.stop();
    else if (m_files.done() == 0 && !isVisible())
        m_delay.start();
    update();
}

void SessionSharing::askWhichSession()
{
    askWhatToOpen(this, tr("Open session"), {}, filters(), [this](const QString &path) { openFile(path); });
}

void SessionSharing::askWhereToSaveIt()
{
    const Kept now = present();
    if (now.contents.rows.empty() && now.contents.code.trimmed().isEmpty())
        return tell(tr("There is nothing to save yet: no code, no attempt."));
    const QString name = QFileInfo(now.contents.title).completeBaseName() + toQString(refine::sessionSuffix);
    askWhereToSave(this, tr("Save session: code, attempts and outputs; keys and secrets are taken out"), name,
                   filters(), [this](const QString &path) { saveTo(path); });
}

void SessionSharing::saveTo(const QString &path)
{
    const Kept now = present();
    if (!m_files.save(path, now.contents))
        return tell(tr("Another session is being saved or opened."));
    m_savingUpTo = 0;
    for (const auto &row : now.contents.rows) {
        if (row->verdict != models::AttemptRow::Verdict::Running)
            m_savingUpTo = row->number;
    }
    m_savingCode = now.contents.code;
}

void SessionSharing::onSaved(const refine::WrittenSession &written)
{
    m_savedUpTo = m_savingUpTo;
    m_savedCode = m_savingCode;
    QStringList parts{tr("Saved %1: %2, %3.")
                          .arg(QFileInfo(m_files.path()).fileName(), attemptsText(written.attempts),
                               formatBytes(static_cast<std::int64_t>(written.bytes)))};
    if (written.placesCleaned > 0)
        parts
            << tr("Taken out because they look like keys or other secrets: %1.").arg(placesText(written.placesCleaned));
    else
        parts << tr("Nothing in it looked like a key or another secret.");
    if (written.attemptsLeftOut > 0)
        parts << tr("Too large for one file: the oldest attempts are not in it, %1.")
                     .arg(attemptsText(written.attemptsLeftOut));
    else if (written.resultsLeftOut > 0)
        parts << tr("Too large for one file: results of old attempts are not in it.");
    tell(parts.join(u' '));
}

void SessionSharing::openFile(const QString &path)
{
    if (m_session.state() != models::RunSession::State::Idle)
        return tell(tr("A run is on its way. Stop it (Esc), then open the session."));
    if (wouldLose())
        return tell(
            tr("This session and the one before both hold something that is not saved. Save one of them first."));
    if (!m_files.open(path))
        tell(tr("Another session is being saved or opened."));
}

void SessionSharing::onOpened(const SessionFiles::Opened &opened)
{
    const QString name = QFileInfo(m_files.path()).fileName();
    if (m_session.state() != models::RunSession::State::Idle || wouldLose())
        return tell(tr("%1 was not opened: you went on with this session meanwhile.").arg(name));
    Kept before = present();
    const bool isWorthKeeping = !before.contents.rows.empty() || !before.contents.code.trimmed().isEmpty();
    if (isWorthKeeping && (!m_kept || hasUnsaved(before) || !hasUnsaved(*m_kept)))
        m_kept = std::move(before);
    Kept next{opened.contents, {}, false, 0, opened.contents.code};
    if (!next.contents.rows.empty()) {
        next.savedUpTo = next.contents.rows.back()->number;
        if (next.contents.code.isEmpty())
            next.savedCode = next.contents.code = next.contents.rows.back()->code;
    }
    show(next);
    const QString attempts = attemptsText(opened.contents.rows.size());
    QStringList parts{opened.savedAt
                          ? tr("%1: %2, saved %3.").arg(name, attempts, clockBeside(*opened.savedAt, systemNow()))
                          : tr("%1: %2.").arg(name, attempts)};
    if (opened.placesCleaned > 0)
        parts << tr("Keys or secrets taken out of it: %1.").arg(placesText(opened.placesCleaned));
    tell(parts.join(u' '));
}

void SessionSharing::onFailed(SessionFiles::State during, const Error &error)
{
    const QString name = QFileInfo(m_files.path()).fileName();
    const QString why = toQString(error.message);
    if (error.kind == Error::Kind::Cancelled)
        tell(during == SessionFiles::State::Saving ? tr("Cancelled: %1 was not written.").arg(name)
                                                   : tr("Cancelled: %1 was not opened.").arg(name));
    else if (during == SessionFiles::State::Saving)
        tell(tr("The session was not saved: %1").arg(why));
    else
        tell(tr("%1 cannot be opened: %2").arg(name, why));
}

void SessionSharing::show(const Kept &kept)
{
    m_place.show(kept.contents);
    m_document.resume(kept.path, kept.contents.title.isEmpty() ? tr("session.py") : kept.contents.title,
                      kept.isModified);
    m_savedUpTo = kept.savedUpTo;
    m_savedCode = kept.savedCode;
}

void SessionSharing::goBack()
{
    if (!m_kept)
        return;
    if (m_session.state() != models::RunSession::State::Idle)
        return tell(tr("A run is on its way. Stop it (Esc) first."));
    Kept now = present();
    show(*std::exchange(m_kept, std::move(now)));
    tell(tr("The session before: %1, %2.")
             .arg(m_document.title(), attemptsText(static_cast<std::size_t>(m_session.attempts()->rowCount()))));
}

} // namespace sandglass::ui
