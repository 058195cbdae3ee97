// create -> first result of `print(21 + 21)`, over the same HTTP that the SDKs speak. One JSON line with the figures.
#include "tests/services/engine/engine_process.h"

#include <QCoreApplication>
#include <QElapsedTimer>

#include <algorithm>
#include <cstdio>
#include <vector>

int main(int argc, char **argv)
{
    const QCoreApplication application(argc, argv);
    constexpr int kRounds = 20;
    EngineProcess engine;
    if (!engine.start() || !engine.canRunSandboxes()) {
        std::fputs("bench_engine: the engine cannot run sandboxes here\n", stderr);
        return 1;
    }
    std::vector<double> milliseconds;
    for (int round = 0; round <= kRounds; ++round) {
        QElapsedTimer clock;
        clock.start();
        const auto made = engine.create();
        const auto answer = engine.execute(made.id, made.token, QStringLiteral("print(21 + 21)"));
        const double taken = double(clock.nsecsElapsed()) / 1e6;
        if (executionText(answer.body, "stdout", "text") != "42\n") {
            std::fprintf(stderr, "bench_engine: no result: %s\n", answer.body.constData());
            return 1;
        }
        (void)engine.api("DELETE", QStringLiteral("/sandboxes/") + made.id);
        if (round > 0) // the first one warms the caches of files and connections
            milliseconds.push_back(taken);
    }
    std::sort(milliseconds.begin(), milliseconds.end());
    const auto at = [&](double share) {
        return milliseconds[std::size_t(share * double(milliseconds.size() - 1) + 0.5)];
    };
    std::printf(
        "{\"bench\": \"engine\", \"n\": %d, \"p50_ms\": %.2f, \"p95_ms\": %.2f, \"min_ms\": %.2f, \"max_ms\": %.2f}\n",
        kRounds, at(0.5), at(0.95), milliseconds.front(), milliseconds.back());
    return engine.terminate() == 0 ? 0 : 1;
}
