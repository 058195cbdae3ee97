#include "services/engine/network/headerrules.h"

#include "services/engine/network/hostname.h"

#include <algorithm>

namespace sandglass::engine {

namespace {

// E2B's bounds.
constexpr std::size_t kMostDomains = 10, kLongestDomain = 128, kMostHeaders = 20, kLongestName = 64,
                      kLongestValue = 2048;

tl::unexpected<Error> bad(std::string message)
{
    return failure(Error::Kind::Service, std::move(message), 400);
}

std::string inQuotes(std::string_view text)
{
    return dumpJson(Json(text));
}

bool isToken(std::string_view name)
{
    constexpr std::string_view others = "!#$%&'*+-.^_`|~";
    return !name.empty() && std::ranges::all_of(name, [&](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')
            || others.find(c) != others.npos;
    });
}

/// No line end above all: it would begin another header.
bool isFieldValue(std::string_view value)
{
    return std::ranges::all_of(value,
                               [](char c) { return c == '\t' || (static_cast<unsigned char>(c) >= 32 && c != 127); });
}

bool sameName(std::string_view a, std::string_view b)
{
    return lowered(a) == lowered(b);
}

Result<> checkDomain(const std::string &domain)
{
    if (domain.empty())
        return bad("Rule domain must not be empty.");
    if (domain.size() > kLongestDomain)
        return bad("Rule domain " + inQuotes(domain) + " exceeds maximum length of " + std::to_string(kLongestDomain)
                   + " characters.");
    if (domain.starts_with('*') || !isDomainName(lowered(domain)))
        return bad("Rule domain " + inQuotes(domain) + " is not a valid domain name.");
    return {};
}

Result<> checkHeader(const std::string &domain, const std::string &name, const Json &value)
{
    const std::string inRule = " in rule for domain " + inQuotes(domain);
    if (name.empty())
        return bad("Header name" + inRule + " must not be empty.");
    if (!isToken(name))
        return bad("Header name " + inQuotes(name) + inRule + " must contain only valid HTTP token characters.");
    if (name.size() > kLongestName)
        return bad("Header name " + inQuotes(name) + inRule + " exceeds maximum length of "
                   + std::to_string(kLongestName) + " characters.");
    if (!value.is_string() || !isFieldValue(value.get_ref<const std::string &>()))
        return bad("Value for header " + inQuotes(name) + inRule + " contains invalid characters.");
    if (value.get_ref<const std::string &>().size() > kLongestValue)
        return bad("Value for header " + inQuotes(name) + inRule + " exceeds maximum length of "
                   + std::to_string(kLongestValue) + " characters.");
    // These say where the request ends, and the proxy itself goes by them.
    for (const char *own : {"connection", "content-length", "transfer-encoding", "upgrade"}) {
        if (sameName(name, own))
            return bad("Header " + inQuotes(name) + inRule + " cannot be set: it belongs to the connection.");
    }
    return {};
}

Result<HeaderRules::Headers> headersOf(const std::string &domain, const Json &rules)
{
    HeaderRules::Headers headers;
    if (!rules.is_array())
        return bad("network.rules: " + inQuotes(domain) + " has to be a list of rules");
    if (rules.size() > 1)
        return bad("Domain " + inQuotes(domain) + " can have at most 1 transform rule.");
    for (const Json &rule : rules) {
        const Json &set = memberOr(memberOr(rule, "transform"), "headers");
        if (set.is_null())
            continue;
        if (!set.is_object())
            return bad("network.rules: the headers of " + inQuotes(domain) + " have to be an object of texts");
        if (set.size() > kMostHeaders)
            return bad("Domain " + inQuotes(domain) + " can have at most " + std::to_string(kMostHeaders)
                       + " headers per rule.");
        for (const auto &[name, value] : set.items()) {
            if (auto fine = checkHeader(domain, name, value); !fine)
                return failure(fine.error());
            headers.emplace_back(name, value.get<std::string>());
        }
    }
    return headers;
}

} // namespace

Result<HeaderRules> HeaderRules::parse(const Json &rules)
{
    HeaderRules parsed;
    if (rules.is_null())
        return parsed;
    if (!rules.is_object())
        return bad("network.rules has to be an object");
    if (rules.size() > kMostDomains)
        return bad("Network rules can have at most " + std::to_string(kMostDomains) + " domains.");
    for (const auto &[domain, list] : rules.items()) {
        if (auto fine = checkDomain(domain); !fine)
            return failure(fine.error());
        auto headers = headersOf(domain, list);
        if (!headers)
            return failure(headers.error());
        if (!headers->empty())
            parsed.m_byDomain[lowered(domain)] = std::move(*headers);
    }
    return parsed;
}

const HeaderRules::Headers *HeaderRules::find(std::string_view host) const
{
    if (m_byDomain.empty())
        return nullptr;
    std::string name = lowered(host);
    if (name.ends_with('.'))
        name.pop_back();
    const auto it = m_byDomain.find(name);
    return it != m_byDomain.end() ? &it->second : nullptr;
}

Result<std::string> withSecrets(std::string_view text, const SecretLookup &secret)
{
    constexpr std::string_view opening = "${e2b.";
    constexpr std::string_view ofSecrets = "${e2b.secrets.";
    std::string filled;
    for (auto at = text.find(opening); at != text.npos; at = text.find(opening)) {
        filled += text.substr(0, at);
        text.remove_prefix(at);
        const auto end = text.find('}');
        if (!text.starts_with(ofSecrets) || end == text.npos)
            return failure(Error::Kind::Service, "this engine knows no " + std::string(text.substr(0, end)) + "}", 502);
        const std::string name = lowered(text.substr(ofSecrets.size(), end - ofSecrets.size()));
        const auto value = secret ? secret(name) : std::nullopt;
        if (!value)
            return failure(Error::Kind::Service, "there is no secret named " + name, 502);
        if (!isFieldValue(*value))
            return failure(Error::Kind::Service, "the secret " + name + " does not fit into a header", 502);
        filled += *value;
        text.remove_prefix(end + 1);
    }
    return filled.append(text);
}

void setHeaders(std::string &head, const HeaderRules::Headers &headers)
{
    const auto isReplaced = [&headers](std::string_view line) {
        const std::string_view name = line.substr(0, line.find(':'));
        return std::ranges::any_of(headers, [name](const auto &each) { return sameName(each.first, name); });
    };
    std::string_view rest = head;
    std::string changed(rest.substr(0, rest.find("\r\n") + 2)); // the request line
    rest.remove_prefix(changed.size());
    while (!rest.empty() && !rest.starts_with("\r\n")) {
        const std::string_view line = rest.substr(0, rest.find("\r\n"));
        if (!isReplaced(line))
            changed.append(line).append("\r\n");
        rest.remove_prefix(std::min(line.size() + 2, rest.size()));
    }
    for (const auto &[name, value] : headers)
        changed.append(name).append(": ").append(value).append("\r\n");
    head = changed + "\r\n";
}

} // namespace sandglass::engine
