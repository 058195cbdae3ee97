// Files through the SDK: reading, writing, listing, moving, removing.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { Sandbox, FileNotFoundError, FileType, InvalidArgumentError, NotFoundError, SandboxError } from 'e2b'

describe('files', () => {
  let sandbox, files
  const run = (command) => sandbox.commands.run(command)
  before(async () => {
    sandbox = await Sandbox.create('base', { timeoutMs: 120_000 })
    files = sandbox.files
  })
  after(() => sandbox?.kill())

  test('read as text, bytes, blob and stream', async () => {
    const bytes = Uint8Array.from({ length: 300 }, (_, i) => i & 0xff)
    await files.write('formats.bin', bytes.buffer)
    assert.deepEqual(await files.read('formats.bin', { format: 'bytes' }), bytes)
    const blob = await files.read('formats.bin', { format: 'blob' })
    assert.deepEqual(new Uint8Array(await blob.arrayBuffer()), bytes)
    const pieces = []
    for await (const piece of await files.read('formats.bin', { format: 'stream' })) pieces.push(piece)
    assert.deepEqual(new Uint8Array(Buffer.concat(pieces)), bytes)
    await files.write('formats.txt', 'tēxt\n')
    assert.equal(await files.read('formats.txt', { format: 'text' }), 'tēxt\n')
    assert.equal(await files.read('formats.txt'), 'tēxt\n')
  })

  test('write text, buffer, blob and stream', async () => {
    const stream = new ReadableStream({
      start(controller) {
        for (const part of ['str', 'ea', 'm']) controller.enqueue(new TextEncoder().encode(part))
        controller.close()
      },
    })
    for (const [name, data] of Object.entries({
      text: 'text', buffer: new TextEncoder().encode('buffer').buffer, blob: new Blob(['bl', 'ob']), stream,
    })) {
      const info = await files.write(`written/${name}`, data)
      assert.deepEqual([info.name, info.path, info.type], [name, `/home/user/written/${name}`, FileType.FILE])
      assert.equal(await files.read(`written/${name}`), name)
    }
  })

  test('empty files', async () => {
    await files.write('empty', '')
    assert.equal(await files.read('empty'), '')
    assert.deepEqual(await files.read('empty', { format: 'bytes' }), new Uint8Array(0))
    assert.equal((await files.getInfo('empty')).size, 0)
  })

  test('a hundred files in one request', async () => {
    const entries = Array.from({ length: 100 }, (_, i) => ({ path: `many/${i % 10}/${i}.txt`, data: `content ${i}` }))
    const infos = await files.writeFiles(entries)
    assert.deepEqual(infos.map((each) => each.path), entries.map((each) => `/home/user/${each.path}`))
    assert.equal((await run('find many -type f | wc -l')).stdout.trim(), '100')
    assert.equal(await files.read('many/7/97.txt'), 'content 97')
    assert.deepEqual(await files.write([]), [])
  })

  test('one path twice in a request is refused', async () => {
    await assert.rejects(files.write([{ path: 'twice', data: '1' }, { path: 'twice', data: '2' }]), InvalidArgumentError)
  })

  test('twenty megabytes as a stream, both ways', async () => {
    const piece = Uint8Array.from({ length: 1 << 16 }, (_, i) => (i * 7) & 0xff)
    let left = 320
    const body = new ReadableStream({ pull(c) { left-- > 0 ? c.enqueue(piece) : c.close() } })
    await files.write('big/stream.bin', body)
    assert.equal((await files.getInfo('big/stream.bin')).size, 320 * piece.length)
    let size = 0
    for await (const part of await files.read('big/stream.bin', { format: 'stream' })) size += part.length
    assert.equal(size, 320 * piece.length)
    const { createHash } = await import('node:crypto')
    const hash = createHash('sha256')
    for (let i = 0; i < 320; ++i) hash.update(piece)
    assert.equal((await run('sha256sum < big/stream.bin')).stdout, `${hash.digest('hex')}  -\n`)
  })

  test('odd names', async () => {
    const names = ['žluťoučký kůň 🐎.txt', 'a"quoted"\'name', 'per%20cent', 'plus+and&equals=1', 'back\\slash', '-dash', '.hidden', 'semi;colon', 'x'.repeat(255)]
    for (const name of names) {
      const info = await files.write(`odd/${name}`, name)
      assert.equal(info.name, name)
      assert.equal(await files.read(`odd/${name}`), name)
    }
    assert.deepEqual((await files.list('odd')).map((each) => each.name).sort(), [...names].sort())
    assert.equal((await run('ls -A odd | wc -l')).stdout.trim(), String(names.length))
  })

  test('a name that is too long', async () => {
    await assert.rejects(files.write('y'.repeat(256), 'x'), SandboxError)
  })

  test('writing over a file keeps its mode and leaves nothing of it', async () => {
    await files.write('over', 'a long content')
    await run('chmod 640 over')
    await files.write('over', 'short')
    assert.equal(await files.read('over'), 'short')
    assert.equal((await files.getInfo('over')).mode, 0o640)
  })

  test('list: depth, order, kinds', async () => {
    await run('mkdir -p tree/b/c/d && touch tree/a tree/b/x tree/b/c/y tree/b/c/d/z')
    const paths = async (depth) => (await files.list('tree', { depth })).map((each) => each.path.replace('/home/user/tree/', ''))
    assert.deepEqual(await paths(1), ['a', 'b'])
    assert.deepEqual(await paths(2), ['a', 'b', 'b/c', 'b/x'])
    assert.deepEqual(await paths(10), ['a', 'b', 'b/c', 'b/c/d', 'b/c/d/z', 'b/c/y', 'b/x'])
    const kinds = Object.fromEntries((await files.list('tree')).map((each) => [each.name, each.type]))
    assert.deepEqual(kinds, { a: FileType.FILE, b: FileType.DIR })
    await assert.rejects(files.list('tree', { depth: 0 }), InvalidArgumentError)
  })

  test('list of what is empty, missing or no folder', async () => {
    await files.makeDir('void')
    assert.deepEqual(await files.list('void'), [])
    await assert.rejects(files.list('missing'), FileNotFoundError)
    await files.write('a-file', 'x')
    await assert.rejects(files.list('a-file'), InvalidArgumentError)
  })

  test('getInfo tells size, mode, owner and time', async () => {
    const before = Date.now()
    await files.write('info.txt', 'ten bytes.')
    await run('chmod 751 info.txt')
    const info = await files.getInfo('info.txt')
    assert.deepEqual([info.name, info.path, info.type, info.size], ['info.txt', '/home/user/info.txt', FileType.FILE, 10])
    assert.deepEqual([info.mode, info.permissions, info.owner, info.group], [0o751, '-rwxr-x--x', 'user', 'user'])
    assert.ok(Math.abs(+info.modifiedTime - before) < 10_000)
    const folder = await files.getInfo('.')
    assert.deepEqual([folder.type, folder.path], [FileType.DIR, '/home/user'])
    assert.match(folder.permissions, /^drwx/)
  })

  test('links: to a file, to a folder, to nothing', async () => {
    await run('mkdir -p links/folder && echo x > links/file && cd links && ln -sf file tofile && ln -sfn folder tofolder && ln -sf nowhere tonothing')
    const info = async (name) => files.getInfo(`links/${name}`)
    assert.deepEqual([(await info('tofile')).type, (await info('tofile')).symlinkTarget], [FileType.FILE, '/home/user/links/file'])
    assert.deepEqual([(await info('tofolder')).type, (await info('tofolder')).symlinkTarget], [FileType.DIR, '/home/user/links/folder'])
    assert.match((await info('tofile')).permissions, /^L/)
    assert.equal((await info('file')).symlinkTarget, undefined)
    assert.equal(await files.exists('links/tonothing'), true)
    assert.equal(await files.read('links/tofile'), 'x\n')
    assert.deepEqual(await files.list('links/tofolder'), [])
  })

  test('exists, for files, folders and what is missing', async () => {
    await files.write('present', '')
    assert.equal(await files.exists('present'), true)
    assert.equal(await files.exists('/tmp'), true)
    assert.equal(await files.exists('absent'), false)
  })

  test('rename over a file, into a new folder, of a folder', async () => {
    await files.write('from', 'new')
    await files.write('to', 'old')
    assert.equal((await files.rename('from', 'to')).path, '/home/user/to')
    assert.equal(await files.read('to'), 'new')
    assert.equal(await files.exists('from'), false)
    await files.rename('to', 'made/on/the/way')
    assert.equal(await files.read('made/on/the/way'), 'new')
    assert.equal((await files.rename('made', 'moved')).type, FileType.DIR)
    assert.equal(await files.read('moved/on/the/way'), 'new')
    await assert.rejects(files.rename('missing', 'x'), FileNotFoundError)
  })

  test('remove a file, a full folder, a link, and nothing', async () => {
    await run('mkdir -p gone/deep/er && touch gone/deep/er/f kept && ln -sf ~/kept gone-link')
    await files.remove('gone')
    assert.equal(await files.exists('gone'), false)
    await files.remove('gone-link')
    assert.equal(await files.exists('kept'), true)
    await files.remove('kept')
    assert.equal(await files.exists('kept'), false)
    await files.remove('kept')
  })

  test('makeDir: new, there already, below a file', async () => {
    assert.equal(await files.makeDir('dir/of/dirs'), true)
    assert.equal(await files.makeDir('dir/of/dirs'), false)
    assert.equal((await files.getInfo('dir')).permissions, 'drwxr-xr-x')
    await files.write('plain', '')
    await assert.rejects(files.makeDir('plain'), InvalidArgumentError)
    await assert.rejects(files.makeDir('plain/below'))
  })

  test('what may not be read or written', async () => {
    await files.write('locked', 'x')
    await run('chmod 000 locked')
    await assert.rejects(files.read('locked'), (e) => /denied/.test(e.message) && !(e instanceof NotFoundError))
    await assert.rejects(files.write('/usr/bin/true', 'x'), (e) => e instanceof SandboxError)
    await assert.rejects(files.remove('/usr/bin/true'), /denied|read-only/i)
    await run('mkdir -p shut && chmod 000 shut')
    await assert.rejects(files.list('shut'), /denied/)
    await assert.rejects(files.write('shut/x', 'x'), /denied/)
    await run('chmod 700 shut')
  })

  test('folders and missing files are told apart when read or written', async () => {
    await assert.rejects(files.read('/tmp'), (e) => e instanceof InvalidArgumentError && /is a directory/.test(e.message))
    await assert.rejects(files.read('not/there'), (e) => e instanceof FileNotFoundError && /not\/there' does not exist/.test(e.message))
    await assert.rejects(files.write('/tmp', 'x'), InvalidArgumentError)
    await files.write('leaf', 'x')
    await assert.rejects(files.write('leaf/below', 'x'), SandboxError)
  })

  test('paths: home, relative, dots, slashes', async () => {
    await files.write('~/home.txt', 'home')
    assert.equal(await files.read('/home/user/home.txt'), 'home')
    assert.equal(await files.read('./dir/../home.txt'), 'home')
    assert.equal(await files.read('//home//user//home.txt'), 'home')
    assert.equal((await files.list('~')).some((each) => each.name === 'home.txt'), true)
  })

  test('special files: of the kernel, and a pipe without a writer', async () => {
    assert.match(await files.read('/proc/version'), /Linux/)
    assert.match(await files.read('/proc/self/status'), /Name:/)
    await run('mkfifo pipe')
    await assert.rejects(files.read('pipe'))
    await assert.rejects(files.write('pipe', 'x'))
  })

  test('two writers at once leave one whole file', async () => {
    const contents = Array.from({ length: 8 }, (_, i) => String(i).repeat(200_000))
    await Promise.all(contents.map((content, i) => files.write(`race-${i % 2}`, content)))
    for (const name of ['race-0', 'race-1']) assert.equal((await files.read(name)).length, 200_000)
  })
})
