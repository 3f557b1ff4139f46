import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { testConfig } from '#api/testServer.ts'
import { bytesToHex } from '#common/bytes.ts'
import { connectDatabase, type Database } from '#db/client.ts'
import { migrate } from '#db/migrate.ts'
import { createPoolStore } from '#db/pool.ts'
import { createDatabase } from '#devnet/postgresServer.ts'
import { BatchNumber } from '#protocol/primitives.ts'
import { contractAddress, encodeRawTransaction } from '#protocol/transaction.ts'
import { CHAIN_ID, createSequencer, seedChain, toPoolTransaction } from '#test/sequencing.ts'
import { startThrowAwayPostgres } from '#test/setup/postgres.ts'
import type { BenchResult } from './run.ts'
import { TransferSigner } from './transfers.ts'

const CONNECTIONS = 32
const ROUNDS = 4
const TRANSACTIONS = 5000
const BATCH = 100
const READS = 3000
const MINED = 200

const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS })

/** Sends one body and answers the text. */
async function post(url: string, body: string): Promise<string> {
  return await new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }
    const outgoing = request(url, { method: 'POST', agent, headers }, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (part) => {
        text += part
      })
      response.on('end', () => resolve(text))
    })
    outgoing.on('error', reject)
    outgoing.end(body)
  })
}

/** Each body once, over all connections. @throws when an answer has an error in it */
async function sendAll(url: string, bodies: readonly string[]): Promise<void> {
  const queue = bodies.values()
  const client = async () => {
    for (const body of queue) {
      const answer = await post(url, body)
      if (answer.includes('"error"')) throw new Error(answer.slice(0, 300))
    }
  }
  await Promise.all(Array.from({ length: CONNECTIONS }, client))
}

const message = (id: number, method: string, params: readonly unknown[]) => ({ jsonrpc: '2.0', id, method, params })

/** Batches of one sender each, nonces in order. */
function toBatches(transactions: readonly Uint8Array[], senders: number): string[] {
  const bySender = Array.from({ length: senders }, (_, sender) =>
    transactions.filter((_, index) => index % senders === sender),
  )
  return bySender.flatMap((raws) =>
    Array.from({ length: Math.ceil(raws.length / BATCH) }, (_, part) =>
      JSON.stringify(
        raws
          .slice(part * BATCH, (part + 1) * BATCH)
          .map((raw, index) => message(index, 'eth_sendRawTransaction', [bytesToHex(raw)])),
      ),
    ),
  )
}

async function startApi(folder: string, databaseUrl: string) {
  const path = join(folder, 'config.json')
  const pool = { accountQueue: 5000, globalQueue: 100_000 }
  writeFileSync(path, JSON.stringify({ ...testConfig(databaseUrl, { pool }), log: { level: 'info' } }))
  const main = fileURLToPath(new URL('../api/main.ts', import.meta.url))
  const child = spawn(process.execPath, ['--import', 'tsx', main], {
    env: { ...process.env, ZKNODE_CONFIG: path },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  for await (const line of createInterface({ input: child.stdout! })) {
    const { msg, url, opsPort } = JSON.parse(line)
    if (msg === 'api ready') return { child, url: String(url), metrics: `http://127.0.0.1:${opsPort}/metrics` }
  }
  throw new Error('the API ended before it was ready')
}

/** CPU seconds of the API process and of the Postgres backends that serve it, which only Linux tells. */
class Meter {
  readonly #metrics: string
  readonly #db: Database
  readonly #child: ChildProcess

  constructor(metrics: string, db: Database, child: ChildProcess) {
    this.#metrics = metrics
    this.#db = db
    this.#child = child
  }

  async #read() {
    const text = await (await fetch(this.#metrics)).text()
    const api = Number(/^process_cpu_seconds_total (\S+)/m.exec(text)?.[1])
    const backends = await this.#db.$client<{ pid: number }[]>`
      select pid from pg_stat_activity where application_name = 'zknode-api'`
    const nanoseconds = backends.map(({ pid }) => Number(readProc(pid, 'schedstat').split(' ')[0]))
    return { api, postgres: nanoseconds.reduce((sum, each) => sum + each, 0) / 1e9 }
  }

  async measure(what: string, count: number, work: () => Promise<void>) {
    const before = await this.#read()
    await work()
    const after = await this.#read()
    const api = after.api - before.api
    return {
      what,
      'per CPU second of the API': Math.round(count / api),
      'µs of the API': Math.round((api * 1e6) / count),
      'µs of Postgres': Math.round(((after.postgres - before.postgres) * 1e6) / count),
      'peak memory MB': Math.round(Number(/VmHWM:\s+(\d+)/.exec(readProc(this.#child.pid!, 'status'))?.[1]) / 1024),
    }
  }
}

function readProc(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8')
  } catch {
    return ''
  }
}

/** A token, transfers of it in one block: what the reads are about. */
async function mineSome(db: Database, signer: TransferSigner): Promise<void> {
  const sequencer = createSequencer(db, { batchMaxMs: 2000 })
  const raws = [encodeRawTransaction(signer.deployment.transaction), ...signer.sign('erc20', MINED)]
  await createPoolStore(db, { priceBumpPercent: 10 }).insert(raws.map(toPoolTransaction))
  await sequencer.collect(BatchNumber(2), new AbortController().signal)
  await sequencer.close()
}

/**
 * The API as its process, with a client of 32 connections: rounds of ETH transfers in batches of 100 that stay in the
 * pool (the first rounds are those of a cold process), then reads one by one.
 */
export async function run(): Promise<BenchResult> {
  const server = await startThrowAwayPostgres()
  const folder = mkdtempSync(join(tmpdir(), 'zknode-bench-'))
  const url = new URL(server.value)
  url.pathname = `/bench_${Date.now()}`
  await createDatabase(server.value, url.pathname.slice(1))
  await migrate(url.href)
  const db = connectDatabase(url.href)
  let api: Awaited<ReturnType<typeof startApi>> | undefined
  try {
    const signer = new TransferSigner(CHAIN_ID)
    await seedChain(db, signer.senders)
    await mineSome(db, signer)
    const rounds = Array.from({ length: ROUNDS }, () =>
      toBatches(signer.sign('eth', TRANSACTIONS), signer.senders.length),
    )
    api = await startApi(folder, url.href)
    const meter = new Meter(api.metrics, db, api.child)
    const rows = []
    for (const [index, bodies] of rounds.entries())
      rows.push(await meter.measure(`transfers, round ${index + 1}`, TRANSACTIONS, () => sendAll(api!.url, bodies)))
    const token = contractAddress(signer.deployment.sender, 0n)
    const holder = (index: number) => signer.senders[index % signer.senders.length]!
    const reads: Record<string, (index: number) => readonly unknown[]> = {
      eth_blockNumber: () => [],
      eth_getBalance: (index) => [holder(index), 'latest'],
      eth_call: (index) => [{ to: token, data: `0x70a08231${holder(index).slice(2).padStart(64, '0')}` }, 'latest'],
      eth_getBlockByNumber: () => ['latest', false],
    }
    for (const [method, params] of Object.entries(reads)) {
      const bodies = Array.from({ length: READS }, (_, index) => JSON.stringify(message(index, method, params(index))))
      rows.push(await meter.measure(method, READS, () => sendAll(api!.url, bodies)))
    }
    return { name: `api: rounds of ${TRANSACTIONS} transfers, ${READS} reads`, rows }
  } finally {
    if (api !== undefined) {
      const ended = once(api.child, 'exit')
      api.child.kill('SIGTERM')
      await ended
    }
    agent.destroy()
    await db.$client.end()
    await server.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}
