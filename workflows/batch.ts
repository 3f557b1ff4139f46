import type { SearchAttributeUpdatePair } from '@temporalio/common'
import * as wf from '@temporalio/workflow'
import type { AcceptanceActivities } from '#activities/acceptance.ts'
import type { BatchActivities } from '#activities/batches.ts'
import type { CheckingActivities } from '#activities/checking.ts'
import type { SequencingActivities } from '#activities/sequencing.ts'
import { describeBatch } from './batchDetails.ts'
import { cancelWhen } from './cancelWhen.ts'
import { failureMessage } from './failures.ts'
import * as messages from './messages.ts'
import { operateProof } from './operatedProof.ts'
import { makeBatchProof } from './proofJobs.ts'
import { CHECK, COLLECT, DATABASE, PROVE } from './retryPolicies.ts'
import { createStageClock } from './stageClock.ts'

const sequencer = wf.proxyActivities<Pick<SequencingActivities, 'collectBatch'>>(COLLECT)
const checker = wf.proxyActivities<CheckingActivities>(CHECK)
const database = wf.proxyActivities<BatchActivities & AcceptanceActivities>(DATABASE)

/** A signal may get lost with a namespace's history, never with the State DB: look there, more and more seldom. */
const RECONCILE_AFTER_MS = 10 * 60_000
/** A batch that waits for months must not fill its history. */
const RECONCILE_EVERY_AT_MOST_MS = 60 * 60_000

/** What is known of a batch's content; another content has its own. */
const OF_CONTENT = [
  ...(['txCount', 'blockCount', 'closingReason', 'stateRoot'] as const),
  ...(['virtual', 'proofId', 'verified', 'lastError'] as const),
]

/**
 * The life of one batch: collect → seal → sequence → sync → prove → verify. L1 moves it forward and, after a reorg,
 * back. It never fails on a bad check or proof: it parks with ZkAttention set until an operator or L1 moves it on.
 */
