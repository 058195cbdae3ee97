// Commands: output, input, ends, limits.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { Sandbox, CommandExitError, NotFoundError, TimeoutError, InvalidArgumentError } from 'e2b'
import { rpc, start, until } from './support.mjs'

describe('commands', () => {
  let sandbox, run
  before(async () => {
    sandbox = await Sandbox.create('base', { timeoutMs: 120_000, envs: { LAYER: 'sandbox', ONLY: 'sandbox' } })
    run = sandbox.commands.run.bind(sandbox.commands)
  })
  after(() => sandbox?.kill())

  test('every exit code', async () => {
    for (const code of [1, 2, 77, 126, 255])
      await assert.rejects(run(`exit ${code}`), (e) => e instanceof CommandExitError && e.exitCode === code && /exit status/.test(e.message))
  })

  test('a failing command tells what it wrote', async () => {
    await assert.rejects(run('echo out; echo err >&2; exit 4'), (e) => e.stdout === 'out\n' && e.stderr === 'err\n' && e.exitCode === 4)
  })

  test('an end by a signal', async () => {
    await assert.rejects(run('kill -TERM $$'), (e) => e instanceof CommandExitError && /signal: terminated/.test(e.error))
    await assert.rejects(run('kill -KILL $$'), (e) => /signal: killed/.test(e.error))
  })

  test('variables of the command stand over those of the sandbox', async () => {
    assert.equal((await run('echo $LAYER $ONLY', { envs: { LAYER: 'command' } })).stdout, 'command sandbox\n')
    assert.equal((await run('echo $LAYER')).stdout, 'sandbox\n')
  })

  test('the environment of a user', async () => {
    assert.equal((await run('echo $HOME:$USER:$LOGNAME; id -un')).stdout, '/home/user:user:user\nuser\n')
    assert.match((await run('echo $PATH')).stdout, /\/usr\/local\/bin:/)
  })

  test('working directories: absolute, relative, with spaces, a home', async () => {
    await sandbox.files.makeDir('a b/ü')
    assert.equal((await run('pwd', { cwd: '/usr' })).stdout, '/usr\n')
    assert.equal((await run('pwd', { cwd: 'a b/ü' })).stdout, '/home/user/a b/ü\n')
    assert.equal((await run('pwd', { cwd: '~' })).stdout, '/home/user\n')
    await assert.rejects(run('pwd', { cwd: '/nowhere' }), InvalidArgumentError)
  })

  test('ten megabytes of output arrive whole', async () => {
    const { stdout } = await run(`head -c 10000000 /dev/zero | tr '\\0' 'x'; echo; echo end`)
    assert.equal(stdout.length, 10_000_005)
    assert.ok(stdout.endsWith('x\nend\n'))
  })

  test('output to both streams is kept apart and in order', async () => {
    const { stdout, stderr } = await run('for i in $(seq 500); do echo o$i; echo e$i >&2; done')
    assert.equal(stdout, Array.from({ length: 500 }, (_, i) => `o${i + 1}\n`).join(''))
    assert.equal(stderr, Array.from({ length: 500 }, (_, i) => `e${i + 1}\n`).join(''))
  })

  test('characters of several bytes survive the borders of pieces', async () => {
    const { stdout } = await run(`python3 -c "import sys; sys.stdout.write('a' + '€🐎' * 100000)"`)
    assert.equal(stdout, 'a' + '€🐎'.repeat(100000))
  })

  test('a character written in two halves', async () => {
    let seen = ''
    const { stdout } = await run(`printf '\\xf0\\x9f'; sleep 0.2; printf '\\x90\\x8e!'`, { onStdout: (d) => { seen += d } })
    assert.equal(stdout, '🐎!')
    assert.equal(seen, '🐎!')
  })

  test('bytes that are no text do no harm', async () => {
    const { stdout } = await run(`printf 'a\\xff\\xfeb\\0c'`)
    assert.equal(stdout, 'a\ufffd\ufffdb\0c')
  })

  test('output comes while the command runs', async () => {
    let seen = ''
    const handle = await run('echo first; read line; echo "second $line"', { background: true, stdin: true, onStdout: (d) => { seen += d } })
    await until(() => seen === 'first\n', 'the first line')
    await handle.sendStdin('now\n')
    assert.equal((await handle.wait()).stdout, 'first\nsecond now\n')
  })

  test('standard input is empty unless asked for', async () => {
    assert.equal((await run('cat; echo done')).stdout, 'done\n')
    const handle = await run('cat', { background: true })
    assert.equal((await handle.wait()).stdout, '')
  })

  test('input of bytes and of a megabyte, closed at its end', async () => {
    const handle = await run('sha256sum', { background: true, stdin: true })
    await handle.sendStdin(new Uint8Array([0, 255, 10, 128]))
    await handle.sendStdin('x'.repeat(1_000_000))
    await handle.closeStdin()
    const { createHash } = await import('node:crypto')
    const sum = createHash('sha256').update(Buffer.from([0, 255, 10, 128])).update('x'.repeat(1_000_000)).digest('hex')
    assert.equal((await handle.wait()).stdout, `${sum}  -\n`)
  })

  test('empty input is no end', async () => {
    const handle = await run('cat', { background: true, stdin: true })
    await handle.sendStdin('')
    await handle.sendStdin('still here')
    await handle.closeStdin()
    assert.equal((await handle.wait()).stdout, 'still here')
  })

  test('input to a command that takes none, or is gone', async () => {
    const handle = await run('sleep 60', { background: true })
    await assert.rejects(handle.sendStdin('x'), /stdin not enabled or closed/)
    await handle.kill()
    await assert.rejects(sandbox.commands.sendStdin(9_999_999, 'x'), NotFoundError)
  })

  test('the list tells command, arguments, variables and directory', async () => {
    const handle = await run('sleep 60', { background: true, cwd: '/tmp', envs: { A: '1' } })
    const entry = (await sandbox.commands.list()).find((each) => each.pid === handle.pid)
    assert.equal(entry.cmd, '/bin/bash')
    assert.deepEqual(entry.args, ['-l', '-c', 'sleep 60'])
    assert.equal(entry.envs.A, '1')
    assert.equal(entry.cwd, '/tmp')
    assert.equal(await handle.kill(), true)
    await until(async () => !(await sandbox.commands.list()).some((each) => each.pid === handle.pid), 'its leaving the list')
    assert.equal(await handle.kill(), false)
  })

  test('connect gives the output from then on, and the end', async () => {
    const handle = await run('read a; echo "got $a"; exit 5', { background: true, stdin: true })
    let seen = ''
    const other = await sandbox.commands.connect(handle.pid, { onStdout: (d) => { seen += d } })
    await sandbox.commands.sendStdin(handle.pid, 'it\n')
    await assert.rejects(other.wait(), (e) => e.exitCode === 5)
    await assert.rejects(handle.wait(), (e) => e.exitCode === 5)
    assert.equal(seen, 'got it\n')
    await assert.rejects(sandbox.commands.connect(9_999_999), NotFoundError)
  })

  test('a command that has ended can be asked for its end', async () => {
    const handle = await run('exit 6', { background: true })
    await assert.rejects(handle.wait())
    await assert.rejects((await sandbox.commands.connect(handle.pid)).wait(), (e) => e.exitCode === 6)
  })

  test('disconnecting leaves the command running', async () => {
    const handle = await run('sleep 0.3; echo done > /tmp/after', { background: true })
    await handle.disconnect()
    await until(() => sandbox.files.exists('/tmp/after'), 'the end of the command')
    assert.equal(await sandbox.files.read('/tmp/after'), 'done\n')
  })

  test('an error in onStdout does not hurt other commands', async () => {
    await assert.rejects(run('echo x', { onStdout: () => { throw new Error('mine') } }), /mine/)
    assert.equal((await run('echo y')).stdout, 'y\n')
  })

  test('cancelling by a signal of the program', async () => {
    const controller = new AbortController()
    const running = run('sleep 60', { signal: controller.signal })
    running.catch(() => {})
    await until(async () => (await sandbox.commands.list()).some((each) => each.args.at(-1) === 'sleep 60'), 'the start')
    controller.abort()
    await assert.rejects(running)
    for (const each of await sandbox.commands.list()) await sandbox.commands.kill(each.pid)
  })

  test('without a limit a command outlives the default', async () => {
    assert.equal((await run('sleep 0.2; echo on', { timeoutMs: 0 })).stdout, 'on\n')
  })

  test('a limit ends the command and what it started', async () => {
    await assert.rejects(run('echo $$ > /tmp/limited; exec sleep 60', { timeoutMs: 500 }), TimeoutError)
    const pid = (await sandbox.files.read('/tmp/limited')).trim()
    await until(async () => (await run(`kill -0 ${pid} 2>/dev/null && echo alive || echo gone`)).stdout === 'gone\n', 'its end')
  })

  test('forty at once', async () => {
    const results = await Promise.all(Array.from({ length: 40 }, (_, i) => run(`sleep 0.0${i % 10}; echo ${i}; exit 0`)))
    assert.deepEqual(results.map((each) => each.stdout), Array.from({ length: 40 }, (_, i) => `${i}\n`))
  })

  test('quotes, newlines and a here-document', async () => {
    assert.equal((await run(`cat <<'END'\n$HOME "quoted" 'too' \\ back\nEND\necho "it's"`)).stdout, `$HOME "quoted" 'too' \\ back\nit's\n`)
  })

  test('programs that are no shell', async () => {
    const printed = await start(sandbox, { cmd: 'env', cwd: '/usr/./lib/../bin/' })
    const variables = Object.fromEntries(printed.stdout.trim().split('\n').map((line) => line.split(/=(.*)/s, 2)))
    assert.equal(variables.PWD, '/usr/bin')
    assert.equal(variables.HOME, '/home/user')
    assert.equal((await start(sandbox, { cmd: 'printenv', args: ['PWD'] })).stdout, '/home/user\n')

    await run(`mkdir -p ~/tools; printf 'echo "no interpreter: $1"' > ~/tools/mine; chmod +x ~/tools/mine; touch ~/tools/plain`)
    const own = await start(sandbox, { cmd: 'mine', args: ['a b'], envs: { PATH: '/home/user/tools:/usr/bin:/bin' } })
    assert.deepEqual([own.stdout, own.end.exitCode], ['no interpreter: a b\n', 0])
    for (const [cmd, code] of [['no-such-program', 127], ['/no/such', 127], ['/etc/passwd/x', 127], ['/etc', 126], ['/home/user/tools/plain', 126]]) {
      const { end, stderr, error } = await start(sandbox, { cmd })
      assert.deepEqual([end.exitCode, end.exited, error], [code, true, undefined], cmd)
      assert.ok(stderr.startsWith(`${cmd}: `) && stderr.endsWith('\n'), stderr)
    }
  })

  test('SIGTERM by the protocol can be caught', async () => {
    const handle = await run(`trap 'echo caught; exit 9' TERM; echo ready; while :; do sleep 0.05; done`, { background: true })
    await until(() => handle.stdout.includes('ready'), 'the trap')
    assert.equal((await rpc(sandbox, 'process.Process/SendSignal', { process: { pid: handle.pid }, signal: 'SIGNAL_SIGTERM' })).status, 200)
    await assert.rejects(handle.wait(), (e) => e.exitCode === 9 && e.stdout === 'ready\ncaught\n')
  })

  test('a signal that is none, and a process that is none', async () => {
    const handle = await run('sleep 60', { background: true })
    const odd = await rpc(sandbox, 'process.Process/SendSignal', { process: { pid: handle.pid }, signal: 'SIGNAL_SIGHUP' })
    assert.equal(odd.status, 501)
    assert.equal((await odd.json()).code, 'unimplemented')
    await handle.kill()
    const none = await rpc(sandbox, 'process.Process/SendSignal', { process: { pid: 9_999_999 }, signal: 'SIGNAL_SIGKILL' })
    assert.deepEqual([none.status, (await none.json()).code], [404, 'not_found'])
  })
})
