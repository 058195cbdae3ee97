// Volumes as the SDK has them: made, filled and read without a sandbox, and mounted into several.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { Sandbox, Volume, VolumeError, VolumeFileType, VolumeNotFoundError, VolumePathNotFoundError } from 'e2b'
import { api } from './support.mjs'

describe('volumes', () => {
  const name = `vol-${process.pid}`
  let volume
  before(async () => { volume = await Volume.create(name) })
  after(async () => { if (volume) await Volume.destroy(volume.volumeId).catch(() => {}) })

  test('made, listed, connected to, and told', async () => {
    assert.equal(volume.name, name)
    assert.ok(volume.token.length >= 32)
    assert.ok((await Volume.list()).some((each) => each.volumeId === volume.volumeId && each.name === name))
    const again = await Volume.connect(volume.volumeId)
    assert.deepEqual([again.name, again.token], [name, volume.token])
    await assert.rejects(Volume.create(name), (e) => e instanceof VolumeError && /already exists/.test(e.message))
    await assert.rejects(Volume.create('no good'), VolumeError)
    await assert.rejects(Volume.connect('none'), VolumeNotFoundError)
    assert.equal(await Volume.destroy('none'), false)
  })

  test('files in text, bytes and streams', async () => {
    const entry = await volume.writeFile('/a.txt', 'hällo', { mode: 0o600 })
    assert.deepEqual([entry.name, entry.path, entry.type, entry.size, entry.mode, entry.uid], ['a.txt', '/a.txt', VolumeFileType.FILE, 6, 0o600, 1000])
    assert.equal(await volume.readFile('/a.txt'), 'hällo')
    await volume.writeFile('/a.txt', 'again') // in its place
    assert.equal(await volume.readFile('a.txt'), 'again')
    const bytes = new Uint8Array(300_000).map((_, i) => i % 251)
    await volume.writeFile('/bytes', new Blob([bytes]).stream())
    assert.deepEqual(await volume.readFile('/bytes', { format: 'bytes' }), bytes)
    let size = 0
    for await (const piece of await volume.readFile('/bytes', { format: 'stream' })) size += piece.length
    assert.equal(size, bytes.length)
    await assert.rejects(volume.readFile('/none'), VolumePathNotFoundError)
    await assert.rejects(volume.writeFile('/none/b', 'x'), VolumePathNotFoundError)
    await assert.rejects(volume.readFile('../../api-key'), VolumeError)
  })

  test('folders, depth, mode and removal', async () => {
    await volume.makeDir('/d/e', { force: true, mode: 0o750 })
    await volume.writeFile('/d/e/f', '1')
    assert.deepEqual((await volume.list('/d')).map((e) => e.path), ['/d/e'])
    assert.deepEqual((await volume.list('/d', { depth: 3 })).map((e) => e.path), ['/d/e', '/d/e/f'])
    assert.equal((await volume.getInfo('/d/e')).mode, 0o750)
    assert.equal((await volume.updateMetadata('/d/e/f', { mode: 0o400 })).mode, 0o400)
    await assert.rejects(volume.updateMetadata('/d/e/f', { uid: 0 }), VolumeError)
    await assert.rejects(volume.makeDir('/x/y'), VolumePathNotFoundError)
    assert.equal(await volume.exists('/d'), true)
    await volume.remove('/d')
    assert.equal(await volume.exists('/d'), false)
    await assert.rejects(volume.remove('/d'), VolumePathNotFoundError)
  })

  test('mounted in two sandboxes at once', async () => {
    const one = await Sandbox.create('base', { timeoutMs: 60_000, volumeMounts: { '/data': volume } })
    const two = await Sandbox.create('base', { timeoutMs: 60_000, volumeMounts: { '/home/user/shared': name } })
    try {
      await volume.writeFile('/from-outside', 'out')
      assert.equal(await one.files.read('/data/from-outside'), 'out')
      await one.files.write('/data/from-one', 'one')
      assert.equal((await two.commands.run('cat /home/user/shared/from-one')).stdout, 'one')
      assert.equal(await volume.readFile('/from-one'), 'one')
      assert.deepEqual((await one.getInfo()).volumeMounts, [{ name, path: '/data' }])
      await assert.rejects(Volume.destroy(volume.volumeId), VolumeError)
    } finally {
      await Promise.all([one.kill(), two.kill()])
    }
    await assert.rejects(Sandbox.create('base', { volumeMounts: { '/data': 'none' } }), /volume 'none' not found/)
    await assert.rejects(Sandbox.create('base', { volumeMounts: { '/proc': volume } }), /invalid mounts/)
  })

  test('the token opens contents and nothing else', async () => {
    const content = (token) => fetch(`${process.env.E2B_API_URL}/volumecontent/${volume.volumeId}/dir?path=/`, token && { headers: { Authorization: `Bearer ${token}` } })
    assert.deepEqual([(await content()).status, (await content('x')).status, (await content(volume.token)).status], [401, 401, 200])
    assert.equal((await api('/volumes', { headers: { 'X-API-KEY': volume.token } })).status, 401)
  })
})
