// sdkcommands.mjs ROUNDS: how long each `commands.run('true')` of the published SDK takes, in ms, as one JSON list.
// E2B_API_URL, E2B_SANDBOX_URL and E2B_API_KEY lead to the engine.
import { Sandbox } from 'e2b'

const warmUp = 50 // until the SDK's own code is compiled
const sandbox = await Sandbox.create('code-interpreter-v1', { timeoutMs: 600_000 })
const taken = []
for (let round = -warmUp; round < Number(process.argv[2]); ++round) {
  const begin = performance.now()
  const { exitCode } = await sandbox.commands.run('true')
  if (exitCode !== 0) throw new Error(`exit code ${exitCode}`)
  if (round >= 0) taken.push(performance.now() - begin)
}
await sandbox.kill()
console.log(JSON.stringify(taken))
process.exit(0) // the SDK's connections would keep it alive for a minute
