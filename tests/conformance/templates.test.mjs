// Template builds with the published E2B SDK, unmodified, against a running engine.
import assert from 'node:assert/strict'
import { mkdtemp, mkdir, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, afterEach, before, describe, test } from 'node:test'
import { BuildError, FileUploadError, Sandbox, Template, waitForFile, waitForPort, waitForURL } from 'e2b'
import { Sandbox as Interpreter } from '@e2b/code-interpreter'
import { api, apiUrl, toPort } from './support.mjs'

const name = (what) => `sdk-${process.pid}-${what}`

/** Builds and gives back the build and its log. */
async function build(template, what, options = {}) {
  const log = []
  const info = await Template.build(template, name(what), { onBuildLogs: (entry) => log.push(entry.message), ...options })
  return { ...info, log: log.map((line) => line.trim()) }
}

describe('template builds', { timeout: 120_000 }, () => {
  let context
  const open = []
  const make = async (template, options = {}, Kind = Sandbox) => {
    const sandbox = await Kind.create(template, { timeoutMs: 60_000, ...options })
    open.push(sandbox)
    return sandbox
  }
  const from = () => Template({ fileContextPath: context }).fromBaseImage()
  const stdout = async (sandbox, command, options) => (await sandbox.commands.run(command, options)).stdout

  before(async () => {
    context = await mkdtemp(join(tmpdir(), 'templates-'))
    await mkdir(join(context, 'app/lib'), { recursive: true })
    await writeFile(join(context, 'app/main.py'), 'print("main")\n')
    await writeFile(join(context, 'app/lib/one.txt'), 'one')
    await writeFile(join(context, 'app/lib/two.md'), 'two')
    await writeFile(join(context, 'app/left-out.log'), 'log')
    await writeFile(join(context, 'top.txt'), 'top')
    await writeFile(join(context, '.dockerignore'), '**/*.log\n')
    await symlink('main.py', join(context, 'app/link'))
  })
  afterEach(() => Promise.allSettled(open.splice(0).map((each) => each.kill())))
  after(() => rm(context, { recursive: true }))

  test('every kind of step', async () => {
    const template = from()
      .setEnvs({ FIRST: 'one', SECOND: '$FIRST two', LITERAL: '$(id)' })
      .setWorkdir('/srv/work')
      .copy('app', 'copied')
      .copy('app/lib/*.txt', '/srv/globbed/')
      .copy('top.txt', 'renamed.txt', { mode: 0o600 })
      .copy('top.txt', '/srv/folder/')
      .runCmd(['echo "$SECOND" > run.txt', 'pwd >> run.txt'])
      .setWorkdir('deeper')
      .runCmd('echo "$HOME" > home.txt', { user: 'root' })
      .makeDir('made').makeSymlink('/srv/work/run.txt', 'made/link').rename('home.txt', 'made/home.txt')
    const built = await build(template, 'steps', { cpuCount: 1, memoryMB: 512 })
    assert.deepEqual(built.tags, ['default'])
    assert.ok(built.log.some((line) => line.includes("Uploaded 'app'")), built.log.join('\n'))
    const sandbox = await make(name('steps'))
    assert.equal(await stdout(sandbox, 'pwd'), '/srv/work/deeper\n')
    assert.equal(await stdout(sandbox, 'cat ../run.txt made/link made/home.txt'),
      'one two\n/srv/work\none two\n/srv/work\n/root\n')
    assert.equal(await stdout(sandbox, 'echo "$FIRST|$SECOND|$LITERAL"'), 'one|one two|$(id)\n')
    assert.equal(await stdout(sandbox, 'cd ../copied && find . | sort && readlink link && python3 main.py'),
      '.\n./lib\n./lib/one.txt\n./lib/two.md\n./link\n./main.py\nmain.py\nmain\n')
    assert.equal(await stdout(sandbox, 'ls /srv/globbed /srv/folder; stat -c %a ../renamed.txt'),
      '/srv/folder:\ntop.txt\n\n/srv/globbed:\none.txt\n600\n')
    const info = await sandbox.getInfo()
    assert.deepEqual([info.cpuCount, info.memoryMB], [1, 512])
    const own = await make(name('steps'), { envs: { FIRST: 'own' } })
    assert.equal(await stdout(own, 'echo $FIRST $SECOND', { cwd: '/' }), 'own one two\n')
  })

  test('a second build takes layers from the cache, a forced one does not', async () => {
    const template = () => from().runCmd('date +%s%N > /srv/when').copy('top.txt', '/srv/')
    await build(template(), 'cached')
    const when = async () => stdout(await make(name('cached')), 'cat /srv/when')
    const first = await when()
    const again = await build(template(), 'cached')
    assert.ok(again.log.some((line) => /^CACHED \[builder 1\/2\] RUN date/.test(line)), again.log.join('\n'))
    assert.ok(again.log.some((line) => line.includes("Skipping upload of 'top.txt'")))
    assert.equal(await when(), first)
    const forced = await build(template(), 'cached', { skipCache: true })
    assert.ok(!forced.log.some((line) => line.startsWith('CACHED')))
    const third = await when()
    assert.notEqual(third, first)
    await build(from().skipCache().runCmd('date +%s%N > /srv/when'), 'cached')
    assert.notEqual(await when(), third)
  })

  test('a changed file is copied anew', async () => {
    const template = () => from().copy('changing.txt', '/srv/')
    for (const text of ['before', 'after']) {
      await writeFile(join(context, 'changing.txt'), text)
      await build(template(), 'changing')
      assert.equal(await stdout(await make(name('changing')), 'cat /srv/changing.txt'), text)
    }
  })

  test('a failing step is told with its line', async () => {
    const template = from().runCmd('true')
    template.runCmd('echo the reason >&2; exit 7') // the line that the error has to name
    template.runCmd('true')
    const line = (await import('node:fs')).readFileSync(import.meta.filename ?? new URL(import.meta.url), 'utf8')
      .split('\n').findIndex((text) => text.includes('the line that the error')) + 1
    await assert.rejects(build(template, 'failing'), (error) => {
      assert.ok(error instanceof BuildError, String(error))
      assert.match(error.message, /exit status 7: the reason/)
      assert.match(error.stack, new RegExp(`templates\\.test\\.mjs:${line}:`))
      return true
    })
    await assert.rejects(Sandbox.create(name('failing')))
    await assert.rejects(build(Template().fromImage('quay.io/nobody/nothing:none'), 'failing'), BuildError)
    await assert.rejects(build(Template().fromTemplate(name('missing')), 'failing'), /not found/)
  })

  test('a link out of the context is refused with a reason', async () => {
    await mkdir(join(context, 'linked'))
    await symlink('/etc/hostname', join(context, 'linked/out'))
    await assert.rejects(build(from().copy('linked', '/srv/'), 'linked'), FileUploadError)
  })

  test('start command: it runs in every sandbox, and the build waits until it is ready', async () => {
    const template = from().setWorkdir('/srv/www').copy('top.txt', '.')
      .setStartCmd('sleep 0.3; echo started > /tmp/started; exec python3 -m http.server 8200', waitForPort(8200))
    const built = await build(template, 'server')
    assert.ok(built.log.some((line) => line.includes('Running start command')), built.log.join('\n'))
    for (let i = 0; i < 2; ++i) {
      const sandbox = await make(name('server'))
      assert.equal(await (await toPort(sandbox, 8200, '/top.txt')).text(), 'top') // at once
      assert.equal(await stdout(sandbox, 'cat /tmp/started'), 'started\n')
    }
    await build(Template().fromTemplate(name('server')).setReadyCmd(waitForURL('http://localhost:8200/top.txt')), 'ready-only')
    await assert.rejects(build(from().setStartCmd('exit 3', waitForFile('/never')), 'no-server'), /start command/)
  })

  test('tags', async () => {
    await build(from().runCmd('echo 1 > /srv/v'), 'tags:v1', { tags: ['stable'] })
    await build(from().runCmd('echo 2 > /srv/v'), 'tags')
    const version = async (tag) => stdout(await make(name('tags') + tag), 'cat /srv/v')
    assert.deepEqual(await Promise.all(['', ':v1', ':stable'].map(version)), ['2\n', '1\n', '1\n'])
    const assigned = await Template.assignTags(name('tags:v1'), ['production', 'default'])
    assert.deepEqual(assigned.tags, ['production', 'default'])
    assert.equal(await version(''), '1\n')
    const tags = await Template.getTags((await build(from().runCmd('echo 2 > /srv/v'), 'tags:v2')).templateId)
    assert.deepEqual(tags.map((each) => each.tag).sort(), ['default', 'production', 'stable', 'v1', 'v2'])
    await Template.removeTags(name('tags'), 'production')
    await assert.rejects(version(':production'))
    await assert.rejects(Template.removeTags(name('tags'), 'default'))
  })

  test('exists, background builds, status, delete', async () => {
    assert.equal(await Template.exists(name('background')), false)
    const info = await Template.buildInBackground(from().runCmd('sleep 0.2; echo x'), name('background'))
    assert.equal(await Template.exists(name('background')), true)
    let status
    do status = await Template.getBuildStatus(info, { logsOffset: 0 })
    while (status.status === 'building' || status.status === 'waiting')
    assert.equal(status.status, 'ready')
    assert.ok(status.logEntries.some((entry) => entry.message.includes('RUN sleep')))
    const listed = await (await api('/templates')).json()
    assert.ok(listed.some((each) => each.names.includes(name('background')) && each.buildStatus === 'ready'))
    assert.equal((await api(`/templates/${info.templateId}`, { method: 'DELETE' })).status, 204)
    assert.equal(await Template.exists(name('background')), false)
    await assert.rejects(Sandbox.create(name('background')))
  })

  test('a Dockerfile', async () => {
    const template = Template({ fileContextPath: context }).fromDockerfile(`FROM e2bdev/code-interpreter:latest
ARG WHO=dockerfile
ENV GREETING=hello-$WHO
WORKDIR /opt/app
COPY --chown=user:user app/main.py top.txt ./
RUN echo "$GREETING" > greeting \\
    && cat top.txt >> greeting
`)
    await build(template, 'dockerfile')
    const sandbox = await make(name('dockerfile'))
    assert.equal(await stdout(sandbox, 'cat greeting && python3 main.py'), 'hello-dockerfile\ntopmain\n')
    assert.equal(await stdout(sandbox, 'pwd; echo $GREETING'), '/opt/app\nhello-dockerfile\n')
  })

  test('code runs in what was built on the interpreter', async () => {
    const template = Template({ fileContextPath: context }).fromTemplate('code-interpreter-v1')
      .runCmd('mkdir -p /opt/lib && echo "VALUE = 42" > /opt/lib/built.py').setEnvs({ PYTHONPATH: '/opt/lib' })
    await build(template, 'interpreter')
    const sandbox = await make(name('interpreter'), {}, Interpreter)
    assert.equal((await sandbox.runCode('import built; built.VALUE')).text, '42')
  })

  test('an upload URL needs its token, and nothing else', async () => {
    const { templateId } = await build(from().runCmd('true'), 'upload')
    const { present, url } = await (await api(`/templates/${templateId}/files/${'f'.repeat(64)}`)).json()
    assert.deepEqual([present, url.startsWith(apiUrl)], [false, true])
    assert.equal((await fetch(url + '0', { method: 'PUT', body: 'x' })).status, 403)
    const answer = await fetch(url, { method: 'PUT', body: 'not a tar file' })
    assert.equal(answer.status, 400)
    assert.match((await answer.json()).message, /archive/)
  })
})
