#include "app/engine/options.h"

#include "services/core/paths.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <string_view>
#include <vector>

namespace sandglass::engineapp {

namespace {

constexpr std::int64_t kLongestTimeout = 365 * 24 * 3600; // seconds

template<typename Number>
bool readNumber(std::string_view text, Number least, Number &into)
{
    Number value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || value < least)
        return false;
    into = value;
    return true;
}

bool readPath(std::string_view text, std::filesystem::path &into)
{
    std::error_code error; // absolute() refuses the empty path
    into = std::filesystem::absolute(text, error);
    return !text.empty() && !error;
}

/// Names between commas; none for the empty text. Only what the fork-server knows how to import and warm.
bool readLibraries(std::string_view text, std::vector<std::string> &into)
{
    into.clear();
    while (!text.empty()) {
        const auto comma = std::min(text.find(','), text.size());
        const std::string_view name = text.substr(0, comma);
        if (name != "numpy" && name != "pandas" && name != "matplotlib")
            return false;
        into.emplace_back(name);
        text.remove_prefix(std::min(comma + 1, text.size()));
    }
    return true;
}

/// NAME=FILE; builds name the image by NAME.
bool readArchive(std::string_view text, std::map<std::string, std::string> &into)
{
    const auto equals = text.find('=');
    std::filesystem::path file;
    if (equals == text.npos || equals == 0 || !readPath(text.substr(equals + 1), file))
        return false;
    into[std::string(text.substr(0, equals))] = file.string();
    return true;
}

/// Sets what `name` names; false when the value does not fit. `known` tells whether there is such an option.
bool applyValue(Options &options, std::string_view name, std::string_view value, bool &known)
{
    known = true;
    if (name == "--state-dir") {
        return readPath(value, options.stateDirectory);
    }
    if (name == "--ready-file") {
        return readPath(value, options.readyFile);
    }
    if (name == "--log-dir") {
        return readPath(value, options.logDirectory);
    }
    if (name == "--api-port")
        return readNumber<std::uint16_t>(value, 0, options.apiPort);
    if (name == "--sandbox-port")
        return readNumber<std::uint16_t>(value, 0, options.sandboxPort);
    if (name == "--webhook-retry-ms")
        return readNumber(value, 1, options.retryIntervalMs);
    if (name == "--max-sandboxes")
        return readNumber(value, 1, options.maxSandboxes);
    if (name == "--volume-mb")
        return readNumber(value, 1, options.volumeMb);
    if (name == "--max-timeout")
        return readNumber<std::int64_t>(value, 1, options.maxTimeoutSeconds)
            && options.maxTimeoutSeconds <= kLongestTimeout;
    if (name == "--rootfs")
        return readArchive(value, options.rootArchives);
    if (name == "--preimport")
        return readLibraries(value, options.preimport);
    known = false;
    return false;
}

bool applyFlag(Options &options, std::string_view name)
{
    using Action = Options::Action;
    if (name == "--doctor")
        options.action = Action::Doctor;
    else if (name == "--print-env")
        options.action = Action::PrintEnvironment;
    else if (name == "--version")
        options.action = Action::Version;
    else if (name == "--help" || name == "-h")
        options.action = Action::Help;
    else if (name == "--no-fork-server")
        options.forkServer = false;
    else if (name == "--die-with-parent")
        options.dieWithParent = true;
    else
        return false;
    return true;
}

} // namespace

ParsedOptions parseOptions(int argc, char **argv)
{
    ParsedOptions parsed;
    const std::vector<std::string_view> arguments(argv + 1, argv + argc);
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        const std::string_view argument = arguments[i];
        if (applyFlag(parsed.options, argument))
            continue;
        const auto equals = argument.find('=');
        const std::string_view name = argument.substr(0, equals);
        const bool inlineValue = equals != std::string_view::npos;
        const bool hasValue = inlineValue || i + 1 < arguments.size();
        const std::string_view value = inlineValue ? argument.substr(equals + 1) : hasValue ? arguments[i + 1] : "";
        bool known = false;
        const bool fits = applyValue(parsed.options, name, value, known);
        if (!known) {
            parsed.fault = "unknown option: " + std::string(argument);
            return parsed;
        }
        if (!hasValue || !fits) {
            parsed.fault =
                std::string(name) + (hasValue ? " does not take \"" + std::string(value) + "\"" : " needs a value");
            return parsed;
        }
        i += inlineValue ? 0 : 1;
    }
    if (parsed.options.stateDirectory.empty())
        parsed.options.stateDirectory = ProfilePaths::forDirectory({}).state / "engine";
    return parsed;
}

const char *usageText()
{
    return R"(Usage: sandglass-engine [options]
Runs code sandboxes on this machine behind the E2B API, on loopback only.

  --state-dir DIR        keeps the key, the events and the template layers here
                         (default: sandglass/engine in the XDG state folder)
  --api-port N           port of the API, 0 = any free one (default 8710)
  --sandbox-port N       port of the traffic into sandboxes, 0 = any free one (default 8711)
  --ready-file FILE      writes {pid, api_url, sandbox_url, api_key_file, tier} there when it serves
  --log-dir DIR          keeps a log there: engine.jsonl, one JSON object a line, a dozen MB at most
  --die-with-parent      ends when the program that started it ends
  --max-sandboxes N      how many may run at once (default 20)
  --max-timeout N        how many seconds a sandbox may be asked to live, at most (default 3600)
  --volume-mb N          how much one volume may hold (default 1024)
  --rootfs NAME=FILE     template builds may begin with fromImage("NAME"): a tar archive of a root file system, which has
                         to hold /bin/bash; may be given several times
  --preimport LIST       libraries that Python kernels find imported: any of numpy,pandas,matplotlib (default: all)
  --no-fork-server       starts every Python kernel from nothing: slower, less memory while nothing runs
  --webhook-retry-ms N   time between two tries of a webhook delivery (default 10000)
  --print-env            prints E2B_API_URL, E2B_SANDBOX_URL, E2B_API_KEY and E2B_VOLUME_API_URL, then ends:
                         export $(sandglass-engine --print-env)
  --doctor               tries what this machine can do, names what is missing, then ends
  --version, --help

Exit status: 0 = ended as asked, 1 = could not serve, 2 = wrong usage.
)";
}

} // namespace sandglass::engineapp
