// Cold start, idle processor time and memory of the real application under its own X server (Xvfb), with 100,000
// events in the journal. Prints one JSON line with medians.

#include "services/core/json.h"
#include "tests/bench/history.h"

#include <QCoreApplication>
#include <QElapsedTimer>
#include <QFile>
#include <QProcess>
#include <QRegularExpression>
#include <QTemporaryDir>
#include <QThread>

#include <algorithm>
#include <cstdio>
#include <unistd.h>
#include <vector>

using namespace sandglass;
using namespace Qt::Literals::StringLiterals;

namespace {

constexpr int eventCount = 100'000;
constexpr int runs = 7;
constexpr int idleSeconds = 10;

/// The application on its own X display, ended with the object.
class Application final
{
public:
    explicit Application(const QString &profile)
    {
        QProcessEnvironment environment = QProcessEnvironment::systemEnvironment();
        environment.insert(u"SANDGLASS_TRACE_START"_s, u"1"_s);
        environment.insert(u"QT_QPA_PLATFORM"_s, u"xcb"_s);
        m_process.setProcessEnvironment(environment);
        const QString binaries = qEnvironmentVariable("SANDGLASS_BIN_DIR", QCoreApplication::applicationDirPath());
        m_process.start(binaries + u"/sandglass"_s, {u"--profile"_s, profile, u"--receiver-port"_s, u"0"_s});
    }
    ~Application()
    {
        m_process.terminate();
        if (!m_process.waitForFinished(10'000))
            m_process.kill();
        m_process.waitForFinished();
    }
    Application(const Application &) = delete;
    Application &operator=(const Application &) = delete;

    /// From exec to the end of the first paint; negative when the program did not tell.
    double firstFrameMs()
    {
        static const QRegularExpression pattern(u"first frame ([0-9.]+) ms"_s);
        QElapsedTimer timer;
        timer.start();
        QByteArray text;
        while (timer.elapsed() < 20'000 && m_process.state() != QProcess::NotRunning) {
            m_process.waitForReadyRead(100);
            text += m_process.readAllStandardError();
            if (const auto match = pattern.match(QString::fromUtf8(text)); match.hasMatch())
                return match.captured(1).toDouble();
        }
        std::fputs(text.constData(), stderr);
        return -1;
    }

    [[nodiscard]] double cpuSeconds() const
    {
        QFile file(u"/proc/%1/stat"_s.arg(m_process.processId()));
        if (!file.open(QIODevice::ReadOnly))
            return 0;
        const QByteArray line = file.readAll();
        const QList<QByteArray> fields = line.mid(line.lastIndexOf(')') + 2).split(' ');
        return (fields.value(11).toDouble() + fields.value(12).toDouble()) / static_cast<double>(sysconf(_SC_CLK_TCK));
    }

    [[nodiscard]] double residentMb() const
    {
        QFile file(u"/proc/%1/status"_s.arg(m_process.processId()));
        static const QRegularExpression pattern(u"VmRSS:\\s+(\\d+) kB"_s);
        return file.open(QIODevice::ReadOnly)
            ? pattern.match(QString::fromUtf8(file.readAll())).captured(1).toDouble() / 1024.0
            : 0;
    }

private:
    QProcess m_process;
};

double median(std::vector<double> values)
{
    std::ranges::sort(values);
    return values.empty() ? -1 : values[values.size() / 2];
}

} // namespace

int main(int argc, char **argv)
{
    QCoreApplication application(argc, argv);
    QTemporaryDir profile;
    const auto data = std::filesystem::path(profile.path().toStdString()) / "data";
    std::filesystem::create_directories(data);
    if (!bench::fillJournal(data / "journal.db", eventCount)) {
        std::fputs("the journal could not be filled\n", stderr);
        return 1;
    }

    // One X server for all runs: its own start is not what is measured.
    QProcess xvfb;
    xvfb.start(u"Xvfb"_s, {u"-displayfd"_s, u"1"_s, u"-screen"_s, u"0"_s, u"1600x1000x24"_s, u"-nolisten"_s, u"tcp"_s});
    if (!xvfb.waitForReadyRead(10'000)) {
        std::fputs("Xvfb did not start; install the package xvfb\n", stderr);
        return 1;
    }
    qputenv("DISPLAY", ":" + xvfb.readAllStandardOutput().trimmed());

    std::vector<double> frames;
    for (int i = 0; i < runs; ++i) {
        Application sandglass(profile.path());
        const double ms = sandglass.firstFrameMs();
        if (ms < 0)
            return 1;
        if (i > 0) // the first one warms the disk cache
            frames.push_back(ms);
    }

    double idlePercent = 0;
    double memory = 0;
    {
        Application sandglass(profile.path());
        if (sandglass.firstFrameMs() < 0)
            return 1;
        QThread::sleep(8); // replay, engine start and the first poll are not idling
        const double before = sandglass.cpuSeconds();
        QThread::sleep(idleSeconds);
        idlePercent = 100.0 * (sandglass.cpuSeconds() - before) / idleSeconds;
        memory = sandglass.residentMb();
    }
    xvfb.terminate();
    xvfb.waitForFinished();

    const Json figures = {{"first_frame_ms", median(frames)},
                          {"first_frame_runs", frames},
                          {"idle_cpu_percent", idlePercent},
                          {"memory_mb_100k_events", memory},
                          {"events", eventCount}};
    std::puts(dumpJson(figures).c_str());
    return 0;
}
