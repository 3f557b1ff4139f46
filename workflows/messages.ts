import { defineSearchAttributeKey } from '@temporalio/common'
import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow'
import type { Hash } from '#protocol/primitives.ts'

/** Task queues: workflows and short database activities share one, everything else has a worker of its own. */
export const TASK_QUEUE = {
  batch: 'zk-batch',
  sequencer: 'zk-sequencer',
  l1: 'zk-l1-sender',
  synchronizer: 'zk-synchronizer',
  prover: 'zk-prover',
} as const

/** Where jobs for provers wait: for any, or for those of the kind that an operator chose. */
export const PROVER_QUEUE = {
  any: TASK_QUEUE.prover,
  embedded: 'zk-prover-embedded',
  remote: 'zk-prover-remote',
} as const
/** Of one attester, where L1 asks for several. */
export const attesterQueue = (attester: string) => `zk-prover-${attester.toLowerCase()}`

/** Who shall make a proof, and how soon: 1 goes first, 5 last. */
export type ProofOrder = { proverKind: keyof typeof PROVER_QUEUE; priority: number }
export const PRIORITY = { final: 1, joined: 2, batch: 3 } as const

/** Registered in temporal-dev.yaml; create them with `temporal operator search-attribute` on a cluster. */
export const SEARCH_ATTRIBUTE = {
  batchNumber: defineSearchAttributeKey('ZkBatchNumber', 'INT'),
  status: defineSearchAttributeKey('ZkBatchStatus', 'KEYWORD'),
  attention: defineSearchAttributeKey('ZkAttention', 'KEYWORD'),
  forkId: defineSearchAttributeKey('ZkForkId', 'INT'),
  l1TxHash: defineSearchAttributeKey('ZkL1TxHash', 'KEYWORD'),
  txCount: defineSearchAttributeKey('ZkTxCount', 'INT'),
}

/** The life of a batch, in order. `proof-failed` is parked until an operator or another prover ends it. */
export const BATCH_STATUSES = [
  'collecting',
  'sealed',
  'sequencing',
  'virtual',
  'proving',
  'proof-failed',
  'proven',
  'verifying',
  'verified',
] as const
export type BatchStatus = (typeof BATCH_STATUSES)[number]

/** What a worker of `zk-batch` runs. */
export const WORKFLOW_TYPES = [
  'aggregatorWorkflow',
  'batchWorkflow',
  'l1TransactionWorkflow',
  'proofWorkflow',
  'pruningWorkflow',
  'sequencerWorkflow',
  'sequenceSenderWorkflow',
  'synchronizerWorkflow',
] as const

/** Singletons: the server refuses a second run of each. */
export const SEQUENCER_WORKFLOW_ID = 'sequencer'
export const SEQUENCE_SENDER_WORKFLOW_ID = 'sequence-sender'
export const SYNCHRONIZER_WORKFLOW_ID = 'synchronizer'
export const AGGREGATOR_WORKFLOW_ID = 'aggregator'
export const PRUNING_WORKFLOW_ID = 'pruning'
/** One workflow per batch, forever. */
export const batchWorkflowId = (batchNumber: number) => `batch-${batchNumber}`
export const joinedProofWorkflowId = ({ fromBatch, toBatch }: BatchRange) => `proof-${fromBatch}-${toBatch}`
/** First and last batch. */
export type BatchRange = { fromBatch: number; toBatch: number }

/** A place on L1. */
export type L1Reference = { l1BlockNumber: number; l1TxHash: Hash }

/** Synchronizer → batch: an L1 SequenceBatches event covers it. */
export const l1Virtualized = defineSignal<[L1Reference]>('l1Virtualized')
/** Synchronizer → batch: an L1 verification covers it. */
export const l1Verified = defineSignal<[L1Reference]>('l1Verified')
/** Synchronizer → batch: what this batch had on L1 from this L1 block on is gone. */
export const l1Reorged = defineSignal<[{ fromL1Block: number }]>('l1Reorged')
/**
 * Synchronizer → batch: what was closed as this batch is undone, because L1 contradicts it. `undoing` numbers the
 * undoings: a repeated signal is known by it.
 */
