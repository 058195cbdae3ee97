#include "services/engine/kernels/kernelprofile.h"

#include "services/core/json.h"
#include "services/engine/kernels/pythonenvironment.h"
#include "services/engine/templates/runnerscript.h"

namespace sandglass::engine {
namespace {

std::string asJson(const ExecuteSpec &spec)
{
    return dumpJson({{"code", spec.code}, {"env", spec.environment}}) + "\n";
}

/// As bash reads it back on one line: $'…'.
std::string quoted(const std::string &text)
{
    std::string out = "$'";
    for (const char c : text) {
        if (c == '\\' || c == '\'')
            (out += '\\') += c;
        else if (c == '\n')
            out += "\\n";
        else if (c == '\r')
            out += "\\r";
        else if (c != '\0') // which no shell can hold
            out += c;
    }
    return out + "'";
}

bool isShellName(const std::string &name)
{
    const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
    for (std::size_t i = 0; i < name.size(); ++i) {
        if (!letter(name[i]) && (i == 0 || name[i] < '0' || name[i] > '9'))
            return false;
    }
    return !name.empty();
}

/// resources/kernels/bash_runner.sh
std::string asShellLines(const ExecuteSpec &spec)
{
    std::string text = "__sandglass_begin";
    for (const auto &[name, value] : spec.environment) {
        if (isShellName(name))
            text += " " + quoted(name + "=" + value);
    }
    return text + "\neval " + quoted(spec.code) + " </dev/null 3>&-\n__sandglass_end $?\n";
}

std::map<std::string, std::string> commonEnvironment()
{
    auto environment = pythonEnvironment();
    std::erase_if(environment, [](const auto &pair) { return pair.first.starts_with("MPL"); });
    return environment;
}

KernelProfile javaScript(const std::string &language)
{
    KernelProfile profile;
    profile.language = language;
    profile.title = language == "typescript" ? "TypeScript" : "JavaScript";
    profile.command = "node";
    profile.arguments = {nodeRunnerPath, language};
    profile.environment = commonEnvironment();
    profile.pipesFirst = true;
    profile.encode = asJson;
    return profile;
}

} // namespace

void KernelProfile::useOwnSystem()
{
    ownSystem = true;
    canFork = false;
    if (language == "python")
        command = "python3";
}

Error KernelProfile::startError(const std::string &reason, const std::string &errors) const
{
    const bool noProgram = errors.find("command not found") != std::string::npos;
    const bool noIpython = errors.find("No module named 'IPython'") != std::string::npos;
    const bool isNode = command == "node";
    if (noProgram || noIpython) {
        const bool isPython = language == "python";
        const std::string package = isNode ? "nodejs" : noIpython ? "python3-ipython" : isPython ? "python3" : "bash";
        if (ownSystem)
            return {Error::Kind::Local, 0,
                    "the " + title + " kernel needs " + (noIpython ? "IPython" : command)
                        + ", which the image of this sandbox does not hold: install it in the template's build ("
                        + (noIpython ? "pip install ipython, or " : "") + "apt-get install " + package + ")",
                    "failed_precondition"};
        return {Error::Kind::Local, 0,
                "the " + title + " kernel needs the Debian package " + package + ": apt install " + package,
                "failed_precondition"};
    }
    if (isNode && errors.starts_with("TypeScript needs"))
        return {Error::Kind::Local, 0, errors, "failed_precondition"};
    return {Error::Kind::Local, 0, "the " + title + " kernel did not start (" + reason + "): " + errors, "unavailable"};
}

Result<KernelProfile> kernelProfile(const std::string &language)
{
    KernelProfile profile;
    profile.language = language;
    if (language == "python") {
        profile.title = "Python";
        profile.command = pythonProgram;
        profile.arguments = {"-u", pythonRunnerPath};
        profile.environment = pythonEnvironment();
        profile.canFork = true;
        profile.encode = asJson;
        return profile;
    }
    if (language == "javascript" || language == "typescript")
        return javaScript(language);
    if (language == "bash") {
        profile.title = "bash";
        profile.command = "/bin/bash";
        profile.arguments = {
            "-c", std::string("exec /bin/bash --noprofile --noediting --rcfile ") + bashRunnerPath + " -i <&3"};
        profile.environment = commonEnvironment();
        profile.pipesFirst = true;
        profile.encode = asShellLines;
        return profile;
    }
    return failure(Error::Kind::Local,
                   "there is no kernel for '" + language
                       + "' in this sandbox; it has: python, javascript, typescript, bash",
                   0, "unimplemented");
}

} // namespace sandglass::engine
