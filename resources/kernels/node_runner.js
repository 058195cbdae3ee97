// Runs cells of JavaScript in Node's REPL evaluator for the engine's code interpreter, and of TypeScript when that is the
// first argument.
//
// Descriptor 3 is a stream socket. In: one JSON object per line, {"code": text, "env": {name: value}}. Out: the lines of
// the code interpreter's stream (number_of_executions, stdout, stderr, result, error, end_of_execution), and first of all
// {"type": "ready"}. Bytes that children write to descriptors 1 and 2 do not pass here: the engine reads those pipes, before
// what comes after them on the socket. SIGINT interrupts the running cell and is ignored between cells.
'use strict'
const fs = require('node:fs')
const net = require('node:net')
const repl = require('node:repl')
const util = require('node:util')
const { Readable, Writable } = require('node:stream')

const CHANNEL = 3
const CHUNK = 32 * 1024 // characters of output in one line
const FLUSH_AFTER = 10 // milliseconds that output may wait for more once much has been written
const AT_ONCE = 64 // writes that go out at once in that time
const MAX_RESULT = 24 * 1024 * 1024 // characters of one result line
const MAX_ERROR = 1024 * 1024
const MIME_KEYS = {
  'text/plain': 'text', 'text/html': 'html', 'text/markdown': 'markdown', 'image/svg+xml': 'svg', 'image/png': 'png',
  'image/jpeg': 'jpeg', 'application/pdf': 'pdf', 'text/latex': 'latex', 'application/json': 'json',
  'application/javascript': 'javascript', 'e2b/data': 'data', 'e2b/chart': 'chart',
}
const sleeper = new Int32Array(new SharedArrayBuffer(4))

// --- to the engine ---

function sendBytes(bytes) {
  for (let at = 0; at < bytes.length;) {
    try {
      at += fs.writeSync(CHANNEL, bytes, at)
    } catch (error) {
      if (error.code !== 'EAGAIN') process.reallyExit(1)
      Atomics.wait(sleeper, 0, 0, 1) // the engine takes no more for now: neither does this process
    }
  }
}

let waiting = [] // [stream, text] in their order
let waitingSize = 0, recent = 0, recentSince = 0, timer = null

function flush() {
  const pieces = waiting
  waiting = []
  waitingSize = 0
  for (let at = 0; at < pieces.length;) {
    const type = pieces[at][0]
    let text = ''
    for (; at < pieces.length && pieces[at][0] === type; ++at) text += pieces[at][1]
    for (let start = 0; start < text.length;) {
      let end = Math.min(start + CHUNK, text.length)
      const last = text.charCodeAt(end - 1)
      if (end < text.length && last >= 0xd800 && last < 0xdc00) ++end // not between the halves of a character
      sendLine({ type, text: text.slice(start, end), timestamp: new Date().toISOString() })
      start = end
    }
  }
}

function sendLine(message) {
  // The type stands first, as the engine expects of the lines that steer it.
  sendBytes(Buffer.from(JSON.stringify(message).replace('{"type":', '{"type": ') + '\n'))
}

function send(message) {
  flush()
  sendLine(message)
}

function output(type, text) {
  if (!text) return
  waiting.push([type, text])
  waitingSize += text.length
  const now = performance.now()
  if (now - recentSince > FLUSH_AFTER) {
    recentSince = now
    recent = 0
  }
  if (++recent <= AT_ONCE || waitingSize >= CHUNK) return flush()
  timer ??= setTimeout(() => { timer = null; flush() }, FLUSH_AFTER).unref()
}

for (const type of ['stdout', 'stderr']) {
  process[type].write = (chunk, encoding, callback) => {
    output(type, typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString('utf8'))
    const then = typeof encoding === 'function' ? encoding : callback
    if (then) process.nextTick(then)
    return true
  }
}

// --- results ---

function jsonValue(value) {
  try {
    const text = JSON.stringify(value)
    return text === undefined ? undefined : JSON.parse(text)
  } catch { // cycles, big integers
    return undefined
  }
}

function isPlain(value) {
  if (Array.isArray(value)) return true
  if (typeof value !== 'object' || value === null) return false
  const prototype = Object.getPrototypeOf(value)
  return prototype === null || Object.getPrototypeOf(prototype) === null
}

/** The faces a value has by the methods that notebook libraries give their objects. */
function bundleOf(value) {
  const bundle = { 'text/plain': typeof value === 'string' ? value : util.inspect(value) }
  if (value === null || typeof value !== 'object') return bundle
  const methods = { _toHtml: 'text/html', _toSvg: 'image/svg+xml', _toPng: 'image/png', _toJpeg: 'image/jpeg' }
  for (const [name, mime] of Object.entries(methods)) {
    if (typeof value[name] === 'function') bundle[mime] = value[name]()
  }
  if (typeof value._toMime === 'function') Object.assign(bundle, value._toMime())
  if (isPlain(value)) bundle['application/json'] = jsonValue(value)
  return bundle
}

function sendResult(bundle, isMain) {
  const line = { type: 'result', is_main_result: isMain }
  let size = 0
  for (const [mime, data] of Object.entries(bundle)) {
    if (data === undefined) continue
    if (typeof data === 'string') size += data.length
    if (MIME_KEYS[mime]) line[MIME_KEYS[mime]] = data
    else (line.extra ??= {})[mime] = data
  }
  if (size > MAX_RESULT) send({ type: 'result', is_main_result: isMain, text: `<result of ${size} characters: too large to show>` })
  else send(line)
}

