// Making, finding and describing sandboxes with the published SDK.
import assert from 'node:assert/strict'
import { after, afterEach, before, describe, test } from 'node:test'
import { Sandbox } from 'e2b'
import { Sandbox as Interpreter } from '@e2b/code-interpreter'
import { all, api, mark } from './support.mjs'

describe('create', () => {
  const made = []
  const create = async (...args) => { made.push(await Sandbox.create(...args)); return made.at(-1) }
  afterEach(() => Promise.allSettled(made.splice(0).map((each) => each.kill())))

  test('without options: base template, five minutes, no metadata', async () => {
    const sandbox = await create()
    const info = await sandbox.getInfo()
    assert.equal(info.name, 'base')
    assert.equal(info.endAt - info.startedAt, 300_000)
    assert.deepEqual(info.metadata, {})
    assert.equal(info.state, 'running')
  })

  test('the interpreter SDK takes its own template', async () => {
    const sandbox = await Interpreter.create({ timeoutMs: 60_000 })
    made.push(sandbox)
    assert.equal((await sandbox.getInfo()).name, 'code-interpreter-v1')
  })

  test('metadata of odd keys and values comes back unchanged', async () => {
    const metadata = { 'a b': 'c=d&e', 'ключ': '値🙂', quote: '"\\\n\t', long: 'x'.repeat(2000) }
    const sandbox = await create('base', { metadata, timeoutMs: 60_000 })
    assert.deepEqual((await sandbox.getInfo()).metadata, metadata)
  })

  test('variables reach every command, and their odd characters too', async () => {
    const envs = { PLAIN: 'x', SPACED: 'a  b "c" $HOME `id`', UNICODE: 'žluťoučký 🐎', EMPTY: '' }
    const sandbox = await create('base', { envs, timeoutMs: 60_000 })
    const { stdout } = await sandbox.commands.run('printf "%s|%s|%s|%s|%s" "$PLAIN" "$SPACED" "$UNICODE" "$EMPTY" "${EMPTY-unset}"')
    assert.equal(stdout, `x|${envs.SPACED}|${envs.UNICODE}||`)
  })

  test('a template by name in capitals and with the default tag', async () => {
    assert.equal((await (await create('BASE', { timeoutMs: 60_000 })).getInfo()).name, 'base')
    assert.equal((await (await create('base:default', { timeoutMs: 60_000 })).getInfo()).name, 'base')
  })

  test('a template by its id', async () => {
    const { templateID } = await (await api('/templates/aliases/base')).json()
    const sandbox = await create(templateID, { timeoutMs: 60_000 })
    assert.equal((await sandbox.getInfo()).templateId, templateID)
  })

  test('the answer holds what the SDKs look for', async () => {
    const response = await api('/sandboxes', { method: 'POST', body: { templateID: 'base', timeout: 30, unknownField: 1 } })
    assert.equal(response.status, 201)
    const body = await response.json()
    made.push(await Sandbox.connect(body.sandboxID, { timeoutMs: 1000 }))
    assert.match(body.sandboxID, /^i[a-z0-9]{20}$/)
    assert.match(body.templateID, /^[a-z0-9]{20}$/)
    assert.equal(body.clientID, '6532622b')
    assert.match(body.envdVersion, /^\d+\.\d+\.\d+$/)
    assert.match(body.envdAccessToken, /^.{32,}$/)
    assert.equal(body.domain, null)
  })

  test('an insecure sandbox has no token and asks for none', async () => {
    const sandbox = await create('base', { secure: false, timeoutMs: 60_000 })
    assert.equal(sandbox.envdAccessToken, undefined)
    assert.equal((await sandbox.commands.run('echo open')).stdout, 'open\n')
    await sandbox.files.write('open.txt', 'x')
    assert.equal(await sandbox.files.read('open.txt'), 'x')
  })

  test('limits, version and lifecycle are told', async () => {
    const sandbox = await create('base', { timeoutMs: 60_000, lifecycle: { onTimeout: 'pause', autoResume: true } })
    const info = await sandbox.getInfo()
    assert.ok(info.cpuCount >= 1 && info.memoryMB >= 128)
    assert.match(info.envdVersion, /^\d+\.\d+\.\d+$/)
    assert.deepEqual(info.lifecycle, { onTimeout: 'pause', autoResume: true })
    assert.deepEqual((await (await create('base', { timeoutMs: 60_000 })).getInfo()).lifecycle, { onTimeout: 'kill', autoResume: false })
  })

  test('internet access asked for is told back', async () => {
    const sandbox = await create('base', { timeoutMs: 60_000, allowInternetAccess: false })
    assert.equal((await sandbox.getInfo()).allowInternetAccess, false)
  })

  test('six at once, each by itself', async () => {
    const six = await Promise.all(Array.from({ length: 6 }, () => create('base', { timeoutMs: 60_000 })))
    assert.equal(new Set(six.map((each) => each.sandboxId)).size, 6)
    const answers = await Promise.all(six.map(async (each, i) => {
      await each.files.write('number.txt', String(i))
      return each.commands.run('cat number.txt')
    }))
    assert.deepEqual(answers.map((each) => each.stdout), Array.from({ length: 6 }, (_, i) => String(i)))
  })
})

