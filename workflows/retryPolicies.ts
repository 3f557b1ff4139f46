import type { ActivityOptions } from '@temporalio/workflow'
import { TASK_QUEUE } from './messages.ts'

/** Errors that no repetition mends: an operator or another input has to. Names of NodeError subclasses. */
const STOP = [
  'BatchCheckError',
  'ProofRefusedError',
  'ProofMismatchError',
  'ProofNotFoundError', // an L1 reorg took it, with the inputs it was made of
  'WitnessError',
  'ProverInputError', // every prover would refuse these inputs
  'SequenceRevertedError',
  'VerificationRevertedError',
  'VerificationHeldError',
  'L1TransactionWithdrawnError',
  'StateRootMismatchError',
  'AccInputHashMismatchError',
  'L1InfoRootMismatchError',
  'SequenceGapError',
  'ForkUpgradeError',
  'L1DataError',
  'L1EventUnsupportedError',
  'WrongL1Error',
]

/** Takes transactions for as long as the batch is open. A dead sequencer shows within the heartbeat timeout. */
export const COLLECT: ActivityOptions = {
  taskQueue: TASK_QUEUE.sequencer,
  startToCloseTimeout: '30 days',
  heartbeatTimeout: '5 seconds',
  retry: { initialInterval: '200 ms', maximumInterval: '5 seconds' },
}

/** Short reads and writes of the State DB: an outage of Postgres only delays them. */
export const DATABASE: ActivityOptions = {
  taskQueue: TASK_QUEUE.batch,
  startToCloseTimeout: '10 seconds',
  retry: { initialInterval: '200 ms', maximumInterval: '30 seconds', nonRetryableErrorTypes: STOP },
}

/** Executes a closed batch again. */
export const CHECK: ActivityOptions = {
  taskQueue: TASK_QUEUE.synchronizer,
  startToCloseTimeout: '10 minutes',
  heartbeatTimeout: '30 seconds',
  retry: { initialInterval: '200 ms', maximumInterval: '30 seconds', nonRetryableErrorTypes: STOP },
}

/** Sent and mined; safe to repeat, because the record of the L1 transaction is durable. */
export const L1_WRITE: ActivityOptions = {
  taskQueue: TASK_QUEUE.l1,
  startToCloseTimeout: '30 minutes',
  heartbeatTimeout: '30 seconds',
  retry: { initialInterval: '1 second', maximumInterval: '1 minute', nonRetryableErrorTypes: STOP },
}

/** Under a workflow of its own, which counts the tries and shows why: only an L1 that is away is waited for in silence. */
export const L1_TRANSACTION: ActivityOptions = {
  ...L1_WRITE,
  cancellationType: 'WAIT_CANCELLATION_COMPLETED',
  retry: {
    ...L1_WRITE.retry,
    nonRetryableErrorTypes: [
      ...STOP,
      ...['L1RefusedError', 'L1NonceTakenError', 'L1FeeLimitError', 'L1BalanceTooLowError'],
      ...['L1SignerRefusedError', 'L1SignerMismatchError', 'L1TransactionCancelledError'],
    ],
  },
}

/**
 * Attempts cover provers that fail, leave or lie: each time another one may take the job, so the waits between are short.
 * A refused proof is not tried again by itself.
 */
export const PROVE = {
  startToCloseTimeout: '12 hours',
  heartbeatTimeout: '10 seconds',
  retry: {
    initialInterval: '500 ms',
    maximumInterval: '4 seconds',
    maximumAttempts: 12,
    nonRetryableErrorTypes: STOP,
  },
} satisfies ActivityOptions
/** An attester that does not take a job within this time is passed over for the next one. */
export const ATTESTER_TIMEOUT = '30 seconds'

/** Removes history in steps that are done once and for all: a later attempt goes on with the next. */
export const PRUNE: ActivityOptions = {
  taskQueue: TASK_QUEUE.synchronizer,
  startToCloseTimeout: '7 days',
  heartbeatTimeout: '30 seconds',
  retry: { initialInterval: '1 second', maximumInterval: '5 minutes' },
}

/** One run reads L1 for an hour, then the workflow starts the next. */
export const SYNCHRONIZE: ActivityOptions = {
  taskQueue: TASK_QUEUE.synchronizer,
  startToCloseTimeout: '65 minutes',
  heartbeatTimeout: '30 seconds',
  retry: { initialInterval: '500 ms', maximumInterval: '10 seconds', nonRetryableErrorTypes: STOP },
}
