#include "services/telemetry/log.h"

#include "services/core/qtstring.h"
#include "services/telemetry/redactor.h"

#include <QLoggingCategory>
#include <QMessageLogger>

#include <unistd.h>

#include <atomic>
#include <mutex>
#include <optional>
#include <utility>

namespace sandglass::telemetry {

namespace {

constexpr std::size_t messageLimit = 8U << 10;
constexpr std::string_view ourCategories = "sandglass.";
constexpr int levels = 4; ///< of objects in the fields; deeper ones are texts

/// Secrets out of every text of `value`.
Json cleaned(const Json &value, int depth = 0)
{
    if (value.is_string())
        return redactor().clean(value.get_ref<const std::string &>());
    if (depth >= levels && value.is_structured())
        return redactor().clean(dumpJson(value));
    if (!value.is_structured())
        return value;
    Json out = value.is_array() ? Json::array() : Json::object();
    for (const auto &[key, member] : value.items()) {
        if (value.is_array())
            out.push_back(cleaned(member, depth + 1));
        else
            out[key] = cleaned(member, depth + 1);
    }
    return out;
}

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

std::string logLine(const LogRecord &record)
{
    // By hand, so that the members stand in the order people read; texts are escaped by the library.
    // Cut generously before and to size after the secrets are out: half of one would not be recognised.
    const auto text = [](std::string_view plain) {
        return dumpJson(Json(redactor().clean(plain.substr(0, 2 * messageLimit)).substr(0, messageLimit)));
    };
    std::string out = R"({"time":")" + formatRfc3339(record.time, 3) + R"(","level":")";
    out.append(record.level).append(R"(","category":)").append(text(record.category));
    out.append(R"(,"message":)").append(text(record.message));
    if (record.span.isValid()) {
        out.append(R"(,"trace_id":")").append(record.span.traceId);
        out.append(R"(","span_id":")").append(record.span.spanId).append("\"");
    }
    if (record.fields.is_object() && !record.fields.empty())
        out.append(R"(,"fields":)").append(dumpJson(cleaned(record.fields)));
    if (!record.file.empty())
        out.append(R"(,"source":)").append(text(std::string(record.file) + ":" + std::to_string(record.line)));
    return out += '}';
}

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
