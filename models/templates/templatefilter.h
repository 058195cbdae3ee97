#pragma once

#include <QSortFilterProxyModel>
#include <QStringList>

namespace sandglass::models {

/// Keeps the templates whose names, id or status contain every word of the search.
class TemplateFilter final : public QSortFilterProxyModel
{
    Q_OBJECT
public:
    explicit TemplateFilter(QObject *parent = nullptr);
    void setSearch(const QString &text);
    [[nodiscard]] bool isSearching() const { return !m_words.isEmpty(); }

protected:
    [[nodiscard]] bool filterAcceptsRow(int sourceRow, const QModelIndex &sourceParent) const override;

private:
    QStringList m_words;
};

} // namespace sandglass::models
