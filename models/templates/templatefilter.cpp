#include "models/templates/templatefilter.h"

#include "models/templates/templatelistmodel.h"

#include <algorithm>

namespace sandglass::models {

TemplateFilter::TemplateFilter(QObject *parent) : QSortFilterProxyModel(parent)
{
    setSortRole(TemplateListModel::SortRole);
}

void TemplateFilter::setSearch(const QString &text)
{
    m_words = text.toLower().split(u' ', Qt::SkipEmptyParts);
    invalidateFilter();
}

bool TemplateFilter::filterAcceptsRow(int sourceRow, const QModelIndex &sourceParent) const
{
    const QString text =
        sourceModel()->index(sourceRow, 0, sourceParent).data(TemplateListModel::SearchRole).toString();
    return std::ranges::all_of(m_words, [&text](const QString &word) { return text.contains(word); });
}

} // namespace sandglass::models
