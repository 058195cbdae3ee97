#include "ui/templates/templatedelegate.h"

#include "models/templates/templatelistmodel.h"
#include "services/core/displayzone.h"
#include "services/core/time.h"
#include "ui/templates/templatedetails.h"
#include "ui/text/format.h"
#include "ui/theme/theme.h"

#include <QDateTime>
#include <QLocale>
#include <QPainter>

namespace sandglass::ui {

using models::TemplateListModel;

void TemplateDelegate::paint(QPainter *painter, const QStyleOptionViewItem &option, const QModelIndex &index) const
{
    const Tokens &t = Theme::tokens();
    painter->save();
    painter->fillRect(option.rect, option.state.testFlag(QStyle::State_Selected) ? t.sel : t.surface);
    painter->setPen(t.grid);
    painter->drawLine(option.rect.bottomLeft(), option.rect.bottomRight());
    QString text = index.data().toString();
    QColor colour = index.column() == TemplateListModel::NameColumn ? t.text : t.muted;
    painter->setFont(Theme::uiFont(13));
    if (index.column() == TemplateListModel::StatusColumn) {
        const BuildMark mark = buildMark(text);
        text = mark.text;
        colour = mark.colour;
    } else if (index.column() == TemplateListModel::SpawnsColumn) {
        text = formatCount(index.data(TemplateListModel::SortRole).toLongLong());
    } else if (index.column() == TemplateListModel::UpdatedColumn) {
        const qint64 ms = index.data(TemplateListModel::SortRole).toLongLong();
        text = ms > 0 ? QLocale().toString(DisplayZone::at(fromUnixMs(ms)), QStringLiteral("d MMM yyyy"))
                      : QStringLiteral("—");
    }
    painter->setPen(colour);
    const QRect area = option.rect.adjusted(metrics::cellPadding, 0, -metrics::cellPadding, 0);
    const auto alignment = static_cast<Qt::Alignment>(index.data(Qt::TextAlignmentRole).toInt());
    painter->drawText(area, static_cast<int>(alignment) | Qt::TextSingleLine,
                      painter->fontMetrics().elidedText(text, Qt::ElideRight, area.width()));
    painter->restore();
}

} // namespace sandglass::ui
