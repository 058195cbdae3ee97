#pragma once

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

namespace sandglass::test {

/// A strict reader of the OpenMetrics 1.0 text format, as `promtool check metrics` and Prometheus' own parser are.
class OpenMetricsParser final
{
public:
    struct Sample
    {
        std::string name;
        std::vector<std::pair<std::string, std::string>> labels; ///< in order, "le" included
        std::string value;
    };
    struct Family
    {
        std::string type, help, unit;
        std::vector<Sample> samples;
    };

    explicit OpenMetricsParser(std::string_view text)
    {
        require(text.ends_with("# EOF\n"), "the end mark is missing");
        std::size_t number = 0;
        bool isOver = false;
        for (std::size_t begin = 0; begin < text.size();) {
            const std::size_t end = text.find('\n', begin);
            if (end == text.npos) {
                fault("the last line has no end");
                return;
            }
            m_line = std::string(text.substr(begin, end - begin));
            m_number = ++number;
            begin = end + 1;
            require(!isOver, "something stands behind the end mark");
            require(!m_line.empty(), "an empty line");
            isOver = m_line == "# EOF";
            if (!isOver)
                m_line.starts_with("#") ? readMeta() : readSample();
        }
        for (const auto &[name, family] : m_families)
            checkFamily(name, family);
    }

    [[nodiscard]] const std::string &faults() const { return m_faults; } ///< empty = sound
    [[nodiscard]] const std::map<std::string, Family> &families() const { return m_families; }

private:
    void fault(const std::string &what)
    {
        m_faults += "line " + std::to_string(m_number) + ": " + what + ": " + m_line + "\n";
    }
    void require(bool isRight, const std::string &what)
    {
        if (!isRight)
            fault(what);
    }
    static bool isName(std::string_view text)
    {
        return !text.empty() && (text[0] < '0' || text[0] > '9') && std::ranges::all_of(text, [](char c) {
            return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == ':';
        });
    }

    void readMeta()
    {
        const auto parts = [this] {
            const std::size_t second = m_line.find(' ', 2);
            const std::size_t third = second == m_line.npos ? m_line.npos : m_line.find(' ', second + 1);
            return third == m_line.npos
                ? std::vector<std::string>{}
                : std::vector<std::string>{m_line.substr(2, second - 2), m_line.substr(second + 1, third - second - 1),
                                           m_line.substr(third + 1)};
        }();
        if (parts.empty() || !m_line.starts_with("# "))
            return fault("no TYPE, UNIT or HELP");
        const auto &[keyword, name, rest] = std::tie(parts[0], parts[1], parts[2]);
        require(isName(name), "not a name");
        if (keyword == "TYPE") {
            require(!m_families.contains(name), "a family comes twice");
            require(std::set<std::string>{"gauge", "counter", "histogram"}.contains(rest), "not a type");
            m_current = name;
            m_families[name].type = rest;
            return;
        }
        require(name == m_current && m_families[m_current].samples.empty(), "metadata away from its family");
        if (keyword == "UNIT") {
            require(m_families[m_current].unit.empty() && name.ends_with("_" + rest), "a unit that is not in the name");
            m_families[m_current].unit = rest;
        } else if (keyword == "HELP") {
            require(m_families[m_current].help.empty(), "two helps");
            m_families[m_current].help = rest;
        } else {
            fault("not a keyword");
        }
    }

    void readSample()
    {
        Sample sample;
        std::size_t at = m_line.find_first_of("{ ");
        if (at == m_line.npos)
            return fault("no value");
        sample.name = m_line.substr(0, at);
        require(isName(sample.name), "not a name");
        if (m_line[at] == '{' && !readLabels(at, sample))
            return fault("labels that are none");
        require(at < m_line.size() && m_line[at] == ' ', "no space before the value");
        sample.value = m_line.substr(std::min(at + 1, m_line.size()));
        char *end = nullptr;
        std::strtod(sample.value.c_str(), &end);
        require(!sample.value.empty() && *end == '\0', "not a number");
        if (m_current.empty() || !sample.name.starts_with(m_current))
            return fault("a sample without its family");
        m_families[m_current].samples.push_back(std::move(sample));
    }

