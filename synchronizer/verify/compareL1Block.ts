import type { Queryable } from '#db/client.ts'
import { type Horizon, readHorizon } from '#db/pruning.ts'
import {
  findForcedBatchRow,
  findInfoLeafRow,
  findSequenceRow,
  findVerificationRow,
  readLeafHashesBefore,
  readVirtualBatches,
  type VirtualBatch,
} from '#db/verifyRows.ts'
import type { Etherman, L1Block, L1BlockEvents, L1Event } from '#etherman/types.ts'
import { accInputHash } from '#protocol/accInputHash.ts'
import { globalExitRoot } from '#protocol/globalExitRoot.ts'
import { keccakHex } from '#protocol/keccak.ts'
import { L1InfoTree, l1InfoLeafHash } from '#protocol/l1InfoTree.ts'
import { BatchNumber, type Hash, ZERO_HASH } from '#protocol/primitives.ts'
import type { SequencedOnL1 } from '../executeSequenced.ts'
import { type EventOf, type SequencingEvent, sequencedBatches } from '../sequencedBatches.ts'
import type { Differences } from './differences.ts'

type Contracts = Pick<Etherman, 'readSequencedBatches' | 'readStateRoot' | 'isRolledBack'>
/** What was compared so far. `pruned`: batches whose data this node does not keep. */
export type Compared = { batches: number; pruned: number; verifications: number; leaves: number; forced: number }

type Dependencies = {
  db: Queryable
  contracts: Contracts
  differences: Differences
  /** The others are not compared. */
  batches: { from: number; to: number }
}

/** Compares what L1 blocks brought with the rows that the node has of it, block by block. */
export class L1BlockComparison {
  readonly compared: Compared = { batches: 0, pruned: 0, verifications: 0, leaves: 0, forced: 0 }
  readonly #db: Queryable
  readonly #contracts: Contracts
  readonly #differences: Differences
  readonly #batches: { from: number; to: number }
  readonly #horizon: Horizon
  readonly #tree: L1InfoTree

  private constructor({ db, contracts, differences, batches }: Dependencies, horizon: Horizon, tree: L1InfoTree) {
    this.#db = db
    this.#contracts = contracts
    this.#differences = differences
    this.#batches = batches
    this.#horizon = horizon
    this.#tree = tree
  }

  /** From an L1 block on; what was before it is believed. */
  static async from(l1Block: number, deps: Dependencies): Promise<L1BlockComparison> {
    const tree = new L1InfoTree()
    for (const leafHash of await readLeafHashesBefore(deps.db, l1Block)) tree.append(leafHash)
    return new L1BlockComparison(deps, await readHorizon(deps.db), tree)
  }

  /** Of all leaves so far, those of L1 blocks before the first one too. */
  get infoTree(): { leafCount: number; root: Hash } {
    return { leafCount: this.#tree.count, root: this.#tree.root }
  }

  async compare({ block, events }: L1BlockEvents): Promise<void> {
    for (const event of events) await this.#compareEvent(block, event)
  }

  async #compareEvent(block: L1Block, event: L1Event): Promise<void> {
    switch (event.kind) {
      case 'l1InfoLeaf':
        return await this.#compareLeaf(block, event)
      case 'forceBatch':
        return await this.#compareForced(block, event)
      case 'initialSequence':
      case 'upgradeSequence':
      case 'sequence':
      case 'sequenceForceBatches':
        return await this.#compareSequence(block, event)
      case 'verification':
      case 'consolidation':
        return await this.#compareVerification(event)
      default:
        return
    }
  }

  async #compareLeaf(block: L1Block, event: EventOf<'l1InfoLeaf'>): Promise<void> {
    const { mainnetExitRoot, rollupExitRoot } = event
    const leaf = {
      globalExitRoot: globalExitRoot(mainnetExitRoot, rollupExitRoot),
      ...{ blockHashL1: block.parentHash, timestamp: block.timestamp },
    }
    const index = this.#tree.appendLeaf(leaf)
    const onL1 = {
      ...leaf,
      mainnetExitRoot,
      rollupExitRoot,
      leafHash: l1InfoLeafHash(leaf),
      l1InfoRoot: this.#tree.root,
    }
    this.compared.leaves++
    const row = await findInfoLeafRow(this.#db, index)
    if (row === undefined)
      return this.#differences.add(`leaf ${index} of the L1 info tree`, 'row', undefined, block.number)
    this.#differences.compare(`leaf ${index} of the L1 info tree`, pick(row, onL1), onL1)
  }

  async #compareForced(block: L1Block, event: EventOf<'forceBatch'>): Promise<void> {
    const what = `forced batch ${event.forcedBatchNumber}`
    this.compared.forced++
    const row = await findForcedBatchRow(this.#db, event.forcedBatchNumber)
    if (row === undefined) return this.#differences.add(what, 'row', undefined, block.number)
    const onL1 = {
      ...{ sender: event.sender, forcedGlobalExitRoot: event.lastGlobalExitRoot, l1TxHash: event.txHash },
      ...{ forcedTimestamp: block.timestamp, forcedBlockHashL1: block.parentHash },
    }
    this.#differences.compare(what, pick(row, onL1), onL1)
    this.#compareData(what, row.batchL2Data, event.batchL2Data)
  }

