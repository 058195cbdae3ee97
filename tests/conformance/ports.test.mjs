// Servers in a sandbox, reached through the engine's proxy.
import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { request } from 'node:http'
import { after, before, describe, test } from 'node:test'
import { Sandbox } from 'e2b'
import { route, sandboxUrl, toPort, until } from './support.mjs'

const server = `
import http.server, json, time
class H(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    def reply(self, status, body, headers={}):
        self.send_response(status)
        for k, v in headers.items(): self.send_header(k, v)
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        if self.command != 'HEAD': self.wfile.write(body)
    def do_GET(self):
        if self.path == '/slow':
            self.send_response(200); self.send_header('Transfer-Encoding', 'chunked'); self.end_headers()
            for part in (b'one', b'two', b'three'):
                self.wfile.write(b'%x\\r\\n%s\\r\\n' % (len(part), part)); self.wfile.flush(); time.sleep(0.15)
            self.wfile.write(b'0\\r\\n\\r\\n')
        elif self.path == '/teapot': self.reply(418, b'short and stout', {'X-Kind': 'teapot', 'Set-Cookie': 'a=1'})
        elif self.path == '/big': self.reply(200, b'z' * 5000000)
        else: self.reply(200, json.dumps({'path': self.path, 'headers': dict(self.headers)}).encode())
    def do_POST(self):
        if self.headers.get('Transfer-Encoding') == 'chunked':
            body = b''
            while True:
                n = int(self.rfile.readline(), 16); body += self.rfile.read(n); self.rfile.readline()
                if n == 0: break
        else: body = self.rfile.read(int(self.headers.get('Content-Length', 0)))
        self.reply(200, body[::-1], {'X-Size': str(len(body))})
    do_PUT = do_DELETE = do_PATCH = do_POST
    do_HEAD = do_GET
    def log_message(self, *a): pass
http.server.ThreadingHTTPServer(('', 8000), H).serve_forever()
`

// WebSocket on 8010, its handshake and frames by hand: Python's library has none. Says every message back, capitals for texts.
const webSocketServer = `
import base64, hashlib, socketserver, struct
class H(socketserver.StreamRequestHandler):
    def say(self, opcode, data):
        n = len(data)
        self.wfile.write(bytes([0x80 | opcode]) + (bytes([n]) if n < 126 else struct.pack('>BH', 126, n) if n < 65536 else struct.pack('>BQ', 127, n)) + data)
    def handle(self):
        fields = {}
        while (line := self.rfile.readline().decode().strip()):
            name, _, value = line.partition(': '); fields[name.lower()] = value
        accept = base64.b64encode(hashlib.sha1((fields['sec-websocket-key'] + '258EAFA5-E914-47DA-95CA-C5AB0DC85B11').encode()).digest()).decode()
        self.wfile.write(('HTTP/1.1 101 Switching Protocols\\r\\nUpgrade: websocket\\r\\nConnection: Upgrade\\r\\nSec-WebSocket-Accept: %s\\r\\n\\r\\n' % accept).encode())
        while True:
            opcode, n = self.rfile.read(2); opcode &= 15; n &= 127
            if n == 126: n = struct.unpack('>H', self.rfile.read(2))[0]
            elif n == 127: n = struct.unpack('>Q', self.rfile.read(8))[0]
            mask = self.rfile.read(4); data = self.rfile.read(n)
            data = (int.from_bytes(data, 'big') ^ int.from_bytes((mask * (n // 4 + 1))[:n], 'big')).to_bytes(n, 'big')
            self.say(opcode, data.upper() if opcode == 1 else data)
            if opcode == 8: return
class S(socketserver.ThreadingTCPServer): allow_reuse_address = True
S(('', 8010), H).serve_forever()
`

