import { getClosedBatch } from '#db/batches.ts'
import type { Queryable } from '#db/client.ts'
import { insertForkUpgrade } from '#db/forkUpgrades.ts'
import {
  findInfoLeafCount,
  findLastVerifiedBatch,
  insertForcedBatch,
  insertInfoLeaf,
  insertSequence,
  storeVerification,
} from '#db/l1.ts'
import type { NewSignal } from '#db/outbox.ts'
import { insertPreEtrogEvent, rollBackSequences } from '#db/rollbacks.ts'
import type { L1Block, L1Event } from '#etherman/types.ts'
import { globalExitRoot } from '#protocol/globalExitRoot.ts'
import { l1InfoLeafHash } from '#protocol/l1InfoTree.ts'
import { BatchNumber, type Hash } from '#protocol/primitives.ts'
import {
  AGGREGATOR_WORKFLOW_ID,
  batchWorkflowId,
  l1Progressed,
  l1Reorged,
  l1Verified,
  l1Virtualized,
  SEQUENCE_SENDER_WORKFLOW_ID,
} from '#workflows/messages.ts'
import { applySequencedBatches } from './applyBatch.ts'
import { applyForkUpgrade } from './applyForkUpgrade.ts'
import type { ChainTip } from './chainTip.ts'
import { AccInputHashMismatchError, L1InfoRootMismatchError, StateRootMismatchError } from './errors.ts'
import type { Network } from './executeSequenced.ts'
import type { StoredInfoTree } from './infoTree.ts'
import { type EventOf, type SequencingEvent, sequencedBatches } from './sequencedBatches.ts'

type Context = {
  tx: Queryable
  block: L1Block
  network: Network
  infoTree: StoredInfoTree
  tip: ChainTip
  /** What the contract has as accumulated input hash at the end of a sequence; undefined when it was taken back later. */
  readAccInputHash: (toBatch: number) => Promise<Hash | undefined>
  /** Seconds; 0 when what anyone verified is final at once. */
  readPendingStateTimeout: () => Promise<number>
  /** Leaves signals for the workflows that this concerns, if the node has them. */
  signal: (signals: readonly NewSignal[]) => Promise<void>
}

/**
 * Writes what one L1 event means into the State DB, and the signals it brings into the outbox. The caller's
 * transaction makes an L1 block one effect.
 */
export async function applyEvent(context: Context, event: L1Event): Promise<void> {
  switch (event.kind) {
    case 'l1InfoLeaf':
      return await applyInfoLeaf(context, event)
    case 'initialSequence':
    case 'upgradeSequence':
    case 'sequenceForceBatches':
      return await storeSequence(context, event)
    case 'sequence':
      return await applySequence(context, event)
    case 'forceBatch':
      return await applyForceBatch(context, event)
    case 'verification':
      return await applyVerification(context, event)
    case 'forkUpgrade': {
      const upgrade = { fromBatch: BatchNumber(event.fromBatch), forkId: event.forkId }
      await insertForkUpgrade(context.tx, { ...upgrade, l1BlockNumber: context.block.number })
      return await applyForkUpgrade(context.tx, context.network, upgrade)
    }
    case 'rollback':
      return await applyRollback(context, event)
    case 'preEtrog': {
      const { event: name, facts, txHash: l1TxHash } = event
      return await insertPreEtrogEvent(context.tx, {
        l1BlockNumber: context.block.number,
        l1TxHash,
        event: name,
        facts,
      })
    }
    case 'consolidation':
      return await storeVerified(context, { ...event, aggregator: event.sender, trusted: false })
  }
}

async function applyInfoLeaf({ tx, block, infoTree }: Context, event: EventOf<'l1InfoLeaf'>): Promise<void> {
  const { mainnetExitRoot, rollupExitRoot } = event
  const tree = await infoTree.load(tx)
  const leaf = {
    globalExitRoot: globalExitRoot(mainnetExitRoot, rollupExitRoot),
    blockHashL1: block.parentHash,
    timestamp: block.timestamp,
  }
  const leafIndex = tree.appendLeaf(leaf)
  await insertInfoLeaf(tx, {
    ...leaf,
    leafIndex,
    l1BlockNumber: block.number,
    mainnetExitRoot,
    rollupExitRoot,
    leafHash: l1InfoLeafHash(leaf),
    l1InfoRoot: tree.root,
  })
}

async function applySequence(context: Context, event: EventOf<'sequence'>): Promise<void> {
  const { toBatch, l1InfoRoot } = event
  if ((await findInfoLeafCount(context.tx, l1InfoRoot)) === undefined)
    throw new L1InfoRootMismatchError('L1 has leaves in its info tree that were not read: is l1StartBlock too late?', {
      facts: { toBatch, l1InfoRoot, l1BlockNumber: context.block.number },
    })
  await storeSequence(context, event)
}

