// Snapshots and forks with the published E2B SDK, unmodified, against a running engine.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { Sandbox, NotFoundError } from 'e2b'
import { Sandbox as Interpreter } from '@e2b/code-interpreter'

const all = async (paginator) => {
  const items = []
  while (paginator.hasNext) items.push(...(await paginator.nextItems()))
  return items
}

describe('snapshots', () => {
  let sandbox
  const made = []
  before(async () => {
    sandbox = await Sandbox.create('base', { timeoutMs: 120_000, metadata: { purpose: 'snapshots' } })
    await sandbox.files.write('/home/user/state.txt', 'saved')
  })
  after(async () => {
    await Promise.allSettled(made.map((each) => each.kill()))
    await sandbox?.kill()
  })

  test('a sandbox made from one has the files, and its own from then on', async () => {
    const snapshot = await sandbox.createSnapshot()
    const copy = await Sandbox.create(snapshot.snapshotId, { timeoutMs: 60_000 })
    made.push(copy)
    assert.equal(await copy.files.read('/home/user/state.txt'), 'saved')
    await copy.files.write('/home/user/state.txt', 'changed')
    assert.equal(await sandbox.files.read('/home/user/state.txt'), 'saved')
    assert.equal((await sandbox.commands.run('echo on')).stdout, 'on\n')
    assert.equal(await Sandbox.deleteSnapshot(snapshot.snapshotId), true)
    assert.equal(await copy.files.read('/home/user/state.txt'), 'changed')
  })

  test('names, filters, and a second deletion', async () => {
    const name = `sdk-${process.pid}`
    const snapshot = await sandbox.createSnapshot({ name })
    assert.ok(snapshot.names.some((each) => each.includes(name)), JSON.stringify(snapshot))
    const named = await all(Sandbox.listSnapshots({ name }))
    assert.deepEqual(named.map((each) => each.snapshotId), [snapshot.snapshotId])
    const ofSandbox = await all(Sandbox.listSnapshots({ sandboxId: sandbox.sandboxId }))
    assert.ok(ofSandbox.some((each) => each.snapshotId === snapshot.snapshotId))
    assert.deepEqual(await all(Sandbox.listSnapshots({ name: `none-${process.pid}` })), [])
    assert.equal(await Sandbox.deleteSnapshot(snapshot.snapshotId), true)
    assert.equal(await Sandbox.deleteSnapshot(snapshot.snapshotId), false)
    await assert.rejects(Sandbox.create(snapshot.snapshotId))
  })

  test('pages', async () => {
    const before = (await all(Sandbox.listSnapshots())).length
    const snapshots = []
    for (let i = 0; i < 3; ++i) snapshots.push(await sandbox.createSnapshot())
    const paginator = Sandbox.listSnapshots({ limit: 2, sandboxId: sandbox.sandboxId })
    const first = await paginator.nextItems()
    assert.equal(first.length, 2)
    assert.equal(paginator.hasNext, true)
    const ids = [...first, ...(await all(paginator))].map((each) => each.snapshotId)
    assert.deepEqual(ids.slice(0, 3), snapshots.map((each) => each.snapshotId).reverse())
    for (const each of snapshots) await Sandbox.deleteSnapshot(each.snapshotId)
    assert.equal((await all(Sandbox.listSnapshots())).length, before)
  })

  test('a sandbox that is not there', async () => {
    await assert.rejects(Sandbox.createSnapshot('inotthere00000000000'), NotFoundError)
  })

  test('of a paused sandbox', async () => {
    const paused = await Sandbox.create('base', { timeoutMs: 60_000 })
    made.push(paused)
    await paused.files.write('p.txt', 'paused')
    await paused.pause()
    const snapshot = await paused.createSnapshot()
    const copy = await Sandbox.create(snapshot.snapshotId, { timeoutMs: 60_000 })
    made.push(copy)
    assert.equal(await copy.files.read('p.txt'), 'paused')
    assert.equal((await Sandbox.getInfo(paused.sandboxId)).state, 'paused')
    await Sandbox.deleteSnapshot(snapshot.snapshotId)
  })

  test('code runs in a sandbox made from one, and root is there', async () => {
    await sandbox.files.write('/root/rooted.txt', 'by root', { user: 'root' })
    await sandbox.files.write('/home/user/noted.txt', 'by root', { user: 'root' })
    const snapshot = await sandbox.createSnapshot()
    const copy = await Interpreter.create(snapshot.snapshotId, { timeoutMs: 60_000 })
    made.push(copy)
    assert.deepEqual((await copy.listCodeContexts()).map((each) => each.language).sort(), ['javascript', 'python'])
    assert.equal((await copy.runCode('kept = open("state.txt").read()\nkept')).text, 'saved')
    assert.equal((await copy.runCode('kept * 2')).text, 'savedsaved')
    assert.equal((await copy.runCode('require("fs").readFileSync("state.txt", "utf8")', { language: 'js' })).text, 'saved')
    assert.equal((await copy.runCode('cat state.txt', { language: 'bash' })).logs.stdout.join(''), 'saved')
    assert.equal((await copy.commands.run('whoami; cat rooted.txt', { user: 'root' })).stdout, 'root\nby root')
    assert.equal((await copy.files.getInfo('/home/user/noted.txt')).owner, 'root')
    await Sandbox.deleteSnapshot(snapshot.snapshotId)
  })

  test('forks', async () => {
    const forks = await sandbox.fork({ count: 2, timeoutMs: 60_000 })
    made.push(...forks)
    assert.equal(forks.length, 2)
    for (const fork of forks) {
      assert.notEqual(fork.sandboxId, sandbox.sandboxId)
      assert.equal(await fork.files.read('/home/user/state.txt'), 'saved')
    }
    await forks[0].files.write('only.txt', 'here')
    assert.equal(await forks[1].files.exists('only.txt'), false)
    assert.equal(await sandbox.files.exists('only.txt'), false)
    assert.equal((await forks[1].getInfo()).metadata.purpose, 'snapshots')
  })
})
