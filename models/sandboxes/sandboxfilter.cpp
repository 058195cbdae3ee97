#include "models/sandboxes/sandboxfilter.h"

#include "services/core/qtstring.h"

#include <algorithm>

namespace sandglass::models {

namespace {

QString searchText(const lifecycle::Sandbox &sandbox)
{
    QString text =
        toQString(sandbox.id) + u'\n' + toQString(sandbox.templateId) + u'\n' + toQString(sandbox.templateAlias);
    for (const auto &[key, value] : sandbox.metadata)
        text += u'\n' + toQString(key) + u'=' + toQString(value);
    return text.toLower();
}

bool fits(SandboxFilter::States wanted, lifecycle::SandboxState state)
{
    using State = lifecycle::SandboxState;
    switch (wanted) {
    case SandboxFilter::States::Live:
        return state == State::Running || state == State::Paused;
    case SandboxFilter::States::Running:
        return state == State::Running;
    case SandboxFilter::States::Paused:
        return state == State::Paused;
    case SandboxFilter::States::Ended:
        return state == State::Killed || state == State::Lost;
    case SandboxFilter::States::All:
        break;
    }
    return true;
}

} // namespace

QStringList SandboxFilter::wordsOf(const QString &search)
{
    return search.toLower().split(u' ', Qt::SkipEmptyParts);
}

bool SandboxFilter::accepts(const lifecycle::Sandbox &sandbox) const
{
    if (!fits(states, sandbox.state))
        return false;
    if (words.isEmpty())
        return true;
    const QString text = searchText(sandbox);
    return std::ranges::all_of(words, [&text](const QString &word) { return text.contains(word); });
}

} // namespace sandglass::models