export async function batchWorkflow({
  batchNumber,
  forkId,
  startAt = 'collect',
  form = 1,
  reconcileAfterMs = RECONCILE_AFTER_MS,
}: messages.BatchInput) {
  const view: messages.BatchView = { batchNumber, status: 'collecting', proofRounds: 0 }
  let retryAsked = false
  let attention: messages.Attention | undefined
  let timesForgotten = 0 // a proof made before L1 forgot the sequence is of other inputs
  let verificationTold = false
  let collected = startAt === 'virtual' // what L1 replaces is not any more
  let undoing = 0 // the newest that was told
  const clock = createStageClock(batchNumber, startAt === 'collect' ? 'collecting' : undefined)

  const show = (status: messages.BatchStatus, parked?: messages.Attention, ...more: SearchAttributeUpdatePair[]) => {
    view.status = status
    attention = parked
    const isReplaced = view.replaced !== undefined && status !== 'verified'
    const needs = parked ?? (isReplaced ? 'trusted-batch-replaced' : undefined)
    wf.upsertSearchAttributes([
      ...more,
      { key: messages.SEARCH_ATTRIBUTE.status, value: status },
      { key: messages.SEARCH_ATTRIBUTE.attention, value: needs ?? null },
      { key: messages.SEARCH_ATTRIBUTE.l1TxHash, value: view.virtual?.l1TxHash ?? null },
    ])
    wf.setCurrentDetails(describeBatch(view, forkId, needs))
    clock.enter(status, needs)
  }
  const askRetry = (note?: string) => {
    if (note !== undefined) view.operatorNote = note
    retryAsked = true
  }
  const onlyWhen = (needed: messages.Attention) => (_request?: { note?: string }) => {
    if (attention !== needed) throw refusal(`Batch ${batchNumber} is ${view.status}, not ${needed}.`, 'NotParkedError')
  }

  wf.setHandler(messages.batchState, () => view, {
    description: 'Where this batch stands: status, roots, L1 transactions, proof, last error',
  })
  const learn = (known: Pick<messages.BatchView, 'virtual' | 'verified'>) => {
    if (known.virtual !== undefined) view.virtual ??= known.virtual
    if (known.verified !== undefined) view.verified ??= known.verified
  }
  wf.setHandler(messages.l1Virtualized, (virtual) => learn({ virtual }), {
    description: 'Synchronizer: an L1 sequence covers this batch',
  })
  wf.setHandler(messages.l1Verified, (verified) => learn({ verified }), {
    description: 'Synchronizer: an L1 verification covers this batch',
  })
  wf.setHandler(
    messages.l1Reorged,
    ({ fromL1Block }) => {
      if (view.verified !== undefined && view.verified.l1BlockNumber >= fromL1Block) delete view.verified
      if (view.virtual === undefined || view.virtual.l1BlockNumber < fromL1Block) return
      delete view.virtual
      delete view.proofId // it proves the inputs that L1 forgot
      timesForgotten++
    },
    { description: 'Synchronizer: what L1 said of this batch from that L1 block on is gone' },
  )
  wf.setHandler(
    messages.trustedBatchReplaced,
    (replaced) => {
      if (replaced.undoing <= undoing) return // told before
      undoing = replaced.undoing
      collected = false
      timesForgotten++
      for (const field of OF_CONTENT) delete view[field]
      view.replaced = replaced.reason
      show(view.status)
    },
    { description: 'Synchronizer: what was closed as this batch is undone, because L1 contradicts it' },
  )
  wf.setHandler(
    messages.verificationStarted,
    () => {
      verificationTold = true
      if (view.status === 'proven') show('verifying')
    },
    { description: 'Aggregator: the verify transaction that covers this batch is being sent' },
  )
  const makeProof = operateProof(`batch ${batchNumber}`, view, messages.PRIORITY.batch)
  wf.setHandler(
    messages.retryCheckNow,
    async (request) => {
      askRetry(request?.note)
      await wf.condition(() => attention === undefined)
      return `Check of batch ${batchNumber} started again.`
    },
    {
      description: 'Operator: execute the closed batch again; refused unless check-failed',
      validator: onlyWhen('check-failed'),
    },
  )

  let closeAsked = false
  wf.setHandler(
    messages.closeBatchNow,
    async () => {
      const { closed, openBlocks = 0 } = await database.readBatch({ batchNumber })
      if (!closed && openBlocks === 0) throw refusal(`Batch ${batchNumber} holds nothing to close.`, 'BatchEmptyError')
      closeAsked = true
      await wf.condition(() => view.status !== 'collecting')
      const { txCount = 0, blockCount = 0, closingReason } = view
      if (closingReason === undefined) throw refusal(`L1 has another batch ${batchNumber}.`, 'BatchReplacedError')
      return { batchNumber, txCount, blockCount, closingReason }
    },
    {
      description:
        'Operator: close the open batch now, with what it holds; refused unless it collects and holds something',
      validator: () => {
        if (view.status !== 'collecting')
          throw refusal(`Batch ${batchNumber} is ${view.status}, not open.`, 'BatchNotOpenError')
      },
    },
  )

  const park = async (
    status: messages.BatchStatus,
    needs: messages.Attention,
    error: unknown,
    until: () => boolean,
  ) => {
    view.lastError = failureMessage(error)
    retryAsked = false
    show(status, needs)
    wf.log.warn('Batch is parked.', { batchNumber, attention: needs, error: view.lastError })
    await wf.condition(() => retryAsked || until()) // unbounded: an operator or L1 decides
  }
  const untilL1 = async (done: () => boolean) => {
    for (
      let waitMs = reconcileAfterMs;
      !(await wf.condition(done, waitMs, { summary: 'L1 is silent: look in the State DB' }));
    ) {
      const asOf = timesForgotten
      const known = await database.readBatch({ batchNumber })
      if (asOf === timesForgotten) learn(known)
      waitMs = Math.min(2 * waitMs, RECONCILE_EVERY_AT_MOST_MS)
    }
  }

  const collect = async () => {
    if (form === 1) show('collecting')
    else wf.setCurrentDetails(describeBatch(view, forkId)) // it was started as collecting
    const summary = `collect transactions for batch ${batchNumber}`
    const closeSummary = `close batch ${batchNumber}: an operator asked`
    closeAsked = false
    const closed =
      (await cancelWhen(
        () => closeAsked,
        () => sequencer.collectBatch.executeWithOptions({ summary }, [{ batchNumber }]),
      )) ??
      (await sequencer.collectBatch.executeWithOptions({ summary: closeSummary }, [{ batchNumber, closeNow: true }]))
    Object.assign(view, closed)
    const txCount = { key: messages.SEARCH_ATTRIBUTE.txCount, value: closed.txCount }
    if (form >= 2) return show('sealed', undefined, txCount)
    wf.upsertSearchAttributes([txCount])
    show('sealed')
    await tell(messages.SEQUENCER_WORKFLOW_ID, messages.batchSealed, { batchNumber })
  }

  const check = async () => {
    const outdated = () => !collected
    while (!outdated()) {
      try {
        const summary = `execute batch ${batchNumber} again, keep its witness`
        const checked = await cancelWhen(outdated, () =>
          checker.checkBatch.executeWithOptions({ summary }, [{ batchNumber }]),
        )
        if (checked === undefined || outdated()) return
        view.stateRoot = checked.stateRoot
        delete view.lastError
        return
      } catch (error) {
        if (wf.isCancellation(error)) throw error
        if (!outdated()) await park('sealed', 'check-failed', error, outdated)
        if (!outdated()) show('sealed')
      }
    }
  }

  /** Proves what L1 has sequenced; ends without a proof when L1 verifies the batch or forgets its sequence meanwhile. */
  const prove = async () => {
    const inputs = timesForgotten
    const outdated = () => view.verified !== undefined || timesForgotten !== inputs
    verificationTold = false
    const proofId = await makeProof({
      outdated,
      show: (state) => (state === 'failed' ? show('proof-failed', 'proof-failed') : show('proving')),
      make: (round, order) => makeProofOf(round, order),
    })
    if (proofId !== undefined) view.proofId = proofId
  }
  const makeProofOf = async (round: number, order: messages.ProofOrder) => {
    const hasJobs = form === 3 || wf.patched(`proof-jobs-${round}`) // by round: one may be of earlier code, the next of this
    return await (hasJobs ? makeBatchProof(batchNumber, round, order) : replayProofRound(batchNumber, round))
  }

  const collectAndCheck = async () => {
    collected = true
    await collect()
    await check()
  }
  /** What L1 replaced, unless L1 has something in its place: that is known without the sequencer. */
  const collectAnew = async () => {
    show('collecting')
    await cancelWhen(virtual, collectAndCheck)
  }

  if (startAt === 'collect') await collectAndCheck()
  // Functions, because signals change all three between two lines.
  const virtual = () => view.virtual !== undefined
  const proven = () => view.proofId !== undefined
  const verified = () => view.verified !== undefined
  let senderKnows = form >= 2 && startAt === 'collect' // by checkBatch
  const advance = async () => {
    if (!virtual() && !collected) {
      await collectAnew()
      senderKnows = form >= 2
      return
    }
    if (!virtual()) {
      show('sequencing')
      if (!senderKnows) await tell(messages.SEQUENCE_SENDER_WORKFLOW_ID, messages.batchSealed, { batchNumber })
      await untilL1(() => virtual() || verified() || !collected)
      if (verified() || !virtual()) return
    }
    senderKnows = false // what L1 forgets later it does not
    if (form === 1) show('virtual')
    await prove()
    if (!proven()) return
    show(verificationTold ? 'verifying' : 'proven')
    if (form === 1) {
      await tell(messages.AGGREGATOR_WORKFLOW_ID, messages.proofReady, { fromBatch: batchNumber, toBatch: batchNumber })
    }
    await untilL1(() => verified() || !proven())
  }
  do {
    while (!verified()) await advance()
    show('verified')
    await wf.condition(wf.allHandlersFinished)
  } while (!verified()) // told at the last moment
  return view
}

