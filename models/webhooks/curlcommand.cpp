#include "models/webhooks/curlcommand.h"

#include "services/core/qtstring.h"

#include <QUrl>

#include <algorithm>
#include <array>
#include <cstdio>
#include <string>
#include <string_view>

namespace sandglass::models {

namespace {

/// Any bytes as one word of the shell.
std::string shellWord(std::string_view bytes)
{
    const auto isPlain = [](char c) { return c >= ' ' && c < 0x7F && c != '\''; };
    if (std::ranges::all_of(bytes, isPlain))
        return "'" + std::string(bytes) + "'";
    std::string out = "$'";
    for (const char c : bytes) {
        if (c == '\'' || c == '\\') {
            out += '\\';
            out += c;
        } else if (isPlain(c)) {
            out += c;
        } else {
            std::array<char, 8> octal{}; // three digits always: a digit may follow
            std::snprintf(octal.data(), octal.size(), "\\%03o", static_cast<unsigned>(static_cast<unsigned char>(c)));
            out += octal.data();
        }
    }
    return out + "'";
}

/// curl makes these itself.
bool isMadeByCurl(std::string_view name)
{
    std::string lower(name);
    std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return lower == "host" || lower == "content-length" || lower == "connection" || lower == "transfer-encoding"
        || lower == "e2b-signature" || lower == "accept" || lower == "user-agent";
}

} // namespace

QString curlCommand(const lifecycle::QuarantineEntry &entry, const QString &receiverUrl)
{
    QUrl url(receiverUrl);
    std::string target = toUtf8(url.adjusted(QUrl::RemovePath | QUrl::RemoveQuery).toString());
    target += entry.path.empty() ? toUtf8(url.path()) : entry.path;
    std::string command;
    if (!entry.isBodyWhole())
        command += "# the first " + std::to_string(entry.body.size()) + " of " + std::to_string(entry.bodySize)
            + " bytes were kept: the signature does not fit them\n";
    command += "curl -i -X " + shellWord(entry.method.empty() ? "POST" : entry.method) + " " + shellWord(target);
    for (const auto &[name, value] : entry.headers) {
        if (!isMadeByCurl(name) && value.find("***") == std::string::npos)
            command += " \\\n  -H " + shellWord(name + ": " + value);
    }
    if (!entry.signature.empty())
        command += " \\\n  -H " + shellWord("e2b-signature: " + entry.signature);
    if (!entry.body.empty())
        command += " \\\n  --data-binary " + shellWord(entry.body);
    return toQString(command);
}

} // namespace sandglass::models