export const trustedBatchReplaced = defineSignal<[{ undoing: number; reason: string }]>('trustedBatchReplaced')
/** Synchronizer's activity → synchronizer: the same of a run of batches, for the operator. */
export const trustedBatchesReplaced = defineSignal<[ReplacedBatches]>('trustedBatchesReplaced')
export type ReplacedBatches = { undoing: number; fromBatch: number; toBatch: number; reason: string }
/** Operator → synchronizer: the replaced batches have been looked at. */
export const acknowledgeReplaced = defineSignal('acknowledgeReplaced')
/** Batch, or its activity → sequencer: closed, the next one takes over; → sequence sender: closed and checked. */
export const batchSealed = defineSignal<[{ batchNumber: number }]>('batchSealed')
/** Activity → aggregator: an accepted proof of these batches is stored. */
export const proofReady = defineSignal<[{ fromBatch: number; toBatch: number }]>('proofReady')
/** Proof → aggregator: there will be none. */
export const proofGivenUp = defineSignal<[{ fromBatch: number; toBatch: number }]>('proofGivenUp')
/** Aggregator's activity → batch: the verify transaction that covers it is being sent. */
export const verificationStarted = defineSignal<[{ fromBatch: number; toBatch: number }]>('verificationStarted')
/** Synchronizer → sequence sender, aggregator: L1 facts that concern them changed. */
export const l1Progressed = defineSignal('l1Progressed')

/** Operator → batch, proof: make the proof again. Works on many at once with `temporal workflow signal --query`. */
export const retryProof = defineSignal<[string?]>('retryProof')
/** Operator → batch, proof: the same with an answer; refused unless it is `proof-failed`. */
export const retryProofNow = defineUpdate<string, [RetryRequest?]>('retryProofNow')
export type RetryRequest = { note?: string; proverKind?: ProofOrder['proverKind'] }
/** Operator → batch, proof: stop making the proof; it stays `proof-failed` until it is asked for again. */
export const cancelProof = defineUpdate<string, [{ note?: string }?]>('cancelProof')
/** Operator → batch, proof: other provers, another priority. A job that has begun begins again. */
export const moveProof = defineUpdate<string, [Partial<ProofOrder>]>('moveProof')
/** Operator → batch: check a closed batch again; refused unless its check failed. */
export const retryCheckNow = defineUpdate<string, [{ note?: string }?]>('retryCheckNow')
/** Operator → batch: close the open batch now, with what it holds; refused unless it collects and holds something. */
export const closeBatchNow = defineUpdate<ClosedBatch, []>('closeBatchNow')
export type ClosedBatch = { batchNumber: number; txCount: number; blockCount: number; closingReason: string }
/** Operator → sequence sender, aggregator: try now what failed. */
export const retryNow = defineSignal<[string?]>('retryNow')

/** What stops a batch, a sender or an L1 transaction until somebody acts; the value of ZkAttention. */
export type Attention =
  | 'check-failed'
  | 'proof-failed'
  | 'sequence-failed'
  | 'verification-failed'
  | 'sync-failed'
  | 'trusted-batch-replaced'
  | 'l1-refused'
  | 'l1-signer-refused'
  | 'l1-fee-limit'
  | 'l1-balance-low'
  | 'l1-cancelled'

/** An L1 transaction: what it is to do. `maxTries` in silence, 5 when absent; then every `retryParkedMs`, a minute. */
export type L1TransactionInput = { fromBatch: number; toBatch: number; maxTries?: number; retryParkedMs?: number } & (
  | { purpose: 'sequence' }
  | { purpose: 'verify'; proofId: string }
)
/** Name of the job, which is that of its record in the State DB. */
export const l1Job = ({ purpose, fromBatch, toBatch }: L1TransactionInput) => `${purpose}-${fromBatch}-${toBatch}`
const L1_TRANSACTION_PREFIX = 'l1-'
/** Type of the failure when L1 replaced what the transaction was about. */
export const WITHDRAWN_FAILURE = 'L1TransactionWithdrawnError'
export const l1TransactionWorkflowId = (job: string) => `${L1_TRANSACTION_PREFIX}${job}`
export const isL1TransactionWorkflowId = (workflowId: string) => workflowId.startsWith(L1_TRANSACTION_PREFIX)
/** How the workflow of a cancelled transaction fails. */
export const CANCELLED_FAILURE = 'L1TransactionCancelledError'

