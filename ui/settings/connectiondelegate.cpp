#include "ui/settings/connectiondelegate.h"

#include "services/core/qtstring.h"
#include "ui/text/format.h"
#include "ui/theme/theme.h"

#include <QPainter>

namespace sandglass::ui {

using models::ConnectionsModel;

void ConnectionDelegate::paint(QPainter *painter, const QStyleOptionViewItem &option, const QModelIndex &index) const
{
    const auto *model = qobject_cast<const ConnectionsModel *>(index.model());
    if (!model)
        return;
    const ConnectionsModel::Row &row = model->at(index.row());
    const bool isActive = index.data(Qt::UserRole).toString() == model->activeId();
    const Tokens &t = Theme::tokens();
    painter->save();
    painter->setRenderHint(QPainter::Antialiasing);
    if (option.state.testFlag(QStyle::State_Selected)) {
        painter->setPen(Qt::NoPen);
        painter->setBrush(t.sel);
        painter->drawRoundedRect(option.rect.adjusted(0, 1, 0, -1), 6, 6);
    }
    const QRect area = option.rect.adjusted(10, 0, -10, 0);
    painter->setFont(Theme::uiFont(13, isActive ? QFont::DemiBold : QFont::Normal));
    const QString mark = row.isReady() ? QStringLiteral("●") : QStringLiteral("○");
    painter->setPen(row.isReady() ? t.run : t.muted);
    painter->drawText(area, Qt::AlignVCenter | Qt::AlignLeft, mark);
    painter->setPen(row.isReady() ? t.text : t.muted);
    constexpr int markWidth = 18;
    const QString state = isActive                            ? tr("in use")
        : row.isReady()                                       ? QString()
        : row.connection.kind == e2b::Connection::Kind::Local ? tr("offline")
                                                              : tr("no key");
    const int stateWidth = state.isEmpty() ? 0 : 60;
    painter->drawText(area.adjusted(markWidth, 0, 0, 0), Qt::AlignVCenter | Qt::AlignLeft,
                      painter->fontMetrics().elidedText(index.data().toString(), Qt::ElideRight,
                                                        area.width() - markWidth - stateWidth));
    painter->setFont(Theme::uiFont(12));
    painter->setPen(isActive ? t.accent : t.faint);
    painter->drawText(area, Qt::AlignVCenter | Qt::AlignRight, state);
    painter->restore();
}

QSize ConnectionDelegate::sizeHint(const QStyleOptionViewItem &, const QModelIndex &) const
{
    return {160, metrics::rowHeight};
}

std::pair<QString, QString> testText(const ConnectionsModel::Row &row)
{
    const QString error = QStringLiteral("error");
    switch (row.testState) {
    case ConnectionsModel::TestState::NotTested:
        return {{}, QStringLiteral("muted")};
    case ConnectionsModel::TestState::Testing:
        return {ConnectionDelegate::tr("◐ Asking…"), QStringLiteral("muted")};
    case ConnectionsModel::TestState::Works:
        return {ConnectionDelegate::tr("● Works: address and key were accepted in %1")
                    .arg(formatDuration(row.testDuration)),
                QStringLiteral("good")};
    case ConnectionsModel::TestState::Failed:
        break;
    }
    const QString words = toQString(row.testError.message);
    if (row.testError.status == 401 || row.testError.status == 403)
        return {ConnectionDelegate::tr("✕ The address answers, but refuses the key: %1").arg(words), error};
    if (row.testError.kind == Error::Kind::Transport || row.testError.kind == Error::Kind::Timeout)
        return {ConnectionDelegate::tr("✕ No answer from this address: %1").arg(words), error};
    if (row.testError.kind == Error::Kind::Decode)
        return {ConnectionDelegate::tr("✕ Something answers, but it is no E2B API: %1").arg(words), error};
    return {ConnectionDelegate::tr("✕ %1").arg(words), error};
}

} // namespace sandglass::ui
