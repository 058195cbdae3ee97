#include "models/costs/coldcosts.h"

#include <QPointer>

#include <optional>
#include <utility>

namespace sandglass::models {

using lifecycle::ColdUsage;

struct ColdCosts::Desk
{
    [[nodiscard]] Result<> open()
    {
        if (usage)
            return {};
        auto opened = ColdUsage::open(journal);
        if (!opened)
            return failure(std::move(opened.error()));
        usage.emplace(std::move(*opened));
        return {};
    }

    std::filesystem::path journal;
    std::optional<ColdUsage> usage;
};

ColdCosts::ColdCosts(std::filesystem::path journal, QObject *parent) : QObject(parent), m_desk(std::make_shared<Desk>())
{
    m_desk->journal = std::move(journal);
}

ColdCosts::~ColdCosts()
{
    for (const auto &[asker, isDropped] : m_dropped)
        *isDropped = true;
    m_thread.reset();
}

WorkThread &ColdCosts::thread()
{
    if (!m_thread)
        m_thread = std::make_unique<WorkThread>();
    return *m_thread;
}

void ColdCosts::ask(QObject *asker, ColdUsage::Question question, Answered answered)
{
    Flag &flag = m_dropped[asker];
    if (!flag)
        connect(asker, &QObject::destroyed, this, [this, asker] {
            *m_dropped[asker] = true;
            m_dropped.erase(asker);
        });
    else
        *flag = true;
    flag = std::make_shared<std::atomic<bool>>(false);
    thread().post([this, desk = m_desk, isDropped = flag, question = std::move(question),
                   answered = std::move(answered)]() mutable {
        if (*isDropped)
            return;
        const auto opened = desk->open();
        auto answer = opened ? desk->usage->answer(question, [&isDropped] { return isDropped->load(); })
                             : Result<ColdUsage::Answer>(failure(opened.error()));
        m_inbox.post([isDropped, answer = std::move(answer), answered = std::move(answered)] {
            if (!*isDropped)
                answered(answer);
        });
    });
}

void ColdCosts::askKeys(QObject *asker, std::size_t limit, KeysAnswered answered)
{
    thread().post([this, desk = m_desk, limit, asker = QPointer<QObject>(asker), answered = std::move(answered)] {
        std::vector<std::string> keys;
        if (desk->open())
            keys = desk->usage->metadataKeys(limit).value_or(std::vector<std::string>());
        m_inbox.post([asker, keys = std::move(keys), answered] {
            if (asker)
                answered(keys);
        });
    });
}

} // namespace sandglass::models
