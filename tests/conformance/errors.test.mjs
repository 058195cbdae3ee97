// Refusals: what clients read in bodies and what the SDKs throw.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { Sandbox, AuthenticationError, InvalidArgumentError, NotFoundError, SandboxError, SandboxNotFoundError } from 'e2b'
import { api, apiUrl, envd, rpc, toPort } from './support.mjs'

describe('refusals', () => {
  let sandbox
  before(async () => { sandbox = await Sandbox.create('base', { timeoutMs: 120_000 }) })
  after(() => sandbox?.kill())
  const told = async (response) => [response.status, await response.json()]
  const missing = 'inotthere00000000000'

  test('no key, a key of the wrong form, a wrong key', async () => {
    for (const headers of [{}, { 'X-API-KEY': 'secret' }, { 'X-API-KEY': `e2b_${'0'.repeat(40)}` }]) {
      const [status, body] = await told(await fetch(`${apiUrl}/v2/sandboxes`, { headers }))
      assert.deepEqual([status, body.code, typeof body.message], [401, 401, 'string'])
    }
    await assert.rejects(Sandbox.create({ apiKey: `e2b_${'a'.repeat(40)}` }), AuthenticationError)
    await assert.rejects(Sandbox.create({ apiKey: 'nonsense' }), AuthenticationError)
    await assert.rejects(Sandbox.list({ apiKey: `e2b_${'b'.repeat(40)}` }).nextItems(), AuthenticationError)
  })

  test('the text for a sandbox that is not there, on every route', async () => {
    const message = `Sandbox "${missing}" doesn't exist or you don't have access to it`
    for (const [path, method, body] of [
      ['', 'GET'], ['', 'DELETE'], ['/pause', 'POST'], ['/connect', 'POST', { timeout: 5 }], ['/timeout', 'POST', { timeout: 5 }],
      ['/refreshes', 'POST', { duration: 5 }], ['/resume', 'POST', { timeout: 5 }], ['/metrics', 'GET'], ['/snapshots', 'POST', {}], ['/fork', 'POST', {}],
    ])
      assert.deepEqual(await told(await api(`/sandboxes/${missing}${path}`, { method, body })), [404, { code: 404, message }], method + path)
  })

  test('the classes of the SDK for it', async () => {
    await assert.rejects(Sandbox.getInfo(missing), SandboxNotFoundError)
    await assert.rejects(Sandbox.connect(missing), SandboxNotFoundError)
    await assert.rejects(Sandbox.setTimeout(missing, 1000), SandboxNotFoundError)
    await assert.rejects(Sandbox.pause(missing), SandboxNotFoundError)
    assert.equal(await Sandbox.kill(missing), false)
  })

  test('bodies that are no request', async () => {
    for (const body of ['', 'nonsense', '[]', '{"templateID": 5}', '{}'])
      assert.equal((await told(await api('/sandboxes', { method: 'POST', body, headers: { 'Content-Type': 'application/json' } })))[0], 400, body)
    for (const wrong of [{ timeout: 'x' }, { timeout: 1.5 }, { metadata: [] }, { metadata: { a: 1 } }, { envVars: { 'a=b': 'c' } }, { autoResume: { enabled: true } }])
      assert.equal((await told(await api('/sandboxes', { method: 'POST', body: { templateID: 'base', ...wrong } })))[0], 400, JSON.stringify(wrong))
  })

  test('times that are too short or too long', async () => {
    await assert.rejects(Sandbox.create({ timeoutMs: 0 }), /Timeout must be greater than 0/)
    await assert.rejects(Sandbox.create({ timeoutMs: 90_000_000 }), /Timeout cannot be greater/)
    const [status, body] = await told(await api(`/sandboxes/${sandbox.sandboxId}/timeout`, { method: 'POST', body: { timeout: -1 } }))
    assert.deepEqual([status, body.code], [400, 400])
  })

  test('a template that is not there', async () => {
    await assert.rejects(Sandbox.create('no-such-template'), (e) => e instanceof SandboxError && /404/.test(e.message))
    await assert.rejects(Sandbox.create('base:no-such-tag'), /404/)
    assert.equal((await told(await api('/templates/aliases/no-such-template')))[0], 404)
  })

  test('a sandbox asked for with the old composite id', async () => {
    assert.equal((await told(await api(`/sandboxes/${sandbox.sandboxId}-6532622b`)))[1].sandboxID, sandbox.sandboxId)
  })

  test('lists that cannot be made', async () => {
    for (const query of ['limit=0', 'limit=101', 'limit=x', 'state=odd', 'order=odd', 'nextToken=odd', 'startedAfter=odd'])
      assert.equal((await told(await api(`/v2/sandboxes?${query}`)))[0], 400, query)
  })

  test('routes and methods that do not exist', async () => {
    assert.equal((await told(await api('/no/such/route')))[0], 404)
    assert.equal((await told(await api('/sandboxes', { method: 'PATCH', body: {} })))[0], 405)
  })

  test('a body of megabytes is refused without being kept', async () => {
    const response = await api('/sandboxes', { method: 'POST', body: JSON.stringify({ templateID: 'base', metadata: { a: 'x'.repeat(3 << 20) } }) })
      .catch((error) => ({ status: error.cause?.code }))
    assert.ok([413, 'EPIPE', 'ECONNRESET', 'UND_ERR_SOCKET'].includes(response.status), String(response.status))
    assert.equal((await api('/v2/sandboxes')).status, 200)
  })

  test('the agent without its token', async () => {
    const response = await toPort(sandbox, 49983, '/process.Process/List', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: '{}' })
    const [status, body] = await told(response)
    assert.deepEqual([status, body.code], [401, 401])
    assert.match(body.message, /unauthorized access/)
    assert.equal((await toPort(sandbox, 49983, '/health')).status, 204)
  })

  test('calls of the agent that do not exist or are no JSON', async () => {
    assert.deepEqual((await told(await rpc(sandbox, 'filesystem.Filesystem/NoSuch', {})))[0], 501)
    assert.deepEqual((await told(await rpc(sandbox, 'process.Process/NoSuch', {})))[0], 501)
    const broken = await envd(sandbox, '/filesystem.Filesystem/Stat', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: '{' })
    assert.deepEqual([broken.status, (await broken.json()).code], [400, 'invalid_argument'])
    assert.equal((await envd(sandbox, '/no/such')).status, 404)
  })

  test('a stream that cannot start tells why in its last envelope', async () => {
    const message = Buffer.from(JSON.stringify({ process: { cmd: '/bin/bash', args: ['-c', 'true'], cwd: '/no/such' } }))
    const head = Buffer.alloc(5)
    head.writeUInt32BE(message.length, 1)
    const response = await envd(sandbox, '/process.Process/Start', { method: 'POST', headers: { 'Content-Type': 'application/connect+json' }, body: Buffer.concat([head, message]) })
    assert.equal(response.status, 200)
    assert.match(response.headers.get('content-type'), /^application\/connect\+json/)
    const body = Buffer.from(await response.arrayBuffer())
    assert.equal(body[0], 2)
    assert.deepEqual(JSON.parse(body.subarray(5)), { error: { code: 'invalid_argument', message: "cwd '/no/such' does not exist" } })
  })

  test('users that do not exist', async () => {
    await assert.rejects(sandbox.commands.run('true', { user: 'ghost' }), (e) => e instanceof AuthenticationError && /invalid username: 'ghost'/.test(e.message))
    await assert.rejects(sandbox.files.list('.', { user: 'ghost' }), AuthenticationError)
    await assert.rejects(sandbox.files.read('x', { user: 'ghost' }), AuthenticationError)
  })

  test('errors of the file service', async () => {
    await assert.rejects(sandbox.files.getInfo('missing'), NotFoundError)
    await assert.rejects(sandbox.files.list('/etc/passwd'), InvalidArgumentError)
    const [status, body] = await told(await rpc(sandbox, 'filesystem.Filesystem/MakeDir', { path: '/tmp' }))
    assert.deepEqual([status, body.code], [409, 'already_exists'])
  })
})
