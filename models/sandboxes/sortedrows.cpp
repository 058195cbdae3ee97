#include "models/sandboxes/sortedrows.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace sandglass::models {

bool SortedRows::isBefore(const Row &a, const Row &b) const
{
    const auto asTuple = [](const Row &row) { return std::tie(row.key.number, row.key.text, row.id); };
    return m_isDescending ? asTuple(b) < asTuple(a) : asTuple(a) < asTuple(b);
}

SortedRows::Row *SortedRows::find(const std::string &id)
{
    const auto found = m_rows.find(id);
    return found == m_rows.end() ? nullptr : &found->second;
}

const SortedRows::Row *SortedRows::find(const std::string &id) const
{
    const auto found = m_rows.find(id);
    return found == m_rows.end() ? nullptr : &found->second;
}

int SortedRows::placeOf(const Row &row) const
{
    const auto place =
        std::ranges::lower_bound(m_order, &row, [this](const Row *a, const Row *b) { return isBefore(*a, *b); });
    return static_cast<int>(place - m_order.begin());
}

void SortedRows::insert(int place, Row row)
{
    m_order.insert(m_order.begin() + place, &keep(std::move(row)));
}

void SortedRows::remove(int place)
{
    const Row &row = *at(place);
    m_order.erase(m_order.begin() + place);
    forget(row);
}

void SortedRows::move(int from, int to, Key key)
{
    const auto begin = m_order.begin();
    m_rows.at(at(from)->id).key = std::move(key);
    if (to < from)
        std::rotate(begin + to, begin + from, begin + from + 1);
    else
        std::rotate(begin + from, begin + from + 1, begin + to);
}

void SortedRows::clear()
{
    m_order.clear();
    m_rows.clear();
}

void SortedRows::sort()
{
    std::ranges::sort(m_order, [this](const Row *a, const Row *b) { return isBefore(*a, *b); });
}

void SortedRows::sort(bool isDescending)
{
    m_isDescending = isDescending;
    sort();
}

void SortedRows::takeOut(const std::vector<const Row *> &rows)
{
    std::vector<std::ptrdiff_t> places;
    for (const Row *row : rows)
        places.push_back(placeOf(*row));
    std::ranges::sort(places);
    std::vector<const Row *> rest;
    rest.reserve(m_order.size());
    auto from = m_order.begin();
    for (const std::ptrdiff_t place : places) {
        rest.insert(rest.end(), from, m_order.begin() + place);
        from = m_order.begin() + place + 1;
    }
    rest.insert(rest.end(), from, m_order.end());
    m_order = std::move(rest);
}

void SortedRows::putIn(std::vector<const Row *> rows)
{
    const auto isBefore = [this](const Row *a, const Row *b) { return this->isBefore(*a, *b); };
    std::ranges::sort(rows, isBefore);
    std::vector<const Row *> all;
    all.reserve(m_order.size() + rows.size());
    auto from = m_order.begin();
    for (const Row *row : rows) {
        const auto place = std::lower_bound(from, m_order.end(), row, isBefore);
        all.insert(all.end(), from, place);
        all.push_back(row);
        from = place;
    }
    all.insert(all.end(), from, m_order.end());
    m_order = std::move(all);
}

SortedRows::Row &SortedRows::keep(Row row)
{
    std::string id = row.id;
    return m_rows.emplace(std::move(id), std::move(row)).first->second;
}

void SortedRows::forget(const Row &row)
{
    m_rows.erase(std::string(row.id));
}

} // namespace sandglass::models
