#include "ui/settings/modeldelegate.h"

#include "models/settings/modellistmodel.h"
#include "services/core/qtstring.h"
#include "ui/theme/theme.h"

#include <QPainter>

namespace sandglass::ui {

void ModelDelegate::paint(QPainter *painter, const QStyleOptionViewItem &option, const QModelIndex &index) const
{
    const auto *model = qobject_cast<const models::ModelListModel *>(index.model());
    if (!model)
        return;
    const Tokens &t = Theme::tokens();
    painter->save();
    painter->setRenderHint(QPainter::Antialiasing);
    if (option.state.testFlag(QStyle::State_Selected)) {
        painter->setPen(Qt::NoPen);
        painter->setBrush(t.sel);
        painter->drawRoundedRect(option.rect.adjusted(0, 1, 0, -1), 6, 6);
    }
    const QRect area = option.rect.adjusted(10, 0, -10, 0);
    painter->setFont(Theme::uiFont(13));
    painter->setPen(t.text);
    const QFontMetrics wide = painter->fontMetrics();
    const QString name = wide.elidedText(index.data().toString(), Qt::ElideRight, area.width());
    painter->drawText(area, Qt::AlignVCenter | Qt::AlignLeft, name);
    constexpr int gap = 12, leastWidth = 40;
    const int rest = area.width() - wide.horizontalAdvance(name) - gap;
    if (rest >= leastWidth) {
        painter->setFont(Theme::uiFont(12));
        painter->setPen(t.faint);
        const QString called = toQString(model->at(index.row()).connection.model);
        painter->drawText(area, Qt::AlignVCenter | Qt::AlignRight,
                          painter->fontMetrics().elidedText(called, Qt::ElideRight, rest));
    }
    painter->restore();
}

QSize ModelDelegate::sizeHint(const QStyleOptionViewItem &, const QModelIndex &) const
{
    return {160, metrics::rowHeight};
}

} // namespace sandglass::ui
