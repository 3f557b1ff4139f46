import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { testConfig } from '#api/tests/testServer.ts'
import { connectDatabase } from '#db/client.ts'
import { migrate } from '#db/migrate.ts'
import { createDatabase } from '#devnet/postgresServer.ts'
import { seedChain } from '#test/sequencing.ts'
import { startThrowAwayPostgres } from '#test/setup/postgres.ts'
import { startApiProcess } from '../apiProcess.ts'
import { type FuzzReport, fuzz } from './fuzz.ts'
import { openHeap } from './heap.ts'

/**
 * The API as its process under malformed and random requests: it must not end, each answer must be one of JSON-RPC, and
 * when all is over it must keep no more memory than after the first tenth, when all its code had run. Exit code 1 if not.
 */
const { values } = parseArgs({
  options: { requests: { type: 'string', default: '20000' }, seed: { type: 'string', default: '1' } },
})
const [requests, seed] = [Number(values.requests), Number(values.seed)]
const ALLOWED_GROWTH_MB = 10
const NAMESPACES = ['eth', 'net', 'web3', 'txpool', 'zkevm', 'debug', 'trace', 'ots']

const say = (line: string) => process.stdout.write(`${line}\n`)
const folder = mkdtempSync(join(tmpdir(), 'zknode-fuzz-'))
const postgres = await startThrowAwayPostgres()
const databaseUrl = await createDatabase(postgres.value, 'fuzz')
await migrate(databaseUrl)
const db = connectDatabase(databaseUrl)
await seedChain(db)
const config = testConfig(databaseUrl, { rpc: { namespaces: NAMESPACES } })
const api = await startApiProcess(folder, config, { nodeArgs: ['--inspect=127.0.0.1:0'], stderr: 'pipe' })
const heap = await openHeap(api.child)
const target = { url: api.url, wsUrl: api.url.replace('http', 'ws') }

let shown = 0
const onProgress = (sent: number) => {
  if (sent < shown + 20_000) return
  shown = sent - (sent % 20_000)
  say(`${shown} sent`)
}
const started = performance.now()
const reports: FuzzReport[] = [await fuzz(target, { requests: Math.ceil(requests / 10), seed })]
const before = await heap.measure()
reports.push(await fuzz(target, { requests: requests - Math.ceil(requests / 10), seed: seed + 1, onProgress }))
const seconds = (performance.now() - started) / 1000
await new Promise((resolve) => setTimeout(resolve, 2000)) // connections that are gone are noticed
const after = await heap.measure()
const hasEnded = api.child.exitCode !== null || api.child.signalCode !== null
const faults = reports.flatMap((report) => report.faults)
const sum = (kind: 'http' | 'webSocket' | 'misbehaving') => reports.reduce((total, report) => total + report[kind], 0)
say(
  `${sum('http')} over HTTP, ${sum('webSocket')} over WebSocket, ${sum('misbehaving')} cut short or in drops: ${Math.round(seconds)} s`,
)
const [now, most] = ['VmRSS', 'VmHWM'].map((field) => residentMb(api.child.pid!, field))
say(
  `heap kept: ${before.toFixed(1)} MB after a tenth, ${after.toFixed(1)} MB at the end; resident: ${now} MB, at most ${most} MB`,
)
for (const fault of faults) say(`FAULT ${fault}`)
say(`${faults.length} faults, the process ${hasEnded ? 'ENDED' : 'is there'}`)

heap.close()
await api.stop()
await db.$client.end()
await postgres.stop()
rmSync(folder, { recursive: true, force: true })
const hasGrown = after > before + ALLOWED_GROWTH_MB
process.exit(faults.length > 0 || hasEnded || hasGrown ? 1 : 0)

/** Only Linux tells. */
function residentMb(pid: number, field: string): number | undefined {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8')
    return Math.round(Number(new RegExp(`${field}:\\s+(\\d+)`).exec(status)?.[1]) / 1024)
  } catch {
    return undefined
  }
}
