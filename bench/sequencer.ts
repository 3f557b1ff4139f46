import { connectDatabase, type Database } from '#db/client.ts'
import { migrate } from '#db/migrate.ts'
import { listen } from '#db/notify.ts'
import { createPoolStore } from '#db/pool.ts'
import { createDatabase } from '#devnet/postgresServer.ts'
import { BatchNumber } from '#protocol/primitives.ts'
import { encodeRawTransaction } from '#protocol/transaction.ts'
import type { Sequencer } from '#sequencer/sequencer.ts'
import { CHAIN_ID, createSequencer, seedChain, toPoolTransaction } from '#test/sequencing.ts'
import { startThrowAwayPostgres } from '#test/setup/postgres.ts'
import { cpuSeconds } from './measure.ts'
import type { BenchResult } from './run.ts'
import { TransferSigner } from './transfers.ts'

const TRANSACTIONS = 6000
const GROUP = 500

async function fillPool(db: Database, raw: readonly Uint8Array[]): Promise<void> {
  const store = createPoolStore(db, { priceBumpPercent: 10, accountQueue: 5000 })
  const rows = raw.map(toPoolTransaction)
  for (let start = 0; start < rows.length; start += GROUP) await store.insert(rows.slice(start, start + GROUP))
}

/** Takes batch after batch from a sequencer until it has mined a number of transactions. */
class Run {
  readonly #sequencer: Sequencer
  #nextBatch = 2

  constructor(sequencer: Sequencer) {
    this.#sequencer = sequencer
  }

  async mine(count: number): Promise<{ batches: number; blocks: number }> {
    const first = this.#nextBatch
    let [mined, blocks] = [0, 0]
    while (mined < count) {
      const batch = await this.#sequencer.collect(BatchNumber(this.#nextBatch++), new AbortController().signal)
      mined += batch.txCount
      blocks += batch.blockCount
    }
    return { batches: this.#nextBatch - first, blocks }
  }
}

async function measure(what: string, db: Database, run: Run, raw: readonly Uint8Array[]) {
  await fillPool(db, raw)
  let storedAt = 0
  const unlisten = await listen(db, 'l2_block', () => {
    storedAt = performance.now() // the last batch stays open for a while after its last block
  })
  const startedAt = performance.now()
  const { seconds, value } = await cpuSeconds(() => run.mine(raw.length))
  await unlisten()
  return {
    what,
    'transactions per CPU second': Math.round(raw.length / seconds),
    'transactions per second of wall time': Math.round((raw.length * 1000) / (storedAt - startedAt)),
    blocks: value.blocks,
    batches: value.batches,
    'peak memory MB': Math.round(process.resourceUsage().maxRSS / 1024),
  }
}

/**
 * The sequencer alone, as in its process: pool to stored L2 blocks and closed batches, with the default limits and batches of 1 s at most. Postgres
 * has a process of its own and does not wait for the disk.
 */
export async function run(): Promise<BenchResult> {
  const server = await startThrowAwayPostgres()
  const url = await createDatabase(server.value, `bench_${Date.now()}`)
  await migrate(url)
  const db = connectDatabase(url)
  try {
    const signer = new TransferSigner(CHAIN_ID)
    await seedChain(db, signer.senders)
    const sequencer = createSequencer(db, { batchMaxMs: 1000, blockMaxMs: 1000 })
    const run = new Run(sequencer)
    await fillPool(db, [encodeRawTransaction(signer.deployment.transaction)])
    await run.mine(1)
    const rows = [
      await measure('ETH transfers', db, run, signer.sign('eth', TRANSACTIONS)),
      await measure('ERC-20 transfers', db, run, signer.sign('erc20', TRANSACTIONS)),
    ]
    await sequencer.close()
    return { name: `sequencer: ${TRANSACTIONS} transactions of ${signer.senders.length} senders`, rows }
  } finally {
    await db.$client.end()
    await server.stop()
  }
}
