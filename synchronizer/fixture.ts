import { sql } from 'drizzle-orm'
import { pino } from 'pino'
import { closeBatch, openBatch } from '#db/batches.ts'
import { storeBlock } from '#db/blocks.ts'
import type { Database } from '#db/client.ts'
import { findSignals } from '#db/outbox.ts'
import { l1Blocks, l1InfoLeaves } from '#db/schema.ts'
import type { L1Event } from '#etherman/types.ts'
import { l1InfoLeafHash } from '#protocol/l1InfoTree.ts'
import { Address, BatchNumber, type Hash, ZERO_HASH } from '#protocol/primitives.ts'
import { WORKED_SENDER } from '#protocol/workedBatch.fixture.ts'
import { addressOf, blockOf, hashOf } from '#test/blocks.ts'
import { openTestDatabase } from '#test/database.ts'
import { buildSmallChain, INFO_LEAVES, INFO_TREE, type SmallChain } from '#test/smallChain.ts'
import { ScriptedL1 } from './scriptedL1.fixture.ts'
import { Synchronizer } from './synchronizer.ts'

export const [zero, one, two] = [0, 1, 2].map(BatchNumber) as [BatchNumber, BatchNumber, BatchNumber]
/** Published with the worked batch: after it, on the genesis with its one account. */
export const WORKED_ROOT = '0x3cddf90244459af0b8d26663d41ff0a0c15d7e933a9c34a343e2614c1a745b97'
export const WORKED_ACC_INPUT_HASH = '0x4855cab0e53f18738aded33c8fc0567ff39b2abb96969e04acb4867944f9f333'

type Sequence = Extract<L1Event, { kind: 'sequence' }>
const closing = (batchNumber: BatchNumber) => ({ batchNumber, closingReason: 'test', localExitRoot: ZERO_HASH })
const NOT_FORCED = { forcedGlobalExitRoot: ZERO_HASH, forcedTimestamp: 0, forcedBlockHashL1: ZERO_HASH }

/** A State DB and a scripted L1 with the two batches of the small chain to put there. */
export class SynchronizerFixture {
  readonly db: Database
  readonly chain: SmallChain
  readonly close: () => Promise<void>
  l1 = new ScriptedL1()
  synchronizer!: Synchronizer

  private constructor(db: Database, chain: SmallChain, close: () => Promise<void>) {
    this.db = db
    this.chain = chain
    this.close = close
  }

  static async open(): Promise<SynchronizerFixture> {
    const { db, close } = await openTestDatabase()
    return new SynchronizerFixture(db, await buildSmallChain(), close)
  }

  /** Genesis, and an L1 whose only block has the info leaves of the small chain, which are in the State DB already. */
  async reset(): Promise<void> {
    const { db } = this
    const tables = await db.execute<{ name: string }>(
      sql`select format('%I.%I', schemaname, tablename) as name from pg_tables where schemaname in ('state', 'tree')`,
    )
    await db.execute(sql.raw(`truncate ${tables.map(({ name }) => name).join(', ')}`))
    const { root: stateRoot, changes, newNodes } = this.chain.genesis
    await openBatch(db, { batchNumber: zero, kind: 'genesis', forkId: 9, coinbase: Address(WORKED_SENDER) })
    await storeBlock(db, blockOf(0, 0, { block: { stateRoot, timestamp: 0 }, changes, newNodes }))
    await closeBatch(db, { ...closing(zero), batchL2Data: new Uint8Array(), stateRoot, lastTimestamp: 0 })
    this.l1 = new ScriptedL1()
    const { number: blockNumber, ...first } = this.l1.mine()
    await db.insert(l1Blocks).values({ blockNumber, ...first, hasEvents: true })
    await db.insert(l1InfoLeaves).values(
      INFO_LEAVES.map((leaf, leafIndex) => ({
        ...{ leafIndex, l1BlockNumber: 1, mainnetExitRoot: ZERO_HASH, rollupExitRoot: ZERO_HASH, ...leaf },
        ...{ leafHash: l1InfoLeafHash(leaf), l1InfoRoot: INFO_TREE.rootAt(leafIndex + 1) },
      })),
    )
    this.restart()
  }

  /** As after a restart of the process: nothing is in memory. */
  restart(options: { maxBlockRange?: number; follow?: 'safe' | 'finalized'; onReorg?: () => void } = {}): void {
    const network = { chainId: 1000, forkId: 9, l1StartBlock: 1 }
    const logger = pino({ level: 'silent' })
    this.synchronizer = new Synchronizer({
      db: this.db,
      etherman: this.l1,
      network,
      maxBlockRange: 100,
      ...options,
      logger,
    })
  }

  poll() {
    return this.synchronizer.poll(() => {})
  }

  dataOf(index: 0 | 1): Uint8Array {
    return this.chain.batches[index].job.inputs.batchL2Data
  }

  rootAfter(index: 0 | 1): Hash {
    return this.chain.batches[index].job.claimed.newStateRoot
  }

  /** Both batches of the small chain, as the sequencer would send them; or other data. */
  sequence(batchL2Data = [this.dataOf(0), this.dataOf(1)], changed: Partial<Sequence> = {}): Sequence {
    const { l1InfoRoot, timestampLimit, coinbase } = this.chain.batches[0].job.inputs
    return {
      ...{ kind: 'sequence', toBatch: batchL2Data.length, l1InfoRoot, timestampLimit, coinbase, sequencer: coinbase },
      batches: batchL2Data.map((data) => ({ batchL2Data: data, ...NOT_FORCED })),
      ...{ txHash: hashOf(0x5e9), ...changed },
    }
  }

  /** The first batch of the small chain as the sequencer closes it, without L1. */
  async closeOwnBatch(changed: { batchL2Data?: Uint8Array } = {}): Promise<void> {
    const { db } = this
    const { job, blocks } = this.chain.batches[0]
    await openBatch(db, { batchNumber: one, kind: 'trusted', forkId: 9, coinbase: job.inputs.coinbase })
    for (const block of blocks) {
      const l1InfoIndex = block.globalExitRoot === ZERO_HASH ? 0 : 1
      const content = { changes: block.stateDiff, newNodes: block.newNodes }
      await storeBlock(db, blockOf(block.number, 1, { block: { ...block, l1InfoIndex }, ...content }))
    }
    const [stateRoot, lastTimestamp] = [this.rootAfter(0), blocks.at(-1)!.timestamp]
    await closeBatch(db, { ...closing(one), batchL2Data: this.dataOf(0), stateRoot, lastTimestamp, ...changed })
  }

  /** Signals that wait for delivery, oldest first. */
  async signals(): Promise<string[]> {
    return (await findSignals(this.db)).map(({ workflowId, signal }) => `${signal} → ${workflowId}`)
  }
}

export const verification = (toBatch: number, stateRoot: Hash, changed: object = {}): L1Event => ({
  ...{ kind: 'verification', toBatch, stateRoot, exitRoot: ZERO_HASH, aggregator: addressOf(0xa6), trusted: true },
  ...{ txHash: hashOf(0x7e1), ...changed },
})

export const infoLeaf = (number: number): L1Event => ({
  ...{ kind: 'l1InfoLeaf', mainnetExitRoot: hashOf(number), rollupExitRoot: ZERO_HASH },
})
