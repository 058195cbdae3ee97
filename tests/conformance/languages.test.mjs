// Kernels beside Python: JavaScript, TypeScript, bash; what the others answer.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { Sandbox } from '@e2b/code-interpreter'
import { toPort, until } from './support.mjs'

describe('languages', () => {
  let sandbox
  const js = (code, options) => sandbox.runCode(code, { language: 'js', ...options })
  const bash = (code, options) => sandbox.runCode(code, { language: 'bash', ...options })
  /** The SDK tells the status of a refusal alone. */
  const refusal = async (path, body) => {
    const response = await toPort(sandbox, 49999, path, { method: 'POST', body: JSON.stringify(body),
      headers: { 'Content-Type': 'application/json', 'X-Access-Token': sandbox.envdAccessToken } })
    assert.equal(response.status, 500)
    return response.text()
  }
  before(async () => { sandbox = await Sandbox.create({ timeoutMs: 120_000, envs: { FROM: 'sandbox' } }) })
  after(() => sandbox?.kill())

  test('two contexts stand ready, and only Python has a process', async () => {
    const contexts = await sandbox.listCodeContexts()
    assert.deepEqual(contexts.map((each) => each.language).sort(), ['javascript', 'python'])
    assert.deepEqual([...new Set(contexts.map((each) => each.cwd))], ['/home/user'])
    assert.equal((await sandbox.commands.run('pgrep -c node || true')).stdout.trim(), '0')
    await js('1')
    assert.equal((await sandbox.listCodeContexts()).length, 2)
    assert.equal((await sandbox.commands.run('pgrep -c node')).stdout.trim(), '1')
  })

  test('JavaScript: results, state, await, imports', async () => {
    assert.equal((await js('const x = 5; let list = [1, { a: "b" }]; x * 2')).text, '10')
    const shown = await js('list')
    assert.deepEqual([shown.results[0].json, shown.results[0].isMainResult], [[1, { a: 'b' }], true])
    assert.equal((await js('"text loses its quotes"')).text, 'text loses its quotes')
    assert.equal((await js('x = undefined; undefined').catch((e) => e)).results?.length ?? 0, 0)
    assert.equal((await js('await new Promise((done) => setTimeout(() => done(42), 20))')).text, '42')
    assert.equal((await js('const late = await Promise.resolve(3)\nlate + x')).text, '8')
    assert.equal((await js('import fs, { existsSync as is } from "node:fs"\nimport * as path from "path"\n[typeof fs.statSync, is("/etc/passwd"), path.join("a", "b")]')).text, "[ 'function', true, 'a/b' ]")
    assert.equal((await js('require("os").homedir()')).text, '/home/user')
    assert.equal((await js('display({ _toHtml: () => "<b>bold</b>" })')).results[0].html, '<b>bold</b>')
    assert.equal((await js('')).results.length, 0)
  })

  test('JavaScript: the console comes while the code runs, children too', async () => {
    const times = []
    const { logs } = await js('for (let i = 0; i < 3; ++i) { console.log("line", i); await new Promise((r) => setTimeout(r, 500)) }\nconsole.error("oh")', { onStdout: () => { times.push(Date.now()) } })
    assert.deepEqual([logs.stdout.join(''), logs.stderr.join('')], ['line 0\nline 1\nline 2\n', 'oh\n'])
    assert.ok(times.at(-1) - times[0] >= 200) // of 1,000: not all at the end, on a busy machine neither
    assert.equal((await js('require("child_process").execSync("echo from a child", { stdio: "inherit" }); console.log("after")')).logs.stdout.join(''), 'from a child\nafter\n')
    const flood = (await js('for (let i = 0; i < 50000; ++i) console.log(String(i).padStart(99, "0"))')).logs.stdout.join('')
    assert.equal(flood.length, 5_000_000)
    assert.ok(flood.endsWith('49999\n'))
  })

  test('JavaScript: errors', async () => {
    const { error } = await js('function inner() { throw new RangeError("too far") }\ninner()')
    assert.deepEqual([error.name, error.value], ['RangeError', 'too far'])
    assert.match(error.traceback, /RangeError: too far\n.*at inner \(cell-/)
    assert.doesNotMatch(error.traceback, /node:/)
    assert.equal((await js('if (')).error.name, 'SyntaxError')
    assert.equal((await js('await Promise.reject(new TypeError("later"))')).error.value, 'later')
    assert.match((await js('throw { own: 1 }')).error.value, /own: 1/)
    assert.match((await js('process.exit(3)')).error.value, /cannot be left/)
    assert.equal((await js('x')).text, '5')
  })

  test('JavaScript: variables of one run', async () => {
    const get = '`${process.env.FROM},${process.env.EXTRA}`'
    assert.equal((await js(get)).text, 'sandbox,undefined')
    assert.equal((await js(get, { envs: { FROM: 'run', EXTRA: 'x ü' } })).text, 'run,x ü')
    assert.equal((await js(get)).text, 'sandbox,undefined')
  })

  test('JavaScript: cancelled code is interrupted, and the state stays', async () => {
    await assert.rejects(js('console.log("up"); while (true) {}', { timeoutMs: 700 }))
    assert.equal((await js('x')).text, '5')
    await assert.rejects(js('await new Promise(() => {})', { timeoutMs: 500 }))
    assert.equal((await js('x')).text, '5')
  })

  test('JavaScript: the end of the process, a restart, a directory of its own', async () => {
    const context = await sandbox.createCodeContext({ language: 'javascript', cwd: '/tmp' })
    assert.deepEqual([context.language, context.cwd], ['javascript', '/tmp'])
    const own = (code) => sandbox.runCode(code, { context })
    assert.equal((await own('process.cwd()')).text, '/tmp')
    await own('var kept = 1')
    assert.equal((await own('process.kill(process.pid, "SIGKILL"); while (true) {}')).error.name, 'UnexpectedEndOfExecution')
    assert.equal((await own('typeof kept')).text, 'undefined')
    await own('var kept = 2')
    const running = own('console.log("begun"); await new Promise(() => {})')
    await until(async () => (await sandbox.commands.run('pgrep -c node')).stdout.trim() === '2', 'the second kernel')
    await sandbox.restartCodeContext(context)
    assert.equal((await running).error.name, 'ContextRestarting')
    const fresh = await own('typeof kept')
    assert.deepEqual([fresh.text, fresh.executionCount], ['undefined', 1])
    await sandbox.removeCodeContext(context)
  })

  test('TypeScript runs, or says what it lacks', async () => {
    let execution
    try { execution = await sandbox.runCode('interface A { n: number }\nconst a: A = { n: 42 }\na.n as number', { language: 'ts' }) } catch {
      return assert.match(await refusal('/execute', { code: '1', language: 'ts' }), /^TypeScript needs Node.js 22.13 or newer, or the module/)
    }
    assert.equal(execution.text, '42')
  })

  test('bash: state, directory, functions, status', async () => {
    assert.equal((await bash('cd /tmp; name=world; greet() { echo "hello $1"; }')).error, undefined)
    const { logs } = await bash('greet $name; pwd; echo oops >&2')
    assert.deepEqual([logs.stdout.join(''), logs.stderr.join('')], ['hello world\n/tmp\n', 'oops\n']) // in pieces of any size
    assert.equal((await bash('declare -A map; map[a]=1')).error, undefined)
    assert.equal((await bash("printf '%s|' \"${map[a]}\" 'it'\\''s'\ncat <<END\nü $name\nEND\nread -r x; echo \"[$x]\"")).logs.stdout.join(''), "1|it's\n".replace('\n', '') + '|ü world\n[]\n')
    const failed = await bash('echo before; false')
    assert.deepEqual([failed.logs.stdout.join(''), failed.error.name, failed.error.value], ['before\n', 'ExitStatus', '1'])
    assert.match((await bash('echo "unfinished')).logs.stderr.join(''), /unexpected EOF/)
    assert.equal((await bash('seq 100000 | tail -n 1; echo $((6 * 7))')).logs.stdout.join(''), '100000\n42\n')
  })

  test('bash: order, variables of one run, files of the channel', async () => {
    assert.equal((await bash('for i in 1 2 3; do echo $i; sleep 0.05; done; ls /proc/self/fd | wc -l')).logs.stdout.join(''), '1\n2\n3\n4\n')
    const get = 'echo "$FROM,${EXTRA-none}"'
    assert.equal((await bash(get)).logs.stdout.join(''), 'sandbox,none\n')
    assert.equal((await bash(get, { envs: { FROM: "it's\nrun", EXTRA: '$x ü' } })).logs.stdout.join(''), "it's\nrun,$x ü\n")
    assert.equal((await bash(get)).logs.stdout.join(''), 'sandbox,none\n')
  })

  test('bash: interrupted, left, restarted', async () => {
    await bash('kept=7')
    await assert.rejects(bash('echo up; sleep 100; echo never', { timeoutMs: 600 }))
    assert.equal((await bash('echo $kept')).logs.stdout.join(''), '7\n')
    await assert.rejects(bash('while :; do :; done', { timeoutMs: 600 }))
    assert.equal((await bash('echo $kept')).logs.stdout.join(''), '7\n')
    assert.equal((await bash('exit 3')).error.name, 'UnexpectedEndOfExecution')
    assert.equal((await bash('echo "[$kept]"')).logs.stdout.join(''), '[]\n')
    const context = (await sandbox.listCodeContexts()).find((each) => each.language === 'bash')
    await sandbox.restartCodeContext(context)
    assert.equal((await bash('pwd')).logs.stdout.join(''), '/home/user\n')
  })

  test('r and java are not in this template', async () => {
    for (const language of ['r', 'java']) {
      await assert.rejects(sandbox.runCode('1', { language }))
      const text = `there is no kernel for '${language}' in this sandbox; it has: python, javascript, typescript, bash`
      assert.equal(await refusal('/execute', { code: '1', language }), text)
      assert.equal(await refusal('/contexts', { language }), text)
    }
    assert.equal((await sandbox.runCode('1 + 1')).text, '2')
  })
})
