#include "ui/shell/fuzzy.h"

namespace sandglass::ui {

std::optional<int> fuzzyScore(QStringView pattern, QStringView text)
{
    int score = 0;
    qsizetype at = 0;
    qsizetype last = -2;
    for (const QChar wanted : pattern) {
        if (wanted.isSpace())
            continue;
        while (at < text.size() && text[at].toLower() != wanted.toLower())
            ++at;
        if (at == text.size())
            return {};
        if (at == 0 || !text[at - 1].isLetterOrNumber())
            score += 8;
        if (at == last + 1)
            score += 5;
        score += 1;
        last = at++;
    }
    return score - static_cast<int>(text.size()) / 16; // of equal fits the shorter text
}

} // namespace sandglass::ui