    bool readLabels(std::size_t &at, Sample &sample)
    {
        std::set<std::string> names;
        do {
            const std::size_t equals = m_line.find('=', ++at);
            if (equals == m_line.npos || equals + 1 >= m_line.size() || m_line[equals + 1] != '"')
                return false;
            const std::string name = m_line.substr(at, equals - at);
            require(isName(name) && names.insert(name).second, "a label that is none, or comes twice");
            std::string value;
            for (at = equals + 2; at < m_line.size() && m_line[at] != '"'; ++at) {
                if (m_line[at] == '\\' && ++at < m_line.size())
                    require(m_line[at] == '\\' || m_line[at] == '"' || m_line[at] == 'n', "an unknown escape");
                value += m_line[at];
            }
            if (at >= m_line.size())
                return false;
            sample.labels.emplace_back(name, value);
        } while (m_line[++at] == ',');
        return m_line[at++] == '}';
    }

    void checkFamily(const std::string &name, const Family &family)
    {
        m_line = name;
        require(!family.help.empty(), "no help");
        std::set<std::pair<std::string, std::vector<std::pair<std::string, std::string>>>> seen;
        for (const Sample &sample : family.samples) {
            require(seen.emplace(sample.name, sample.labels).second, "a sample comes twice");
            const std::string suffix = sample.name.substr(name.size());
            if (family.type == "gauge")
                require(suffix.empty(), "a gauge has no suffix");
            else if (family.type == "counter")
                require(suffix == "_total" && sample.value[0] != '-', "a counter has _total and is not below zero");
            else
                require(suffix == "_bucket" || suffix == "_count" || suffix == "_sum", "not a histogram's suffix");
        }
        if (family.type == "histogram")
            checkHistogram(family, name);
    }

    void checkHistogram(const Family &family, const std::string &name)
    {
        struct Series
        {
            std::vector<std::pair<double, double>> buckets;
            double count = -1, sum = -1;
        };
        std::map<std::vector<std::pair<std::string, std::string>>, Series> all;
        for (const Sample &sample : family.samples) {
            auto labels = sample.labels;
            const double value = std::strtod(sample.value.c_str(), nullptr);
            if (sample.name == name + "_bucket") {
                require(!labels.empty() && labels.back().first == "le", "a bucket without le");
                const std::string bound = labels.back().second;
                require(bound == "+Inf" || bound.find('.') != bound.npos, "a bound that is not canonical: " + bound);
                labels.pop_back();
                require(sample.value.find('.') == sample.value.npos, "a bucket counts");
                all[labels].buckets.emplace_back(bound == "+Inf" ? HUGE_VAL : std::strtod(bound.c_str(), nullptr),
                                                 value);
            } else if (sample.name == name + "_count") {
                all[labels].count = value;
            } else {
                all[labels].sum = value;
            }
        }
        for (const auto &[labels, series] : all) {
            require(!series.buckets.empty() && series.buckets.back().first == HUGE_VAL, "no bucket for +Inf");
            require(series.count >= 0 && series.sum >= 0, "no count or no sum");
            for (std::size_t i = 1; i < series.buckets.size(); ++i)
                require(series.buckets[i - 1].first < series.buckets[i].first
                            && series.buckets[i - 1].second <= series.buckets[i].second,
                        "buckets that do not grow");
            require(!series.buckets.empty() && series.buckets.back().second == series.count,
                    "the last bucket is not the count");
        }
    }

    std::string m_faults;
    std::string m_line;
    std::size_t m_number = 0;
    std::string m_current;
    std::map<std::string, Family> m_families;
};

} // namespace sandglass::test
