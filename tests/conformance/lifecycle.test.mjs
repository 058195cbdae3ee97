// Time limits, pausing, resuming and ends of sandboxes.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Sandbox, SandboxNotFoundError, TimeoutError } from 'e2b'
import { Sandbox as Interpreter } from '@e2b/code-interpreter'
import { api, toPort, until } from './support.mjs'

describe('life of a sandbox', { concurrency: 3 }, () => {
  const create = async (t, options = {}, Kind = Sandbox) => {
    const sandbox = await Kind.create({ timeoutMs: 60_000, ...options })
    t.after(() => sandbox.kill())
    return sandbox
  }
  const paused = async (sandbox) => (await sandbox.getInfo()).state === 'paused'

  test('setTimeout makes the time longer and shorter', async (t) => {
    const sandbox = await create(t)
    for (const ms of [600_000, 20_000]) {
      const before = Date.now()
      await sandbox.setTimeout(ms)
      const end = +(await sandbox.getInfo()).endAt
      assert.ok(end >= before + ms - 5 && end <= Date.now() + ms + 5, `${end - before} ms instead of ${ms}`)
    }
  })

  test('setTimeout of one second ends the sandbox', async (t) => {
    const sandbox = await create(t)
    await sandbox.setTimeout(1_000)
    await until(async () => !(await sandbox.isRunning()), 'the end')
    await assert.rejects(sandbox.getInfo(), SandboxNotFoundError)
    await assert.rejects(sandbox.setTimeout(10_000), SandboxNotFoundError)
  })

  test('connect only makes the time longer', async (t) => {
    const sandbox = await create(t)
    const end = +(await sandbox.getInfo()).endAt
    await Sandbox.connect(sandbox.sandboxId, { timeoutMs: 5_000 })
    assert.equal(+(await sandbox.getInfo()).endAt, end)
    await Sandbox.connect(sandbox.sandboxId, { timeoutMs: 120_000 })
    assert.ok(+(await sandbox.getInfo()).endAt > end + 30_000)
  })

  test('a refresh only makes the time longer', async (t) => {
    const sandbox = await create(t)
    const end = +(await sandbox.getInfo()).endAt
    const refresh = (duration) => api(`/sandboxes/${sandbox.sandboxId}/refreshes`, { method: 'POST', body: { duration } })
    assert.equal((await refresh(1)).status, 204)
    assert.equal(+(await sandbox.getInfo()).endAt, end)
    assert.equal((await refresh(300)).status, 204)
    assert.ok(+(await sandbox.getInfo()).endAt > end + 200_000)
  })

  test('a second program that connects sees files and processes', async (t) => {
    const sandbox = await create(t, { envs: { SHARED: 'yes' } })
    await sandbox.files.write('here.txt', 'here')
    const running = await sandbox.commands.run('sleep 60', { background: true })
    const other = await Sandbox.connect(sandbox.sandboxId)
    assert.equal(await other.files.read('here.txt'), 'here')
    assert.ok((await other.commands.list()).some((each) => each.pid === running.pid))
    assert.equal((await other.commands.run('echo $SHARED')).stdout, 'yes\n')
    assert.equal(await other.commands.kill(running.pid), true)
  })

  test('kill twice, and by id', async (t) => {
    const sandbox = await create(t)
    assert.equal(await Sandbox.kill(sandbox.sandboxId), true)
    assert.equal(await Sandbox.kill(sandbox.sandboxId), false)
    assert.equal(await sandbox.kill(), false)
    await assert.rejects(Sandbox.connect(sandbox.sandboxId), SandboxNotFoundError)
    await assert.rejects(sandbox.commands.run('true'), SandboxNotFoundError)
    await assert.rejects(sandbox.files.read('x'), TimeoutError)
  })

  test('a running command hears of the kill', async (t) => {
    const sandbox = await create(t)
    const command = await sandbox.commands.run('sleep 60', { background: true })
    const ended = assert.rejects(command.wait())
    assert.equal(await sandbox.kill(), true)
    await ended
  })

  test('a process goes on after pause and connect, and does nothing between', async (t) => {
    const sandbox = await create(t)
    const counter = await sandbox.commands.run('i=0; while :; do i=$((i+1)); echo $i > /tmp/count; sleep 0.02; done', { background: true })
    const count = async () => Number(await sandbox.files.read('/tmp/count').catch(() => 0))
    await until(async () => (await count()) > 3, 'counting')
    assert.equal(await sandbox.pause(), true)
    await assert.rejects(sandbox.commands.run('true'), SandboxNotFoundError)
    await sandbox.connect()
    const seen = await count()
    await until(async () => (await count()) > seen, 'counting on')
    assert.ok((await sandbox.commands.list()).some((each) => each.pid === counter.pid))
  })

  test('a paused sandbox keeps no time running, and gets a new limit', async (t) => {
    const sandbox = await create(t, { timeoutMs: 1_500 })
    assert.equal(await sandbox.pause(), true)
    await new Promise((resolve) => setTimeout(resolve, 1_700))
    assert.equal(await paused(sandbox), true)
    const before = Date.now()
    await sandbox.connect({ timeoutMs: 30_000 })
    const info = await sandbox.getInfo()
    assert.equal(info.state, 'running')
    assert.ok(Math.abs(+info.endAt - before - 30_000) < 3_000)
  })

  test('a paused sandbox can be killed', async (t) => {
    const sandbox = await create(t)
    await sandbox.pause()
    assert.equal(await sandbox.kill(), true)
    await assert.rejects(sandbox.getInfo(), SandboxNotFoundError)
  })

  test('pausing at the end of the time, and waking by connect', async (t) => {
    const sandbox = await create(t, { timeoutMs: 1_000, lifecycle: { onTimeout: 'pause' } })
    await sandbox.files.write('kept.txt', 'kept')
    await until(() => paused(sandbox), 'the pause')
    assert.equal(await sandbox.isRunning(), false)
    await assert.rejects(sandbox.files.read('kept.txt'), TimeoutError)
    await sandbox.connect({ timeoutMs: 60_000 })
    assert.equal(await sandbox.files.read('kept.txt'), 'kept')
  })

  test('waking by a request, with the interpreter as it was', async (t) => {
    const sandbox = await create(t, { lifecycle: { onTimeout: 'pause', autoResume: true } }, Interpreter)
    await sandbox.runCode('kept = 41')
    await sandbox.pause()
    assert.equal((await sandbox.runCode('kept + 1')).text, '42')
    const info = await sandbox.getInfo()
    assert.equal(info.state, 'running')
    assert.ok(+info.endAt - Date.now() > 250_000, 'waking gives five minutes')
  })

  test('code that runs when the time is over ends with an error, and its state goes on', async (t) => {
    const sandbox = await create(t, { timeoutMs: 2_500, lifecycle: { onTimeout: 'pause' } }, Interpreter)
    await sandbox.runCode('kept = 41')
    const before = Date.now()
    const [first, queued] = await Promise.all([
      sandbox.runCode('import time\nprint("begun", flush=True)\nkept += 1\ntime.sleep(60)'), sandbox.runCode('kept = 0')])
    for (const { error } of [first, queued]) assert.deepEqual([error.name, error.value], ['UnexpectedEndOfExecution', 'the sandbox was paused'])
    assert.equal(first.logs.stdout.join(''), 'begun\n')
    assert.ok(Date.now() - before < 30_000)
    assert.equal(await paused(sandbox), true)
    await sandbox.connect({ timeoutMs: 60_000 })
    assert.equal((await sandbox.runCode('kept')).text, '42') // at once: what slept was interrupted
  })

  test('a client that leaves during a pause costs no state', async (t) => {
    const sandbox = await create(t, { lifecycle: { onTimeout: 'pause', autoResume: true } }, Interpreter)
    await sandbox.runCode('kept = 1')
    await sandbox.runCode('kept=2', { language: 'bash' })
    const running = [sandbox.runCode('import time\nopen("/tmp/begun", "w").close()\ntime.sleep(60)'), sandbox.runCode('sleep 60', { language: 'bash' })]
    await until(() => sandbox.files.exists('/tmp/begun'), 'the code')
    await sandbox.pause()
    for (const each of running) assert.equal((await each).error.value, 'the sandbox was paused')
    await new Promise((done) => setTimeout(done, 2_600)) // longer than the patience before a kernel is killed
    assert.equal((await sandbox.runCode('kept')).text, '1')
    assert.equal((await sandbox.runCode('echo $kept', { language: 'bash' })).logs.stdout.join(''), '2\n')
  })

  test('waking by a request to a port of the user', async (t) => {
    const sandbox = await create(t, { lifecycle: { onTimeout: 'pause', autoResume: true } })
    await sandbox.files.write('index.html', 'awake')
    await sandbox.commands.run('python3 -m http.server 8000 >/dev/null 2>&1', { background: true })
    await until(async () => (await toPort(sandbox, 8000)).status === 200, 'the server')
    await sandbox.pause()
    assert.equal(await (await toPort(sandbox, 8000, '/index.html')).text(), 'awake')
  })

  test('the old resume route: 201 once, then 409', async (t) => {
    const sandbox = await create(t)
    await sandbox.pause()
    const resume = () => api(`/sandboxes/${sandbox.sandboxId}/resume`, { method: 'POST', body: { timeout: 30 } })
    assert.equal((await resume()).status, 201)
    assert.equal((await resume()).status, 409)
  })

  test('a second pause is 409, connect tells 200 or 201', async (t) => {
    const sandbox = await create(t)
    const call = (verb, body) => api(`/sandboxes/${sandbox.sandboxId}/${verb}`, { method: 'POST', body })
    assert.equal((await call('connect', { timeout: 30 })).status, 200)
    assert.equal((await call('pause')).status, 204)
    assert.equal((await call('pause')).status, 409)
    assert.equal((await call('connect', { timeout: 30 })).status, 201)
    assert.equal((await call('connect')).status, 400)
  })
})
