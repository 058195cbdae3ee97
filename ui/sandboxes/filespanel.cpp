#include "ui/sandboxes/filespanel.h"

#include "models/sandboxes/filecheck.h"
#include "services/core/qtstring.h"
#include "ui/refine/diffview.h"
#include "ui/sandboxes/endtext.h"
#include "ui/text/format.h"
#include "ui/widgets/labels.h"

#include <QVBoxLayout>

#include <algorithm>

namespace sandglass::ui {

using models::DiffRow;
using models::FileRecord;

namespace {

QString lineOf(const e2b::FileList &list, const std::string &path)
{
    const auto found = std::ranges::lower_bound(list.files, path, {}, &e2b::ListedFile::path);
    if (found == list.files.end() || found->path != path)
        return toQString(path);
    if (found->type == e2b::ListedFile::Type::Directory)
        return toQString(path) + u'/';
    QStringList parts{toQString(path), formatBytes(found->size)};
    if (found->modified)
        parts << FilesPanel::tr("changed %1").arg(clockBeside(*found->modified, systemNow()));
    return parts.join(QStringLiteral("  ·  "));
}

QString filesText(int count)
{
    return count == 1 ? FilesPanel::tr("1 file") : FilesPanel::tr("%1 files").arg(formatCount(count));
}

int filesIn(const e2b::FileList &list)
{
    return static_cast<int>(std::ranges::count_if(
        list.files, [](const auto &file) { return file.type != e2b::ListedFile::Type::Directory; }));
}

} // namespace

FilesPanel::FilesPanel(models::FileCheck &check, QWidget *parent)
    : QWidget(parent), m_check(check), m_words(makeMuted({})), m_view(new DiffView(this))
{
    setObjectName(QStringLiteral("filesPanel"));
    m_words->setObjectName(QStringLiteral("filesWords"));
    m_words->setWordWrap(true);
    m_words->setTextFormat(Qt::PlainText); // what a sandbox says
    m_words->setTextInteractionFlags(Qt::TextSelectableByMouse);
    m_view->setObjectName(QStringLiteral("filesDifference"));
    m_view->setAccessibleName(tr("Files that differ after the resume"));
    auto *layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(6);
    layout->addWidget(m_words);
    layout->addWidget(m_view, 1);
    layout->addStretch();
    connect(&m_check, &models::FileCheck::changed, this, [this](const QString &id) {
        if (id.isEmpty() || id == m_id)
            update();
    });
    update();
}

void FilesPanel::setSandbox(const QString &id)
{
    if (id == m_id)
        return;
    m_id = id;
    update();
}

void FilesPanel::showEvent(QShowEvent *event)
{
    QWidget::showEvent(event);
    update();
}

void FilesPanel::update()
{
    if (!isVisible())
        return; // its record would be read for nobody
    const auto record = m_check.record(m_id);
    m_words->setText(words(record.get()));
    showDifference(record.get());
}

QString FilesPanel::words(const FileRecord *record) const
{
    if (m_check.isListing(m_id))
        return tr("Listing the files…");
    if (record == nullptr && !m_check.isEnabled())
        return tr("Files are not compared around a pause: that is switched off in Settings > Pause and resume.");
    if (record == nullptr)
        return tr("Pause it here and resume it here: the files in its home are listed before and after, and what got "
                  "lost or changed is shown.");
    const QString paused = clockBeside(record->before.at, systemNow());
    if (!record->before.trouble.empty())
        return tr("The files could not be listed before the pause (%1), so there is nothing to compare: %2")
            .arg(paused, toQString(record->before.trouble));
    const QString before = filesText(filesIn(record->before.list));
    if (!record->after)
        return tr("%1 in its home before the pause (%2). They are compared after the resume.").arg(before, paused);
    const QString resumed = clockBeside(record->after->at, systemNow());
    if (!record->difference)
        return tr("The files could not be listed after the resume (%1): %2. Before the pause (%3): %4.")
            .arg(resumed, toQString(record->after->trouble), paused, before);
    const e2b::FileDifference &difference = *record->difference;
    const QString same = filesText(static_cast<int>(difference.same));
    QStringList parts;
    parts << (difference.isNone() ? tr("Same: %1.").arg(same)
                                  : tr("%1 lost, %2 changed, %3 new; same: %4.")
                                        .arg(difference.removed.size())
                                        .arg(difference.changed.size())
                                        .arg(difference.added.size())
                                        .arg(same));
    parts << tr("Paused %1, resumed %2.").arg(paused, resumed);
    if (difference.isPartial)
        parts << tr("There are more: the first %1 by name are compared.").arg(formatCount(e2b::FileList::mostFiles));
    if (!difference.isNone())
        parts << tr("Programs that ran on may have written since.");
    return parts.join(u' ');
}

void FilesPanel::showDifference(const FileRecord *record)
{
    std::vector<DiffRow> rows;
    if (record != nullptr && record->difference) {
        const e2b::FileDifference &difference = *record->difference;
        const e2b::FileList &before = record->before.list, &after = record->after->list;
        for (const std::string &path : difference.removed)
            rows.push_back({DiffRow::Kind::Removed, lineOf(before, path)});
        for (const std::string &path : difference.changed) {
            rows.push_back({DiffRow::Kind::Removed, lineOf(before, path)});
            rows.push_back({DiffRow::Kind::Added, lineOf(after, path)});
        }
        for (const std::string &path : difference.added)
            rows.push_back({DiffRow::Kind::Added, lineOf(after, path)});
        if (const std::size_t all = rows.size(); all > mostRows) {
            rows.resize(mostRows);
            rows.push_back({DiffRow::Kind::Skipped, tr("… %1 more").arg(all - mostRows)});
        }
    }
    m_view->setVisible(!rows.empty());
    m_view->setDiff(std::move(rows), {});
}

} // namespace sandglass::ui
