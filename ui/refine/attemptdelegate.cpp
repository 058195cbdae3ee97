#include "ui/refine/attemptdelegate.h"

#include "ui/refine/attemptcost.h"
#include "ui/text/format.h"
#include "ui/theme/theme.h"

#include <QAbstractItemView>
#include <QHelpEvent>
#include <QPainter>
#include <QToolTip>

namespace sandglass::ui {

using models::AttemptRow;
using models::AttemptsModel;
using Verdict = AttemptRow::Verdict;

namespace {

constexpr int cardHeight = 76;
constexpr int cardGap = 8;

// Writes pieces of text one after the other on one base line.
class LineWriter final
{
public:
    LineWriter(QPainter &painter, QRect area) : m_painter(painter), m_area(area) {}
    void write(const QString &text, const QColor &colour, const QFont &font)
    {
        m_painter.setFont(font);
        m_painter.setPen(colour);
        const QFontMetrics metrics = m_painter.fontMetrics();
        const QString fitting = metrics.elidedText(text, Qt::ElideRight, m_area.width());
        m_painter.drawText(m_area, Qt::AlignLeft | Qt::AlignVCenter | Qt::TextSingleLine, fitting);
        m_area.setLeft(m_area.left() + metrics.horizontalAdvance(fitting));
    }

private:
    QPainter &m_painter;
    QRect m_area;
};

} // namespace

VerdictMark verdictMark(const AttemptRow &attempt)
{
    const Tokens &t = Theme::tokens();
    const auto with = [&attempt](const QString &word) {
        return attempt.reason.isEmpty() ? word : QString(word % QStringLiteral(": ") % attempt.reason.simplified());
    };
    switch (attempt.verdict) {
    case Verdict::Running:
        return {QStringLiteral("◐"), AttemptDelegate::tr("Running…"), t.accent};
    case Verdict::Passed:
        return {QStringLiteral("✓"), AttemptDelegate::tr("Passed"), t.run};
    case Verdict::Ran:
        return {QStringLiteral("●"), AttemptDelegate::tr("Ran without error"), t.text};
    case Verdict::CheckFailed:
        return {QStringLiteral("✕"), with(AttemptDelegate::tr("Check failed")), t.err};
    case Verdict::Raised:
        return {QStringLiteral("✕"),
                attempt.reason.isEmpty() ? AttemptDelegate::tr("Error") : attempt.reason.simplified(), t.err};
    case Verdict::TimedOut:
        return {QStringLiteral("▲"), with(AttemptDelegate::tr("Timed out")), t.warn};
    case Verdict::Stopped:
        return {QStringLiteral("■"), AttemptDelegate::tr("Stopped"), t.muted};
    case Verdict::Broken:
        return {QStringLiteral("▲"), with(AttemptDelegate::tr("Not completed")), t.warn};
    }
    return {};
}

void AttemptDelegate::paint(QPainter *painter, const QStyleOptionViewItem &option, const QModelIndex &index) const
{
    const auto *model = qobject_cast<const AttemptsModel *>(index.model());
    if (!model)
        return;
    const AttemptRow &attempt = model->at(index.row());
    const Tokens &t = Theme::tokens();
    const bool selected = option.state.testFlag(QStyle::State_Selected);
    painter->save();
    painter->setRenderHint(QPainter::Antialiasing);
    const QRectF card = QRectF(option.rect).adjusted(0.5, 0.5, -0.5, -cardGap - 0.5);
    painter->setPen(selected ? t.accent : option.state.testFlag(QStyle::State_MouseOver) ? t.faint : t.border);
    painter->setBrush(selected ? t.raised : t.surface);
    painter->drawRoundedRect(card, metrics::radius, metrics::radius);

    const VerdictMark mark = verdictMark(attempt);
    const int left = option.rect.left() + 12;
    const int top = option.rect.top() + 9;
    painter->setPen(mark.colour);
    painter->setFont(Theme::uiFont(15));
    painter->drawText(QRect(left, top, 20, 18), Qt::AlignCenter, mark.shape);
    const QRect area(left + 26, top, option.rect.right() - left - 26 - 10, 18);
    LineWriter title(*painter, area);
    title.write(index.data().toString(), t.text, Theme::uiFont(13, QFont::DemiBold));
    title.write(QStringLiteral(" · ") + attempt.author, t.muted, Theme::uiFont(13));
    LineWriter(*painter, area.translated(0, 19)).write(mark.words, mark.colour, Theme::uiFont(13));
    LineWriter facts(*painter, area.translated(0, 38));
    const QFont small = Theme::uiFont(12);
    const QString duration = attempt.duration ? formatDuration(*attempt.duration) : QStringLiteral("—");
    const QString gap = QStringLiteral(" · ");
    QString run =
        attempt.duration || !attempt.model ? tr("run %1 · %2").arg(duration, costParts(attempt)) : costParts(attempt);
    if (attempt.model && QFontMetrics(small).horizontalAdvance(run) > area.width())
        run = costParts(attempt);
    if (attempt.model && QFontMetrics(small).horizontalAdvance(run) > area.width())
        run = tr("run %1 · %2").arg(duration, costSum(attempt));
    const QString added = QStringLiteral("+%1 ").arg(attempt.added),
                  removed = QStringLiteral("−%1").arg(attempt.removed);
    facts.write(run, t.faint, small);
    // In a narrow list whole or not at all: the diff has a page of its own.
    const bool hasCode = !attempt.code.isEmpty();
    if (hasCode && QFontMetrics(small).horizontalAdvance(run + gap + added + removed) <= area.width()) {
        facts.write(gap, t.faint, small);
        facts.write(added, attempt.added > 0 ? t.run : t.faint, small);
        facts.write(removed, attempt.removed > 0 ? t.err : t.faint, small);
    }
    painter->restore();
}

bool AttemptDelegate::helpEvent(QHelpEvent *event, QAbstractItemView *view, const QStyleOptionViewItem &option,
                                const QModelIndex &index)
{
    const auto *model = qobject_cast<const AttemptsModel *>(index.model());
    if (model == nullptr || event->type() != QEvent::ToolTip)
        return QStyledItemDelegate::helpEvent(event, view, option, index);
    QToolTip::showText(event->globalPos(), costDetails(model->at(index.row())), view);
    return true;
}

QSize AttemptDelegate::sizeHint(const QStyleOptionViewItem &, const QModelIndex &) const
{
    return {120, cardHeight + cardGap};
}

} // namespace sandglass::ui
