import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { testConfig } from '#api/tests/testServer.ts'
import { bytesToHex } from '#common/bytes.ts'
import { connectDatabase, type Database } from '#db/client.ts'
import { migrate } from '#db/migrate.ts'
import { createPoolStore } from '#db/pool.ts'
import { createDatabase } from '#devnet/postgresServer.ts'
import { call } from '#devnet/rpc.ts'
import { keccak256 } from '#protocol/keccak.ts'
import { BatchNumber } from '#protocol/primitives.ts'
import { contractAddress, encodeRawTransaction } from '#protocol/transaction.ts'
import { startAnvil } from '#test/anvil.ts'
import { type ApiProcess, startApiProcess } from '#test/apiProcess.ts'
import { CHAIN_ID, createSequencer, seedChain, toPoolTransaction } from '#test/sequencing.ts'
import { startThrowAwayPostgres } from '#test/setup/postgres.ts'
import { sendAll } from './rawClient.ts'
import type { BenchResult } from './run.ts'
import { TransferSigner } from './transfers.ts'

const CONNECTIONS = 32
const ROUNDS = 4
const TRANSACTIONS = 5000
const BATCH = 100
const READS = 20_000
const MINED = 200

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

type Rate = { what: string; [measure: string]: number | string }

/** CPU seconds of the API process and of the Postgres backends that serve it, which only Linux tells. */
class Meter {
  readonly #db: Database
  readonly #pid: number

  constructor(db: Database, pid: number) {
    this.#db = db
    this.#pid = pid
  }

  async #read() {
    const backends = await this.#db.$client<{ pid: number }[]>`
      select pid from pg_stat_activity where application_name = 'zknode-api'`
    const postgres = backends.map(({ pid }) => cpuSeconds(pid)).reduce((sum, each) => sum + each, 0)
    return { api: cpuSeconds(this.#pid), postgres }
  }

  async measure(what: string, count: number, work: () => Promise<void>): Promise<Rate> {
    const before = await this.#read()
    await work()
    const after = await this.#read()
    const api = after.api - before.api
    return {
      what,
      'per CPU second of the API': Math.round(count / api),
      'µs of the API': Math.round((api * 1e6) / count),
      'µs of Postgres': Math.round(((after.postgres - before.postgres) * 1e6) / count),
      'peak memory MB': Math.round(Number(/VmHWM:\s+(\d+)/.exec(readProc(this.#pid, 'status'))?.[1]) / 1024),
    }
  }
}

/** Of all threads of a process. */
function cpuSeconds(pid: number): number {
  const threads = listProc(`${pid}/task`)
  const nanoseconds = threads.map((thread) => Number(readProc(pid, `task/${thread}/schedstat`).split(' ')[0]))
  return nanoseconds.reduce((sum, each) => sum + each, 0) / 1e9
}

function listProc(folder: string): string[] {
  try {
    return readdirSync(`/proc/${folder}`)
  } catch {
    return []
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
const contentOf = (signer: TransferSigner): Uint8Array[] => [
  encodeRawTransaction(signer.deployment.transaction),
  ...signer.sign('erc20', MINED),
]

async function mineSome(db: Database, raws: readonly Uint8Array[]): Promise<void> {
  const sequencer = createSequencer(db, { batchMaxMs: 2000 })
  await createPoolStore(db, { priceBumpPercent: 10, accountQueue: 5000 }).insert(raws.map(toPoolTransaction))
  await sequencer.collect(BatchNumber(2), new AbortController().signal)
  await sequencer.close()
}

/** Reads per CPU second of anvil with the same content. */
async function measureAnvil(
  signer: TransferSigner,
  raws: readonly Uint8Array[],
  reads: Reads,
): Promise<Map<string, number>> {
  const args = ['--no-mining', '--hardfork', 'berlin', '--gas-limit', '1000000000']
  const anvil = await startAnvil({ chainId: CHAIN_ID, args })
  try {
    for (const sender of signer.senders)
      await call(anvil.url, 'anvil_setBalance', [sender, `0x${(10n ** 20n).toString(16)}`])
    for (const raw of raws) await call(anvil.url, 'eth_sendRawTransaction', [bytesToHex(raw)])
    await call(anvil.url, 'evm_mine')
    const rates = new Map<string, number>()
    for (const [method, bodies] of reads) {
      await sendAll(anvil.url, bodies, CONNECTIONS)
      const before = cpuSeconds(anvil.pid)
      await sendAll(anvil.url, bodies, CONNECTIONS)
      rates.set(method, Math.round(bodies.length / (cpuSeconds(anvil.pid) - before)))
    }
    return rates
  } finally {
    await anvil.stop()
  }
}

type Reads = ReadonlyMap<string, readonly string[]>

/** Bodies of the requests that are measured, by method. */
function createReads(signer: TransferSigner, raws: readonly Uint8Array[]): Reads {
  const token = contractAddress(signer.deployment.sender, 0n)
  const holder = (index: number) => signer.senders[index % signer.senders.length]!
  const hashes = raws.map((raw) => bytesToHex(keccak256(raw)))
  const params: Record<string, (index: number) => readonly unknown[]> = {
    eth_blockNumber: () => [],
    eth_getBalance: (index) => [holder(index), 'latest'],
    eth_call: (index) => [{ to: token, data: `0x70a08231${holder(index).slice(2).padStart(64, '0')}` }, 'latest'],
    eth_getBlockByNumber: () => ['latest', false],
    eth_getTransactionReceipt: (index) => [hashes[index % hashes.length]],
  }
  return new Map(
    Object.entries(params).map(([method, paramsOf]) => [
      method,
      Array.from({ length: READS }, (_, index) => JSON.stringify(message(index, method, paramsOf(index)))),
    ]),
  )
}

/**
 * The API as its process, with a client of 32 connections: rounds of ETH transfers in batches of 100 that stay in the
 * pool (the first rounds are those of a cold process), then reads one by one, of anvil as well: each kind twice, the second
 * time counts.
 */
export async function run(): Promise<BenchResult> {
  const server = await startThrowAwayPostgres()
  const folder = mkdtempSync(join(tmpdir(), 'zknode-bench-'))
  const url = await createDatabase(server.value, `bench_${Date.now()}`)
  await migrate(url)
  const db = connectDatabase(url)
  let api: ApiProcess | undefined
  try {
    const signer = new TransferSigner(CHAIN_ID)
    await seedChain(db, signer.senders)
    const content = contentOf(signer)
    await mineSome(db, content)
    const rounds = Array.from({ length: ROUNDS }, () =>
      toBatches(signer.sign('eth', TRANSACTIONS), signer.senders.length),
    )
    const reads = createReads(signer, content)
    const anvil = await measureAnvil(signer, content, reads)
    const pool = { accountQueue: 5000, globalQueue: 100_000 }
    api = await startApiProcess(folder, testConfig(url, { pool }))
    const send = (bodies: readonly string[]) => sendAll(api!.url, bodies, CONNECTIONS)
    const meter = new Meter(db, api.child.pid!)
    const rows: Rate[] = []
    for (const [index, bodies] of rounds.entries())
      rows.push(await meter.measure(`transfers, round ${index + 1}`, TRANSACTIONS, () => send(bodies)))
    for (const [method, bodies] of reads) {
      await send(bodies) // finds cold code
      const row = await meter.measure(method, READS, () => send(bodies))
      rows.push({ ...row, 'per CPU second of anvil': anvil.get(method)! })
    }
    return { name: `api: rounds of ${TRANSACTIONS} transfers, ${READS} reads`, rows }
  } finally {
    await api?.stop()
    await db.$client.end()
    await server.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}
