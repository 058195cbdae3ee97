#include "models/diagnosis/enginelogmodel.h"

#include "services/core/qtstring.h"

#include <algorithm>
#include <iterator>

namespace sandglass::models {

using namespace std::chrono_literals;

namespace {

constexpr auto interval = 500ms;

EngineLogModel::Level levelOf(const std::string &word)
{
    using Level = EngineLogModel::Level;
    if (word == "error" || word == "fatal")
        return Level::Error;
    return word == "warning" ? Level::Warning : Level::Info;
}

QString textOf(const Json &fields)
{
    QStringList parts;
    for (const auto &[name, value] : fields.items()) {
        if (value.is_null())
            continue;
        const std::string text = value.is_string() ? value.get<std::string>() : dumpJson(value);
        if (!text.empty())
            parts << toQString(name) + u' ' + toQString(text);
    }
    return parts.join(QStringLiteral(" · "));
}

} // namespace

EngineLogModel::EngineLogModel(std::filesystem::path file, QObject *parent)
    : QAbstractListModel(parent), m_tail(std::make_shared<telemetry::LogTail>(std::move(file)))
{
    m_next.setInterval(interval);
    connect(&m_next, &QTimer::timeout, this, &EngineLogModel::ask);
}

EngineLogModel::~EngineLogModel() = default;

int EngineLogModel::rowCount(const QModelIndex &parent) const
{
    return parent.isValid() ? 0 : static_cast<int>(m_rows.size());
}

QVariant EngineLogModel::data(const QModelIndex &index, int role) const
{
    if (!index.isValid() || role != Qt::DisplayRole)
        return {};
    return at(index.row()).message;
}

void EngineLogModel::setWatched(bool watched)
{
    if (!watched)
        return m_next.stop();
    if (!m_thread)
        m_thread = std::make_unique<WorkThread>();
    m_next.start();
    ask();
}

void EngineLogModel::setFollowing(bool follows)
{
    m_follows = follows;
    if (follows && m_next.isActive())
        ask();
}

void EngineLogModel::setFilter(Level least, const QString &text)
{
    if (m_least == least && m_search == text)
        return;
    m_least = least;
    m_search = text;
    beginResetModel();
    m_rows.clear();
    std::copy_if(m_all.begin(), m_all.end(), std::back_inserter(m_rows),
                 [this](const Entry &entry) { return fits(entry); });
    endResetModel();
    Q_EMIT stateChanged();
}

void EngineLogModel::ask()
{
    if (m_isAsking || !m_follows || !m_thread)
        return;
    m_isAsking = true;
    m_thread->post([this, tail = m_tail] { m_answers.post([this, answer = tail->read()] { take(answer); }); });
}

void EngineLogModel::take(const Result<std::vector<telemetry::LogEntry>> &answer)
{
    m_isAsking = false;
    m_trouble = answer ? QString() : toQString(answer.error().message);
    if (answer) {
        std::vector<Entry> entries;
        for (const telemetry::LogEntry &entry : *answer)
            entries.push_back({entry.time, levelOf(entry.level), toQString(entry.message), textOf(entry.fields)});
        append(entries);
        if (!entries.empty() && m_next.isActive())
            ask(); // until there is nothing new
    }
    Q_EMIT stateChanged();
}

void EngineLogModel::append(const std::vector<Entry> &entries)
{
    std::vector<Entry> fitting;
    for (const Entry &entry : entries) {
        m_all.push_back(entry);
        if (fits(entry))
            fitting.push_back(entry);
    }
    while (m_all.size() > capacity)
        m_all.pop_front();
    if (fitting.empty())
        return;
    beginInsertRows({}, rowCount(), rowCount() + static_cast<int>(fitting.size()) - 1);
    m_rows.insert(m_rows.end(), fitting.begin(), fitting.end());
    endInsertRows();
    if (m_rows.size() <= capacity)
        return;
    const auto tooMany = static_cast<int>(m_rows.size() - capacity);
    beginRemoveRows({}, 0, tooMany - 1);
    m_rows.erase(m_rows.begin(), m_rows.begin() + tooMany);
    endRemoveRows();
}

bool EngineLogModel::fits(const Entry &entry) const
{
    return entry.level >= m_least
        && (m_search.isEmpty() || entry.message.contains(m_search, Qt::CaseInsensitive)
            || entry.fields.contains(m_search, Qt::CaseInsensitive));
}

} // namespace sandglass::models
