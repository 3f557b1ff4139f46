import { setTimeout as sleep } from 'node:timers/promises'
import { Context } from '@temporalio/activity'
import { NodeError } from '#common/errors.ts'
import type { Logger } from '#common/logger.ts'
import type { Config } from '#config/schema.ts'
import type { Database } from '#db/client.ts'
import { findLastVirtualBatch } from '#db/l1.ts'
import {
  createL1TransactionStore,
  findLastSequenceSent,
  findMinedSequence,
  findRevertedVerification,
  findUnfinishedSequence,
  reopenLostTransactions,
  storeSenderBalance,
} from '#db/l1Transactions.ts'
import { readFence, UNDO_FENCE } from '#db/leases.ts'
import { findSequencableBatches } from '#db/sequencePlan.ts'
import { ensureAllowance } from '#etherman/allowance.ts'
import { findBlock } from '#etherman/client.ts'
import type { L1Signer } from '#etherman/l1Signer.ts'
import {
  L1TransactionRevertedError,
  SequenceRevertedError,
  VerificationHeldError,
  VerificationRevertedError,
} from '#etherman/reverts.ts'
import { createL1Rpc } from '#etherman/rpc.ts'
import { calldataCarrier } from '#etherman/sequenceCarrier.ts'
import {
  type Cancellation,
  createTransactionSender,
  type SendControl,
  type SenderOptions,
  type SendRequest,
  type Underway,
} from '#etherman/transactionSender.ts'
import { type Address, BatchNumber } from '#protocol/primitives.ts'
import type { ObjectStore } from '#prover/objectStore.ts'
import {
  batchWorkflowId,
  isL1TransactionWorkflowId,
  type L1Reference,
  l1TransactionProgressed,
  verificationStarted,
} from '#workflows/messages.ts'
import { mayGrow } from './growth.ts'
import { whileHeartbeating } from './heartbeat.ts'
import { fitSequence } from './sequenceFit.ts'
import { buildSequence } from './sequenceInputs.ts'
import type { Tell } from './tell.ts'
import { buildVerification } from './verificationInputs.ts'

export type L1SendingActivities = ReturnType<typeof createL1SendingActivities>

/** `full`: waiting for more batches would not make it larger, so send it at once. */
export type SequencePlan = { fromBatch: number; toBatch: number; full: boolean; waitMs: number }

type Range = { fromBatch: number; toBatch: number }
/** `afterRevert`: an operator wants it sent although L1 reverted the last one. */
type Verification = Range & { proofId: string; afterRevert?: boolean }
type Dependencies = {
  db: Database
  /** Where final proofs are. */
  objects: ObjectStore
  config: Pick<Config, 'network' | 'l1' | 'sequenceSender'> & { sequencer: Pick<Config['sequencer'], 'batchMaxMs'> }
  logger?: Pick<Logger, 'warn'>
  /** Accounts that send sequences and verifications. */
  signers: { sequencer: L1Signer; aggregator: L1Signer }
  tell: Tell
  onFeeBump?: SenderOptions['onFeeBump']
  /** Pace of the senders, for tests. */
  pace?: Pick<SenderOptions, 'pollIntervalMs' | 'rebroadcastMs' | 'bumpAfterMs' | 'nonceTakenMs' | 'onStep'>
}

/** An L1 reorg took the sequence before this one: that one goes first. */
export class EarlierSequenceLostError extends NodeError {
  override readonly name = 'EarlierSequenceLostError'
}

/** A sequence may be ahead of L1's clock by 36 seconds; the rest is left for a block that is older after a reorg. */
const CLOCK_AHEAD_SECONDS = 30
const CLOCK_POLL_MS = 1000