globalThis.display = (value) => { sendResult(bundleOf(value), false) }

function sendError(error) {
  const isError = error instanceof Error || util.types.isNativeError(error)
  const name = isError ? String(error.name) : 'Error'
  const value = isError ? String(error.message) : util.inspect(error)
  const stack = isError && typeof error.stack === 'string' ? error.stack : `${name}: ${value}`
  const traceback = stack.split('\n').filter((line) => !/^ +at (new Promise \(<anonymous>\)|.*(node:|internal\/|node_runner\.js))/.test(line)).join('\n')
  send({ type: 'error', name, value: value.slice(0, MAX_ERROR), traceback: traceback.slice(0, MAX_ERROR) })
}

// --- cells ---

/** Static imports as what the evaluator knows, because a cell is no module. */
function withImports(code) {
  const named = (list) => list.replace(/\s+as\s+/g, ': ')
  return code
    .replace(/^([ \t]*)import\s+([\w$]+)\s*,\s*(\{[^}]*\})\s*from\s*(['"][^'"\n]+['"])/gm,
      (_, space, name, list, from) => `${space}const { default: ${name}, ${named(list).slice(1)} = await import(${from});`)
    .replace(/^([ \t]*)import\s+(\{[^}]*\})\s*from\s*(['"][^'"\n]+['"])/gm,
      (_, space, list, from) => `${space}const ${named(list)} = await import(${from});`)
    .replace(/^([ \t]*)import\s+\*\s*as\s+([\w$]+)\s+from\s*(['"][^'"\n]+['"])/gm, '$1const $2 = await import($3);')
    .replace(/^([ \t]*)import\s+([\w$]+)\s+from\s*(['"][^'"\n]+['"])/gm, '$1const { default: $2 } = await import($3);')
    .replace(/^([ \t]*)import\s*(['"][^'"\n]+['"])/gm, '$1await import($2);')
}

function typeStripper() {
  const { stripTypeScriptTypes } = require('node:module')
  if (stripTypeScriptTypes) {
    process.removeAllListeners('warning') // it calls itself experimental
    return (code) => stripTypeScriptTypes(code, { mode: 'transform' })
  }
  const find = (name) => { try { return server.context.require(name) } catch { return null } }
  const typescript = find('typescript')
  if (typescript) {
    return (code) => typescript.transpileModule(code, { compilerOptions: { target: 'ES2022', module: 'ESNext', verbatimModuleSyntax: true } }).outputText
  }
  const esbuild = find('esbuild')
  if (esbuild) return (code) => esbuild.transformSync(code, { loader: 'ts' }).code
  fs.writeSync(2, `TypeScript needs Node.js 22.13 or newer, or the module "typescript" or "esbuild" in /home/user; this sandbox has Node.js ${process.version}`)
  process.reallyExit(1)
}

const server = repl.start({
  input: new Readable({ read() {} }), output: new Writable({ write(chunk, encoding, done) { done() } }),
  prompt: '', terminal: false, useGlobal: true, breakEvalOnSigint: true,
})
server.removeAllListeners('exit')
const tellLate = (error) => { output('stderr', `Uncaught ${error?.stack ?? util.inspect(error)}\n`) }
server._domain?.removeAllListeners('error')
server._domain?.on('error', (error) => { (thrown ?? tellLate)(error) })
process.on('uncaughtException', tellLate)
process.on('unhandledRejection', tellLate)
process.reallyExit = process.reallyExit.bind(process)
process.exit = () => { throw new Error('the interpreter of a context cannot be left; restart the context instead') }

let interrupt = null
let thrown = null // set while a cell runs: its errors reach the evaluator's domain alone
const interrupted = () => interrupt?.(new Error('Execution was interrupted'))
process.on('SIGINT', interrupted)

function evaluate(code, name) {
  return new Promise((resolve, reject) => {
    interrupt = thrown = reject
    process.removeListener('SIGINT', interrupted) // the evaluator has one of its own, which does not stand another
    server.eval(code, server.context, name, (error, value) => {
      if (error) reject(error instanceof repl.Recoverable ? error.err : error)
      else resolve(value)
    })
    process.on('SIGINT', interrupted)
  }).finally(() => { interrupt = thrown = null })
}

const translate = process.argv[2] === 'typescript' ? typeStripper() : (code) => code
let count = 0

async function run({ code, env = {} }) {
  const saved = new Map(Object.keys(env).map((name) => [name, process.env[name]]))
  Object.assign(process.env, env)
  send({ type: 'number_of_executions', execution_count: ++count })
  try {
    const value = code.trim() ? await evaluate(withImports(translate(code)) + '\n', `cell-${count}.js`) : undefined
    if (value !== undefined) sendResult(bundleOf(value), true)
  } catch (error) {
    sendError(error)
  }
  for (const [name, value] of saved) {
    if (value === undefined) delete process.env[name]
    else process.env[name] = value
  }
  send({ type: 'end_of_execution' })
}

let unread = ''
let running = Promise.resolve()
new net.Socket({ fd: CHANNEL, readable: true, writable: false })
  .setEncoding('utf8')
  .on('data', (text) => {
    const lines = (unread + text).split('\n')
    unread = lines.pop()
    for (const line of lines) running = running.then(() => run(JSON.parse(line)))
  })
  .on('close', () => process.reallyExit(0))
send({ type: 'ready' })
