#include "app/commandline.h"
#include "app/composition.h"
#include "app/quitsignals.h"
#include "app/singleinstance.h"
#include "app/tour.h"
#include "app/transfercommand.h"
#include "services/telemetry/log.h"
#include "ui/theme/theme.h"
#include "ui/widgets/toast.h"

#include <QApplication>
#include <QFileInfo>

#include <csignal>
#include <cstdio>

using namespace Qt::Literals::StringLiterals;
using namespace sandglass;

namespace {

QStringList argumentsOf(int argc, char **argv)
{
    QStringList arguments;
    for (int i = 0; i < argc; ++i)
        arguments << QString::fromLocal8Bit(argv[i]);
    return arguments;
}

/// Without a display the tour still runs and draws its pictures.
void chooseOffscreenForTour(const app::CommandLine &options)
{
    const bool hasDisplay = !qEnvironmentVariableIsEmpty("DISPLAY") || !qEnvironmentVariableIsEmpty("WAYLAND_DISPLAY");
    if (!options.tourDirectory.isEmpty() && !hasDisplay && !qEnvironmentVariableIsSet("QT_QPA_PLATFORM"))
        qputenv("QT_QPA_PLATFORM", "offscreen");
}

int fail(const std::string &message)
{
    std::fprintf(stderr, "sandglass: %s\n", message.c_str());
    return 1;
}

/// A program that runs already has a folder of its own to look for files in.
app::SingleInstance::Wish wishOf(const app::CommandLine &options)
{
    app::SingleInstance::Wish wish{{}, options.page};
    for (const QString &file : options.files)
        wish.files << QFileInfo(file).absoluteFilePath();
    return wish;
}

/// Help > Take the tour: the steps pass by as notices, the pictures stay in the profile.
void takeTourInWindow(app::Composition &program)
{
    auto *tour = new app::Tour(program, program.tourDirectory(), &program);
    QObject::connect(tour, &app::Tour::stepDone, &program.window(),
                     [&program](const QString &line) { program.window().toast().show(line.simplified()); });
    QObject::connect(tour, &app::Tour::finished, tour, &QObject::deleteLater);
    tour->start();
}

} // namespace

int main(int argc, char **argv)
{
    const app::ParsedCommandLine parsed = app::parseCommandLine(argumentsOf(argc, argv));
    if (parsed.message) {
        std::fprintf(parsed.exitCode == 0 ? stdout : stderr, "%s\n", qPrintable(*parsed.message));
        return parsed.exitCode;
    }
    if (!parsed.options.exportKind.isEmpty() || !parsed.options.importFile.isEmpty()) {
        const QCoreApplication application(argc, argv);
        return app::runTransfer(parsed.options);
    }
    chooseOffscreenForTour(parsed.options);
    std::signal(SIGPIPE, SIG_IGN); // a peer that goes away is an error value, not the end of the program

    QApplication application(argc, argv);
    QApplication::setApplicationName(u"sandglass"_s);
    QApplication::setDesktopFileName(u"io.github.sandglass.Sandglass"_s);
    QApplication::setApplicationVersion(QStringLiteral(SANDGLASS_VERSION));
    telemetry::Log::instance().install();
    telemetry::Log::instance().setFormat(parsed.options.logFormat == "json"_L1 ? telemetry::LogFormat::Json
                                                                               : telemetry::LogFormat::Text);
    telemetry::setLogLevels(parsed.options.logLevel.toStdString(), false);
    auto instance = app::SingleInstance::take(ProfilePaths::forDirectory(parsed.options.profile.toStdString()),
                                              wishOf(parsed.options));
    if (!instance)
        return fail(instance.error().message);
    if (!*instance) {
        std::puts("Sandglass is running already: its window comes forward");
        return 0;
    }
    ui::Theme theme(application);

    auto composition = app::Composition::create(parsed.options, theme);
    if (!composition)
        return fail(composition.error().message);
    if (!parsed.options.tourDirectory.isEmpty()) {
        app::Tour tour(**composition, parsed.options.tourDirectory);
        QObject::connect(&tour, &app::Tour::finished, &application, &QApplication::exit, Qt::QueuedConnection);
        tour.start();
        return QApplication::exec();
    }
    app::Composition &program = **composition;
    QObject::connect(&program, &app::Composition::tourRequested, &program, [&program] { takeTourInWindow(program); });
    QObject::connect(instance->get(), &app::SingleInstance::asked, &program,
                     [&program](const app::SingleInstance::Wish &wish) { program.open(wish.files, wish.page); });
    const app::QuitSignals signals;
    QObject::connect(&signals, &app::QuitSignals::asked, &program, &app::Composition::quitUnasked);
    program.showWindow();
    return QApplication::exec();
}
