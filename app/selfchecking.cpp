#include "app/selfchecking.h"

#include "app/enginesupervisor.h"
#include "app/receiving.h"
#include "models/settings/connectionsmodel.h"
#include "services/core/keystore.h"
#include "services/core/qtstring.h"
#include "services/core/runin.h"
#include "services/core/whendone.h"
#include "services/lifecycle/eventscan.h"
#include "services/lifecycle/journal.h"
#include "services/lifecycle/receiver.h"
#include "ui/diagnosis/selfcheckdialog.h"
#include "ui/shell/mainwindow.h"
#include "ui/text/format.h"
#include "ui/webhooks/receiverview.h"

#include <QElapsedTimer>
#include <QPromise>
#include <QSysInfo>
#include <QUrl>

#include <filesystem>
#include <memory>
#include <utility>

using namespace std::chrono_literals;

namespace sandglass::app {

using models::Finding;
using Level = Finding::Level;

namespace {

constexpr std::int64_t verifiedEvents = 10'000; ///< the newest ones: some 10 ms
constexpr qint64 littleRoom = 1LL << 30, noRoom = 100LL << 20;
constexpr std::int64_t noticeableDelayMs = 60'000;

QFuture<Finding> now(Finding finding)
{
    QPromise<Finding> promise;
    promise.start();
    promise.addResult(std::move(finding));
    promise.finish();
    return promise.future();
}

/// Runs in any thread.
Finding verified(const std::filesystem::path &file)
{
    lifecycle::EventScan scan;
    scan.journal = file;
    scan.accepts = [](const lifecycle::StoredEvent &) { return true; };
    std::int64_t looked = 0, whole = 0;
    const auto done = scan.run([&](const lifecycle::EventScan::Step &step) {
        looked = step.looked;
        whole += static_cast<std::int64_t>(step.found.size());
        return looked < verifiedEvents;
    });
    if (!done)
        return {Level::Problem, toQString(done.error().message),
                SelfChecking::tr("Restart the program: what verifies is saved into a fresh file.")};
    std::error_code error;
    const auto size = std::filesystem::file_size(file, error);
    const QString bytes = error ? SelfChecking::tr("size not known") : ui::formatBytes(static_cast<std::int64_t>(size));
    if (whole < looked)
        return {Level::Problem,
                SelfChecking::tr("%1 of the newest %2 events are damaged.")
                    .arg(ui::formatCount(looked - whole), ui::formatCount(looked)),
                SelfChecking::tr("Restart the program: what verifies is saved into a fresh file.")};
    if (looked == 0)
        return {Level::Good, SelfChecking::tr("No event yet."), {}};
    return {Level::Good, SelfChecking::tr("%1; the newest %2 events verify.").arg(bytes, ui::formatCount(looked)), {}};
}

Finding roomAt(const std::filesystem::path &folder)
{
    std::error_code error;
    const auto space = std::filesystem::space(folder, error);
    if (error)
        return {Level::Problem, toQString(error.message()), SelfChecking::tr("Is the disk mounted?")};
    const auto bytes = static_cast<qint64>(space.available);
    const QString sentence = SelfChecking::tr("%1 free at %2.").arg(ui::formatBytes(bytes), toQString(folder.string()));
    if (bytes >= littleRoom)
        return {Level::Good, sentence, {}};
    return {bytes < noRoom ? Level::Problem : Level::Notice, sentence,
            SelfChecking::tr("Make room: without it, senders are told to try again later.")};
}

} // namespace

SelfChecking::SelfChecking(Surroundings surroundings, QObject *parent) : QObject(parent), m_around(surroundings)
{
    m_check.add(tr("Program"), [] {
        return now(
            {Level::Good,
             tr("Sandglass %1, Qt %2, %3, kernel %4, %5")
                 .arg(QStringLiteral(SANDGLASS_VERSION), QString::fromLatin1(qVersion()), QSysInfo::prettyProductName(),
                      QSysInfo::kernelVersion(), QSysInfo::currentCpuArchitecture()),
             {}});
    });
    m_check.add(tr("Journal"), [this] { return lookAtJournal(); });
    m_check.add(tr("Disk"), [this] { return lookAtDisk(); });
    m_check.add(tr("Webhook receiver"), [this] { return lookAtReceiver(); });
    m_check.add(tr("Deliveries"), [this] { return now(lookAtDeliveries()); });
    m_check.add(tr("Clock"), [this] { return now(lookAtClock()); });
    if (m_around.isEngineOurs)
        m_check.add(tr("Local engine"), [this] { return now(lookAtEngine()); });
    m_check.add(tr("Connection in use"), [this] { return lookAtConnection(); });
    m_check.add(tr("Keys"), [this] { return now(lookAtKeys()); });
}

void SelfChecking::attachTo(ui::MainWindow &window)
{
    connect(&window, &ui::MainWindow::selfCheckRequested, this, [this, &window] {
        auto *dialog = new ui::SelfCheckDialog(m_check, &window);
        dialog->setAttribute(Qt::WA_DeleteOnClose);
        dialog->open();
    });
}

QFuture<Finding> SelfChecking::lookAtJournal()
{
    if (const auto failure = m_around.journal.lastFailure())
        return now({Level::Problem, toQString(failure->message), tr("Senders deliver again once it can be written.")});
    return runIn(m_disk, m_answers, [file = m_around.journal.file()] { return verified(file); });
}

QFuture<Finding> SelfChecking::lookAtDisk()
{
    return runIn(m_disk, m_answers, [folder = m_around.journal.file().parent_path()] { return roomAt(folder); });
}

QFuture<Finding> SelfChecking::lookAtReceiver()
{
    if (m_around.receiving.receiver() == nullptr)
        return now({Level::Problem, tr("Not listening: %1").arg(m_around.receiving.failure()),
                    tr("Choose another port or address in Settings > Webhook receiver.")});
    QUrl url(toQString(m_around.receiving.localUrl())); // it may listen on every address
    url.setPath(QStringLiteral("/health"));
    net::HttpRequest request;
    request.url = toUtf8(url.toString());
    request.timeout = 5s;
    auto promise = std::make_shared<QPromise<Finding>>();
    promise->start();
    QElapsedTimer clock;
    clock.start();
    whenDone(m_http.send(request), this, [promise, clock, url](const Result<net::HttpResponse> &answer) {
        const QString place = url.authority();
        // 401: it wants its token of everybody, so it is up.
        if (answer && (answer->isSuccess() || answer->status == 401))
            promise->addResult(Finding{Level::Good, tr("%1 answered in %2 ms.").arg(place).arg(clock.elapsed()), {}});
        else
            promise->addResult(Finding{
                Level::Problem,
                tr("%1 does not answer as it should: %2")
                    .arg(place, answer ? tr("status %1").arg(answer->status) : toQString(answer.error().message)),
                tr("A firewall or proxy may stand between: loopback addresses need none.")});
        promise->finish();
    });
    return promise->future();
}

Finding SelfChecking::lookAtDeliveries() const
{
    const lifecycle::Receiver *receiver = m_around.receiving.receiver();
    if (receiver == nullptr)
        return {Level::Notice, tr("None can come: nothing listens."), {}};
    const lifecycle::ReceiverStatistics statistics = receiver->statistics();
    const QString accepted = tr("Accepted: %1").arg(ui::acceptedText(statistics));
    if (const QString refused = ui::refusalText(statistics); !refused.isEmpty())
        return {Level::Notice, tr("%1. Refused: %2.").arg(accepted, refused),
                tr("Webhooks > Refused names the mistake of each.")};
    if (!m_around.receiving.isRegistered() && m_around.isEngineOurs)
        return {Level::Notice, tr("%1. The engine delivers nothing here yet.").arg(accepted),
                tr("Its list of sandboxes is asked instead.")};
    return {Level::Good, accepted + u'.', {}};
}

Finding SelfChecking::lookAtEngine() const
{
    switch (m_around.engine.state()) {
    case EngineSupervisor::State::Ready:
        return {Level::Good, m_around.engine.address().summary,
                m_around.engine.address().reasons.join(QStringLiteral("; "))};
    case EngineSupervisor::State::Starting:
        return {Level::Notice, tr("Still starting."), {}};
    case EngineSupervisor::State::Stopped:
        return {Level::Notice, tr("Not started."), tr("File > Restart local engine.")};
    case EngineSupervisor::State::Failed:
        break;
    }
    return {Level::Problem, m_around.engine.failure(), tr("File > Restart local engine.")};
}

QFuture<Finding> SelfChecking::lookAtConnection()
{
    const e2b::Connection connection = m_around.connections.active();
    const QString name = toQString(connection.name);
    if (connection.apiKey.empty())
        return now({Level::Problem, tr("%1 has no key.").arg(name), tr("Settings > Connections.")});
    auto promise = std::make_shared<QPromise<Finding>>();
    promise->start();
    QElapsedTimer clock;
    clock.start();
    whenDone(models::networkTester(this)(connection), this, [promise, clock, name](const Result<> &answer) {
        promise->addResult(answer ? Finding{Level::Good, tr("%1 answered in %2 ms.").arg(name).arg(clock.elapsed()), {}}
                                  : Finding{Level::Problem, tr("%1: %2").arg(name, toQString(answer.error().message)),
                                            tr("Settings > Connections > Test connection.")});
        promise->finish();
    });
    return promise->future();
}

Finding SelfChecking::lookAtClock() const
{
    const lifecycle::Receiver *receiver = m_around.receiving.receiver();
    const lifecycle::ReceiverStatistics statistics =
        receiver != nullptr ? receiver->statistics() : lifecycle::ReceiverStatistics();
    const bool isOff =
        statistics.lowestDelayMs && (*statistics.lowestDelayMs < 0 || *statistics.lowestDelayMs > noticeableDelayMs);
    return {isOff ? Level::Notice : Level::Good, tr("Beside the sender's: %1.").arg(ui::clockText(statistics)),
            isOff ? tr("Let the system set its clock (timedatectl set-ntp true): ages and costs depend on it.")
                  : QString()};
}

Finding SelfChecking::lookAtKeys() const
{
    const QString sentence = tr("Kept in %1.").arg(toQString(m_around.keys.description()));
    if (m_around.keys.isEncrypted())
        return {Level::Good, sentence, {}};
    return {Level::Notice, sentence, tr("With a Secret Service (GNOME Keyring, KWallet) they are encrypted.")};
}

} // namespace sandglass::app
