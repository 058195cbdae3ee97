// Serves deliveries into a journal until it is killed: the part of the application that tst_journal_crash
// kills.

#include "services/lifecycle/journal.h"
#include "services/lifecycle/receiver.h"

#include <sys/prctl.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>

using namespace sandglass::lifecycle;

int main(int argc, char **argv)
{
    ::prctl(PR_SET_PDEATHSIG, SIGKILL); // never outlives the test
    const char *secret = std::getenv("VICTIM_SECRET");
    if (argc != 2 || !secret)
        return 2;
    auto journal = Journal::open(argv[1]);
    if (!journal) {
        std::fprintf(stderr, "%s\n", journal.error().message.c_str());
        return 1;
    }
    ReceiverOptions options;
    options.port = 0;
    options.secret = secret;
    Receiver receiver(**journal, options);
    if (const auto started = receiver.start(); !started) {
        std::fprintf(stderr, "%s\n", started.error().message.c_str());
        return 1;
    }
    std::printf("%u\n", static_cast<unsigned>(receiver.port()));
    std::fflush(stdout);
    for (;;)
        ::pause();
}
