#include "tests/services/engine/engine_process.h"
#include "tests/services/http/rawclient.h"

#include <QJsonObject>
#include <QNetworkReply>
#include <QSignalSpy>
#include <QTest>
#include <QWebSocket>

using namespace Qt::Literals::StringLiterals;
using sandglass::test::RawClient;

namespace {

/// In the sandbox: WebSocket with the handshake written by hand on 8000, and HTTP of the odd kinds on 8001.
constexpr const char *servers = R"py(
import base64, hashlib, socket, struct, threading, time
state = {'sent': 0, 'ended': 0, 'left': 0}

def listen(port):
    s = socket.create_server(('127.0.0.1', port)); s.listen(64); return s

def head(f):
    lines = []
    while True:
        line = f.readline().decode('latin-1')
        if line in ('\r\n', ''): return lines
        lines.append(line.rstrip())

def frame(opcode, data):
    n = len(data)
    size = bytes([n]) if n < 126 else struct.pack('>BH', 126, n) if n < 65536 else struct.pack('>BQ', 127, n)
    return bytes([0x80 | opcode]) + size + data

def read_frame(f):
    first, second = f.read(2)
    n = second & 127
    n = struct.unpack('>H', f.read(2))[0] if n == 126 else struct.unpack('>Q', f.read(8))[0] if n == 127 else n
    mask = f.read(4)
    data = f.read(n)
    key = (mask * (n // 4 + 1))[:n]
    return first & 15, (int.from_bytes(data, 'big') ^ int.from_bytes(key, 'big')).to_bytes(n, 'big') if n else b''

def websocket(c):
    f = c.makefile('rb')
    lines = head(f)
    fields = {l.split(': ', 1)[0].lower(): l.split(': ', 1)[1] for l in lines[1:]}
    key = fields['sec-websocket-key'] + '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'
    accept = base64.b64encode(hashlib.sha1(key.encode()).digest()).decode()
    c.sendall(('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n'
               'Sec-WebSocket-Accept: %s\r\n\r\n' % accept).encode() + frame(1, b'welcome'))
    try:
        while True:
            opcode, data = read_frame(f)
            if opcode == 8:
                c.sendall(frame(8, data)); break
            if opcode == 9:
                c.sendall(frame(10, data)); continue
            if data == b'headers': c.sendall(frame(1, '\n'.join(lines).encode())); continue
            if data == b'flood':
                for _ in range(64):
                    c.sendall(frame(2, b'f' * (1 << 20))); state['sent'] += 1
                continue
            c.sendall(frame(opcode, data))
    except (OSError, ValueError): pass
    finally:
        state['ended'] += 1; c.close()

def odd(c):
    f = c.makefile('rb')
    lines = head(f)
    path = lines[0].split()[1]
    if path == '/state': body = repr(state).encode(); c.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n' % len(body) + body)
    elif path == '/events':
        c.sendall(b'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n')
        f.read(1) # until the client is gone
        state['left'] += 1
    elif path == '/shout': # raw bytes after an upgrade, in capitals, and the rest after the client's end
        c.sendall(b'HTTP/1.1 101 Go on\r\nConnection: upgrade\r\nUpgrade: shout\r\n\r\n')
        said = f.read()
        c.sendall(said.upper() + b'!')
    elif path == '/count': # counts a streamed body while it comes
        c.sendall(b'HTTP/1.1 100 Continue\r\n\r\n')
        total = 0
        while True:
            n = int(f.readline(), 16)
            total += len(f.read(n)); f.readline()
            state['sent'] = total
            if n == 0: break
        c.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%d' % (len(str(total)), total))
    elif path == '/early': c.sendall(b'HTTP/1.1 413 No\r\nContent-Length: 8\r\n\r\ntoo much')
    elif path == '/host': body = [l for l in lines if l.lower().startswith('host:')][0].encode(); c.sendall(b'HTTP/1.0 200 OK\r\n\r\n' + body)
    elif path == '/silent': f.readline()
    elif path == '/head': c.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\nX-Method: ' + lines[0].split()[0].encode() + b'\r\n\r\n')
    c.close()

def serve(port, how):
    s = listen(port)
    while True:
        threading.Thread(target=how, args=(s.accept()[0],), daemon=True).start()

threading.Thread(target=serve, args=(8000, websocket), daemon=True).start()
serve(8001, odd)
)py";

} // namespace

/// Servers inside a sandbox and their clients outside: what passes, in which order, and how much waits where.
class TestPorts final : public QObject
{
    Q_OBJECT
    EngineProcess m_engine;
    EngineProcess::Created m_sandbox;

