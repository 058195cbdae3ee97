// The published E2B SDKs, unmodified, against a running engine (E2B_API_URL, E2B_SANDBOX_URL, E2B_API_KEY).
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { Sandbox as Base, NotFoundError, CommandExitError, TimeoutError, AuthenticationError } from 'e2b'
import { Sandbox } from '@e2b/code-interpreter'

const metadata = { purpose: 'conformance', 'k y': 'v&=ö', run: String(process.pid) }

describe('code interpreter', () => {
  let sandbox
  before(async () => { sandbox = await Sandbox.create({ metadata, envs: { GREETING: 'hello' }, timeoutMs: 120_000 }) })
  after(async () => { await sandbox?.kill() })

  test('result of the last expression', async () => {
    const execution = await sandbox.runCode('x = 20\nx + 1')
    assert.equal(execution.text, '21')
    assert.equal(execution.error, undefined)
  })

  test('state is kept between executions', async () => {
    const execution = await sandbox.runCode('print(x + 22)')
    assert.equal(execution.logs.stdout.join(''), '42\n')
  })

  test('error with name, value and traceback', async () => {
    const execution = await sandbox.runCode('1 / 0')
    assert.equal(execution.error.name, 'ZeroDivisionError')
    assert.equal(execution.error.value, 'division by zero')
    assert.match(execution.error.traceback, /line .*1/)
  })

  test('syntax error', async () => {
    const execution = await sandbox.runCode('def f(\n  return 1')
    assert.equal(execution.error.name, 'SyntaxError')
  })

  test('plot becomes a PNG', async () => {
    const execution = await sandbox.runCode('import matplotlib.pyplot as plt\nplt.plot([1, 2, 3])\nplt.show()')
    assert.equal(execution.error, undefined, JSON.stringify(execution.error))
    const png = execution.results.map((r) => r.png).find(Boolean)
    assert.ok(png, 'no PNG among the results')
    assert.equal(Buffer.from(png, 'base64').subarray(1, 4).toString(), 'PNG')
  })

  test('data frame becomes HTML', async () => {
    const execution = await sandbox.runCode('import pandas as pd\npd.DataFrame({"a": [1, 2]})')
    assert.match(execution.results[0].html, /<table/)
  })

  test('streaming callbacks', async () => {
    const out = [], err = []
    await sandbox.runCode('import sys, time\nprint("one"); time.sleep(0.3); print("two"); print("bad", file=sys.stderr)', {
      onStdout: (m) => out.push(m.line), onStderr: (m) => err.push(m.line),
    })
    assert.equal(out.join(''), 'one\ntwo\n')
    assert.equal(err.join(''), 'bad\n')
  })

  test('environment variables of the sandbox and of one execution', async () => {
    const first = await sandbox.runCode('import os\nos.environ["GREETING"] + os.environ["NAME"]', { envs: { NAME: ' world' } })
    assert.match(first.text, /hello world/)
    const second = await sandbox.runCode('os.environ.get("NAME")')
    assert.equal(second.text, undefined)
  })

  test('contexts are apart, can be listed, restarted and removed', async () => {
    const context = await sandbox.createCodeContext({ cwd: '/tmp' })
    assert.equal((await sandbox.runCode('import os; os.getcwd()', { context })).text, '/tmp')
    await sandbox.runCode('apart = 1', { context })
    assert.equal((await sandbox.runCode('apart')).error.name, 'NameError')
    assert.ok((await sandbox.listCodeContexts()).some((c) => c.id === context.id))
    await sandbox.restartCodeContext(context)
    assert.equal((await sandbox.runCode('apart', { context })).error.name, 'NameError')
    await sandbox.removeCodeContext(context)
    assert.ok(!(await sandbox.listCodeContexts()).some((c) => c.id === context.id))
    await assert.rejects(sandbox.runCode('1', { context }), /not found/)
  })

  test('an endless loop is cut off by the client and the next run works', async () => {
    await assert.rejects(sandbox.runCode('while True: pass', { timeoutMs: 1500 }))
    const execution = await sandbox.runCode('x')
    assert.ok(execution.text === '20' || execution.error?.name === 'NameError', JSON.stringify(execution))
    assert.equal((await sandbox.runCode('6 * 7')).text, '42')
  })

  test('leaving the interpreter is told, and the next run works', async () => {
    const execution = await sandbox.runCode('import os; os._exit(3)')
    assert.ok(execution.error)
    assert.equal((await sandbox.runCode('6 * 7')).text, '42')
  })
})

