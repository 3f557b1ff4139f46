import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'drizzle-orm'
import { TransferSigner } from '#bench/transfers.ts'
import { connectDatabase, type Database } from '#db/client.ts'
import { quote } from '#db/frozenDatabase.ts'
import { findSnapshotTables } from '#db/snapshotTables.ts'
import { createEtherman } from '#etherman/client.ts'
import type { Etherman } from '#etherman/types.ts'
import { encodeRawTransaction } from '#protocol/transaction.ts'
import { L1Chain, type L1Node } from '#test/l1Chain.ts'
import { createTestDatabase, type TestDatabase } from '#test/postgres.ts'
import { CHAIN_ID } from '#test/sequencing.ts'
import type { KilledProcess, L1Options } from './killedProcess.fixture.ts'
import type { RestoreOptions } from './restoreSnapshot.ts'

const ROOT = join(import.meta.dirname, '..')
const PER_BATCH = 3
const L1_CHAIN_ID = 1337

/** A sequencer's chain on an L1, to be saved and restored, with places to do it. */
export class ChainToSave {
  readonly l1: L1Chain
  readonly node: L1Node
  readonly databaseUrl: string
  readonly etherman: Etherman & { close(): void }
  readonly #signer: TransferSigner
  readonly #databases: TestDatabase[]
  readonly #folder = mkdtempSync(join(tmpdir(), 'zknode-snapshots-'))
  #folders = 0
  lastBatch = 1

  private constructor(l1: L1Chain, node: L1Node, signer: TransferSigner, database: TestDatabase) {
    this.l1 = l1
    this.node = node
    this.databaseUrl = database.url
    this.#signer = signer
    this.#databases = [database]
    this.etherman = createEtherman(this.l1Options)
  }

  /** With a token, and nothing else. */
  static async start(): Promise<ChainToSave> {
    const signer = new TransferSigner(CHAIN_ID)
    const l1 = await L1Chain.start(signer.senders)
    const database = await createTestDatabase()
    const node = await l1.openNode(database.url, { isReader: false })
    await node.poll()
    const chain = new ChainToSave(l1, node, signer, database)
    await chain.#add([encodeRawTransaction(signer.deployment.transaction)])
    return chain
  }

  async stop(): Promise<void> {
    this.etherman.close()
    await this.node.close()
    await this.l1.stop()
    for (const { drop } of this.#databases) await drop()
    rmSync(this.#folder, { recursive: true })
  }

  /** Closes batches of ether and of tokens. */
  async addBatches(count: number): Promise<void> {
    const each = Math.floor(count / 2)
    await this.#add(this.#signer.sign('eth', each * PER_BATCH))
    await this.#add(this.#signer.sign('erc20', (count - each) * PER_BATCH))
  }

  async #add(raws: readonly Uint8Array[]): Promise<void> {
    const place = { firstBatch: this.lastBatch + 1, transactions: Math.min(PER_BATCH, raws.length) }
    this.lastBatch = await this.l1.makeBatches(this.node, raws, place)
  }

  get l1Options(): L1Options {
    const { rollupManager, rollup, globalExitRoot, pol, rollupId } = this.l1.deployment
    const contracts = { rollupManager, rollup, globalExitRoot, pol }
    return { rpcUrl: this.l1.url, contracts, rollupId, requestTimeoutMs: 30_000 }
  }

  /** Runs a process that kills itself. Returns the signal that ended it. */
  async runKilled(options: Omit<KilledProcess, 'l1'>): Promise<NodeJS.Signals | null> {
    const argument = JSON.stringify({ ...options, l1: this.l1Options } satisfies KilledProcess)
    const program = ['--import', 'tsx', 'snapshot/killedProcess.fixture.ts', argument]
    const child = spawn(process.execPath, program, { cwd: ROOT, stdio: ['ignore', 'ignore', 'inherit'] })
    const [, signal] = await once(child, 'exit')
    return signal
  }

  folder(): string {
    return join(this.#folder, String(this.#folders++))
  }

  async emptyDatabase(): Promise<string> {
    const database = await createTestDatabase()
    this.#databases.push(database)
    return database.url
  }

  network(changed: Partial<RestoreOptions['network']> = {}): RestoreOptions['network'] {
    const { rollupId, rollupManager } = this.l1.deployment
    return { chainId: CHAIN_ID, l1ChainId: L1_CHAIN_ID, rollupId, contracts: { rollupManager }, ...changed }
  }

  /** For `createSnapshot`; small files, so that there are many. */
  toCreate(folder: string) {
    return { databaseUrl: this.databaseUrl, network: this.network(), folder, jobs: 3, chunkBytes: 64 * 1024 }
  }

  /** For `restoreSnapshot`. */
  toRestore(folder: string, databaseUrl: string): RestoreOptions {
    return { databaseUrl, network: this.network(), etherman: this.etherman, folder, jobs: 3 }
  }
}

/** Each table of a State DB that is in snapshots, in full: rows and a digest of them. */
export async function digestTables(url: string): Promise<Record<string, string>> {
  return await onDatabase(url, async (db) => {
    const digests: Record<string, string> = {}
    for (const { name } of await findSnapshotTables(db)) {
      const [row] = await db.execute<{ digest: string }>(sql`
        select count(*) || ' rows ' || coalesce(md5(string_agg(row, '' order by row)), '') as digest
        from (select t::text as row from ${sql.raw(quote(name))} t) rows`)
      digests[name] = row!.digest
    }
    return digests
  })
}

/** Schemas, indexes and constraints of a database, as one compares them. */
export const describeSchema = (url: string) =>
  onDatabase(url, async (db) => [
    ...(await db.execute(sql`select schemaname, tablename, indexname, indexdef from pg_indexes
      where schemaname not like 'pg_%' and schemaname <> 'information_schema' order by 1, 2, 3`)),
    ...(await db.execute(sql`select conrelid::regclass::text as table, conname, pg_get_constraintdef(oid) as definition
      from pg_constraint where conrelid <> 0 and connamespace::regnamespace::text not in ('pg_catalog', 'information_schema')
      order by 1, 2`)),
    ...(await db.execute(sql`select nspname from pg_namespace where nspname !~ '^(pg_|information)' order by 1`)),
  ])

export async function onDatabase<T>(url: string, work: (db: Database) => Promise<T>): Promise<T> {
  const db = connectDatabase(url, { maxConnections: 1, name: 'zknode-test' })
  try {
    return await work(db)
  } finally {
    await db.$client.end({ timeout: 1 })
  }
}
