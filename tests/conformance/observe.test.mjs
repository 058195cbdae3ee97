// What one can learn of sandboxes from outside: measures, logs, lifecycle events.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { Sandbox, SandboxNotFoundError } from 'e2b'
import { api, mark, until } from './support.mjs'

describe('observation', () => {
  let sandbox
  const metadata = mark('observe')
  before(async () => { sandbox = await Sandbox.create('base', { timeoutMs: 120_000, metadata }) })
  after(() => sandbox?.kill())
  const json = async (path) => { const r = await api(path); return [r.status, await r.json()] }

  test('metrics: none at first, then samples in order', async () => {
    const young = await Sandbox.create('base', { timeoutMs: 60_000 })
    assert.deepEqual(await young.getMetrics(), [])
    await young.kill()
    const samples = await until(async () => { const all = await sandbox.getMetrics(); return all.length > 0 && all }, 'a sample')
    const info = await sandbox.getInfo()
    for (const each of samples) {
      assert.ok(each.timestamp >= info.startedAt && +each.timestamp <= Date.now())
      assert.equal(each.cpuCount, info.cpuCount)
      assert.equal(each.memTotal, info.memoryMB * 1024 * 1024)
      assert.ok(each.cpuUsedPct >= 0 && each.cpuUsedPct <= 100)
      assert.ok(each.memUsed > 0 && each.memUsed < each.memTotal)
      assert.ok(each.diskTotal > 0 && each.diskUsed < each.diskTotal)
    }
  })

  test('metrics of a span of time', async () => {
    const [sample] = await until(async () => { const all = await sandbox.getMetrics(); return all.length > 0 && all }, 'a sample')
    const at = +sample.timestamp
    const within = await sandbox.getMetrics({ start: new Date(at - 2_000), end: new Date(at + 2_000) })
    assert.ok(within.some((each) => +each.timestamp === at))
    assert.deepEqual(await sandbox.getMetrics({ start: new Date(at - 600_000), end: new Date(at - 300_000) }), [])
    await assert.rejects(sandbox.getMetrics({ start: new Date(at), end: new Date(at - 60_000) }), /400/)
    await assert.rejects(Sandbox.getMetrics('inotthere00000000000'), SandboxNotFoundError)
  })

  test('the newest sample of many sandboxes in one request', async () => {
    await until(async () => (await sandbox.getMetrics()).length > 0, 'a sample')
    const [status, body] = await json(`/sandboxes/metrics?sandbox_ids=${sandbox.sandboxId},inotthere00000000000`)
    assert.equal(status, 200)
    assert.deepEqual(Object.keys(body.sandboxes), [sandbox.sandboxId])
    assert.equal(typeof body.sandboxes[sandbox.sandboxId].cpuUsedPct, 'number')
    assert.equal((await json('/sandboxes/metrics'))[0], 400)
  })

  test('logs: newest first, by level, by text, page by page', async () => {
    await sandbox.commands.run('echo a line for the log; echo another one; echo warned >&2')
    const logs = async (query = '') => (await json(`/v2/sandboxes/${sandbox.sandboxId}/logs?${query}`))[1].logs
    const all = await until(async () => { const l = await logs(); return l.some((each) => /warned/.test(each.message)) && l }, 'the lines')
    const times = all.map((each) => Date.parse(each.timestamp))
    assert.deepEqual(times, [...times].sort((a, b) => b - a))
    for (const each of all) {
      assert.ok(['debug', 'info', 'warn', 'error'].includes(each.level))
      assert.ok(Object.values(each.fields).every((value) => typeof value === 'string'))
    }
    assert.deepEqual((await logs('direction=forward')).map((each) => each.message), all.map((each) => each.message).reverse())
    assert.ok((await logs('search=another')).every((each) => /another/.test(JSON.stringify(each))))
    assert.equal((await logs('search=another')).length > 0, true)
    assert.equal((await logs('limit=1')).length, 1)
    assert.equal((await json('/v2/sandboxes/inotthere00000000000/logs'))[0], 404)
  })

  test('logs of the older route hold lines of JSON', async () => {
    const [, body] = await json(`/sandboxes/${sandbox.sandboxId}/logs`)
    assert.equal(body.logs.length, body.logEntries.length)
    for (const { line } of body.logs) assert.equal(typeof JSON.parse(line).level, 'string')
  })

  test('events of a whole life, with what it cost in time', async () => {
    const short = await Sandbox.create('base', { timeoutMs: 60_000, metadata })
    await short.setTimeout(90_000)
    await short.pause()
    await short.connect()
    await short.kill()
    const [status, events] = await json(`/events/sandboxes/${short.sandboxId}?orderAsc=true&limit=100`)
    assert.equal(status, 200)
    const kinds = events.map((each) => each.type.replace('sandbox.lifecycle.', ''))
    assert.deepEqual(kinds.filter((kind) => kind !== 'updated'), ['created', 'paused', 'resumed', 'killed'])
    assert.ok(kinds.includes('updated'))
    assert.equal(new Set(events.map((each) => each.id)).size, events.length)
    const [created, paused, resumed, killed] = ['created', 'paused', 'resumed', 'killed'].map((kind) => events.find((each) => each.type.endsWith(kind)))
    assert.equal(created.sandboxExecutionId, paused.sandboxExecutionId)
    assert.equal(resumed.sandboxExecutionId, killed.sandboxExecutionId)
    assert.notEqual(created.sandboxExecutionId, resumed.sandboxExecutionId)
    assert.deepEqual(created.eventData.sandbox_metadata, metadata)
    assert.equal(killed.eventData.kill_reason, 'request')
    assert.ok(killed.eventData.execution.execution_time >= 0 && killed.eventData.execution.vcpu_count >= 1)
  })

  test('events of all sandboxes: newest first, by type, page by page', async () => {
    const [, events] = await json('/events/sandboxes?limit=5')
    assert.ok(events.length > 0 && events.length <= 5)
    const [, created] = await json('/events/sandboxes?types=sandbox.lifecycle.created&limit=100')
    assert.ok(created.every((each) => each.type === 'sandbox.lifecycle.created'))
    const [, second] = await json('/events/sandboxes?types=sandbox.lifecycle.created&limit=1&orderAsc=true&offset=1')
    const [, firstTwo] = await json('/events/sandboxes?types=sandbox.lifecycle.created&limit=2&orderAsc=true')
    assert.deepEqual(second[0], firstTwo[1])
    assert.equal((await json('/events/sandboxes?limit=101'))[0], 400)
  })
})