/** What is sent to L1: each transaction is a durable record, so that repetition goes on instead of sending again. */
export function createL1SendingActivities(dependencies: Dependencies) {
  const { db, objects, config, logger, signers, tell, onFeeBump, pace = {} } = dependencies
  const {
    network,
    l1,
    sequenceSender,
    sequencer: { batchMaxMs },
  } = config
  const rpc = createL1Rpc({ ...l1, l1ChainId: network.l1ChainId })
  const store = createL1TransactionStore(db)
  const senderOf = (signer: L1Signer) =>
    createTransactionSender({
      ...{ rpc, store, l1ChainId: network.l1ChainId, signer },
      feeLimits: { maxFeePerGas: l1.maxFeePerGasWei, maxPriorityFeePerGas: l1.maxPriorityFeePerGasWei },
      onBalance: (balanceWei) => noteBalance(signer.address, balanceWei),
      onFeeBump,
      ...{ pollIntervalMs: l1.pollIntervalMs, bumpAfterMs: l1.bumpAfterMs, ...pace },
    })
  async function noteBalance(sender: Address, balanceWei: bigint): Promise<void> {
    const alarmWei = l1.lowBalanceWei
    await storeSenderBalance(db, { address: sender, balanceWei, alarmWei })
    if (balanceWei < alarmWei)
      logger?.warn({ sender, balanceWei, alarmWei }, 'The account that sends to L1 is running out of funds')
  }
  const [sequencer, aggregator] = [signers.sequencer.address, signers.aggregator.address]
  const sequences = senderOf(signers.sequencer)
  const verifications = senderOf(signers.aggregator)

  /** @throws {EarlierSequenceLostError} */
  async function assertNext(fromBatch: number): Promise<void> {
    const earlier = await findEarlier(fromBatch)
    if (earlier !== undefined)
      throw new EarlierSequenceLostError('An earlier sequence is not on L1.', {
        facts: { fromBatch, earlier: earlier.fromBatch },
      })
  }

  /** Known to be lost, or gone from L1 since it was mined. */
  async function findEarlier(fromBatch: number): Promise<Range | undefined> {
    const unfinished = await findUnfinishedSequence(db)
    if (unfinished !== undefined && unfinished.fromBatch < fromBatch) return unfinished
    const before = await findMinedSequence(db, BatchNumber(fromBatch - 1))
    if (before === undefined || (await rpc.call('eth_getTransactionReceipt', [before.hash])) !== null) return undefined
    return before.range
  }

  /** Waits until the next L1 block can take a sequence with this limit, seconds. @throws {EarlierSequenceLostError} */
  async function waitForClock(
    fromBatch: number,
    timestampLimit: number,
    { signal, onProgress }: SendControl,
  ): Promise<void> {
    for (;;) {
      signal.throwIfAborted()
      await assertNext(fromBatch)
      const latest = await findBlock(rpc, 'latest')
      if ((latest?.timestamp ?? 0) + CLOCK_AHEAD_SECONDS >= timestampLimit) return
      onProgress({ stage: `waiting for the clock of L1 to come near ${timestampLimit}` })
      await sleep(CLOCK_POLL_MS, undefined, { signal }).catch(() => undefined) // cancelled: said above
    }
  }

  async function sendOneSequence({ fromBatch, toBatch }: Range, control: SendControl): Promise<L1Reference> {
    const [from, to] = [BatchNumber(fromBatch), BatchNumber(toBatch)]
    const build = async () => {
      const fence = await readFence(db, UNDO_FENCE)
      const call = await buildSequence(db, { rpc, network, fromBatch: from, toBatch: to })
      await waitForClock(fromBatch, call.maxSequenceTimestamp, control)
      const batches = call.batches.length
      await ensureAllowance(
        { rpc, sender: sequences, owner: sequencer, contracts: network.contracts, batches },
        control,
      )
      return { recipient: network.contracts.rollup, ...calldataCarrier.encode(call), fence }
    }
    const job = `sequence-${fromBatch}-${toBatch}`
    const send = (shown: SendControl) =>
      sequences.send({ job, purpose: 'sequence', fromBatch: from, toBatch: to, build }, shown)
    return await namingReverts(
      async () => {
        try {
          return await showing(tell, control, send)
        } catch (error) {
          // No contract's objection, but a moment's, when what it continues is not there.
          if (error instanceof L1TransactionRevertedError) await assertNext(fromBatch)
          throw error
        }
      },
      (options) => new SequenceRevertedError('L1 refused the sequence.', options),
      'docs/runbooks/sequence-reverted.md',
    )
  }

  /** @throws {VerificationHeldError} {L1TransactionRevertedError} */
  async function assertNotReverted(request: Pick<SendRequest, 'job' | 'build'>): Promise<void> {
    const before = await findRevertedVerification(db)
    if (before === undefined) return
    await verifications.rehearse(request) // L1 may have moved on: then there is something else to do
    throw new VerificationHeldError('L1 reverted the last verification: nothing is sent before somebody looked.', {
      facts: { job: request.job, reverted: before.id, revert: before.error },
      docs: 'docs/runbooks/verification-reverted.md',
    })
  }

  async function tellBatches(fromBatch: number, toBatch: number): Promise<void> {
    const numbers = Array.from({ length: toBatch - fromBatch + 1 }, (_, index) => fromBatch + index)
    await Promise.all(
      numbers.map((number) => tell(batchWorkflowId(number), verificationStarted, { fromBatch, toBatch })),
    )
  }

  return {
    /**
     * The next run of batches to sequence: closed, checked, and behind everything that is sequenced or on its way. A
     * sequence that was begun and not finished comes first, as it is; before any, L1 has decided on those withdrawn.
     */
    async planSequence(): Promise<SequencePlan | null> {
      const { waitMs, ...limits } = sequenceSender
      await reopenLostTransactions(db)
      await whileHeartbeating((control) => sequences.settleWithdrawn(control))
      const unfinished = await findUnfinishedSequence(db)
      if (unfinished !== undefined) return { ...unfinished, full: true, waitMs }
      const lastVirtual = (await findLastVirtualBatch(db))?.batchNumber ?? 0
      const fromBatch = BatchNumber(Math.max(lastVirtual, await findLastSequenceSent(db)) + 1)
      const candidates = await findSequencableBatches(db, fromBatch, limits.maxBatches + 1)
      const { count, full } = fitSequence(candidates, limits, calldataCarrier, Date.now())
      if (count === 0) return null
      const toBatch = BatchNumber(fromBatch + count - 1)
      const mayWait = !full && (await mayGrow(db, toBatch, { waitMs, batchMaxMs }))
      return { fromBatch, toBatch, full: !mayWait, waitMs }
    },

    /** Of a job by its name. Safe to repeat. */
    cancelL1Transaction: ({ job }: { job: string }): Promise<Cancellation> =>
      whileHeartbeating((control) =>
        showing(tell, control, (shown) => (job.startsWith('verify-') ? verifications : sequences).cancel(job, shown)),
      ),

    /**
     * What a reorg took of earlier sequences is sent before it.
     * @throws {SequenceRevertedError} when the rollup contract refuses it, {EarlierSequenceLostError} to be tried again
     */
    sendSequence: ({ fromBatch, toBatch }: Range): Promise<L1Reference> =>
      whileHeartbeating(async (control) => {
        for (;;) {
          const earlier = await findUnfinishedSequence(db)
          if (earlier === undefined || earlier.fromBatch >= fromBatch) break
          await sendOneSequence(earlier, control)
        }
        return await sendOneSequence({ fromBatch, toBatch }, control)
      }),

    /**
     * Tells the batches, then sends. After one that reverted on L1 it only simulates, until an operator says otherwise.
     * @throws {VerificationRevertedError} when the rollup manager refuses it, {VerificationHeldError}, {ProofMismatchError}
     */
    sendVerification: ({ fromBatch, toBatch, proofId, afterRevert = false }: Verification): Promise<L1Reference> =>
      whileHeartbeating(async (control) => {
        const [from, to] = [BatchNumber(fromBatch), BatchNumber(toBatch)]
        const build = async () => {
          const fence = await readFence(db, UNDO_FENCE)
          const data = await buildVerification(
            { db, objects },
            { network, aggregator, fromBatch: from, toBatch: to, proofId },
          )
          return { recipient: network.contracts.rollupManager, data, fence }
        }
        const job = `verify-${fromBatch}-${toBatch}`
        // Not again when L1 is away for hours: it would fill their histories.
        if (Context.current().info.attempt === 1) await tellBatches(fromBatch, toBatch)
        return await namingReverts(
          async () => {
            if (!afterRevert) await assertNotReverted({ job, build })
            return await showing(tell, control, (shown) =>
              verifications.send({ job, purpose: 'verify', fromBatch: from, toBatch: to, build, once: true }, shown),
            )
          },
          (options) => new VerificationRevertedError('L1 refused the verification.', options),
          'docs/runbooks/verification-reverted.md',
        )
      }),
  }
}

