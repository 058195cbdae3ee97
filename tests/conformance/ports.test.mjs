// Servers in a sandbox, reached through the engine's proxy.
import assert from 'node:assert/strict'
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
