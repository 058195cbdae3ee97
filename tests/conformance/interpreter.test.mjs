// The code interpreter with its SDK: results of every kind, streams, errors, contexts.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { NotFoundError, SandboxError } from 'e2b'
import { Sandbox } from '@e2b/code-interpreter'
import { toPort, until } from './support.mjs'

describe('interpreter', () => {
  let sandbox
  const run = (...args) => sandbox.runCode(...args)
  before(async () => { sandbox = await Sandbox.create({ timeoutMs: 120_000, envs: { FROM: 'sandbox' } }) })
  after(() => sandbox?.kill())

  const only = (execution) => {
    assert.equal(execution.error, undefined, JSON.stringify(execution.error))
    assert.equal(execution.results.length, 1, JSON.stringify(execution.results))
    return execution.results[0]
  }

  test('nothing, a comment, an assignment: no result', async () => {
    for (const code of ['', '# nothing', 'x = 1', 'None', 'x;']) {
      const execution = await run(code)
      assert.deepEqual([execution.results.length, execution.error, execution.text], [0, undefined, undefined], code)
    }
  })

  test('texts lose their quotes, other values are shown', async () => {
    assert.equal((await run(`'it is'`)).text, 'it is')
    assert.equal((await run('3.5')).text, '3.5')
    assert.equal((await run('[1, "a", None]')).text, "[1, 'a', None]")
    assert.equal((await run('"žluťoučký 🐎"')).text, 'žluťoučký 🐎')
  })

  test('lists and dictionaries are JSON too', async () => {
    const result = only(await run('{"a": [1, 2.5, None, True], "ü": {"b": "c"}}'))
    assert.deepEqual(result.json, { a: [1, 2.5, null, true], 'ü': { b: 'c' } })
    assert.ok(result.isMainResult)
    assert.ok(result.formats().includes('json'))
  })

  test('HTML, Markdown, SVG, LaTeX, JSON, JavaScript, PNG and JPEG', async () => {
    const show = async (code) => only(await run(`from IPython.display import *\n${code}`))
    assert.equal((await show('HTML("<b>bold</b>")')).html, '<b>bold</b>')
    assert.equal((await show('Markdown("# head")')).markdown, '# head')
    assert.match((await show(`SVG('<svg xmlns="http://www.w3.org/2000/svg"></svg>')`)).svg, /^<svg/)
    assert.equal((await show('Latex("$x^2$")')).latex, '$x^2$')
    assert.deepEqual((await show('JSON({"k": [1]})')).json, { k: [1] })
    assert.equal((await show('Javascript("alert(1)")')).javascript.trim(), 'alert(1)')
    const png = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='
    assert.equal((await show(`import base64\nImage(base64.b64decode("${png}"))`)).png.replace(/\s/g, ''), png)
    assert.equal((await show('Image(b"\\xff\\xd8\\xff\\xe0jpeg", format="jpeg")')).jpeg, Buffer.from('ffd8ffe06a706567', 'hex').toString('base64'))
  })

  test('an object with its own faces', async () => {
    const result = only(await run(`
class Faces:
    def __repr__(self): return 'face'
    def _repr_html_(self): return '<i>face</i>'
    def _repr_markdown_(self): return '*face*'
    def _repr_mimebundle_(self, **_): return {'application/vnd.own+json': {'a': 1}}
Faces()`))
    assert.deepEqual([result.text, result.html, result.markdown], ['face', '<i>face</i>', '*face*'])
    assert.deepEqual(result.raw.extra, { 'application/vnd.own+json': { a: 1 } })
  })

  test('several results in their order, one of them the main one', async () => {
    const { results, text } = await run('from IPython.display import display\nfor i in range(3): display(i)\n"last"')
    assert.deepEqual(results.map((each) => [each.text, each.isMainResult]), [['0', false], ['1', false], ['2', false], ['last', true]])
    assert.equal(text, 'last')
  })

  test('a data frame as values', async () => {
    const result = only(await run('import pandas as pd\npd.DataFrame({"n": [1, 2], "t": ["a", "b"], "f": [0.5, float("nan")]})'))
    assert.deepEqual(result.data, { n: [1, 2], t: ['a', 'b'], f: [0.5, null] })
    assert.match(result.html, /<table/)
  })

  test('two figures are two pictures', async () => {
    const { results, error } = await run('import matplotlib.pyplot as plt\nfor n in (1, 2):\n    plt.figure(); plt.plot([n, 2]); plt.show()')
    assert.equal(error, undefined)
    assert.equal(results.filter((each) => each.png).length, 2)
    assert.equal(new Set(results.map((each) => each.png)).size, 2)
  })

  const chart = async (code) => {
    const { results, error } = await run(`import datetime, matplotlib.pyplot as plt\n${code}\nplt.show()`)
    assert.equal(error, undefined, JSON.stringify(error))
    assert.equal(results.length, 1)
    assert.ok(results[0].png && results[0].chart.type === results[0].raw.chart.type)
    return results[0].raw.chart
  }

  test('a line chart: units, ticks, dates', async () => {
    const line = await chart(`days = [datetime.date(2023, 9, 1) + datetime.timedelta(days=i) for i in range(3)]
plt.plot(days, [1, 2.5, 4], label="grows"); plt.plot(days, [0, float("nan"), 1])
plt.xlabel("Time (s)"); plt.ylabel("Amplitude [Hz]"); plt.title("Waves"); plt.grid(True); plt.axhline(2)`)
    assert.deepEqual([line.type, line.title, line.x_label, line.y_label, line.x_unit, line.y_unit, line.x_scale, line.y_scale],
      ['line', 'Waves', 'Time (s)', 'Amplitude [Hz]', 's', 'Hz', 'datetime', 'linear'])
    assert.deepEqual(line.elements.map((each) => each.label), ['grows', 'Line 1'])
    assert.deepEqual(line.elements[0].points, [['2023-09-01T00:00:00', 1], ['2023-09-02T00:00:00', 2.5], ['2023-09-03T00:00:00', 4]])
    assert.equal(line.elements[1].points[1][1], null)
    assert.ok(line.x_ticks.length === line.x_tick_labels.length && line.x_ticks.every((each) => !Number.isNaN(Date.parse(each))))
    assert.ok(line.y_ticks.every(Number.isFinite))
  })

  test('scatter, bar, pie, box plot, several in one, none of these', async () => {
    const scatter = await chart('plt.scatter([1, 2], [3, 400], label="A"); plt.yscale("log")')
    assert.deepEqual([scatter.type, scatter.y_scale, scatter.elements], ['scatter', 'log', [{ label: 'A', points: [[1, 3], [2, 400]] }]])
    const bar = await chart('plt.bar(["x", "y"], [100, 200], label="Sold"); plt.xlabel("Author")')
    assert.deepEqual([bar.type, bar.x_label, bar.x_unit], ['bar', 'Author', null])
    assert.deepEqual(bar.elements, [{ label: 'x', group: 'Sold', value: 100 }, { label: 'y', group: 'Sold', value: 200 }])
    const groups = await chart('import pandas as pd\nfigure = pd.DataFrame({"a": [1, 2], "b": [3, 4]}, index=["x", "y"]).plot.barh()')
    assert.deepEqual(groups.elements.map((each) => [each.group, each.label, each.value]), [['a', 'x', 1], ['a', 'y', 2], ['b', 'x', 3], ['b', 'y', 4]])
    const pie = await chart('plt.pie([90, 10], labels=["No", "Yes"], autopct="%1.1f%%", startangle=90); plt.title("Early?")')
    assert.deepEqual(pie, { type: 'pie', title: 'Early?', elements: [{ label: 'No', angle: 324, radius: 1 }, { label: 'Yes', angle: 36, radius: 1 }] })
    for (const more of ['', ', patch_artist=True', ', notch=True']) {
      const box = await chart(`plt.boxplot([[85, 90, 78, 92, 88, 10], [1, 2, 3]], labels=["A", "B"]${more}); plt.ylabel("Score")`)
      assert.deepEqual([box.type, box.y_label], ['box_and_whisker', 'Score'], more)
      assert.deepEqual(box.elements, [
        { label: 'A', min: 78, first_quartile: 79.75, median: 86.5, third_quartile: 89.5, max: 92, outliers: [10] },
        { label: 'B', min: 1, first_quartile: 1.5, median: 2, third_quartile: 2.5, max: 3, outliers: [] }], more)
    }
    const both = await chart('f, axes = plt.subplots(1, 2); f.suptitle("Two"); axes[0].plot([1, 2]); axes[1].scatter(["u"], [2])')
    assert.deepEqual([both.type, both.title, both.elements.map((each) => each.type), both.elements[1].x_scale], ['superchart', 'Two', ['line', 'scatter'], 'categorical'])
    assert.deepEqual(both.elements[1].elements[0].points, [['u', 2]])
    const other = await chart('plt.gca().add_artist(plt.Circle((0, 0), 1)); plt.title("Round")')
    assert.deepEqual(other, { type: 'unknown', title: 'Round', elements: [] })
  })

  test('a chart of a million points is a picture alone', async () => {
    const { results, error } = await run('import matplotlib.pyplot as plt\nplt.plot(range(1_000_000)); plt.show()')
    assert.deepEqual([error, results.length, results[0].chart, results[0].raw.chart], [undefined, 1, undefined, undefined])
    assert.ok(results[0].png)
  })

  test('a module beside the code is found', async () => {
    await sandbox.files.write('charts.py', 'name = "mine"')
    assert.equal((await run('import charts; charts.name')).text, 'mine')
  })

  test('output, errors and results reach their callbacks', async () => {
    const seen = []
    const execution = await run('import sys\nprint("out")\nprint("err", file=sys.stderr)\nfrom IPython.display import display\ndisplay(1)\n1/0', {
      onStdout: (m) => seen.push(`out:${m.line}:${m.error}`), onStderr: (m) => seen.push(`err:${m.line}:${m.error}`),
      onResult: (r) => seen.push(`result:${r.text}`), onError: (e) => seen.push(`error:${e.name}`),
    })
    assert.deepEqual(seen.filter((each) => !/^(out|err):/.test(each)), ['result:1', 'error:ZeroDivisionError'])
    assert.ok(seen.includes('out:out\n:false') && seen.includes('err:err\n:true'), seen.join())
    assert.equal(execution.error.name, 'ZeroDivisionError')
    assert.deepEqual([execution.logs.stdout.join(''), execution.logs.stderr.join('')], ['out\n', 'err\n'])
  })

  test('output comes while the code runs', async () => {
    const times = []
    await run('import time\nfor i in range(3):\n    print(i); time.sleep(0.5)', { onStdout: () => { times.push(Date.now()) } })
    assert.ok(times.length >= 3 && times.at(-1) - times[0] >= 500, `${times.length} in ${times.at(-1) - times[0]} ms`)
  })

  test('five megabytes of output arrive whole', async () => {
    const { logs } = await run('for i in range(50000): print(str(i).zfill(99))')
    const text = logs.stdout.join('')
    assert.equal(text.length, 5_000_000)
    assert.ok(text.startsWith('0'.repeat(99) + '\n') && text.endsWith('49999\n'))
  })

  test('output of many languages, of children, and of bare bytes', async () => {
    const { logs } = await run('import os, sys, subprocess\nprint("Ελληνικά 中文 🐎")\nsys.stdout.flush()\nsubprocess.run(["echo", "child 子"])\nos.write(1, b"raw\\n")')
    assert.equal(logs.stdout.join(''), 'Ελληνικά 中文 🐎\nchild 子\nraw\n')
  })

  test('errors: own classes, chains, syntax, leaving', async () => {
    const own = (await run('class Mine(Exception): pass\nraise Mine("because ü")')).error
    assert.deepEqual([own.name, own.value], ['Mine', 'because ü'])
    const chain = (await run('try:\n    1/0\nexcept ZeroDivisionError as e:\n    raise ValueError("second") from e')).error
    assert.deepEqual([chain.name, chain.value], ['ValueError', 'second'])
    assert.match(chain.traceback, /ZeroDivisionError/)
    assert.match(chain.traceback, /direct cause/)
    assert.equal((await run('if True:\nprint(1)')).error.name, 'IndentationError')
    assert.equal((await run('raise SystemExit(3)')).error.name, 'SystemExit')
    assert.equal((await run('raise KeyboardInterrupt')).error.name, 'KeyboardInterrupt')
    assert.equal((await run('"still there"')).text, 'still there')
  })

  test('what came before an error is kept', async () => {
    const execution = await run('kept_before = 5\nprint("before")\nundefined_name\nprint("after")')
    assert.deepEqual([execution.logs.stdout.join(''), execution.error.name], ['before\n', 'NameError'])
    assert.equal((await run('kept_before')).text, '5')
  })

  test('input() has nobody to ask', async () => {
    const { error } = await run('input("name? ")')
    assert.match(error.name, /StdinNotImplemented|EOFError/)
  })

  test('await at the top level', async () => {
    assert.equal((await run('import asyncio\nawait asyncio.sleep(0.01)\nawait asyncio.gather(asyncio.sleep(0, 1), asyncio.sleep(0, 2))')).text, '[1, 2]')
  })

  test('magics and the shell', async () => {
    assert.equal((await run('!echo shell $((40+2))')).logs.stdout.join('').trim(), 'shell 42')
    assert.deepEqual((await run('lines = !printf "a\\nb\\n"\nlist(lines)')).json ?? only(await run('list(lines)')).json, ['a', 'b'])
    assert.match((await run('%timeit -n1 -r1 pass')).logs.stdout.join(''), /loop/)
    assert.match((await run('%%bash\necho from $BASH_VERSION')).logs.stdout.join(''), /^from \d/)
    // pip is the machine's own, which may have none.
    assert.match((await run('%pip --version')).logs.stdout.join(''), /^pip \d|No module named pip/)
    assert.equal((await run('%no_such_magic')).error?.name ?? 'UsageError', 'UsageError')
  })

  test('counting executions', async () => {
    const context = await sandbox.createCodeContext()
    assert.equal((await run('1', { context })).executionCount, 1)
    assert.equal((await run('2', { context })).executionCount, 2)
    await sandbox.restartCodeContext(context)
    assert.equal((await run('3', { context })).executionCount, 1)
    await sandbox.removeCodeContext(context)
  })

  test('variables of the sandbox, of one run, and again without', async () => {
    const get = 'import os\nstr(os.environ.get("FROM")) + "," + str(os.environ.get("EXTRA"))'
    assert.equal((await run(get)).text, 'sandbox,None')
    assert.equal((await run(get, { envs: { FROM: 'run', EXTRA: 'x ü' } })).text, 'run,x ü')
    assert.equal((await run(get)).text, 'sandbox,None')
    assert.equal((await run('!echo $FROM', { envs: { FROM: 'to children' } })).logs.stdout.join('').trim(), 'to children')
  })

  test('the working directory of a context', async () => {
    await sandbox.files.makeDir('place')
    const context = await sandbox.createCodeContext({ cwd: '/home/user/place' })
    assert.deepEqual([context.language, context.cwd], ['python', '/home/user/place'])
    await run('open("here.txt", "w").write("x")', { context })
    assert.equal(await sandbox.files.exists('place/here.txt'), true)
    assert.equal((await run('import os; os.getcwd()')).text, '/home/user')
    await sandbox.removeCodeContext(context.id)
    await assert.rejects(sandbox.createCodeContext({ cwd: '/no/such' }), SandboxError)
  })

  test('contexts run beside each other, one context in its order', async () => {
    const [a, b] = await Promise.all([sandbox.createCodeContext(), sandbox.createCodeContext()])
    assert.notEqual(a.id, b.id)
    const slow = run('import time\ntime.sleep(1.5)\n"slow"', { context: a })
    const started = Date.now()
    assert.equal((await run('"quick"', { context: b })).text, 'quick')
    assert.ok(Date.now() - started < 1400)
    const queued = run('"after"', { context: a })
    assert.equal((await slow).text, 'slow')
    assert.equal((await queued).text, 'after')
    await Promise.all([sandbox.removeCodeContext(a), sandbox.removeCodeContext(b)])
  })

  test('contexts that are not there', async () => {
    const id = '00000000-0000-4000-8000-000000000000'
    await assert.rejects(sandbox.removeCodeContext(id), NotFoundError)
    await assert.rejects(sandbox.restartCodeContext(id), NotFoundError)
    await assert.rejects(run('1', { context: { id, language: 'python', cwd: '/' } }), NotFoundError)
  })

  test('a language that no kernel speaks', async () => {
    await assert.rejects(sandbox.createCodeContext({ language: 'cobol' }))
    await assert.rejects(run('1', { language: 'cobol' }))
    assert.equal((await run('"python goes on"')).text, 'python goes on')
  })

  test('cancelled code is interrupted, and the state stays', async () => {
    await run('survivor = 7')
    await assert.rejects(run('import time\nwhile True: time.sleep(0.01)', { timeoutMs: 600 }))
    assert.equal((await run('survivor')).text, '7')
  })

  test('code waits for no thread, and a thread may print', async () => {
    const { logs } = await run('import threading\nt = threading.Thread(target=lambda: print("from a thread")); t.start(); t.join()')
    assert.equal(logs.stdout.join(''), 'from a thread\n')
  })

  test('the wire: one JSON object a line, the end last', async () => {
    const response = await toPort(sandbox, 49999, '/execute', {
      method: 'POST', headers: { 'Content-Type': 'application/json', 'X-Access-Token': sandbox.envdAccessToken },
      body: JSON.stringify({ code: 'print("x")\n1', context_id: null, language: null, env_vars: null }),
    })
    const lines = (await response.text()).trimEnd().split('\n').map((line) => JSON.parse(line))
    assert.deepEqual(lines.map((each) => each.type), ['number_of_executions', 'stdout', 'result', 'end_of_execution'])
    assert.ok(!Number.isNaN(Date.parse(lines[1].timestamp)))
  })

  test('the wire: health, both ways of choosing at once, no token', async () => {
    assert.equal(await (await toPort(sandbox, 49999, '/health')).text(), 'OK')
    const post = (body, headers) => toPort(sandbox, 49999, '/execute', { method: 'POST', headers: { 'Content-Type': 'application/json', ...headers }, body: JSON.stringify(body) })
    const token = { 'X-Access-Token': sandbox.envdAccessToken }
    assert.equal((await post({ code: '1', context_id: 'x', language: 'python' }, token)).status, 400)
    assert.equal((await post({ code: '1', context_id: 'x' }, token)).status, 404)
    assert.equal((await post({ code: '1' }, {})).status, 401)
  })

  test('files and commands are in the same place as the code', async () => {
    await sandbox.files.write('numbers.csv', 'a,b\n1,2\n3,4\n')
    assert.equal((await run('import pandas as pd\nint(pd.read_csv("numbers.csv").b.sum())')).text, '6')
    await run('open("from_code.txt", "w").write("written")')
    assert.equal((await sandbox.commands.run('cat from_code.txt')).stdout, 'written')
    await until(async () => (await sandbox.commands.list()).length >= 0, 'a list')
  })
})