/** Tells the transaction's own workflow, when there is one, of each signed form. */
async function showing<T>(tell: Tell, control: SendControl, send: (control: SendControl) => Promise<T>): Promise<T> {
  const { workflowId } = Context.current().info.workflowExecution ?? {}
  let told = ''
  let telling = Promise.resolve()
  const onProgress: SendControl['onProgress'] = ({ stage, underway }) => {
    control.onProgress({ stage })
    const progress = underway && toProgress(underway)
    const isShown = workflowId !== undefined && isL1TransactionWorkflowId(workflowId)
    if (!isShown || progress === undefined || told === JSON.stringify(progress)) return
    told = JSON.stringify(progress)
    telling = telling.then(() => tell(workflowId, l1TransactionProgressed, progress)).catch(() => {}) // a view only
  }
  try {
    return await send({ ...control, onProgress })
  } finally {
    await telling
  }
}

function toProgress({ nonce, hash, maxFeePerGas, maxPriorityFeePerGas, attempts, feeLimited }: Underway) {
  if (hash === undefined) return undefined
  const fees = { maxFeePerGas: String(maxFeePerGas), maxPriorityFeePerGas: String(maxPriorityFeePerGas) }
  return { nonce, l1TxHash: hash, ...fees, attempts, feeLimited }
}

type RevertOptions = { cause: unknown; facts: { job: string; revert: string }; docs: string }

/** Gives a revert the name by which retry policies know it. */
async function namingReverts<T>(
  send: () => Promise<T>,
  named: (options: RevertOptions) => NodeError,
  docs: string,
): Promise<T> {
  try {
    return await send()
  } catch (cause) {
    if (!(cause instanceof L1TransactionRevertedError)) throw cause
    throw named({ cause, facts: { job: cause.job, revert: cause.revert }, docs })
  }
}
