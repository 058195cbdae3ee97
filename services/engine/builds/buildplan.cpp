#include "services/engine/builds/buildplan.h"

#include "services/core/json.h"
#include "services/engine/api/errors.h"
#include "services/engine/api/snapshotstore.h"

#include <algorithm>
#include <array>
#include <utility>

namespace sandglass::engine {

namespace {

constexpr std::size_t kMostSteps = 500, kMostTags = 64;
constexpr int kLeastMemoryMb = 128, kMostMemoryMb = 65'536, kMostProcessors = 64;

struct KindName
{
    BuildStep::Kind kind;
    const char *name;
    std::size_t leastArguments;
};
constexpr std::array kKinds{KindName{BuildStep::Kind::Run, "RUN", 1}, KindName{BuildStep::Kind::Copy, "COPY", 2},
                            KindName{BuildStep::Kind::Env, "ENV", 2}, KindName{BuildStep::Kind::Workdir, "WORKDIR", 1},
                            KindName{BuildStep::Kind::User, "USER", 1}};

Result<int> amount(const Json &body, const char *name, int fallback, int least, int most, const char *what,
                   const char *unit)
{
    const Json &value = memberOr(body, name);
    if (value.is_null())
        return fallback;
    if (!value.is_number_integer())
        return refuse(400, std::string(name) + " has to be a whole number");
    const auto number = value.get<std::int64_t>();
    if (number < least)
        return refuse(400, std::string(what) + " must be at least " + std::to_string(least) + unit);
    if (number > most)
        return refuse(400, std::string(what) + " exceeds team limits (" + std::to_string(most) + unit + ")");
    return static_cast<int>(number);
}

Result<std::vector<std::string>> texts(const Json &array, const std::string &what)
{
    std::vector<std::string> list;
    if (array.is_null())
        return list;
    if (!array.is_array())
        return refuse(400, what + " has to be a list of texts");
    for (const Json &each : array) {
        if (!each.is_string())
            return refuse(400, what + " has to be a list of texts");
        list.push_back(each.get<std::string>());
    }
    return list;
}

Result<std::vector<std::string>> tagsOf(const Json &body, const std::optional<std::string> &ofName)
{
    auto given = texts(memberOr(body, "tags"), "tags");
    if (!given)
        return given;
    if (given->size() > kMostTags)
        return refuse(400, "there may be at most " + std::to_string(kMostTags) + " tags");
    std::vector<std::string> tags;
    if (ofName)
        given->insert(given->begin(), *ofName);
    for (const std::string &each : *given) {
        auto tag = checkTag(each);
        if (!tag)
            return failure(tag.error());
        if (std::ranges::find(tags, *tag) == tags.end())
            tags.push_back(std::move(*tag));
    }
    if (tags.empty())
        tags.emplace_back("default");
    return tags;
}

bool isVariableName(std::string_view name)
{
    return !name.empty() && name.find('=') == name.npos && name.find('\0') == name.npos;
}

Result<BuildStep> stepFrom(const Json &json, std::size_t number)
{
    const std::string where = "step " + std::to_string(number) + ": ";
    const std::string type = stringOr(json, "type");
    const auto kind = std::ranges::find(kKinds, std::string_view(type), &KindName::name);
    if (kind == kKinds.end())
        return refuse(400, where + "'" + type + "' is not one of RUN, COPY, ENV, WORKDIR, USER");
    auto arguments = texts(memberOr(json, "args"), where + "args");
    if (!arguments)
        return failure(arguments.error());
    if (arguments->size() < kind->leastArguments)
        return refuse(400, where + type + " needs " + std::to_string(kind->leastArguments) + " arguments");
    for (const std::string &each : *arguments) {
        if (each.find('\0') != each.npos)
            return refuse(400, where + "an argument holds a zero byte");
    }
    BuildStep step{kind->kind, std::move(*arguments), stringOr(json, "filesHash"), boolOr(json, "force")};
    if (step.kind == BuildStep::Kind::Copy && step.filesHash.empty())
        return refuse(400, where + "COPY needs the hash of its files (filesHash)");
    if (step.kind == BuildStep::Kind::Env) {
        if (step.arguments.size() % 2 != 0)
            return refuse(400, where + "ENV needs pairs of name and value");
        for (std::size_t i = 0; i < step.arguments.size(); i += 2) {
            if (!isVariableName(step.arguments[i]))
                return refuse(400, where + "'" + step.arguments[i] + "' is not the name of a variable");
        }
    }
    return step;
}

Result<std::optional<ImageLogin>> loginFrom(const Json &json)
{
    if (!json.is_object())
        return std::nullopt;
    const std::string type = stringOr(json, "type");
    ImageLogin login;
    if (type == "registry")
        login = {stringOr(json, "username"), stringOr(json, "password")};
    else if (type == "gcp") // the account that Google's registries take a key of
        login = {"_json_key", stringOr(json, "serviceAccountJson")};
    else
        return refuse(400,
                      "fromImageRegistry: the type '" + type
                          + "' is not one of registry, gcp (for aws give type registry with the username AWS and the "
                            "password that 'aws ecr get-login-password' prints)");
    if (login.username.empty() || login.password.empty() || login.username.find(':') != std::string::npos)
        return refuse(400, "fromImageRegistry needs a username without a colon, and a password");
    return login;
}

} // namespace

Result<std::string> checkTag(std::string_view tag)
{
    const auto reference = parseReference("x:" + std::string(tag));
    if (!reference || !reference->tag)
        return refuse(400, "'" + std::string(tag) + "' is no tag: letters, digits and -_. are allowed");
    return *reference->tag;
}

Result<TemplateRequest> parseTemplateRequest(std::string_view body)
{
    const auto json = parseJson(body);
    if (!json || !json->is_object())
        return refuse(400, "the body is not a JSON object");
    const std::string name = stringOr(*json, "name", stringOr(*json, "alias"));
    if (name.empty())
        return refuse(400, "the name of the template is missing");
    const auto reference = parseReference(name);
    if (!reference)
        return failure(reference.error());
    TemplateRequest request;
    request.name = reference->name;
    auto tags = tagsOf(*json, reference->tag);
    if (!tags)
        return failure(tags.error());
    request.tags = std::move(*tags);
    const auto processors = amount(*json, "cpuCount", request.vcpuCount, 1, kMostProcessors, "CPU count", "");
    const auto memory = amount(*json, "memoryMB", request.memoryMb, kLeastMemoryMb, kMostMemoryMb, "Memory", " MiB");
    if (!processors || !memory)
        return failure(processors ? memory.error() : processors.error());
    if (*memory % 2 != 0)
        return refuse(400, "Memory must be divisible by 2");
    request.vcpuCount = *processors;
    request.memoryMb = *memory;
    return request;
}

std::string BuildStep::text() const
{
    std::string text = std::ranges::find(kKinds, kind, &KindName::kind)->name;
    // A user behind a command, owner and mode behind a copy are no part of what was written.
    const std::size_t shown = kind == Kind::Run ? 1 : kind == Kind::Copy ? 2 : arguments.size();
    for (std::size_t i = 0; i < std::min(shown, arguments.size()); ++i) {
        const bool isValue = kind == Kind::Env && i % 2 == 1;
        text += (isValue ? "=" : " ") + arguments[i];
    }
    return text;
}

Result<BuildPlan> parseBuildPlan(std::string_view body)
{
    const auto json = body.empty() ? Result<Json>(Json::object()) : parseJson(body);
    if (!json || !json->is_object())
        return refuse(400, "the body is not a JSON object");
    BuildPlan plan;
    plan.fromImage = stringOr(*json, "fromImage");
    plan.fromTemplate = stringOr(*json, "fromTemplate");
    if (!plan.fromImage.empty() && !plan.fromTemplate.empty())
        return refuse(400, "only one of fromImage and fromTemplate may be given");
    auto login = loginFrom(memberOr(*json, "fromImageRegistry"));
    if (!login)
        return failure(login.error());
    plan.login = std::move(*login);
    plan.force = boolOr(*json, "force");
    plan.startCommand = stringOr(*json, "startCmd");
    plan.readyCommand = stringOr(*json, "readyCmd");
    const Json &steps = memberOr(*json, "steps");
    if (!steps.is_null() && !steps.is_array())
        return refuse(400, "steps has to be a list");
    if (steps.size() > kMostSteps)
        return refuse(400, "there may be at most " + std::to_string(kMostSteps) + " steps");
    for (const Json &each : steps) {
        auto step = stepFrom(each, plan.steps.size() + 1);
        if (!step)
            return failure(step.error());
        plan.steps.push_back(std::move(*step));
    }
    return plan;
}

} // namespace sandglass::engine
