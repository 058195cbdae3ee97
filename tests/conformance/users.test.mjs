// The accounts of a sandbox: user and root, in commands, terminals and files.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { AuthenticationError, Sandbox } from 'e2b'
import { envd, until } from './support.mjs'

describe('users', () => {
  let sandbox
  const run = async (command, options) => (await sandbox.commands.run(command, options)).stdout.trim()
  before(async () => { sandbox = await Sandbox.create('base', { timeoutMs: 120_000, envs: { SHARED: 'yes' } }) })
  after(() => sandbox?.kill())

  test('commands as root and as user', async () => {
    const who = 'echo $(id -u) $(id -g) $(whoami) $USER $LOGNAME $HOME $PWD $SHARED'
    assert.equal(await run(who, { user: 'root' }), '0 0 root root root /root /root yes')
    assert.equal(await run(who, { user: 'user' }), '1000 1000 user user user /home/user /home/user yes')
    assert.equal(await run(who), '1000 1000 user user user /home/user /home/user yes')
    assert.equal(await run('pwd', { user: 'root', cwd: '/tmp' }), '/tmp')
    assert.equal(await run('cd ~ && pwd', { user: 'root' }), '/root')
  })

  test('a terminal as root', async () => {
    let text = ''
    const terminal = await sandbox.pty.create({ cols: 80, rows: 24, user: 'root', onData: (bytes) => { text += Buffer.from(bytes) } })
    await sandbox.pty.sendInput(terminal.pid, Buffer.from('echo "i am $(whoami)" in $PWD\n'))
    await until(() => text.includes('i am root in /root'), 'the answer')
    assert.match(text, /root@[^:]*:~/)
    await terminal.kill()
  })

  test('files of root are told as such', async () => {
    const info = await sandbox.files.write('own.txt', 'by root', { user: 'root' })
    assert.equal(info.path, '/root/own.txt')
    await sandbox.files.write('/home/user/shared/rooted.txt', 'by root', { user: 'root' })
    await sandbox.files.write('/home/user/shared/mine.txt', 'by user')
    const owners = async (path, options) => { const each = await sandbox.files.getInfo(path, options); return [each.owner, each.group] }
    assert.deepEqual(await owners('own.txt', { user: 'root' }), ['root', 'root'])
    assert.deepEqual(await owners('/home/user/shared'), ['root', 'root'])
    assert.deepEqual(await owners('/home/user/shared/rooted.txt'), ['root', 'root'])
    assert.deepEqual(await owners('/home/user/shared/mine.txt'), ['user', 'user'])
    await sandbox.files.makeDir('/home/user/made', { user: 'root' })
    assert.deepEqual(await owners('/home/user/made'), ['root', 'root'])
    await sandbox.files.write('/home/user/shared/mine.txt', 'again', { user: 'root' })
    assert.deepEqual(await owners('/home/user/shared/mine.txt'), ['user', 'user'])
    assert.equal(await sandbox.files.read('~/own.txt', { user: 'root' }), 'by root')
    const entries = await sandbox.files.list('/root', { user: 'root' })
    assert.ok(entries.some((each) => each.name === 'own.txt' && each.owner === 'root'))
  })

  test('each reads and changes what the other made', async () => {
    await run('echo one > /tmp/both; mkdir -p /tmp/of-root && touch /tmp/of-root/x', { user: 'root' })
    await run('echo two >> /tmp/both; rm -r /tmp/of-root')
    assert.equal(await run('cat /tmp/both', { user: 'root' }), 'one\ntwo')
  })

  test('root stops what user began, and the other way round', async () => {
    for (const [first, second] of [['user', 'root'], ['root', 'user']]) {
      const sleeping = await sandbox.commands.run('sleep 1000', { background: true, user: first })
      await run(`kill ${sleeping.pid}`, { user: second })
      await assert.rejects(sleeping.wait())
    }
  })

  test('root has no right over the machine', async () => {
    const status = await run('cat /proc/self/status', { user: 'root' })
    for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb']) assert.match(status, new RegExp(`${set}:\\s+0{16}\\n`), set)
    assert.match(status, /NoNewPrivs:\s+1/)
    const refused = async (command) => assert.notEqual((await sandbox.commands.run(command, { user: 'root' }).catch((e) => e)).exitCode, 0, command)
    await refused('mount -t tmpfs none /mnt')
    await refused('unshare -U true')
    await refused('touch /usr/bin/own')
    await refused('mknod /tmp/disk b 8 0 && ls /tmp/disk') // what seems to work changes nothing
    await refused('chroot /tmp /bin/true')
    await refused('hostname other')
    await refused('cat /proc/1/environ')
    await refused('ls -l /proc/1/fd/ 2>&1 | grep -q socket')
    await run('kill -9 1; true', { user: 'root' })
    assert.equal(await run('echo still here', { user: 'root' }), 'still here')
  })

  test('other names', async () => {
    await assert.rejects(sandbox.commands.run('true', { user: 'ghost' }), (e) => e instanceof AuthenticationError && /invalid username: 'ghost'/.test(e.message))
    await assert.rejects(sandbox.files.list('/', { user: 'ghost' }), AuthenticationError)
    const response = await envd(sandbox, '/files?path=x&username=ghost')
    assert.equal(response.status, 401)
    assert.match((await response.json()).message, /^error looking up user 'ghost'/)
  })
})
