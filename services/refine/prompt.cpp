#include "services/refine/prompt.h"

#include "services/telemetry/keyshapes.h"
#include "services/telemetry/redactor.h"

#include <algorithm>
#include <string_view>

namespace sandglass::refine {

namespace {

constexpr std::size_t margin = 2U << 10; ///< around a cut: a secret that lies across it goes as a whole

std::string cleaned(std::string_view text)
{
    int places = 0;
    return telemetry::withoutKeyShapes(telemetry::redactor().clean(text), places);
}

std::string headOf(std::string text, std::size_t most)
{
    if (text.size() <= most)
        return text;
    while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xC0U) == 0x80U)
        --most;
    text.resize(most);
    return text;
}

std::string tailOf(const std::string &text, std::size_t most)
{
    std::size_t from = text.size() - std::min(text.size(), most);
    while (from < text.size() && (static_cast<unsigned char>(text[from]) & 0xC0U) == 0x80U)
        ++from;
    return text.substr(from);
}

/// Cleaned and cut in the middle. `end` is the end of a text whose beginning is `begin`; empty: `begin` is all of it.
std::string bounded(std::string_view begin, std::string_view end, std::size_t most)
{
    if (end.empty() && begin.size() <= most)
        return cleaned(begin);
    if (end.empty())
        end = begin;
    const std::size_t half = most / 2;
    const std::string head = headOf(cleaned(begin.substr(0, half + margin)), half);
    const std::string tail = tailOf(cleaned(end.substr(end.size() - std::min(end.size(), half + margin))), half);
    return head + "\n[… the middle is left out …]\n" + tail;
}

/// In a fence longer than any run of backticks in it.
std::string fenced(const std::string &text, std::string_view language)
{
    std::size_t longest = 2;
    std::size_t run = 0;
    for (const char c : text) {
        run = c == '`' ? run + 1 : 0;
        longest = std::max(longest, run);
    }
    const std::string fence(longest + 1, '`');
    return fence + std::string(language) + "\n" + text + (text.ends_with('\n') ? "" : "\n") + fence + "\n";
}

std::string inAWord(const Attempt &attempt)
{
    switch (attempt.verdict) {
    case Verdict::Passed:
        return "ended without an error" + std::string(attempt.check.isChecked ? ", and its output was right" : "");
    case Verdict::CheckFailed:
        return "ended without an error, but its output lacks the expected text";
    case Verdict::Raised:
        return attempt.error ? "raised " + cleaned(attempt.error->name) + ": "
                + headOf(cleaned(attempt.error->value.substr(0, 1'000)), 300)
                             : "raised an error";
    case Verdict::TimedOut:
        return "did not end in the time it has";
    case Verdict::Stopped:
        return "was stopped";
    case Verdict::Broken:
        break;
    }
    return attempt.code.empty() && attempt.trouble ? "had no program: " + attempt.trouble->message
                                                   : "could not be run to its end";
}

void addOutcome(std::string &text, const Attempt &attempt)
{
    text += "It " + inAWord(attempt) + ".\n";
    if (attempt.error && !attempt.error->traceback.empty())
        text += "\nThe error:\n"
            + fenced(bounded(withoutAnsi(tailOf(attempt.error->traceback, 4 * PromptLimits::traceback)), {},
                             PromptLimits::traceback),
                     {});
    if (attempt.output.totalBytes() > 0)
        text +=
            "\nIts output:\n" + fenced(bounded(attempt.output.head(), attempt.output.tail(), PromptLimits::output), {});
    else if (attempt.verdict == Verdict::CheckFailed)
        text += "\nIt printed nothing.\n";
}

void addHistory(std::string &text, const std::vector<Attempt> &history)
{
    const auto withCode =
        std::find_if(history.rbegin(), history.rend(), [](const Attempt &a) { return !a.code.empty(); });
    if (withCode != history.rend()) {
        text += "\nAttempt " + std::to_string(withCode->number) + " was this program:\n"
            + fenced(bounded(withCode->code, {}, PromptLimits::code), "python");
        addOutcome(text, *withCode);
    }
    const Attempt &last = history.back();
    if (last.code.empty())
        text += "\nYour last answer " + inAWord(last) + ".\n";
    const auto before =
        static_cast<std::size_t>(withCode != history.rend() ? withCode.base() - history.begin() - 1 : 0);
    const std::size_t first = before - std::min(before, PromptLimits::earlier);
    if (first < before)
        text += "\nBefore it:\n";
    for (std::size_t i = first; i < before; ++i)
        text += "- attempt " + std::to_string(history[i].number) + " " + inAWord(history[i]) + "\n";
}

} // namespace

ModelQuestion makeQuestion(const RefineTask &task, const std::vector<Attempt> &history)
{
    ModelQuestion question;
    question.system =
        "You write Python 3 programs. Each is run as one cell of a Jupyter-like interpreter in an isolated sandbox; "
        "its "
        "error or output comes back to you until it does what is asked. Answer with one complete program in one fenced "
        "code block marked python, without placeholders, and keep what you write besides it short. What stands as *** "
        "is a secret that was taken out: read such values from the environment, never print them.";
    std::string &text = question.user;
    text = "What the program has to do:\n" + bounded(task.requirement, {}, PromptLimits::requirement) + "\n";
    if (task.check.kind == Check::Kind::OutputContains)
        text += "\nIts output has to contain exactly this text:\n"
            + fenced(bounded(task.check.expected, {}, PromptLimits::expected), {});
    if (!history.empty()) {
        addHistory(text, history);
        text += "\nWrite the whole program, corrected.\n";
    } else if (!task.code.empty()) {
        text += "\nThis is there to begin with; it has not been run yet:\n"
            + fenced(bounded(task.code, {}, PromptLimits::code), "python") + "\nWrite the whole program.\n";
    } else {
        text += "\nWrite the program.\n";
    }
    return question;
}

} // namespace sandglass::refine