    void startServers()
    {
        const EngineProcess::Headers type{{"Content-Type", "application/octet-stream"}};
        const auto stored =
            m_engine.sandbox(m_sandbox.id, m_sandbox.token, 49983, "POST", u"/files?path=servers.py"_s, servers, type);
        QCOMPARE(stored.status, 200);
        const auto begun =
            m_engine.execute(m_sandbox.id, m_sandbox.token,
                             u"import subprocess\nservers = subprocess.Popen(['python3', 'servers.py'])"_s);
        QVERIFY2(!begun.body.contains("\"error\""), begun.body);
        QTRY_COMPARE_WITH_TIMEOUT(ask(u"/state"_s).status, 200, 20'000);
    }
    [[nodiscard]] QNetworkRequest request(int port, const QString &path = u"/"_s) const
    {
        QUrl url = m_engine.sandboxUrl();
        url.setPath(path);
        url.setScheme(u"ws"_s);
        QNetworkRequest result(url);
        result.setRawHeader("E2b-Sandbox-Id", m_sandbox.id.toLatin1());
        result.setRawHeader("E2b-Sandbox-Port", QByteArray::number(port));
        return result;
    }
    [[nodiscard]] EngineProcess::Answer ask(const QString &path)
    {
        return m_engine.sandbox(m_sandbox.id, {}, 8001, "GET", path);
    }
    [[nodiscard]] int counted(const char *name)
    {
        const QByteArray state = ask(u"/state"_s).body;
        const QByteArray key = QByteArray("'").append(name).append("': ");
        const auto at = state.indexOf(key);
        return at < 0 ? -1 : state.mid(at + key.size()).split(',')[0].split('}')[0].toInt();
    }
    [[nodiscard]] std::string rawHead(const char *line, int port = 8001, const char *more = "") const
    {
        return std::string(line) + " HTTP/1.1\r\nHost: 127.0.0.1\r\nE2b-Sandbox-Id: " + m_sandbox.id.toStdString()
            + "\r\nE2b-Sandbox-Port: " + std::to_string(port) + "\r\n" + more + "\r\n";
    }
    [[nodiscard]] std::uint16_t port() const { return static_cast<std::uint16_t>(m_engine.sandboxUrl().port()); }

private Q_SLOTS:
    void initTestCase()
    {
        QVERIFY(m_engine.start());
        if (!m_engine.canRunSandboxes())
            QSKIP("no isolation on this machine");
        m_sandbox = m_engine.create();
        startServers();
    }

    void websocketEchoes();
    void websocketClosesFromBothSides();
    void websocketNeedsTheToken();
    void websocketToAClosedPort();
    void floodWaitsInTheSandbox();
    void eventsComeAtOnceAndEndWithTheirReader();
    void halfCloseAfterAnUpgrade();
    void bodyIsStreamedWithContinue();
    void earlyAnswerArrives();
    void headKeepsItsLength();
    void hostIsMasked();
    void secondRequestOnTheWayIsNotServed();
    void silenceIsToldAsSuch();
};

void TestPorts::websocketEchoes()
{
    QWebSocket socket;
    QSignalSpy texts(&socket, &QWebSocket::textMessageReceived), binaries(&socket, &QWebSocket::binaryMessageReceived),
        pongs(&socket, &QWebSocket::pong);
    socket.open(request(8000));
    QTRY_COMPARE(texts.size(), 1); // in one piece with the handshake's end
    QCOMPARE(texts[0][0].toString(), u"welcome"_s);
    socket.setOutgoingFrameSize(8 << 20); // the server knows no fragments
    socket.sendTextMessage(u"žluťoučký 🐎"_s);
    QTRY_COMPARE(texts.size(), 2);
    QCOMPARE(texts[1][0].toString(), u"žluťoučký 🐎"_s);
    QByteArray big(5'000'000, Qt::Uninitialized);
    for (qsizetype i = 0; i < big.size(); ++i)
        big[i] = static_cast<char>(i * 31 + i / 251);
    socket.sendBinaryMessage(big);
    socket.ping("still there");
    QTRY_COMPARE_WITH_TIMEOUT(binaries.size(), 1, 30'000);
    QVERIFY(binaries[0][0].toByteArray() == big);
    QTRY_COMPARE(pongs.size(), 1);
    socket.sendTextMessage(u"headers"_s);
    QTRY_COMPARE(texts.size(), 3);
    const QString seen = texts[2][0].toString().toLower();
    QVERIFY2(seen.contains(u"upgrade: websocket"_s) && !seen.contains(u"e2b-sandbox"_s), qPrintable(seen));
}

void TestPorts::websocketClosesFromBothSides()
{
    const int before = counted("ended");
    QWebSocket socket;
    QSignalSpy texts(&socket, &QWebSocket::textMessageReceived), closed(&socket, &QWebSocket::disconnected);
    socket.open(request(8000));
    QTRY_COMPARE(texts.size(), 1);
    socket.close(QWebSocketProtocol::CloseCodeGoingAway, u"enough"_s);
    QTRY_COMPARE(closed.size(), 1);
    QTRY_COMPARE(counted("ended"), before + 1);
    QWebSocket lost;
    QSignalSpy greeting(&lost, &QWebSocket::textMessageReceived);
    lost.open(request(8000));
    QTRY_COMPARE(greeting.size(), 1);
    lost.abort(); // without a farewell: the server hears of it all the same
    QTRY_COMPARE(counted("ended"), before + 2);
}

void TestPorts::websocketNeedsTheToken()
{
    const auto answer = m_engine.api(
        "POST", u"/sandboxes"_s,
        R"({"templateID":"base","timeout":60,"network":{"allowPublicTraffic":false,"maskRequestHost":"inside:${PORT}"}})");
    QCOMPARE(answer.status, 201);
    const QString id = answer.json(u"sandboxID"_s).toString();
    const QByteArray token = answer.json(u"trafficAccessToken"_s).toString().toLatin1();
    QVERIFY(!token.isEmpty());
    const EngineProcess::Headers upgrade{{"Connection", "Upgrade"}, {"Upgrade", "websocket"}};
    const auto without = m_engine.sandbox(id, {}, 8000, "GET", u"/"_s, {}, upgrade);
    QCOMPARE(without.status, 403);
    QVERIFY2(without.json(u"message"_s).toString().contains(u"is missing"_s), without.body);
    auto wrong = upgrade;
    wrong.push_back(std::pair<QByteArray, QByteArray>("E2b-Traffic-Access-Token", "no"));
    QCOMPARE(m_engine.sandbox(id, {}, 8000, "GET", u"/"_s, {}, wrong).status, 403);
    auto right = upgrade;
    right.push_back(std::pair<QByteArray, QByteArray>("E2b-Traffic-Access-Token", token));
    QCOMPARE(m_engine.sandbox(id, {}, 8000, "GET", u"/"_s, {}, right).status, 502); // passed: nobody listens
    QCOMPARE(m_engine.api("DELETE", u"/sandboxes/"_s + id).status, 204);
}

void TestPorts::websocketToAClosedPort()
{
    QWebSocket socket;
    socket.open(request(8765));
    QTRY_VERIFY(socket.state() == QAbstractSocket::UnconnectedState);
    QVERIFY(!socket.errorString().isEmpty());
    const EngineProcess::Headers upgrade{{"Connection", "Upgrade"}, {"Upgrade", "websocket"}};
    const auto answer = m_engine.sandbox(m_sandbox.id, {}, 8765, "GET", u"/"_s, {}, upgrade);
    QCOMPARE(answer.status, 502);
    QCOMPARE(answer.json().toObject(),
             (QJsonObject{{u"sandboxId"_s, m_sandbox.id},
                          {u"message"_s, u"The sandbox is running but port is not open"_s},
                          {u"port"_s, 8765},
                          {u"code"_s, 502}}));
}

void TestPorts::floodWaitsInTheSandbox()
{
    RawClient client(port(), 64 << 10);
    QVERIFY(client.send(rawHead("GET /", 8000,
                                "Connection: Upgrade\r\nUpgrade: websocket\r\n"
                                "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n")));
    QVERIFY(client.send(std::string("\x81\x85\0\0\0\0", 6) + "flood"));
    int sent = -1;
    QTRY_VERIFY(counted("sent") > 0);
    QTRY_VERIFY_WITH_TIMEOUT(std::exchange(sent, counted("sent")) == sent, 20'000); // nothing more goes out
    QVERIFY2(sent < 32, QByteArray::number(sent)); // of 64 MB: the rest waits with the server
    std::size_t taken = 0;
    while (taken < (64U << 20)) {
        const std::string piece = client.readSome();
        QVERIFY2(!piece.empty(), QByteArray::number(taken));
        taken += piece.size();
    }
    QTRY_COMPARE(counted("sent"), 64);
}

void TestPorts::eventsComeAtOnceAndEndWithTheirReader()
{
    {
        RawClient client(port());
        QVERIFY(client.send(rawHead("GET /events")));
        std::string text;
        while (text.find("data: 1\n\n") == std::string::npos) { // the server sends nothing further
            const std::string piece = client.readSome();
            QVERIFY(!piece.empty());
            text += piece;
        }
        QVERIFY(text.find("text/event-stream") != std::string::npos);
    }
    QTRY_COMPARE(counted("left"), 1);
}

void TestPorts::halfCloseAfterAnUpgrade()
{
    RawClient client(port());
    QVERIFY(client.send(rawHead("GET /shout", 8001, "Connection: Upgrade\r\nUpgrade: shout\r\n") + "early "));
    QVERIFY(client.readSome().starts_with("HTTP/1.1 101 "));
    QVERIFY(client.send("and late"));
    client.finishSending();
    const auto rest = client.readAll();
    QVERIFY(rest.closed);
    QVERIFY2(rest.bytes.ends_with("EARLY AND LATE!"), rest.bytes.c_str());
}

void TestPorts::bodyIsStreamedWithContinue()
{
    RawClient client(port());
    QVERIFY(client.send(rawHead("POST /count", 8001, "Transfer-Encoding: chunked\r\nExpect: 100-continue\r\n")));
    QVERIFY(client.reply(false).status == 100); // of the server inside
    QVERIFY(client.send("5\r\nabcde\r\n"));
    QTRY_COMPARE(counted("sent"), 5); // while the rest is not written yet
    const std::string chunk(1 << 20, 'x');
    for (int i = 0; i < 40; ++i) // more than is ever kept
        QVERIFY(client.send("100000\r\n" + chunk + "\r\n"));
    QVERIFY(client.send("0\r\n\r\n"));
    const auto reply = client.reply();
    QCOMPARE(reply.status, 200);
    QCOMPARE(reply.body, std::to_string(5 + (40 << 20)));
}

void TestPorts::earlyAnswerArrives()
{
    RawClient client(port());
    QVERIFY(client.send(rawHead("POST /early", 8001, "Content-Length: 5000000\r\n")));
    QVERIFY(client.send(std::string(100'000, 'x')));
    const auto reply = client.reply();
    QCOMPARE(reply.status, 413);
    QCOMPARE(reply.body, std::string("too much"));
    RawClient closed(port()); // the proxy's own answer, to a body nobody takes
    QVERIFY(closed.send(rawHead("POST /", 8765, "Content-Length: 5000000\r\n") + std::string(100'000, 'x')));
    QCOMPARE(closed.reply().status, 502);
}

void TestPorts::headKeepsItsLength()
{
    RawClient client(port());
    QVERIFY(client.send(rawHead("HEAD /head")));
    const auto reply = client.reply(false);
    QCOMPARE(reply.status, 200);
    QVERIFY2(reply.head.find("Content-Length: 1000") != std::string::npos, reply.head.c_str());
    QVERIFY(reply.head.find("X-Method: HEAD") != std::string::npos);
    QVERIFY(reply.head.find("Connection: close") != std::string::npos);
    QVERIFY(client.isClosedByPeer());
}

void TestPorts::hostIsMasked()
{
    QVERIFY(ask(u"/host"_s).body.toLower().startsWith("host: 127.0.0.1"));
    auto masked = m_engine.create(
        R"({"templateID":"code-interpreter-v1","timeout":60,"network":{"maskRequestHost":"inside:${PORT}"}})");
    std::swap(masked, m_sandbox);
    startServers();
    QCOMPARE(ask(u"/host"_s).body, QByteArray("Host: inside:8001"));
    QCOMPARE(m_engine.api("DELETE", u"/sandboxes/"_s + m_sandbox.id).status, 204);
    std::swap(masked, m_sandbox);
}

void TestPorts::secondRequestOnTheWayIsNotServed()
{
    RawClient client(port());
    QVERIFY(client.send(rawHead("GET /state") + rawHead("GET /state")));
    const auto all = client.readAll();
    QVERIFY(all.closed);
    QCOMPARE(all.bytes.find("HTTP/1.1 200"), std::size_t{0});
    QCOMPARE(all.bytes.find("HTTP/1.1 ", 1), std::string::npos);
}

void TestPorts::silenceIsToldAsSuch()
{
    RawClient client(port());
    QVERIFY(client.send(rawHead("GET /silent")));
    client.finishSending();
    const auto reply = client.reply();
    QCOMPARE(reply.status, 502);
    QVERIFY(reply.body.find("gave no HTTP answer") != std::string::npos);
}

QTEST_GUILESS_MAIN(TestPorts)
#include "tst_ports.moc"