async function storeSequence(context: Context, event: SequencingEvent): Promise<void> {
  const batches = sequencedBatches(event, context.block)
  const { tx, tip, block, network, readAccInputHash } = context
  const place = { l1BlockNumber: block.number, l1TxHash: event.txHash }
  const accInputHash = await applySequencedBatches(tx, tip, batches, { place, network })
  const [fromBatch, toBatch] = [batches[0]!.batchNumber, batches.at(-1)!.batchNumber]
  const onL1 = await readAccInputHash(toBatch)
  if (onL1 !== undefined && onL1 !== accInputHash)
    throw new AccInputHashMismatchError('The contract has another accumulated input hash.', {
      facts: { toBatch, ours: accInputHash, onL1, l1BlockNumber: block.number },
    })
  await insertSequence(tx, { fromBatch, toBatch, ...place, accInputHash })
  const signals: NewSignal[] = batches.map(({ batchNumber }) => ({
    workflowId: batchWorkflowId(batchNumber),
    signal: l1Virtualized.name,
    args: [place],
    batchNumber,
  }))
  const wake = { workflowId: SEQUENCE_SENDER_WORKFLOW_ID, signal: l1Progressed.name, args: [] }
  await context.signal([...signals, wake])
}

/** Batches of this node fall back to where they wait for a sequence. */
async function applyRollback({ tx, block, signal }: Context, event: EventOf<'rollback'>): Promise<void> {
  const place = { toBatch: BatchNumber(event.toBatch), l1BlockNumber: block.number }
  const undone = await rollBackSequences(tx, place)
  if (undone === undefined) return
  const signals: NewSignal[] = undone.batches.map((batchNumber) => ({
    workflowId: batchWorkflowId(batchNumber),
    signal: l1Reorged.name,
    args: [{ fromL1Block: undone.firstRemovedL1Block }],
  }))
  const wake = { workflowId: SEQUENCE_SENDER_WORKFLOW_ID, signal: l1Progressed.name, args: [] }
  await signal([...signals, wake])
}

async function applyForceBatch({ tx, block }: Context, event: EventOf<'forceBatch'>): Promise<void> {
  await insertForcedBatch(tx, {
    forcedBatchNumber: event.forcedBatchNumber,
    l1BlockNumber: block.number,
    l1TxHash: event.txHash,
    sender: event.sender,
    batchL2Data: event.batchL2Data,
    forcedGlobalExitRoot: event.lastGlobalExitRoot,
    forcedTimestamp: block.timestamp,
    forcedBlockHashL1: block.parentHash,
  })
}

/** Whoever verified: a root that is not ours stops us. Only what is final is stored. */
async function applyVerification(context: Context, event: EventOf<'verification'>): Promise<void> {
  const isPending = !event.trusted && (await context.readPendingStateTimeout()) > 0
  if (isPending) await assertSameRoots(context.tx, event)
  else await storeVerified(context, event)
}

type Verified = Omit<EventOf<'verification'>, 'kind'>

async function assertSameRoots(tx: Queryable, verified: Pick<Verified, 'toBatch' | 'stateRoot' | 'exitRoot'>) {
  const { toBatch, stateRoot, exitRoot } = verified
  const ours = await getClosedBatch(tx, BatchNumber(toBatch))
  if (ours.stateRoot === stateRoot && ours.localExitRoot === exitRoot) return
  throw new StateRootMismatchError('L1 verified another state than this node has.', {
    facts: { toBatch, ours: ours.stateRoot, onL1: stateRoot, ourExitRoot: ours.localExitRoot, exitRootOnL1: exitRoot },
    docs: 'docs/runbooks/state-root-mismatch.md',
  })
}

async function storeVerified({ tx, block, signal }: Context, verified: Verified): Promise<void> {
  await assertSameRoots(tx, verified)
  const { stateRoot, exitRoot, aggregator, trusted, txHash } = verified
  const toBatch = BatchNumber(verified.toBatch)
  const fromBatch = BatchNumber((await findLastVerifiedBatch(tx, toBatch)) + 1)
  const place = { l1BlockNumber: block.number, l1TxHash: txHash }
  await storeVerification(tx, { fromBatch, toBatch, ...place, aggregator, stateRoot, exitRoot, trusted })
  const signals: NewSignal[] = []
  for (let number: number = fromBatch; number <= toBatch; number++)
    signals.push({
      workflowId: batchWorkflowId(number),
      signal: l1Verified.name,
      args: [place],
      batchNumber: BatchNumber(number),
    })
  signals.push({ workflowId: AGGREGATOR_WORKFLOW_ID, signal: l1Progressed.name, args: [] })
  await signal(signals)
}