/** A WebSocket client over the proxy: resolves with what is needed to speak, or with the answer that is no upgrade. */
function webSocket(sandbox, port, headers = {}) {
  const key = randomBytes(16).toString('base64')
  const { hostname, port: proxy } = new URL(sandboxUrl)
  return new Promise((resolve, reject) => {
    const asked = request({ hostname, port: proxy, headers: {
      ...route(sandbox, port), Connection: 'Upgrade', Upgrade: 'websocket', 'Sec-WebSocket-Key': key, 'Sec-WebSocket-Version': 13, ...headers } })
    asked.on('error', reject).on('response', (response) => {
      let body = ''
      response.on('data', (part) => { body += part }).on('end', () => resolve({ status: response.statusCode, body }))
    })
    asked.on('upgrade', (response, socket, head) => {
      const accept = createHash('sha1').update(key + '258EAFA5-E914-47DA-95CA-C5AB0DC85B11').digest('base64')
      assert.equal(response.headers['sec-websocket-accept'], accept)
      let bytes = head
      const waiting = []
      const next = () => {
        for (;;) {
          let size = bytes[1], at = 2
          if (size === 126) { size = bytes.length >= 4 ? bytes.readUInt16BE(2) : Infinity; at = 4 }
          if (size === 127) { size = bytes.length >= 10 ? Number(bytes.readBigUInt64BE(2)) : Infinity; at = 10 }
          if (!waiting.length || bytes.length < 2 || bytes.length < at + size) return
          waiting.shift()({ opcode: bytes[0] & 15, data: bytes.subarray(at, at + size) })
          bytes = bytes.subarray(at + size)
        }
      }
      let parts = []
      socket.on('data', (part) => {
        parts.push(part)
        if (parts.length === 1) setImmediate(() => { bytes = Buffer.concat([bytes, ...parts]); parts = []; next() })
      })
      resolve({
        status: 101, socket,
        closed: new Promise((done) => socket.on('close', done)),
        message: () => new Promise((done) => { waiting.push(done); next() }),
        send(opcode, data) {
          const size = Buffer.alloc(10); size[0] = 0x80 | opcode; size[1] = 0x80 | 127; size.writeBigUInt64BE(BigInt(data.length), 2)
          socket.write(Buffer.concat([size, Buffer.alloc(4), data])) // a mask of zeros changes nothing
        },
      })
    })
    asked.end()
  })
}