  async #compareSequence(block: L1Block, event: SequencingEvent): Promise<void> {
    const sequenced = sequencedBatches(event, block)
    if (!sequenced.some(({ batchNumber }) => this.#isWanted(batchNumber))) return
    const [first, last] = [sequenced[0]!.batchNumber, sequenced.at(-1)!.batchNumber]
    const numbers = [BatchNumber(first - 1), ...sequenced.map(({ batchNumber }) => batchNumber)]
    const rows = await readVirtualBatches(this.#db, numbers)
    const isOurs = rows.get(last)?.virtual?.l1TxHash === event.txHash
    if (!isOurs && (await this.#contracts.isRolledBack(last, block.number))) return
    let acc = rows.get(numbers[0]!)?.virtual?.accInputHash ?? ZERO_HASH
    for (const batch of sequenced) {
      acc = accInputHash({ ...batch, oldAccInputHash: acc, batchL2DataHash: keccakHex(batch.batchL2Data) })
      if (!this.#isWanted(batch.batchNumber)) continue
      this.#compareBatch(batch, rows.get(batch.batchNumber), { l1TxHash: event.txHash, accInputHash: acc })
    }
    const { accInputHash: held } = await this.#contracts.readSequencedBatches(last)
    const row = await findSequenceRow(this.#db, last)
    const what = `sequence of batches ${first} to ${last}`
    if (row === undefined) this.#differences.add(what, 'row', undefined, block.number)
    else
      this.#differences.compare(
        what,
        { accInputHash: row.accInputHash, l1TxHash: row.l1TxHash },
        { accInputHash: held, l1TxHash: event.txHash },
      )
  }

  #compareBatch(
    batch: SequencedOnL1,
    known: VirtualBatch | undefined,
    place: { l1TxHash: Hash; accInputHash: Hash },
  ): void {
    const what = `batch ${batch.batchNumber}`
    this.compared.batches++
    if (known === undefined) this.#differences.add(what, 'row', undefined, place.l1TxHash)
    else {
      this.#differences.compare(what, { coinbase: known.batch.coinbase }, { coinbase: batch.coinbase })
      if (batch.batchNumber < this.#horizon.oldestBatch) this.compared.pruned++
      else this.#compareData(what, known.batch.batchL2Data, batch.batchL2Data)
      this.#comparePlace(what, batch, known.virtual, place)
    }
  }

  #comparePlace(
    what: string,
    { l1InfoRoot, timestampLimit, forcedBlockHashL1, sequencer }: SequencedOnL1,
    known: VirtualBatch['virtual'],
    place: { l1TxHash: Hash; accInputHash: Hash },
  ): void {
    const onL1 = { l1InfoRoot, timestampLimit, forcedBlockHashL1, sequencer, ...place }
    if (known === null) this.#differences.add(what, 'place on L1', undefined, place.l1TxHash)
    else this.#differences.compare(what, pick(known, onL1), onL1)
  }

  #isWanted(batchNumber: number): boolean {
    return batchNumber >= this.#batches.from && batchNumber <= this.#batches.to
  }

  async #compareVerification(event: EventOf<'verification' | 'consolidation'>): Promise<void> {
    const { stateRoot, exitRoot } = event
    const toBatch = BatchNumber(event.toBatch)
    if (!this.#isWanted(toBatch)) return
    const batch = (await readVirtualBatches(this.#db, [toBatch])).get(toBatch)?.batch
    this.compared.verifications++
    if (batch === undefined) return this.#differences.add(`batch ${toBatch}`, 'row', undefined, stateRoot)
    const ours = { stateRoot: batch.stateRoot ?? 'open', localExitRoot: batch.localExitRoot ?? 'open' }
    this.#differences.compare(`batch ${toBatch}`, ours, { stateRoot, localExitRoot: exitRoot })
    const held = await this.#contracts.readStateRoot(toBatch)
    if (held === ZERO_HASH) return // what anyone verified, and is not final yet
    const row = await findVerificationRow(this.#db, toBatch)
    const what = `verification up to batch ${toBatch}`
    if (row === undefined) return this.#differences.add(what, 'row', undefined, held)
    this.#differences.compare(what, { stateRoot: row.stateRoot, exitRoot: row.exitRoot }, { stateRoot: held, exitRoot })
  }

  #compareData(what: string, ours: Uint8Array | null, onL1: Uint8Array): void {
    const hash = ours === null ? 'open' : keccakHex(ours)
    this.#differences.compare(what, { 'hash of batchL2Data': hash }, { 'hash of batchL2Data': keccakHex(onL1) })
  }
}

/** The fields of a row that L1 tells too. */
function pick<T extends Record<string, string | number>>(row: { [Key in keyof T]: string | number }, fields: T) {
  return Object.fromEntries(Object.keys(fields).map((name) => [name, row[name]!]))
}
