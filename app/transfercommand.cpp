#include "app/transfercommand.h"

#include "app/commandline.h"
#include "app/listprices.h"
#include "models/settings/settings.h"
#include "services/core/displayzone.h"
#include "services/core/paths.h"
#include "services/core/qtstring.h"
#include "services/lifecycle/journal.h"
#include "services/lifecycle/transfer.h"

#include <QSettings>

#include <cstdio>
#include <unistd.h>

using namespace Qt::Literals::StringLiterals;

namespace sandglass::app {

namespace {

int fail(const Error &error)
{
    std::fprintf(stderr, "sandglass: %s\n", error.message.c_str());
    return 1;
}

/// A line that moves, where somebody looks at it.
std::function<bool(const lifecycle::TransferProgress &)> progressLine()
{
    if (::isatty(STDERR_FILENO) == 0)
        return {};
    return [](const lifecycle::TransferProgress &progress) {
        std::fprintf(stderr, "\r%3d %%  %lld", static_cast<int>(progress.share * 100),
                     static_cast<long long>(progress.records));
        return true;
    };
}

int runImport(lifecycle::Journal &journal, const std::filesystem::path &file)
{
    lifecycle::TransferOptions options;
    options.progress = progressLine();
    const auto report = importEvents(journal, file, lifecycle::transferFormatOf(file), options);
    if (!report)
        return fail(report.error());
    std::printf("%lld stored, %lld known already, %lld refused\n", static_cast<long long>(report->stored),
                static_cast<long long>(report->duplicates), static_cast<long long>(report->refused));
    for (const std::string &reason : report->reasons)
        std::fprintf(stderr, "%s\n", reason.c_str());
    return 0;
}

int runExport(const lifecycle::Journal &journal, const CommandLine &options)
{
    const auto prices = loadListPrices();
    if (!prices)
        return fail(prices.error());
    lifecycle::TransferOptions range;
    range.from = options.from.value_or(range.from);
    range.to = options.to.value_or(range.to);
    range.progress = progressLine();
    const std::filesystem::path file = options.outFile.toStdString();
    const auto written = options.exportKind == "events"_L1
        ? exportEvents(journal, file, lifecycle::transferFormatOf(file), range)
        : options.exportKind == "sandboxes"_L1 ? exportSandboxes(journal, *prices, systemNow(), file, range)
                                               : exportCosts(journal, *prices, systemNow(), file, range);
    if (!written)
        return fail(written.error());
    std::printf("%lld rows in %s\n", static_cast<long long>(*written), file.c_str());
    return 0;
}

} // namespace

int runTransfer(const CommandLine &options)
{
    const ProfilePaths paths = ProfilePaths::forDirectory(options.profile.toStdString());
    if (!ensurePrivateDirectory(paths.data))
        return fail({Error::Kind::Local, 0, "the folder " + paths.data.string() + " cannot be used", {}});
    QSettings store(toQString((paths.config / "settings.ini").string()), QSettings::IniFormat);
    DisplayZone::setUtc(models::Settings(store).text(models::Settings::Key::TimeZone) == u"utc");
    const auto journal = lifecycle::Journal::open(paths.data / "journal.db");
    if (!journal)
        return fail(journal.error());
    return options.importFile.isEmpty() ? runExport(**journal, options)
                                        : runImport(**journal, options.importFile.toStdString());
}

} // namespace sandglass::app