describe('ports', () => {
  let sandbox
  before(async () => {
    sandbox = await Sandbox.create('base', { timeoutMs: 120_000 })
    await sandbox.files.write('server.py', server)
    await sandbox.commands.run('python3 server.py', { background: true })
    await until(async () => (await toPort(sandbox, 8000)).status === 200, 'the server')
  })
  after(() => sandbox?.kill())

  test('method, path, query and headers go in', async () => {
    const seen = await (await toPort(sandbox, 8000, '/a%20b?q=1&q=ö', { headers: { 'X-Own': 'mine', Cookie: 'c=d' } })).json()
    assert.equal(seen.path, '/a%20b?q=1&q=%C3%B6')
    assert.equal(seen.headers['X-Own'] ?? seen.headers['x-own'], 'mine')
    assert.equal(seen.headers.Cookie ?? seen.headers.cookie, 'c=d')
  })

  test('status, headers and body come out', async () => {
    const response = await toPort(sandbox, 8000, '/teapot')
    assert.equal(response.status, 418)
    assert.equal(response.headers.get('x-kind'), 'teapot')
    assert.equal(response.headers.get('set-cookie'), 'a=1')
    assert.equal(await response.text(), 'short and stout')
  })

  test('bodies of every method', async () => {
    for (const method of ['POST', 'PUT', 'DELETE', 'PATCH']) {
      const response = await toPort(sandbox, 8000, '/', { method, body: 'abc' })
      assert.equal(await response.text(), 'cba', method)
    }
    const head = await toPort(sandbox, 8000, '/big', { method: 'HEAD' })
    assert.deepEqual([head.status, await head.text()], [200, ''])
  })

  test('a streamed body, and megabytes both ways', async () => {
    const body = new ReadableStream({ start(c) { for (const part of ['12', '34']) c.enqueue(new TextEncoder().encode(part)); c.close() } })
    assert.equal(await (await toPort(sandbox, 8000, '/', { method: 'POST', body, duplex: 'half' })).text(), '4321')
    const big = await toPort(sandbox, 8000, '/', { method: 'POST', body: 'y'.repeat(4_000_000) })
    assert.equal(big.headers.get('x-size'), '4000000')
    assert.equal((await big.text()).length, 4_000_000)
    assert.equal((await (await toPort(sandbox, 8000, '/big')).text()).length, 5_000_000)
  })

  test('an answer arrives piece by piece', async () => {
    const times = []
    let text = ''
    for await (const part of (await toPort(sandbox, 8000, '/slow')).body) {
      times.push(Date.now())
      text += Buffer.from(part)
    }
    assert.equal(text, 'onetwothree')
    assert.ok(times.length >= 3 && times.at(-1) - times[0] >= 100, `${times.length} pieces`)
  })

  test('by the name of the host', async () => {
    const body = await new Promise((resolve, reject) => {
      const { hostname, port } = new URL(sandboxUrl)
      request({ hostname, port, path: '/by-host', headers: { Host: sandbox.getHost(8000) } }, (response) => {
        let text = ''
        response.on('data', (part) => { text += part }).on('end', () => resolve(JSON.parse(text)))
      }).on('error', reject).end()
    })
    assert.equal(body.path, '/by-host')
    assert.match(sandbox.getHost(8000), new RegExp(`^8000-${sandbox.sandboxId}\\.`))
  })

  test('a server that listens on localhost alone, IPv4 or IPv6', async () => {
    await sandbox.commands.run('python3 -m http.server --bind 127.0.0.1 8001 >/dev/null 2>&1', { background: true })
    await sandbox.commands.run('python3 -m http.server --bind ::1 8002 >/dev/null 2>&1', { background: true })
    for (const port of [8001, 8002])
      await until(async () => (await toPort(sandbox, port)).status === 200, `port ${port}`)
  })

  test('a closed port', async () => {
    const response = await toPort(sandbox, 8765)
    assert.equal(response.status, 502)
    assert.deepEqual(await response.json(), { sandboxId: sandbox.sandboxId, message: 'The sandbox is running but port is not open', port: 8765, code: 502 })
  })

  test('a sandbox that is not there', async () => {
    const response = await toPort({ sandboxId: 'inotthere00000000000' }, 8000)
    assert.equal(response.status, 502)
    assert.deepEqual(await response.json(), { sandboxId: 'inotthere00000000000', message: 'The sandbox was not found', code: 502 })
  })

  test('requests that cannot be routed', async () => {
    const text = async (headers) => { const r = await fetch(sandboxUrl, { headers }); return [r.status, (await r.text()).trim()] }
    assert.deepEqual(await text({ 'E2b-Sandbox-Id': sandbox.sandboxId }), [400, 'missing header'])
    assert.deepEqual(await text({ 'E2b-Sandbox-Id': 'NOT-an-id!', 'E2b-Sandbox-Port': '1' }), [400, 'Invalid sandbox ID'])
    assert.deepEqual(await text({ 'E2b-Sandbox-Id': sandbox.sandboxId, 'E2b-Sandbox-Port': 'x' }), [400, 'Invalid sandbox port'])
    assert.deepEqual(await text({ 'E2b-Sandbox-Id': sandbox.sandboxId, 'E2b-Sandbox-Port': '70000' }), [400, 'Invalid sandbox port'])
    assert.deepEqual(await text({}), [400, 'Invalid host'])
  })

  test('an older composite id still leads there', async () => {
    const response = await fetch(sandboxUrl, { headers: { ...route(sandbox, 8000), 'E2b-Sandbox-Id': `${sandbox.sandboxId}-6532622b` } })
    assert.equal(response.status, 200)
  })

  test('a WebSocket, both ways, with megabytes and its own end', async () => {
    await sandbox.files.write('websocket.py', webSocketServer)
    await sandbox.commands.run('python3 websocket.py', { background: true })
    const socket = await until(async () => { const s = await webSocket(sandbox, 8010); return s.status === 101 && s }, 'the server')
    socket.send(1, Buffer.from('straight through'))
    assert.equal((await socket.message()).data.toString(), 'STRAIGHT THROUGH')
    const big = randomBytes(8_000_000)
    socket.send(2, big)
    assert.ok((await socket.message()).data.equals(big))
    socket.send(9, Buffer.from('ping'))
    assert.equal((await socket.message()).data.toString(), 'ping')
    socket.send(8, Buffer.from([3, 232]))
    assert.equal((await socket.message()).opcode, 8)
    await socket.closed
  })

  test('a WebSocket to a closed port, and without the traffic token', async () => {
    const closed = await webSocket(sandbox, 8765)
    assert.deepEqual([closed.status, JSON.parse(closed.body).message], [502, 'The sandbox is running but port is not open'])
    const locked = await Sandbox.create('base', { timeoutMs: 30_000, network: { allowPublicTraffic: false } })
    try {
      assert.equal((await webSocket(locked, 8010)).status, 403)
      assert.equal((await webSocket(locked, 8010, { 'E2B-Traffic-Access-Token': locked.trafficAccessToken })).status, 502)
    } finally { await locked.kill() }
  })

  test('server-sent events come one by one, and end with their reader', async () => {
    await sandbox.files.write('events.py', `
import http.server, time
class H(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.send_header('Content-Type', 'text/event-stream'); self.end_headers()
        try:
            for i in range(1000): self.wfile.write(b'data: %d\\n\\n' % i); self.wfile.flush(); time.sleep(0.05)
        except OSError: open('/home/user/left', 'w').close()
    def log_message(self, *a): pass
http.server.ThreadingHTTPServer(('', 8011), H).serve_forever()
`)
    await sandbox.commands.run('python3 events.py', { background: true })
    const response = await until(async () => { const r = await toPort(sandbox, 8011); return r.status === 200 && r }, 'the server')
    assert.equal(response.headers.get('content-type'), 'text/event-stream')
    let text = ''
    for await (const part of response.body) {
      text += Buffer.from(part)
      if (text.includes('data: 3\n\n')) break
    }
    assert.ok(!text.includes('data: 30\n'), text)
    await until(() => sandbox.files.exists('left'), 'the end of the stream')
  })

  test('a body goes in while it is written', async () => {
    await sandbox.files.write('slow_body.py', `
import http.server
class H(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    def do_POST(self):
        total = 0
        while (n := int(self.rfile.readline(), 16)) or self.rfile.readline() is None:
            total += len(self.rfile.read(n)); open('/home/user/so_far', 'w').write(str(total)); self.rfile.readline()
        body = str(total).encode()
        self.send_response(200); self.send_header('Content-Length', str(len(body))); self.end_headers(); self.wfile.write(body)
    def log_message(self, *a): pass
http.server.ThreadingHTTPServer(('', 8012), H).serve_forever()
`)
    await sandbox.commands.run('python3 slow_body.py', { background: true })
    await until(async () => (await toPort(sandbox, 8012)).status === 501, 'the server')
    let push, end
    const body = new ReadableStream({ start(c) { push = (n) => c.enqueue(new Uint8Array(n)); end = () => c.close() } })
    const answer = toPort(sandbox, 8012, '/', { method: 'POST', body, duplex: 'half' })
    push(1000)
    await until(async () => (await sandbox.files.exists('so_far')) && (await sandbox.files.read('so_far')) === '1000', 'the first piece')
    for (let i = 0; i < 32; ++i) push(1_000_000)
    end()
    assert.equal(await (await answer).text(), '32001000') // more than is kept of any body
  })

  test('a server that answers nonsense', async () => {
    await sandbox.commands.run(`python3 -c "
import socket
s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1); s.bind(('', 8003)); s.listen()
while True:
    c, _ = s.accept(); c.recv(1000); c.sendall(b'what?'); c.close()
"`, { background: true })
    const response = await until(async () => { const r = await toPort(sandbox, 8003); return !/not open/.test(await r.clone().text()) && r }, 'the server')
    assert.equal(response.status, 502)
  })
})
