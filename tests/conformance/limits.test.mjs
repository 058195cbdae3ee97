// The number of sandboxes at once. Alone at the end, for it leaves no room for others.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Sandbox, RateLimitError } from 'e2b'
import { api } from './support.mjs'

test('too many sandboxes at once are refused with 429, and one that ends makes room', async () => {
  const made = []
  try {
    await assert.rejects(async () => { for (let i = 0; i < 200; ++i) made.push(await Sandbox.create('base', { timeoutMs: 60_000 })) }, RateLimitError)
    assert.ok(made.length >= 1)
    const response = await api('/sandboxes', { method: 'POST', body: { templateID: 'base', timeout: 10 } })
    assert.equal(response.status, 429)
    const body = await response.json()
    assert.equal(body.code, 429)
    assert.match(body.message, new RegExp(`\\b${made.length}\\b`))
    await made.pop().kill()
    made.push(await Sandbox.create('base', { timeoutMs: 60_000 }))
    await made[0].pause() // a paused one does not count
    made.push(await Sandbox.create('base', { timeoutMs: 60_000 }))
  } finally {
    await Promise.allSettled(made.map((each) => each.kill()))
  }
})
