// What several test files of the suite need.
import { setTimeout as sleep } from 'node:timers/promises'

export const apiUrl = process.env.E2B_API_URL
export const sandboxUrl = process.env.E2B_SANDBOX_URL
export const apiKey = process.env.E2B_API_KEY

/** Waits until `check` answers something true and returns that; gives up with an error after `seconds`. */
export async function until(check, what = 'what was waited for', seconds = 20) {
  const end = Date.now() + seconds * 1000
  for (;;) {
    const value = await check()
    if (value) return value
    if (Date.now() > end) throw new Error(`${what} did not happen within ${seconds} s`)
    await sleep(20)
  }
}

/** All items of a paginator of the SDK. */
export async function all(paginator) {
  const items = []
  while (paginator.hasNext) items.push(...(await paginator.nextItems()))
  return items
}

/** A request to the control plane, as curl would send it. */
export function api(path, { method = 'GET', body, headers = {} } = {}) {
  return fetch(apiUrl + path, {
    method,
    headers: { 'X-API-KEY': apiKey, ...(body === undefined ? {} : { 'Content-Type': 'application/json' }), ...headers },
    body: body === undefined || typeof body === 'string' ? body : JSON.stringify(body),
  })
}

/** The headers that lead a request to a port of a sandbox. */
export const route = (sandbox, port) => ({ 'E2b-Sandbox-Id': sandbox.sandboxId, 'E2b-Sandbox-Port': String(port) })

/** A request to a port of a sandbox. */
export const toPort = (sandbox, port, path = '/', options = {}) =>
  fetch(sandboxUrl + path, { ...options, headers: { ...route(sandbox, port), ...options.headers } })

/** A request to the sandbox's own agent, with its token. */
export const envd = (sandbox, path, options = {}) =>
  toPort(sandbox, 49983, path, { ...options, headers: { 'X-Access-Token': sandbox.envdAccessToken, ...options.headers } })

/** A unary call of the agent's Connect services. */
export const rpc = (sandbox, method, message, headers = {}) =>
  envd(sandbox, '/' + method, {
    method: 'POST', headers: { 'Content-Type': 'application/json', ...headers }, body: JSON.stringify(message),
  })

/** A program started by the agent, without the shell that SDKs put around a command; what it wrote, and its end. */
export async function start(sandbox, process, headers = {}) {
  const message = Buffer.from(JSON.stringify({ process, stdin: false }))
  const head = Buffer.alloc(5)
  head.writeUInt32BE(message.length, 1)
  const response = await envd(sandbox, '/process.Process/Start', {
    method: 'POST', headers: { 'Content-Type': 'application/connect+json', ...headers }, body: Buffer.concat([head, message]),
  })
  const told = { stdout: '', stderr: '' }
  const body = Buffer.from(await response.arrayBuffer())
  for (let at = 0; at < body.length; at += 5 + body.readUInt32BE(at + 1)) {
    const { event, error } = JSON.parse(body.subarray(at + 5, at + 5 + body.readUInt32BE(at + 1)))
    for (const [stream, bytes] of Object.entries(event?.data ?? {})) told[stream] += Buffer.from(bytes, 'base64')
    if (event?.end) told.end = event.end
    if (error) told.error = error
  }
  return told
}

/** A metadata value that no other test file uses. */
export const mark = (name) => ({ suite: `${name}-${process.pid}` })
