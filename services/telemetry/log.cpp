#include "services/telemetry/log.h"

#include "services/core/qtstring.h"
#include "services/telemetry/logline.h"
#include "services/telemetry/redactor.h"
#include "services/telemetry/span.h"

#include <QLoggingCategory>
#include <QMessageLogger>

#include <unistd.h>

#include <atomic>
#include <mutex>
#include <optional>
#include <utility>

namespace sandglass::telemetry {

namespace {

constexpr std::string_view ourCategories = "sandglass.";

std::string_view levelOf(QtMsgType type)
{
    switch (type) {
    case QtDebugMsg:
        return "debug";
    case QtInfoMsg:
        return "info";
    case QtWarningMsg:
        return "warning";
    case QtCriticalMsg:
        return "error";
    case QtFatalMsg:
        return "fatal";
    }
    return "info";
}

const char *categoryOf(const QMessageLogContext &context)
{
    return context.category != nullptr ? context.category : "";
}

/// The fields of the message that note() is sending on this thread.
struct Noted
{
    std::string_view message;
    const Json *fields;
};
const Noted *&notedOnThread()
{
    thread_local const Noted *noted = nullptr;
    return noted;
}

void writeAll(int fd, std::string_view text)
{
    while (!text.empty()) {
        const ssize_t written = ::write(fd, text.data(), text.size());
        if (written <= 0)
            return; // nobody reads: there is no one to tell
        text.remove_prefix(static_cast<std::size_t>(written));
    }
}

} // namespace

struct Log::Private
{
    static void handle(QtMsgType type, const QMessageLogContext &context, const QString &message);
    void take(QtMsgType type, const QMessageLogContext &context, const QString &message);

    std::atomic<LogFormat> format = LogFormat::Text;
    std::atomic<bool> hasFile = false;
    std::atomic<bool> infosOnStandardError = true;
    QtMessageHandler before = nullptr;
    std::mutex mutex; ///< guards the next two
    std::optional<RotatingFile> file;
    bool isFailing = false; ///< the disk's trouble has been told
};

Log::Log() : d(new Private) {}

Log &Log::instance()
{
    static Log log;
    return log;
}

void Log::install()
{
    d->before = qInstallMessageHandler(&Private::handle);
}

void Log::uninstall()
{
    qInstallMessageHandler(std::exchange(d->before, nullptr));
    closeFile();
    d->format = LogFormat::Text;
}

void Log::setFormat(LogFormat format)
{
    d->format = format;
}

void Log::setInfosOnStandardError(bool isWanted)
{
    d->infosOnStandardError = isWanted;
}

Result<> Log::openFile(const std::filesystem::path &folder, const std::string &name, RotatingFile::Limits limits)
{
    auto file = RotatingFile::open(folder, name, limits);
    if (!file)
        return failure(std::move(file.error()));
    const std::lock_guard lock(d->mutex);
    d->file = std::move(*file);
    d->isFailing = false;
    d->hasFile = true;
    return {};
}

void Log::closeFile()
{
    const std::lock_guard lock(d->mutex);
    d->hasFile = false;
    d->file.reset();
}

void Log::Private::handle(QtMsgType type, const QMessageLogContext &context, const QString &message)
{
    instance().d->take(type, context, message);
}

void Log::Private::take(QtMsgType type, const QMessageLogContext &context, const QString &message)
{
    const Noted *noted = notedOnThread();
    const bool isOurInfo = type == QtInfoMsg && std::string_view(categoryOf(context)).starts_with(ourCategories);
    const bool isForStandardError = !isOurInfo || infosOnStandardError;
    const bool isText = format == LogFormat::Text;
    if (isText && isForStandardError && before != nullptr)
        before(type, context, toQString(redactor().clean(toUtf8(message))));
    const bool isLineForStandardError = !isText && isForStandardError;
    if (!isLineForStandardError && !hasFile)
        return;
    const std::string plain = noted != nullptr ? std::string(noted->message) : toUtf8(message);
    const std::string line = logLine({systemNow(), levelOf(type), categoryOf(context), plain, activeContext(),
                                      noted != nullptr ? *noted->fields : Json(),
                                      context.file != nullptr ? context.file : "", context.line});
    const std::lock_guard lock(mutex);
    if (isLineForStandardError)
        writeAll(STDERR_FILENO, line + '\n');
    if (!file)
        return;
    const auto written = file->write(line);
    if (!written && !isFailing)
        writeAll(STDERR_FILENO, written.error().message + '\n');
    isFailing = !written;
}

void setLogLevels(std::string_view level, bool hasFile)
{
    const bool isInfo = level == "info" || level == "debug";
    QString rules = QStringLiteral("sandglass.*=true\n");
    if (level != "debug")
        rules += QStringLiteral("sandglass.*.debug=false\n");
    if (!isInfo && !hasFile)
        rules += QStringLiteral("sandglass.*.info=false\n");
    Log::instance().setInfosOnStandardError(isInfo);
    QLoggingCategory::setFilterRules(rules);
}

void note(const QLoggingCategory &category, QtMsgType level, std::string_view message, const Json &fields)
{
    if (!category.isEnabled(level))
        return;
    const Noted noted{message, &fields};
    const Noted *outer = std::exchange(notedOnThread(), &noted);
    const QMessageLogger logger(nullptr, 0, nullptr, category.categoryName());
    const QByteArray text = QByteArray::fromStdString(std::string(message) + " " + dumpJson(fields));
    switch (level) {
    case QtDebugMsg:
        logger.debug("%s", text.constData());
        break;
    case QtInfoMsg:
        logger.info("%s", text.constData());
        break;
    case QtWarningMsg:
        logger.warning("%s", text.constData());
        break;
    default:
        logger.critical("%s", text.constData());
        break;
    }
    notedOnThread() = outer;
}

} // namespace sandglass::telemetry