describe('list', () => {
  const metadata = mark('list')
  const made = []
  before(async () => {
    for (let i = 0; i < 5; ++i)
      made.push(await Sandbox.create('base', { timeoutMs: 60_000, metadata: { ...metadata, number: String(i), 'k+y': 'a+b %26 ö&=' } }))
    await made[0].pause()
  })
  after(() => Promise.allSettled(made.map((each) => each.kill())))
  const ids = (from = 0, to = 5) => made.slice(from, to).map((each) => each.sandboxId)
  const listed = async (query, options = {}) => (await all(Sandbox.list({ query: { metadata, ...query }, ...options }))).map((each) => each.sandboxId)

  test('newest first, running and paused ones', async () => {
    assert.deepEqual(await listed(), ids().reverse())
  })

  test('oldest first when asked', async () => {
    assert.deepEqual(await listed({}, { order: 'asc' }), ids())
  })

  test('pages follow each other without gap or repetition', async () => {
    const paginator = Sandbox.list({ query: { metadata }, limit: 2 })
    const sizes = [], seen = []
    while (paginator.hasNext) {
      const items = await paginator.nextItems()
      sizes.push(items.length)
      seen.push(...items.map((each) => each.sandboxId))
    }
    assert.deepEqual(sizes, [2, 2, 1])
    assert.deepEqual(seen, ids().reverse())
    await assert.rejects(paginator.nextItems(), /No more items/)
  })

  test('a page can be taken up by its token, but not in the other order', async () => {
    const first = Sandbox.list({ query: { metadata }, limit: 3 })
    await first.nextItems()
    const rest = await all(Sandbox.list({ query: { metadata }, limit: 3, nextToken: first.nextToken }))
    assert.deepEqual(rest.map((each) => each.sandboxId), ids(0, 2).reverse())
    const other = Sandbox.list({ query: { metadata }, order: 'asc', nextToken: first.nextToken })
    await assert.rejects(other.nextItems(), /Invalid next token/)
  })

  test('by state, one or both', async () => {
    assert.deepEqual(await listed({ state: ['paused'] }), ids(0, 1))
    assert.deepEqual(await listed({ state: ['running'] }), ids(1).reverse())
    assert.deepEqual(await listed({ state: ['running', 'paused'] }), ids().reverse())
    const comma = await api('/v2/sandboxes?state=running,paused&metadata=' + encodeURIComponent(`suite=${metadata.suite}`))
    assert.equal((await comma.json()).length, 5)
  })

  test('by several metadata at once, all of which have to fit', async () => {
    assert.deepEqual(await listed({ metadata: { ...metadata, number: '3' } }), ids(3, 4))
    assert.deepEqual(await listed({ metadata: { ...metadata, number: '9' } }), [])
  })

  test('by metadata with plus, percent and ampersand', async () => {
    assert.deepEqual(await listed({ metadata: { ...metadata, 'k+y': 'a+b %26 ö&=' } }), ids().reverse())
    assert.deepEqual(await listed({ metadata: { ...metadata, 'k y': 'a b %26 ö&=' } }), [])
  })

  test('by template', async () => {
    assert.deepEqual(await listed({ template: 'base' }), ids().reverse())
    assert.deepEqual(await listed({ template: 'code-interpreter-v1' }), [])
    await assert.rejects(listed({ template: 'base:default' }), /400/)
  })

  test('by start, which counts itself', async () => {
    const { startedAt } = await made[2].getInfo()
    assert.deepEqual(await listed({ startedAfter: startedAt }), ids(2).reverse())
    assert.deepEqual(await listed({ startedAfter: new Date(Date.now() + 60_000) }), [])
  })

  test('an entry tells what the detail tells', async () => {
    const [entry] = await all(Sandbox.list({ query: { metadata: { ...metadata, number: '4' } } }))
    const info = await made[4].getInfo()
    for (const key of ['sandboxId', 'templateId', 'name', 'state', 'cpuCount', 'memoryMB', 'envdVersion', 'metadata'])
      assert.deepEqual(entry[key], info[key], key)
    assert.equal(+entry.startedAt, +info.startedAt)
    assert.equal(+entry.endAt, +info.endAt)
  })

  test('the number of running ones stands in a header', async () => {
    const total = Number((await api('/v2/sandboxes?limit=1')).headers.get('x-total-running'))
    assert.ok(total >= 4, String(total))
  })

  test('the old list knows running ones only', async () => {
    const response = await api('/sandboxes?metadata=' + encodeURIComponent(`suite=${metadata.suite}`))
    assert.deepEqual((await response.json()).map((each) => each.sandboxID), ids(1).reverse())
  })
})
