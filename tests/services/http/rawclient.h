#pragma once

#include "services/core/uniquefd.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sandglass::test {

/// A TCP client that sends exactly what it is told to: for everything a well-behaved HTTP client would not do.
class RawClient final
{
public:
    struct Reply
    {
        int status = 0; ///< 0 = none came
        std::string head;
        std::string body;        ///< de-chunked
        bool isComplete = false; ///< body as long as promised
        std::vector<std::string> chunks;
    };

    /// Connects; `receiveBuffer` > 0 makes the kernel's buffer small, so that a server meets a full window early.
    explicit RawClient(std::uint16_t port, int receiveBuffer = 0);

    [[nodiscard]] bool isConnected() const { return static_cast<bool>(m_fd); }
    bool send(std::string_view bytes); ///< all of it; false when the peer has closed
    void finishSending();              ///< closes the sending half
    void close();
    void reset(); ///< closes with RST

    /// The next answer; `hasBody` false for HEAD. Interim 1xx answers are returned like others.
    [[nodiscard]] Reply reply(bool hasBody = true, int timeoutMs = 10'000);
    /// Everything until the peer closes (reset counts); empty `closed` when it did not in time.
    struct Rest
    {
        std::string bytes;
        bool closed = false;
    };
    [[nodiscard]] Rest readAll(int timeoutMs = 10'000);
    [[nodiscard]] bool isClosedByPeer(int timeoutMs = 10'000) { return readAll(timeoutMs).closed; }
    /// What is there within the time, at least one byte; empty when nothing came.
    [[nodiscard]] std::string readSome(int timeoutMs = 10'000);

private:
    [[nodiscard]] bool fill(int timeoutMs); ///< false: closed or nothing in time
    [[nodiscard]] bool fillUntil(std::size_t size, int timeoutMs);
    [[nodiscard]] std::string takeLine(int timeoutMs);
    void readChunks(Reply &reply, int timeoutMs);

    UniqueFd m_fd;
    std::string m_buffer;
    bool m_isPeerClosed = false;
};

} // namespace sandglass::test
