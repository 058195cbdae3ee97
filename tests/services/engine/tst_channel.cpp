#include "services/engine/broker/channel.h"

#include <QTest>

#include <boost/asio/io_context.hpp>

#include <array>
#include <string>
#include <sys/socket.h>
#include <vector>

using namespace sandglass;
using namespace sandglass::engine;

/// The end of a sandbox is told by the broker and by its own socket, in either order.
class TestChannel final : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void init()
    {
        std::array<int, 2> ends{};
        QCOMPARE(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()), 0);
        m_channel = std::make_shared<Channel>(m_io, UniqueFd(ends[0]));
        m_other = UniqueFd(ends[1]);
        m_channel->start([this](const wire::Incoming &message) { took(stringOr(message.body, "event")); },
                         [this] { m_isClosed = true; });
        m_taken.clear();
        m_closeAfter = m_isClosed = false;
    }
    void cleanup() { m_channel->close(); }

    void lastWordsAreHandedOn()
    {
        for (const char *event : {"layer", "failed"})
            QVERIFY(wire::send(m_other.get(), {{"event", event}}));
        m_other.reset();
        m_channel->takeRest(); // the loop has not come to it
        QCOMPARE(m_taken, (std::vector<std::string>{"layer", "failed"}));
        m_channel->takeRest();
        QCOMPARE(m_taken.size(), std::size_t{2});
        QVERIFY(!m_isClosed && m_channel->isOpen());
        m_io.run(); // as before, it hears of the end itself
        QVERIFY(m_isClosed);
    }

    void nothingAfterAHandlerHasClosedIt()
    {
        for (const char *event : {"one", "two"})
            QVERIFY(wire::send(m_other.get(), {{"event", event}}));
        m_closeAfter = true;
        m_channel->takeRest();
        QCOMPARE(m_taken, std::vector<std::string>{"one"});
        m_channel->takeRest();
        QCOMPARE(m_taken.size(), std::size_t{1});
    }

private:
    void took(const std::string &event)
    {
        m_taken.push_back(event);
        if (m_closeAfter)
            m_channel->close();
    }

    boost::asio::io_context m_io;
    std::shared_ptr<Channel> m_channel;
    UniqueFd m_other;
    std::vector<std::string> m_taken;
    bool m_closeAfter = false, m_isClosed = false;
};

QTEST_GUILESS_MAIN(TestChannel)
#include "tst_channel.moc"
