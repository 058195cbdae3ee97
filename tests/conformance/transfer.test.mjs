// The file routes as other HTTP clients use them: ranges, encodings, forms, signed addresses.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { createHash } from 'node:crypto'
import { gunzipSync, gzipSync } from 'node:zlib'
import { Sandbox } from 'e2b'
import { envd, sandboxUrl, start, toPort } from './support.mjs'

describe('file routes', () => {
  let sandbox
  const get = (path, headers = {}) => envd(sandbox, `/files?path=${encodeURIComponent(path)}`, { headers })
  before(async () => {
    sandbox = await Sandbox.create('base', { timeoutMs: 120_000 })
    await sandbox.files.write('letters.txt', 'abcdefghij')
  })
  after(() => sandbox?.kill())

  test('type and name of a download', async () => {
    await sandbox.files.write('ä b.json', '{}')
    const response = await get('ä b.json', { 'Accept-Encoding': 'identity' })
    assert.equal(response.status, 200)
    assert.match(response.headers.get('content-type'), /^application\/json/)
    assert.match(response.headers.get('content-disposition'), /^inline; filename/)
    assert.match((await get('letters.txt')).headers.get('content-type'), /^text\/plain/)
  })

  test('ranges', async () => {
    for (const [range, text, where] of [['bytes=2-4', 'cde', '2-4'], ['bytes=7-', 'hij', '7-9'], ['bytes=-2', 'ij', '8-9'], ['bytes=5-99', 'fghij', '5-9']]) {
      const response = await get('letters.txt', { Range: range, 'Accept-Encoding': 'identity' })
      assert.equal(response.status, 206, range)
      assert.equal(await response.text(), text)
      assert.equal(response.headers.get('content-range'), `bytes ${where}/10`)
    }
  })

  test('a range behind the end is 416', async () => {
    const response = await get('letters.txt', { Range: 'bytes=10-20', 'Accept-Encoding': 'identity' })
    assert.equal(response.status, 416)
    assert.equal(response.headers.get('content-range'), 'bytes */10')
    await response.text()
  })

  test('gzip on the way down when asked for', async () => {
    const text = 'zip '.repeat(50_000)
    await sandbox.files.write('zip.txt', text)
    assert.equal(await sandbox.files.read('zip.txt', { gzip: true }), text)
    const { request } = await import('node:http')
    const raw = await new Promise((resolve, reject) => {
      request(`${sandboxUrl}/files?path=zip.txt`, {
        headers: { 'E2b-Sandbox-Id': sandbox.sandboxId, 'E2b-Sandbox-Port': '49983', 'X-Access-Token': sandbox.envdAccessToken, 'Accept-Encoding': 'gzip' },
      }, (response) => {
        const parts = []
        response.on('data', (part) => parts.push(part)).on('end', () => resolve({ headers: response.headers, body: Buffer.concat(parts) }))
      }).on('error', reject).end()
    })
    assert.equal(raw.headers['content-encoding'], 'gzip')
    assert.ok(raw.body.length < text.length / 10)
    assert.equal(gunzipSync(raw.body).toString(), text)
  })

  test('gzip on the way up', async () => {
    const text = 'up '.repeat(100_000)
    await sandbox.files.write('up.txt', text, { gzip: true })
    assert.equal(await sandbox.files.read('up.txt'), text)
    const upload = (body) => envd(sandbox, '/files?path=up2.txt', {
      method: 'POST', headers: { 'Content-Type': 'application/octet-stream', 'Content-Encoding': 'gzip' }, body,
    })
    assert.equal((await upload(gzipSync('hand made'))).status, 200)
    assert.equal(await sandbox.files.read('up2.txt'), 'hand made')
    assert.equal((await upload(Buffer.from('this is no gzip'))).status, 400)
    assert.equal((await upload(gzipSync('cut short'.repeat(1000)).subarray(0, 30))).status, 400)
  })

  test('a small archive that would fill the disk is stopped', async () => {
    const bomb = gzipSync(Buffer.alloc(64 << 20))
    const parts = []
    for (let i = 0; i < 40; ++i) parts.push(bomb) // members of one gzip file, 2.5 GB when unpacked
    const response = await envd(sandbox, '/files?path=bomb', {
      method: 'POST', headers: { 'Content-Type': 'application/octet-stream', 'Content-Encoding': 'gzip' }, body: Buffer.concat(parts),
    })
    assert.ok([413, 507].includes(response.status), String(response.status))
    assert.equal((await sandbox.commands.run('echo fine')).stdout, 'fine\n')
  })

  test('metadata of files', async () => {
    const metadata = { Author: 'me', 'content-kind': 'a b=c' }
    const info = await sandbox.files.write('meta.txt', 'x', { metadata })
    assert.deepEqual(info.metadata, { author: 'me', 'content-kind': 'a b=c' })
    assert.deepEqual((await sandbox.files.getInfo('meta.txt')).metadata, info.metadata)
    const listed = (await sandbox.files.list('.')).find((each) => each.name === 'meta.txt')
    assert.deepEqual(listed.metadata, info.metadata)
    await sandbox.files.rename('meta.txt', 'meta2.txt')
    assert.deepEqual((await sandbox.files.getInfo('meta2.txt')).metadata, info.metadata)
    await sandbox.files.write('meta2.txt', 'y', { metadata: { only: 'this' } })
    assert.deepEqual((await sandbox.files.getInfo('meta2.txt')).metadata, { only: 'this' })
  })

  test('metadata that is too much', async () => {
    const upload = (headers) => envd(sandbox, '/files?path=toomuch', { method: 'POST', headers: { 'Content-Type': 'application/octet-stream', ...headers }, body: 'x' })
    assert.equal((await upload({ 'X-Metadata-Big': 'v'.repeat(4097) })).status, 400)
    assert.equal((await upload({ [`X-Metadata-${'k'.repeat(247)}`]: 'v' })).status, 400)
    assert.equal((await upload({ 'X-Metadata-Fine': 'v' })).status, 200)
  })

  test('a form whose part names its own path', async () => {
    const form = new FormData()
    form.append('file', new Blob(['named']), '/tmp/by/name.txt')
    const response = await envd(sandbox, '/files', { method: 'POST', body: form })
    assert.deepEqual((await response.json()).map((each) => each.path), ['/tmp/by/name.txt'])
    assert.equal(await sandbox.files.read('/tmp/by/name.txt'), 'named')
  })

  test('bodies that are no upload', async () => {
    const none = await envd(sandbox, '/files', { method: 'POST', headers: { 'Content-Type': 'application/octet-stream' }, body: 'x' })
    assert.equal(none.status, 400)
    const broken = await envd(sandbox, '/files?path=broken', { method: 'POST', headers: { 'Content-Type': 'multipart/form-data; boundary=b' }, body: '--b\r\nContent-Disposition: form-data; name="file"\r\n\r\nhalf' })
    assert.equal(broken.status, 400)
    assert.equal(await sandbox.files.exists('broken'), false)
  })

  test('signed addresses for download and upload', async () => {
    await sandbox.files.write('signed file.txt', 'signed')
    assert.equal(await (await fetch(await sandbox.downloadUrl('signed file.txt'))).text(), 'signed')
    assert.equal(await (await fetch(await sandbox.downloadUrl('signed file.txt', { user: 'user' }))).text(), 'signed')
    const upload = await sandbox.uploadUrl('by-address.txt', { useSignatureExpiration: 60 })
    const form = new FormData()
    form.append('file', new Blob(['up']), 'ignored.txt')
    assert.equal((await fetch(upload, { method: 'POST', body: form })).status, 200)
    assert.equal(await sandbox.files.read('by-address.txt'), 'up')
  })

  /** A signature as the protocol has it, made here. */
  const sign = (path, operation, user, expiration) => 'v1_' + createHash('sha256')
    .update([path, operation, user, sandbox.envdAccessToken, ...(expiration ? [expiration] : [])].join(':')).digest('base64').replaceAll('=', '')
  const signed = (path, { operation = 'read', expiration, signature = sign(path, operation, '', expiration), as = path } = {}) =>
    toPort(sandbox, 49983, `/files?path=${encodeURIComponent(as)}&signature=${encodeURIComponent(signature)}${expiration ? `&signature_expiration=${expiration}` : ''}`)

  test('an expired signature, also without routing headers', async () => {
    const expiration = Math.floor(Date.now() / 1000) - 10
    const response = await signed('letters.txt', { expiration })
    assert.equal(response.status, 401)
    assert.match((await response.json()).message, /signature is already expired/)
    const bare = await fetch(`${sandboxUrl}/files?path=letters.txt&signature=${encodeURIComponent(sign('letters.txt', 'read', '', expiration))}&signature_expiration=${expiration}`)
    assert.equal(bare.status, 401)
    assert.match((await bare.json()).message, /signature is already expired/)
  })

  test('signatures that do not fit', async () => {
    assert.equal((await signed('letters.txt')).status, 200)
    for (const [what, response] of Object.entries({
      otherPath: await signed('letters.txt', { as: '/etc/passwd' }),
      otherOperation: await signed('letters.txt', { operation: 'write' }),
      nonsense: await signed('letters.txt', { signature: 'v1_nonsense' }),
      changedTime: await signed('letters.txt', { expiration: 4_000_000_000, signature: sign('letters.txt', 'read', '', 3_999_999_999) }),
    })) {
      assert.equal(response.status, 401, what)
      assert.match((await response.json()).message, /invalid signature/)
    }
    const none = await toPort(sandbox, 49983, '/files?path=letters.txt')
    assert.equal(none.status, 401)
    assert.match((await none.json()).message, /missing signature/)
  })

  test('a wrong token', async () => {
    const response = await get('letters.txt', { 'X-Access-Token': 'wrong' })
    assert.equal(response.status, 401)
    assert.match((await response.json()).message, /does not match/)
  })

  test('the statuses of failing downloads', async () => {
    const status = async (path) => { const r = await get(path); return [r.status, (await r.json()).code] }
    assert.deepEqual(await status('/nowhere'), [404, 404])
    assert.deepEqual(await status('/tmp'), [400, 400])
    const user = await envd(sandbox, '/files?path=x&username=nobody-here')
    assert.equal(user.status, 401)
  })

  test('the agent tells its measure and its variables', async () => {
    const metrics = await (await envd(sandbox, '/metrics')).json()
    assert.ok(Math.abs(metrics.ts - Date.now() / 1000) < 60)
    for (const key of ['cpu_count', 'mem_total', 'disk_total', 'disk_used']) assert.ok(metrics[key] > 0, key)
    assert.equal(typeof metrics.cpu_used_pct, 'number')
    assert.deepEqual(await (await envd(sandbox, '/envs')).json(), {})
    assert.equal((await toPort(sandbox, 49983, '/health')).status, 204)
  })

  test('inner routes of the agent are closed', async () => {
    for (const path of ['/init', '/freeze', '/unfreeze', '/upgrade'])
      assert.equal((await envd(sandbox, path, { method: 'POST', body: '{}' })).status, 404, path)
  })

  test('a file that takes no pages takes bytes', async () => {
    const process = await sandbox.commands.run('exec sleep 60', { background: true })
    while (await sandbox.files.read(`/proc/${process.pid}/comm`) !== 'sleep\n'); // while it becomes it, the file is root's
    await sandbox.files.write(`/proc/${process.pid}/oom_score_adj`, '900')
    assert.equal(await sandbox.files.read(`/proc/${process.pid}/oom_score_adj`), '900\n')
    await process.kill()
  })

  test('a program can be started as soon as its upload is answered', async () => {
    await sandbox.commands.run('cp /bin/true program')
    const program = await sandbox.files.read('program', { format: 'bytes' })
    const padded = Buffer.concat([program, Buffer.alloc(30 << 20)]) // so that there is something to clear away
    for (let round = 0; round < 5; ++round) {
      await sandbox.files.write('program', new Blob([padded]))
      const { end, stderr } = await start(sandbox, { cmd: '/home/user/program' })
      assert.deepEqual([end.exitCode, stderr], [0, ''])
    }
  })
})
