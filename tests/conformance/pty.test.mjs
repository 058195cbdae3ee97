// Terminals.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { Sandbox, CommandExitError, NotFoundError } from 'e2b'
import { rpc, until } from './support.mjs'

describe('terminals', () => {
  let sandbox
  before(async () => { sandbox = await Sandbox.create('base', { timeoutMs: 120_000, envs: { FROM: 'sandbox' } }) })
  after(() => sandbox?.kill())

  /** A terminal with its screen as text; `type` sends a line. */
  async function terminal(options = {}) {
    const decoder = new TextDecoder()
    const self = { seen: '' }
    self.onData = (data) => { self.seen += decoder.decode(data, { stream: true }) }
    self.handle = await sandbox.pty.create({ cols: 80, rows: 24, ...options, onData: self.onData })
    self.type = (text) => sandbox.pty.sendInput(self.handle.pid, new TextEncoder().encode(text))
    await until(() => self.seen.includes('$ '), 'a prompt')
    return self
  }

  test('a shell in a terminal of the wanted size, with its environment', async () => {
    const pty = await terminal({ cols: 91, rows: 17, envs: { OWN: 'mine' }, cwd: '/tmp' })
    await pty.type('stty size; tty; echo $TERM:$FROM:$OWN:$PWD; exit\n')
    await pty.handle.wait()
    assert.match(pty.seen, /17 91/)
    assert.match(pty.seen, /\/dev\/pts\/\d+/)
    assert.match(pty.seen, /xterm-256color:sandbox:mine:\/tmp/)
  })

  test('the exit code of the shell', async () => {
    const pty = await terminal()
    await pty.type('exit 3\n')
    await assert.rejects(pty.handle.wait(), (e) => e instanceof CommandExitError && e.exitCode === 3)
  })

  test('control keys: interrupt and end of input', async () => {
    const pty = await terminal()
    await pty.type('sleep 100\n')
    await until(async () => (await sandbox.commands.run('pgrep -x sleep || true')).stdout !== '', 'the sleep')
    await pty.type('\x03')
    await pty.type('echo status=$?\n')
    await until(() => /status=130/.test(pty.seen), 'the interrupt')
    await pty.type('\x04')
    assert.equal((await pty.handle.wait()).exitCode, 0)
  })

  test('resizing tells the running program', async () => {
    const pty = await terminal()
    await pty.type(`trap 'echo size=$(stty size)' WINCH\n`)
    await sandbox.pty.resize(pty.handle.pid, { cols: 132, rows: 50 })
    await pty.type('\n')
    await until(() => /size=50 132/.test(pty.seen), 'the new size')
    await pty.type('exit 0\n')
    await pty.handle.wait()
  })

  test('a second program joins the terminal', async () => {
    const pty = await terminal()
    let joined = ''
    const other = await sandbox.pty.connect(pty.handle.pid, { onData: (data) => { joined += new TextDecoder().decode(data) } })
    await pty.type('echo both-$((40+2)); exit 0\n')
    await Promise.all([other.wait(), pty.handle.wait()])
    assert.match(joined, /both-42/)
    assert.match(pty.seen, /both-42/)
  })

  test('unicode in and out', async () => {
    const pty = await terminal()
    await pty.type(`printf '<%s>\\n' 'ň🐎' | tr '<>' '[]'; exit 0\n`)
    await pty.handle.wait()
    assert.match(pty.seen, /\[ň🐎\]/)
  })

  test('kill, and what is not there', async () => {
    const pty = await terminal()
    assert.equal(await sandbox.pty.kill(pty.handle.pid), true)
    await assert.rejects(pty.handle.wait(), CommandExitError)
    assert.equal(await sandbox.pty.kill(9_999_999), false)
    await assert.rejects(sandbox.pty.sendInput(9_999_999, new Uint8Array([10])), NotFoundError)
    await assert.rejects(sandbox.pty.resize(9_999_999, { cols: 1, rows: 1 }), NotFoundError)
  })

  test('input of one kind to a process of the other is refused', async () => {
    const pty = await terminal()
    await assert.rejects(sandbox.commands.sendStdin(pty.handle.pid, 'x'), /stdin/)
    const plain = await sandbox.commands.run('cat', { background: true, stdin: true })
    await assert.rejects(sandbox.pty.sendInput(plain.pid, new Uint8Array([10])), /tty not assigned/)
    const closed = await rpc(sandbox, 'process.Process/CloseStdin', { process: { pid: pty.handle.pid } })
    assert.equal(closed.status, 500)
    await plain.kill()
    await pty.handle.kill()
  })
})
