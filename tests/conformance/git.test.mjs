// The SDK's git helper: it needs no more than git in the sandbox.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { CommandExitError, Sandbox } from 'e2b'

describe('git', () => {
  let sandbox, git
  before(async () => {
    sandbox = await Sandbox.create('base', { timeoutMs: 120_000 })
    git = sandbox.git
    await git.configureUser('Jana Nováková', 'jana@example.org')
  })
  after(() => sandbox?.kill())

  const write = (path, data) => sandbox.files.write(path, data)

  test('a repository with a first commit', async () => {
    await git.init('repo', { initialBranch: 'trunk' })
    await write('repo/one.txt', 'one\n')
    const before = await git.status('repo')
    assert.deepEqual([before.hasUntracked, before.isClean, before.fileStatus.map((each) => each.name)], [true, false, ['one.txt']])
    await git.add('repo')
    assert.equal((await git.status('repo')).hasStaged, true)
    await git.commit('repo', 'First: "quoted" & žluťoučký')
    const status = await git.status('repo')
    assert.deepEqual([status.isClean, status.currentBranch], [true, 'trunk'])
    const { stdout } = await sandbox.commands.run('git -C repo log --format="%an <%ae> %s"')
    assert.equal(stdout, 'Jana Nováková <jana@example.org> First: "quoted" & žluťoučký\n')
  })

  test('branches', async () => {
    await git.createBranch('repo', 'side')
    assert.deepEqual((await git.branches('repo')).branches.sort(), ['side', 'trunk'])
    assert.equal((await git.branches('repo')).currentBranch, 'side')
    await git.checkoutBranch('repo', 'trunk')
    await git.deleteBranch('repo', 'side', { force: true })
    assert.deepEqual((await git.branches('repo')).branches, ['trunk'])
  })

  test('a change is restored and reset', async () => {
    await write('repo/one.txt', 'changed\n')
    await git.restore('repo', { paths: ['one.txt'] })
    assert.equal(await sandbox.files.read('repo/one.txt'), 'one\n')
    await write('repo/one.txt', 'changed\n')
    await git.add('repo', { files: ['one.txt'] })
    await git.reset('repo', { mode: 'hard' })
    assert.equal((await git.status('repo')).isClean, true)
  })

  test('settings', async () => {
    await git.setConfig('sandglass.answer', '42')
    assert.equal(await git.getConfig('sandglass.answer'), '42')
    assert.equal(await git.getConfig('sandglass.nothing'), undefined)
  })

  test('clone, push and pull with a repository beside', async () => {
    await git.init('bare.git', { bare: true, initialBranch: 'trunk' })
    await git.remoteAdd('repo', 'origin', '/home/user/bare.git')
    assert.equal(await git.remoteGet('repo', 'origin'), '/home/user/bare.git')
    await git.push('repo', { remote: 'origin', branch: 'trunk' })
    await git.clone('/home/user/bare.git', { path: '/home/user/copy' })
    assert.equal(await sandbox.files.read('copy/one.txt'), 'one\n')
    await write('copy/two.txt', 'two\n')
    await git.add('copy')
    await git.commit('copy', 'Second', { authorName: 'Other', authorEmail: 'other@example.org' })
    assert.equal((await git.status('copy')).ahead, 1)
    await git.push('copy', { remote: 'origin', branch: 'trunk' })
    await git.pull('repo', { remote: 'origin', branch: 'trunk' })
    assert.equal(await sandbox.files.read('repo/two.txt'), 'two\n')
  })

  test('what fails is told', async () => {
    await assert.rejects(git.status('/tmp'), (e) => e instanceof CommandExitError && /not a git repository/.test(e.stderr))
    await assert.rejects(git.clone('/home/user/no-such.git', { path: '/tmp/x' }))
  })
})