describe('commands and files', () => {
  let sandbox
  before(async () => { sandbox = await Base.create('base', { metadata, timeoutMs: 120_000, envs: { GLOBAL: 'g' } }) })
  after(async () => { await sandbox?.kill() })

  test('command with output and exit code', async () => {
    const result = await sandbox.commands.run('echo out; echo err >&2; pwd; echo $GLOBAL')
    assert.equal(result.stdout, 'out\n/home/user\ng\n')
    assert.equal(result.stderr, 'err\n')
    assert.equal(result.exitCode, 0)
  })

  test('failing command', async () => {
    await assert.rejects(sandbox.commands.run('exit 3'), (e) => e instanceof CommandExitError && e.exitCode === 3)
    await assert.rejects(sandbox.commands.run('no-such-command'), (e) => e.exitCode === 127)
  })

  test('environment, working directory and callbacks', async () => {
    let seen = ''
    const result = await sandbox.commands.run('echo $A; pwd', { envs: { A: 'a b' }, cwd: '/tmp', onStdout: (d) => { seen += d } })
    assert.equal(result.stdout, 'a b\n/tmp\n')
    assert.equal(seen, result.stdout)
    await assert.rejects(sandbox.commands.run('true', { cwd: '/no/such' }), /does not exist/)
  })

  test('unknown user', async () => {
    await assert.rejects(sandbox.commands.run('true', { user: 'nobody-here' }), AuthenticationError)
  })

  test('background, list, stdin, connect and kill', async () => {
    const cat = await sandbox.commands.run('cat', { background: true, stdin: true })
    assert.ok((await sandbox.commands.list()).some((p) => p.pid === cat.pid))
    let seen = ''
    const second = await sandbox.commands.connect(cat.pid, { onStdout: (d) => { seen += d } })
    await sandbox.commands.sendStdin(cat.pid, 'hello\n')
    for (let i = 0; i < 100 && !seen; i++) await new Promise((r) => setTimeout(r, 20))
    assert.equal(seen, 'hello\n')
    await sandbox.commands.closeStdin(cat.pid)
    assert.equal((await cat.wait()).stdout, 'hello\n')
    await second.wait()

    const sleeper = await sandbox.commands.run('sleep 100', { background: true })
    assert.equal(await sandbox.commands.kill(sleeper.pid), true)
    await assert.rejects(sleeper.wait(), CommandExitError)
    assert.equal(await sandbox.commands.kill(999999), false)
  })

  test('time limit of a command', async () => {
    await assert.rejects(sandbox.commands.run('sleep 30', { timeoutMs: 700 }), TimeoutError)
    const left = async () => (await sandbox.commands.list()).some((p) => p.args.join(' ').includes('sleep 30'))
    for (let i = 0; i < 100 && (await left()); i++) await new Promise((r) => setTimeout(r, 20))
    assert.equal(await left(), false)
  })

  test('terminal', async () => {
    let seen = ''
    const pty = await sandbox.pty.create({ cols: 80, rows: 24, onData: (d) => { seen += new TextDecoder().decode(d) } })
    while (!seen.includes('$ ')) await new Promise((r) => setTimeout(r, 10)) // a shell sets the size up to its prompt
    await sandbox.pty.resize(pty.pid, { cols: 101, rows: 33 })
    await sandbox.pty.sendInput(pty.pid, new TextEncoder().encode('stty size; exit\n'))
    await pty.wait()
    assert.match(seen, /33 101/)
  })

  test('write, read, list, rename, remove', async () => {
    const info = await sandbox.files.write('dir/a file.txt', 'hällo')
    assert.equal(info.path, '/home/user/dir/a file.txt')
    assert.equal(await sandbox.files.read('dir/a file.txt'), 'hällo')
    await sandbox.files.write('dir/a file.txt', 'x')
    assert.equal(await sandbox.files.read('/home/user/dir/a file.txt'), 'x')
    const entries = await sandbox.files.list('dir')
    assert.deepEqual(entries.map((e) => [e.name, e.type]), [['a file.txt', 'file']])
    await sandbox.files.rename('dir/a file.txt', 'dir/b.txt')
    assert.equal(await sandbox.files.exists('dir/a file.txt'), false)
    assert.equal((await sandbox.files.getInfo('dir/b.txt')).size, 1)
    assert.equal(await sandbox.files.makeDir('new/deep'), true)
    assert.equal(await sandbox.files.makeDir('new/deep'), false)
    await sandbox.files.remove('dir')
    assert.equal(await sandbox.files.exists('dir'), false)
    await assert.rejects(sandbox.files.read('dir/b.txt'), NotFoundError)
    await assert.rejects(sandbox.files.read('new'), /is a directory/)
  })

  test('several files in one request, and a big one', async () => {
    const infos = await sandbox.files.write([{ path: 'm1.txt', data: 'one' }, { path: '/tmp/m2.txt', data: 'two' }])
    assert.deepEqual(infos.map((i) => i.path), ['/home/user/m1.txt', '/tmp/m2.txt'])
    const big = new Uint8Array(20_000_000).map((_, i) => (i * 31) & 0xff)
    await sandbox.files.write('big.bin', big.buffer)
    assert.ok(Buffer.from(await sandbox.files.read('big.bin', { format: 'bytes' })).equals(Buffer.from(big)))
  })

  test('signed URLs', async () => {
    await sandbox.files.write('signed.txt', 'signed')
    const url = await sandbox.downloadUrl('signed.txt', { useSignatureExpiration: 60_000 })
    assert.equal(await (await fetch(url)).text(), 'signed')
    const upload = await sandbox.uploadUrl('up.txt')
    const form = new FormData()
    form.append('file', new Blob(['uploaded']), 'up.txt')
    assert.equal((await fetch(upload, { method: 'POST', body: form })).status, 200)
    assert.equal(await sandbox.files.read('up.txt'), 'uploaded')
    assert.equal((await fetch(url.replace('v1_', 'v1_x'))).status, 400) // no sandbox has such a signature
  })
})

