#pragma once

#include <QtGlobal>

#include <string>
#include <unordered_map>
#include <vector>

namespace sandglass::models {

/// Ids in the order of a key that each has, and of equal keys in their own. A row stays where it is in memory until it
/// is removed; finding its place takes some twenty comparisons at a million.
class SortedRows final
{
public:
    struct Key
    {
        qint64 number = 0;
        std::string text;
    };
    struct Row
    {
        Key key;
        std::string id;
    };

    [[nodiscard]] int size() const { return static_cast<int>(m_order.size()); }
    [[nodiscard]] bool isEmpty() const { return m_order.empty(); }
    [[nodiscard]] const Row *at(int place) const { return m_order[static_cast<std::size_t>(place)]; }
    [[nodiscard]] Row *find(const std::string &id); ///< null when it is none of them
    [[nodiscard]] const Row *find(const std::string &id) const;
    [[nodiscard]] int placeOf(const Row &row) const; ///< where it stands, or would stand

    // One of them
    void insert(int place, Row row);
    void remove(int place);
    void move(int from, int to, Key key); ///< `to` as Qt counts it: before the move

    // All of them
    void clear();
    void append(Row row) { m_order.push_back(&keep(std::move(row))); } ///< sort() follows
    /// `renew` gives each row its key.
    template<typename Renew>
    void renewKeys(Renew &&renew)
    {
        for (auto &[id, row] : m_rows)
            renew(row);
    }
    void sort();
    void sort(bool isDescending);

    // Many of them: the others are neither looked at nor compared.
    void takeOut(const std::vector<const Row *> &rows); ///< of the order; their keys are as they were
    void putIn(std::vector<const Row *> rows);          ///< kept ones
    [[nodiscard]] Row &keep(Row row);                   ///< not in the order yet
    void forget(const Row &row);                        ///< taken out before

private:
    [[nodiscard]] bool isBefore(const Row &a, const Row &b) const;

    bool m_isDescending = false;
    std::unordered_map<std::string, Row> m_rows; ///< by id
    std::vector<const Row *> m_order;
};

} // namespace sandglass::models