/** What is signed and out there; fees in wei per gas. */
export type L1TransactionProgress = {
  nonce: number
  l1TxHash: string
  maxFeePerGas: string
  maxPriorityFeePerGas: string
  /** Signed forms; each fee bump makes one. */
  attempts: number
  feeLimited: boolean
}
/** `waiting`: for its next try. */
export type L1TransactionView = Partial<L1TransactionProgress> & {
  job: string
  status: 'sending' | 'waiting' | 'cancelling' | 'mined' | 'cancelled' | 'failed'
  tries: number
  attempts: number
  l1BlockNumber?: number
  lastError?: string
}
export const l1TransactionState = defineQuery<L1TransactionView>('state')
/** Sender's activity → L1 transaction: what is out there has changed. */
export const l1TransactionProgressed = defineSignal<[L1TransactionProgress]>('l1TransactionProgressed')
/** Operator → L1 transaction. */
export const retryL1Transaction = defineUpdate<string>('retryL1Transaction')
export const cancelL1Transaction = defineUpdate<string>('cancelL1Transaction')

export type BatchInput = {
  batchNumber: number
  forkId: number
  /** `virtual` for a batch that L1 knew before this node's workflows did. */
  startAt?: 'collect' | 'virtual'
  /**
   * 2: activities tell the singletons and what lasts no time is not shown. 3: proofs are jobs with prepared inputs, too.
   * 1, when absent: of the earliest code.
   */
  form?: 1 | 2 | 3
  /** Milliseconds without a signal of L1 after which the State DB is asked; 10 minutes when absent. */
  reconcileAfterMs?: number
}

/** What the batch workflow knows of itself: references only, never batch data or proofs. */
export type BatchView = {
  batchNumber: number
  status: BatchStatus
  txCount?: number
  blockCount?: number
  closingReason?: string
  stateRoot?: string
  virtual?: L1Reference
  proofId?: string
  proofRounds: number
  verified?: L1Reference
  lastError?: string
  operatorNote?: string
  /** Why L1 replaced what was closed here before, the last time. */
  replaced?: string
}
export const batchState = defineQuery<BatchView>('state')

/** A stage of a batch that is over, parked ones apart. Milliseconds since the epoch. */
export type EndedStage = {
  batchNumber: number
  stage: BatchStatus
  attention: Attention | undefined
  startedAt: number
  endedAt: number
}
/** What a worker of batch workflows is told beside their histories. */
export type StageSinks = { stages: { ended(stage: EndedStage): void } }

/** A proof of a run of batches, made of others. */
export type ProofView = BatchRange & {
  status: 'proving' | 'proof-failed' | 'proven'
  proofRounds: number
  proofId?: string
  lastError?: string
  operatorNote?: string
}
export const proofState = defineQuery<ProofView>('state')

/** A verification that failed; without `retryAt`, milliseconds, it waits for an operator or for L1. */
export type ParkedVerification = {
  fromBatch: number
  failures: number
  attention: Attention
  error: string
  retryAt?: number
}
/** A join under way, and what it joins. */
export type RunningJoin = BatchRange & { proofIds: string[] }
/** What a run of the aggregator leaves to the next. `round` numbers tries of final proofs. */
export type AggregatorState = { round: number; running: RunningJoin[]; parked?: ParkedVerification }
export type VerificationView = BatchRange & { round: number }
/** Joins under way, and the verification that is made or that failed. */
export type AggregatorView = {
  running: readonly RunningJoin[]
  verifying?: VerificationView | undefined
  parked?: ParkedVerification | undefined
  lastSent?: L1Reference | undefined
}
export const aggregatorState = defineQuery<AggregatorView>('state')