const refusal = (message: string, type: string) => wf.ApplicationFailure.nonRetryable(message, type)

/** The singleton may be away; it reads the State DB when it is back, so a lost signal only delays. */
async function tell<Payload>(workflowId: string, signal: wf.SignalDefinition<[Payload]>, payload: Payload) {
  try {
    await wf.getExternalWorkflowHandle(workflowId).signal(signal, payload)
  } catch (error) {
    if (wf.isCancellation(error)) throw error
    wf.log.warn('Signal not delivered.', { workflowId, signal: signal.name, error: failureMessage(error) })
  }
}

/** What earlier code did for a proof; runs in replays alone. */
async function replayProofRound(batchNumber: number, round: number): Promise<string> {
  type Made = { proofId: string }
  type Earlier = {
    proveBatch(job: { batchNumber: number; round: number }): Promise<Made>
    acceptBatchProof(proof: Made & { batchNumber: number }): Promise<void>
  }
  const { proveBatch } = wf.proxyActivities<Earlier>({ ...PROVE, taskQueue: messages.TASK_QUEUE.prover })
  const { acceptBatchProof } = wf.proxyActivities<Earlier>(DATABASE)
  const { proofId } = await proveBatch({ batchNumber, round })
  await acceptBatchProof({ batchNumber, proofId })
  return proofId
}
