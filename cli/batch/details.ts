import type { Client } from '@temporalio/client'
import { WorkflowNotFoundError } from '@temporalio/client'
import type { NodeFile } from '#config/schema.ts'
import { type AttemptRow, listAttempts } from '#db/attempts.ts'
import { type BatchRow, getBatch } from '#db/batches.ts'
import { type BatchMoments, readBatchMoments } from '#db/batchMoments.ts'
import { type BatchTransaction, listBatchTransactions } from '#db/batchTransactions.ts'
import { findBlocksOfBatch } from '#db/blocks.ts'
import type { Database } from '#db/client.ts'
import { readBatchExtras } from '#db/rpc/batches.ts'
import { type BatchLife, readBatchLife } from '#db/rpc/batchLife.ts'
import { getForkRules } from '#protocol/forks.ts'
import type { BatchNumber, Hash } from '#protocol/primitives.ts'
import { type BatchView, batchState, batchWorkflowId } from '#workflows/messages.ts'
import { explain, TemporalAwayError } from '../proofs/temporal.ts'

/** When a stage began. */
type Stage = { stage: string; at: string }
type Counter = { used: number; limit: number | null }

export type BatchDetails = Pick<
  BatchRow,
  'batchNumber' | 'kind' | 'forkId' | 'coinbase' | 'closingReason' | 'invalidReason' | 'txCount' | 'forcedBatchNumber'
> & {
  /** Where it is: trusted while open or closed, then as L1 says. */
  state: 'open' | 'closed' | 'virtual' | 'verified'
  blocks: { first: number; last: number } | null
  dataBytes: number | null
  stateRoot: Hash | null
  localExitRoot: Hash | null
  accInputHash: Hash
  globalExitRoot: Hash
  counters: Record<string, Counter>
  stages: Stage[]
  onL1: Pick<BatchLife, 'virtual' | 'verified'>
  transactions: BatchTransaction[]
  /** Newest first; null when the proof store is away. */
  proofs: AttemptRow[] | null
  /** Null where there is none: nodes that follow have none. */
  workflow: WorkflowFacts | null
}
export type WorkflowFacts = { workflowId: string; url: string | null; status: string; view: BatchView | null }

/** What the State DB knows of a batch. @throws {BatchNotFoundError} */
export async function readBatchDetails(
  db: Database,
  batchNumber: BatchNumber,
): Promise<Omit<BatchDetails, 'proofs' | 'workflow'>> {
  const row = await getBatch(db, batchNumber)
  const life = await readBatchLife(db, batchNumber)
  const extras = await readBatchExtras(db, row)
  const blocks = await findBlocksOfBatch(db, batchNumber)
  const moments = await readBatchMoments(db, batchNumber)
  const [first, last] = [blocks[0], blocks.at(-1)]
  const { kind, forkId, coinbase, closingReason, invalidReason, txCount, forcedBatchNumber } = row
  return {
    ...{ batchNumber, kind, forkId, coinbase, closingReason, invalidReason, txCount, forcedBatchNumber },
    state: life.verified ? 'verified' : life.virtual ? 'virtual' : row.closedAt === null ? 'open' : 'closed',
    blocks: first && last ? { first: first.blockNumber, last: last.blockNumber } : null,
    dataBytes: row.batchL2Data?.length ?? null,
    ...{ stateRoot: row.stateRoot, localExitRoot: row.localExitRoot },
    ...{ accInputHash: extras.accInputHash, globalExitRoot: extras.globalExitRoot },
    counters: describeCounters(row),
    stages: describeStages(row, life, moments),
    onL1: { virtual: life.virtual, verified: life.verified },
    transactions: await listBatchTransactions(db, batchNumber),
  }
}

function describeCounters({ counters, forkId }: BatchRow): Record<string, Counter> {
  const limits = getForkRules(forkId).counterBudget as Record<string, number> | undefined
  return Object.fromEntries(
    Object.entries(counters ?? {}).map(([name, used]) => [name, { used, limit: limits?.[name] ?? null }]),
  )
}

/** In the order of their times; L1 tells its own in seconds. */
function describeStages({ openedAt, closedAt }: BatchRow, life: BatchLife, moments: BatchMoments): Stage[] {
  const { sealed: _, ...ours } = moments
  const known: [stage: string, atMs: number | undefined][] = [
    ['opened', openedAt.getTime()],
    ['closed', closedAt?.getTime()],
    ...Object.entries(ours).map(([stage, atMs]): [string, number] => [STAGE_NAMES[stage as keyof typeof ours]!, atMs]),
    ['virtual', life.virtual && life.virtual.at * 1000],
    ['verified', life.verified && life.verified.at * 1000],
  ]
  return known
    .flatMap(([stage, atMs]) => (atMs === undefined ? [] : [{ stage, atMs }]))
    .sort((a, b) => a.atMs - b.atMs)
    .map(({ stage, atMs }) => ({ stage, at: new Date(atMs).toISOString() }))
}

const STAGE_NAMES: Record<Exclude<keyof BatchMoments, 'sealed'>, string> = {
  checked: 'checked',
  sequenceSigned: 'sequence signed',
  sequenceMined: 'sequence mined',
  proofMade: 'proof made',
  finalProofMade: 'final proof made',
  verificationSigned: 'verification signed',
  verificationMined: 'verification mined',
}

/** All tries at proofs that cover the batch. */
export const readProofAttempts = (proofDb: Database, batchNumber: BatchNumber) => listAttempts(proofDb, { batchNumber })

const ANSWER_WITHIN_MS = 3000

/** What the workflow of the batch says of itself; null when there is none. Without a worker its view is null. */
export async function readWorkflow(
  client: Client,
  batchNumber: BatchNumber,
  { uiUrl, namespace }: Pick<NodeFile['temporal'], 'uiUrl' | 'namespace'>,
): Promise<WorkflowFacts | null> {
  const workflowId = batchWorkflowId(batchNumber)
  const handle = client.workflow.getHandle(workflowId)
  try {
    const { status } = await handle.describe()
    const url =
      uiUrl === undefined ? null : `${uiUrl.replace(/\/$/, '')}/namespaces/${namespace}/workflows/${workflowId}`
    const view = await client
      .withDeadline(Date.now() + ANSWER_WITHIN_MS, () => handle.query(batchState))
      .catch((error: unknown) => {
        if (explain(error, {}) instanceof TemporalAwayError) return null
        throw error
      })
    return { workflowId, url, status: status.name.toLowerCase(), view }
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return null
    throw error
  }
}
