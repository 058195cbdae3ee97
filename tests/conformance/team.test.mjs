// Secrets, keys, the team's figures, and what leaves a sandbox.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { AuthenticationError, Sandbox, Secret, SecretError, SecretNotFoundError } from 'e2b'
import { api, apiKey, until } from './support.mjs'

const body = async (response) => [response.status, await response.json()]

describe('secrets', () => {
  test('made, told without their value, changed and destroyed', async () => {
    const name = `Key-${process.pid}`
    const made = await Secret.create(name, 'hidden-1', { metadata: { team: 'a' } })
    assert.deepEqual([made.name, made.version, made.metadata], [name.toLowerCase(), 1, { team: 'a' }])
    assert.match(made.secretId, /^sec_/)
    await assert.rejects(Secret.create(name, 'x'), (e) => e instanceof SecretError && /409/.test(e.message))
    assert.equal((await Secret.update(made.secretId, 'hidden-2')).version, 2)
    assert.equal((await Secret.getInfo(name)).secretId, made.secretId)
    const paginator = Secret.list({ limit: 1 })
    const found = []
    while (paginator.hasNext) found.push(...(await paginator.nextItems()))
    assert.ok(found.some((each) => each.secretId === made.secretId))
    assert.doesNotMatch(JSON.stringify([made, found, await (await api('/secrets')).json()]), /hidden/)
    assert.equal(await Secret.exists(name), true)
    assert.equal(await Secret.destroy(name), true)
    assert.equal(await Secret.destroy(name), false)
    await assert.rejects(Secret.getInfo(name), SecretNotFoundError)
  })
})

describe('network', () => {
  test('what was asked for is told, but no password', async () => {
    const network = {
      allowOut: ['example.com'], denyOut: ({ allTraffic }) => [allTraffic], maskRequestHost: 'app-${PORT}.test',
      egressProxy: { address: '127.0.0.1:1', username: 'me', password: 'hidden' },
      rules: { 'example.com': [{ transform: { headers: { 'X-Own': '1' } } }] },
    }
    const sandbox = await Sandbox.create('base', { timeoutMs: 60_000, network })
    try {
      const told = (await sandbox.getInfo()).network
      assert.deepEqual(told.egressProxy, { address: '127.0.0.1:1', username: 'me' })
      assert.deepEqual([told.allowOut, told.denyOut, told.maskRequestHost], [['example.com'], ['0.0.0.0/0'], 'app-${PORT}.test'])
      assert.deepEqual(told.rules, network.rules)
      const refused = await sandbox.commands.run('curl -sS https://example.com || true')
      assert.match(refused.stderr + refused.stdout, /403|response/)
      await sandbox.updateNetwork({ denyOut: ['10.0.0.0/8'] })
      const after = (await sandbox.getInfo()).network
      assert.deepEqual([after.allowOut, after.egressProxy, after.rules, after.denyOut], [undefined, undefined, undefined, ['10.0.0.0/8']])
    } finally { await sandbox.kill() }
  })

  test('what cannot be is refused in the words of E2B', async () => {
    await assert.rejects(Sandbox.create({ network: { allowOut: ['example.com'] } }), /you must include 'ALL_TRAFFIC' in deny out/)
    await assert.rejects(Sandbox.create({ network: { denyOut: ['example.com'] } }), /invalid denied CIDR example.com/)
    await assert.rejects(Sandbox.create({ network: { maskRequestHost: 'a b' } }), /mask request host is not valid: a b/)
    await assert.rejects(Sandbox.create({ network: { egressProxy: { address: 'nowhere' } } }), /invalid egress proxy address/)
  })
})

describe('the team', () => {
  test('a key of its own works until it is deleted', async () => {
    const [status, made] = await body(await api('/api-keys', { method: 'POST', body: { name: 'conformance' } }))
    assert.equal(status, 201)
    assert.match(made.key, /^e2b_[0-9a-f]{40}$/)
    assert.equal(made.mask.maskedValueSuffix, made.key.slice(-4))
    const sandbox = await Sandbox.create('base', { apiKey: made.key, timeoutMs: 60_000 })
    await sandbox.kill()
    const [, listed] = await body(await api('/api-keys'))
    assert.ok(listed.some((each) => each.id === made.id && each.key === undefined))
    assert.equal((await api(`/api-keys/${made.id}`, { method: 'DELETE' })).status, 204)
    await assert.rejects(Sandbox.create('base', { apiKey: made.key }), AuthenticationError)
    assert.equal((await api(`/api-keys/${made.id}`, { method: 'DELETE' })).status, 404)
  })

  test('its figures', async () => {
    const [, [team]] = await body(await api('/teams', { headers: { Authorization: `Bearer ${apiKey}` } }))
    assert.deepEqual([team.isDefault, team.apiKey], [true, apiKey])
    const sandbox = await Sandbox.create('base', { timeoutMs: 60_000 })
    try {
      const newest = await until(async () => (await (await api(`/teams/${team.teamID}/metrics`)).json()).findLast((each) => each.concurrentSandboxes > 0), 'a figure')
      assert.equal(typeof newest.sandboxStartRate, 'number')
      const max = await (await api(`/teams/${team.teamID}/metrics/max?metric=concurrent_sandboxes`)).json()
      assert.ok(max.value >= newest.concurrentSandboxes && Number.isInteger(max.timestampUnix))
    } finally { await sandbox.kill() }
    assert.equal((await api(`/teams/${team.teamID}/metrics?start=9&end=3`)).status, 400)
    assert.equal((await api('/teams/other/metrics')).status, 403)
  })
})