describe('life of a sandbox', () => {
  test('pause, connect, list by metadata, info, timeout, kill', async () => {
    const sandbox = await Sandbox.create({ metadata, timeoutMs: 60_000 })
    try {
      assert.match(sandbox.sandboxId, /^i[a-z0-9]{20}$/)
      await sandbox.files.write('kept.txt', 'kept')
      await sandbox.runCode('kept = 1')
      assert.equal(await sandbox.isRunning(), true)

      const listed = await Base.list({ query: { metadata } }).nextItems()
      assert.ok(listed.some((s) => s.sandboxId === sandbox.sandboxId && s.metadata['k y'] === 'v&=ö'))
      const none = await Base.list({ query: { metadata: { ...metadata, run: 'other' } } }).nextItems()
      assert.equal(none.length, 0)

      await sandbox.setTimeout(90_000)
      const info = await sandbox.getInfo()
      assert.equal(info.state, 'running')
      assert.ok(Math.abs(info.endAt.getTime() - Date.now() - 90_000) < 5_000)

      assert.equal(await sandbox.pause(), true)
      assert.equal(await sandbox.pause(), false)
      assert.equal(await sandbox.isRunning(), false)
      const paused = await Base.list({ query: { metadata, state: ['paused'] } }).nextItems()
      assert.ok(paused.some((s) => s.sandboxId === sandbox.sandboxId))

      const again = await Sandbox.connect(sandbox.sandboxId, { timeoutMs: 60_000 })
      assert.equal(await again.files.read('kept.txt'), 'kept')
      assert.equal((await again.runCode('kept')).text, '1')
      const before = (await again.getInfo()).endAt.getTime()
      await Sandbox.connect(sandbox.sandboxId, { timeoutMs: 1_000 })
      assert.equal((await again.getInfo()).endAt.getTime(), before, 'connect may only extend')
    } finally {
      assert.equal(await sandbox.kill(), true)
    }
    assert.equal(await sandbox.kill(), false)
    assert.equal(await sandbox.isRunning(), false)
    await assert.rejects(Base.getInfo(sandbox.sandboxId), /doesn't exist|not found/)
    await assert.rejects(sandbox.runCode('1'), TimeoutError)
  })

  test('a sandbox ends at its timeout', async () => {
    const sandbox = await Base.create({ timeoutMs: 1_000 })
    for (let i = 0; i < 100 && (await sandbox.isRunning()); i++) await new Promise((r) => setTimeout(r, 100))
    assert.equal(await sandbox.isRunning(), false)
  })

  test('wrong key, unknown template, too long a timeout', async () => {
    await assert.rejects(Base.create({ apiKey: 'e2b_' + '0'.repeat(40) }), AuthenticationError)
    await assert.rejects(Base.create('no-such-template'), /404/)
    await assert.rejects(Base.create({ timeoutMs: 3_601_000 }), /Timeout cannot be greater/)
  })
})
