import { type AttemptSummary, summarizeAttempts } from '#db/attempts.ts'
import { type BatchRow, findBatch } from '#db/batches.ts'
import { type BatchHeads, readBatchHeads } from '#db/rpc/batches.ts'
import { type BatchLife, readBatchLife } from '#db/rpc/batchLife.ts'
import type { BatchNumber } from '#protocol/primitives.ts'
import { batchWorkflowId } from '#workflows/messages.ts'
import type { ApiDeps } from '../deps.ts'
import { quantity } from '../format.ts'
import * as schema from '../schemas.ts'

const STATES = [
  ...['open', 'closed', 'sequencing', 'virtual', 'proving', 'proved', 'verifying', 'verified', 'finalized', 'failed'],
] as const
export const batchStatus = schema.component(
  'batchStatus',
  schema.object({
    batchNumber: schema.quantity,
    state: { enum: STATES },
    since: schema.quantity,
    ...{ blocks: schema.quantity, transactions: schema.quantity, forced: schema.boolean },
    ...{ attempts: schema.integer, lastError: schema.nullable(schema.text) },
    ...{ sendSequencesTxHash: schema.nullable(schema.hash), verifyBatchTxHash: schema.nullable(schema.hash) },
    workflowId: schema.nullable(schema.text),
  }),
)

type Deps = Pick<ApiDeps, 'db' | 'proofDb' | 'role' | 'logger'>

/**
 * Where a batch is in its life; undefined before it exists. Its attempts are those at its L1 transactions and those of
 * provers at its proof.
 */
export async function readBatchStatus(deps: Deps, batchNumber: BatchNumber) {
  const { db, role } = deps
  const row = await findBatch(db, batchNumber)
  if (row === undefined) return undefined
  const [life, heads, proving] = await Promise.all([
    readBatchLife(db, batchNumber),
    readBatchHeads(db),
    readProving(deps, batchNumber),
  ])
  const { state, since } = stateOf(row, life, heads, proving)
  const { sequence, verification } = life
  return {
    ...{ batchNumber: quantity(batchNumber), state, since: quantity(since) },
    ...{ blocks: quantity(row.blockCount), transactions: quantity(row.txCount) },
    forced: row.forcedBatchNumber !== null,
    attempts: (sequence?.attempts ?? 0) + (proving?.attempts ?? 0) + (verification?.attempts ?? 0),
    lastError: verification?.error ?? proving?.lastError ?? sequence?.error ?? null,
    sendSequencesTxHash: life.virtual?.l1TxHash ?? null,
    verifyBatchTxHash: life.verified?.l1TxHash ?? null,
    workflowId: role === 'sequencer' && batchNumber > 0 ? batchWorkflowId(batchNumber) : null,
  }
}

/** Undefined while the proof store is away: the rest is known without it. */
async function readProving({ proofDb, logger }: Deps, batchNumber: BatchNumber): Promise<AttemptSummary | undefined> {
  try {
    return await summarizeAttempts(proofDb, { kind: 'batch', fromBatch: batchNumber, toBatch: batchNumber })
  } catch (err) {
    logger.warn({ err, batchNumber }, 'the proof store does not tell how the batch is proved')
    return undefined
  }
}

const UNDER_WAY = ['created', 'sent']

/** The last step it took; `failed` when L1 refused what was to take it further, or no prover made it. Seconds. */
function stateOf(
  { batchNumber, closedAt, openedAt }: BatchRow,
  { virtual, proof, verified, sequence, verification }: BatchLife,
  { finalized }: BatchHeads,
  proving: AttemptSummary | undefined,
): { state: (typeof STATES)[number]; since: number } {
  if (batchNumber === 0) return { state: 'finalized', since: toSeconds(openedAt) }
  if (verified !== undefined) return { state: batchNumber <= finalized ? 'finalized' : 'verified', since: verified.at }
  if (virtual !== undefined) {
    if (verification?.status === 'reverted') return { state: 'failed', since: verification.at }
    if (verification !== undefined && UNDER_WAY.includes(verification.status))
      return { state: 'verifying', since: verification.at }
    if (proof !== undefined) return { state: 'proved', since: proof.at }
    const { provingSince, lastEnd } = proving ?? {}
    if (provingSince !== undefined) return { state: 'proving', since: toSeconds(provingSince) }
    if (lastEnd?.outcome === 'refused' || lastEnd?.outcome === 'failed')
      return { state: 'failed', since: toSeconds(lastEnd.endedAt) }
    return { state: 'virtual', since: virtual.at }
  }
  if (closedAt === null) return { state: 'open', since: toSeconds(openedAt) }
  if (sequence?.status === 'reverted') return { state: 'failed', since: sequence.at }
  if (sequence !== undefined && sequence.status !== 'abandoned') return { state: 'sequencing', since: sequence.at }
  return { state: 'closed', since: toSeconds(closedAt) }
}

const toSeconds = (date: Date) => Math.floor(date.getTime() / 1000)
