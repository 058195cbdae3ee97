// Watching folders, by the SDK's stream and by the polled calls of the synchronous Python SDK.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { Sandbox, FileNotFoundError, FilesystemEventType as Kind, FileType, InvalidArgumentError } from 'e2b'
import { rpc, until } from './support.mjs'

describe('watching', () => {
  let sandbox, files, number = 0
  const run = (command, options) => sandbox.commands.run(command, options)
  before(async () => {
    sandbox = await Sandbox.create('base', { timeoutMs: 120_000 })
    files = sandbox.files
  })
  after(() => sandbox?.kill())

  /** A new folder under watch; `saw` waits for an event. */
  async function watched(options = {}) {
    const self = { folder: `/home/user/watched-${++number}`, events: [] }
    await run(`mkdir -p ${self.folder}/sub && echo old > ${self.folder}/old`)
    self.handle = await files.watchDir(self.folder, (event) => { self.events.push(event) }, options)
    self.has = (name, type) => self.events.find((each) => each.name === name && each.type === type)
    self.saw = (name, type) => until(() => self.has(name, type), `${type} of ${name} among ${JSON.stringify(self.events)}`, 5)
    return self
  }

  test('a new file is created, then written', async () => {
    const watch = await watched()
    await files.write(`${watch.folder}/new.txt`, 'x')
    await watch.saw('new.txt', Kind.WRITE)
    const kinds = watch.events.filter((each) => each.name === 'new.txt').map((each) => each.type)
    assert.ok(kinds.indexOf(Kind.CREATE) >= 0 && kinds.indexOf(Kind.CREATE) < kinds.indexOf(Kind.WRITE), kinds.join())
    await watch.handle.stop()
  })

  test('writing, changing the mode, removing', async () => {
    const watch = await watched()
    await run(`echo more >> ${watch.folder}/old`)
    await watch.saw('old', Kind.WRITE)
    assert.equal(watch.has('old', Kind.CREATE), undefined)
    await run(`chmod 600 ${watch.folder}/old`)
    await watch.saw('old', Kind.CHMOD)
    await files.remove(`${watch.folder}/old`)
    await watch.saw('old', Kind.REMOVE)
    await watch.handle.stop()
  })

  test('a rename tells the old name and the new', async () => {
    const watch = await watched()
    await files.rename(`${watch.folder}/old`, `${watch.folder}/renamed`)
    await watch.saw('old', Kind.RENAME)
    await watch.saw('renamed', Kind.CREATE)
    await watch.handle.stop()
  })

  test('folders come and go', async () => {
    const watch = await watched()
    await files.makeDir(`${watch.folder}/dir`)
    await watch.saw('dir', Kind.CREATE)
    await files.remove(`${watch.folder}/dir`)
    await watch.saw('dir', Kind.REMOVE)
    await watch.handle.stop()
  })

  test('what lies deeper is not told unless asked for', async () => {
    const watch = await watched()
    await run(`touch ${watch.folder}/sub/deep; touch ${watch.folder}/last`)
    await watch.saw('last', Kind.CREATE)
    assert.equal(watch.events.some((each) => each.name.includes('deep')), false)
    await watch.handle.stop()
  })

  test('with recursion, also in folders that come later', async () => {
    const watch = await watched({ recursive: true })
    await files.write(`${watch.folder}/sub/deep`, 'x')
    await watch.saw('sub/deep', Kind.WRITE)
    await run(`mkdir ${watch.folder}/later`)
    await watch.saw('later', Kind.CREATE)
    await files.write(`${watch.folder}/later/in`, 'x')
    await watch.saw('later/in', Kind.WRITE)
    await run(`mkdir -p ${watch.folder}/a/b/c; touch ${watch.folder}/a/b/c/quick`)
    await watch.saw('a/b/c/quick', Kind.CREATE)
    await watch.handle.stop()
  })

  test('entries beside the events when asked for', async () => {
    const watch = await watched({ includeEntry: true })
    await files.write(`${watch.folder}/entry.txt`, 'four')
    const event = await until(() => watch.events.find((each) => each.name === 'entry.txt' && each.entry?.size === 4), 'an entry', 5)
    assert.deepEqual([event.entry.path, event.entry.type], [`${watch.folder}/entry.txt`, FileType.FILE])
    await watch.handle.stop()
  })

  test('after stop nothing more is told', async () => {
    let exits = 0
    const watch = await watched({ onExit: () => { ++exits } })
    await watch.handle.stop()
    await until(() => exits === 1, 'the end of the watch', 5)
    const count = watch.events.length
    await files.write(`${watch.folder}/late`, 'x')
    const second = await watched()
    await files.write(`${second.folder}/seen`, 'x')
    await second.saw('seen', Kind.CREATE)
    assert.equal(watch.events.length, count)
    await second.handle.stop()
  })

  test('a time limit ends the watch', async () => {
    let ended = false
    const watch = await watched({ timeoutMs: 300, onExit: () => { ended = true } })
    await until(() => ended, 'the end', 5)
    await watch.handle.stop()
  })

  test('what is missing, and what is no folder', async () => {
    await assert.rejects(files.watchDir('/no/such', () => {}), FileNotFoundError)
    await files.write('single', 'x')
    await assert.rejects(files.watchDir('single', () => {}), InvalidArgumentError)
  })

  test('a thousand files, and every one is told', async () => {
    const watch = await watched()
    await run(`cd ${watch.folder} && for i in $(seq 1000); do : > f$i; done`)
    await watch.saw('f1000', Kind.CREATE)
    const created = new Set(watch.events.filter((each) => each.type === Kind.CREATE).map((each) => each.name))
    assert.equal(created.size, 1000)
    await watch.handle.stop()
  })

  test('the watched folder itself goes', async () => {
    const watch = await watched()
    await run(`rm -r ${watch.folder}`)
    await watch.saw('old', Kind.REMOVE)
    await watch.handle.stop()
    assert.equal((await run('echo fine')).stdout, 'fine\n')
  })

  test('several watchers of one folder', async () => {
    const watch = await watched()
    const seen = []
    const second = await files.watchDir(watch.folder, (event) => { seen.push(event) })
    await files.write(`${watch.folder}/both`, 'x')
    await watch.saw('both', Kind.CREATE)
    await until(() => seen.some((each) => each.name === 'both'), 'the second watcher', 5)
    await watch.handle.stop()
    await files.write(`${watch.folder}/one`, 'x')
    await until(() => seen.some((each) => each.name === 'one'), 'the second watcher going on', 5)
    await second.stop()
  })

  test('the polled way: each event once, until the watcher is removed', async () => {
    const call = async (method, message) => { const r = await rpc(sandbox, `filesystem.Filesystem/${method}`, message); return [r.status, await r.json()] }
    await files.makeDir('polled')
    const [status, { watcherId }] = await call('CreateWatcher', { path: 'polled' })
    assert.equal(status, 200)
    assert.ok(watcherId)
    await files.write('polled/x', '1')
    const events = []
    await until(async () => {
      events.push(...((await call('GetWatcherEvents', { watcherId }))[1].events ?? []))
      return events.some((each) => each.type === 'EVENT_TYPE_WRITE')
    }, 'a write', 5)
    assert.equal(events.filter((each) => each.name === 'x' && each.type === 'EVENT_TYPE_CREATE').length, 1)
    const later = (await call('GetWatcherEvents', { watcherId }))[1].events ?? []
    assert.equal(later.some((each) => each.type === 'EVENT_TYPE_CREATE'), false) // a write may come in several events
    assert.equal((await call('RemoveWatcher', { watcherId }))[0], 200)
    const [gone, error] = await call('GetWatcherEvents', { watcherId })
    assert.deepEqual([gone, error.code], [404, 'not_found'])
    assert.deepEqual((await call('CreateWatcher', { path: '/no/such' }))[1].code, 'not_found')
  })
})
