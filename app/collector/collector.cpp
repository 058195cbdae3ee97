#include "app/collector/collector.h"

#include "app/collector/secretfile.h"
#include "app/listprices.h"
#include "services/core/paths.h"
#include "services/telemetry/redactor.h"

#include <QLoggingCategory>

#include <fcntl.h>
#include <sys/file.h>

#include <cstdlib>
#include <utility>

namespace sandglass::collectorapp {

namespace {

Q_LOGGING_CATEGORY(logCollector, "sandglass.collector")

constexpr const char *secretVariable = "SANDGLASS_WEBHOOK_SECRET";
constexpr std::size_t shortestSecret = 32;
constexpr std::size_t shortestToken = 16;

/// Two programs on one profile would read the same events twice and take each other's files.
Result<UniqueFd> lockProfile(const std::filesystem::path &profile)
{
    const std::string path = (profile / "collector.lock").string();
    UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    if (!fd)
        return failure(Error::Kind::Local, "cannot write in " + profile.string());
    if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0)
        return failure(Error::Kind::Local, "another collector is using " + profile.string());
    return fd;
}

struct Secret
{
    std::string value;
    std::string place;
};

Result<Secret> webhookSecret(const Options &options, const std::filesystem::path &ownFile)
{
    const char *given = std::getenv(secretVariable);
    if (options.secretFile.empty() && given && *given != '\0') {
        if (std::string_view(given).size() < shortestSecret)
            return failure(Error::Kind::Local,
                           std::string(secretVariable) + " is shorter than " + std::to_string(shortestSecret)
                               + " characters");
        return Secret{given, std::string("the environment, ") + secretVariable};
    }
    auto secret = options.secretFile.empty() ? keepSecret(ownFile, shortestSecret)
                                             : readSecret(options.secretFile, shortestSecret);
    if (!secret)
        return failure(secret.error());
    return Secret{std::move(*secret), (options.secretFile.empty() ? ownFile : options.secretFile).string()};
}

} // namespace

Result<std::unique_ptr<Collector>> Collector::start(const Options &options)
{
    const ProfilePaths paths = ProfilePaths::forDirectory(options.profile);
    for (const auto &directory : {options.profile, paths.config, paths.data, paths.state}) {
        if (!ensurePrivateDirectory(directory))
            return failure(Error::Kind::Local, "the folder " + directory.string() + " cannot be used");
    }
    auto lock = lockProfile(options.profile);
    if (!lock)
        return failure(lock.error());
    const auto card = app::loadListPrices();
    if (!card)
        return failure(card.error());
    lifecycle::Journal::Options limits;
    limits.keepFor = std::chrono::days(options.keepDays);
    auto journal = lifecycle::Journal::open(paths.data / "journal.db", limits);
    if (!journal)
        return failure(journal.error());
    if (const auto &salvaged = (*journal)->salvaged())
        qCWarning(logCollector, "the journal was damaged (%s): %lld events were saved, at least %lld lost; kept as %s",
                  salvaged->cause.c_str(), static_cast<long long>(salvaged->rowsKept),
                  static_cast<long long>(salvaged->rowsLost), salvaged->damagedFile.c_str());
    std::unique_ptr<Collector> collector(new Collector(std::move(*lock), std::move(*journal), *card));
    if (const auto serving = collector->serve(options); !serving)
        return failure(serving.error());
    return collector;
}

Collector::Collector(UniqueFd lock, std::unique_ptr<lifecycle::Journal> journal, const cost::RateCard &card)
    : m_lock(std::move(lock))
    , m_journal(std::move(journal))
    , m_tracker(*m_journal, card)
    , m_picture(m_tracker)
    , m_rest(std::make_shared<lifecycle::RestApi>(*m_journal, m_picture.picture()))
{}

Collector::~Collector()
{
    m_receiver.reset();
    m_ticker.reset();
    if (m_stream)
        m_stream->eventsArrived(); // what was acknowledged last still reaches the clients
    m_stream.reset();
}

Result<> Collector::serve(const Options &options)
{
    const ProfilePaths paths = ProfilePaths::forDirectory(options.profile);
    m_tokenFile = options.tokenFile.empty() ? paths.config / "token" : options.tokenFile;
    const auto token =
        options.tokenFile.empty() ? keepSecret(m_tokenFile, shortestToken) : readSecret(m_tokenFile, shortestToken);
    if (!token)
        return failure(token.error());
    const auto secret = webhookSecret(options, paths.config / "webhook-secret");
    if (!secret)
        return failure(secret.error());
    m_secretPlace = secret->place;
    for (const std::string &known : {*token, secret->value})
        telemetry::redactor().learn(known);

    stream::StreamServerOptions wishes;
    wishes.address = options.address;
    wishes.port = options.streamPort;
    wishes.token = *token;
    wishes.certificateFile = options.certificateFile;
    wishes.keyFile = options.keyFile;
    wishes.allowPlainText = options.allowPlainText;
    m_stream = std::make_unique<stream::StreamServer>(*m_journal, m_tracker.rateCard(), wishes);
    std::optional<cost::RunawayRules> runaways;
    if (options.runawayMinutes > 0)
        runaways = cost::RunawayRules{std::chrono::minutes(options.runawayMinutes), {}};
    m_rest->setRunawayRules(std::move(runaways));
    if (auto started = m_stream->start(); !started)
        return started;
    connect(&m_tracker, &lifecycle::Tracker::eventsRecorded, this, [this] { m_stream->eventsArrived(); });
    connect(&m_tracker, &lifecycle::Tracker::replayed, this, [this] { m_stream->eventsArrived(); });
    m_ticker = std::make_unique<stream::CostTicker>(
        m_tracker, [this] { return m_stream->statistics().clients > 0; },
        [this](const stream::CostTick &tick) { m_stream->setCost(tick); });
    m_tracker.start();

    lifecycle::ReceiverOptions receiver;
    receiver.address = options.address;
    receiver.port = options.receiverPort;
    receiver.portTries = 1; // the sender has been told this one
    receiver.secret = secret->value;
    receiver.certificateFile = options.certificateFile;
    receiver.keyFile = options.keyFile;
    receiver.allowPlainText = options.allowPlainText;
    receiver.bearerToken = *token;
    receiver.quarantineFile = paths.state / "quarantine.jsonl";
    receiver.rest = m_rest;
    m_receiver = std::make_unique<lifecycle::Receiver>(*m_journal, receiver);
    return m_receiver->start();
}

} // namespace sandglass::collectorapp
