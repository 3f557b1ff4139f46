import * as wf from '@temporalio/workflow'
import type { L1SendingActivities } from '#activities/l1Sending.ts'
import { backoffMs } from './backoff.ts'
import { cancelWhen } from './cancelWhen.ts'
import { failureMessage, failureType } from './failures.ts'
import { describeL1Transaction } from './l1TransactionDetails.ts'
import * as messages from './messages.ts'
import { DATABASE, L1_TRANSACTION } from './retryPolicies.ts'
import { RUNBOOK } from './runbooks.ts'

const l1 = wf.proxyActivities<Pick<L1SendingActivities, 'sendSequence' | 'sendVerification'>>(L1_TRANSACTION)
const canceller = wf.proxyActivities<Pick<L1SendingActivities, 'cancelL1Transaction'>>({
  ...L1_TRANSACTION,
  retry: DATABASE.retry!,
})

/** What may be over by itself: tried again, a few times in silence. Whatever else fails ends the workflow. */
const ATTENTION: Readonly<Record<string, messages.Attention>> = {
  L1RefusedError: 'l1-refused',
  L1NonceTakenError: 'l1-refused',
  L1SignerRefusedError: 'l1-signer-refused',
  L1SignerMismatchError: 'l1-signer-refused',
  L1FeeLimitError: 'l1-fee-limit',
  L1BalanceTooLowError: 'l1-balance-low',
  VerificationHeldError: 'verification-failed',
}
/** No further try helps before somebody acted. */
const PARKED_AT_ONCE: readonly messages.Attention[] = ['l1-balance-low', 'verification-failed']
const BACKOFF = { firstMs: 1000, mostMs: 30_000 }

/**
 * One L1 transaction, from its simulation until L1 has it. Its record in the State DB is what is durable; this shows it
 * and lets an operator act on it. Fails when a contract refuses, or when it was cancelled.
 */
export async function l1TransactionWorkflow(input: messages.L1TransactionInput): Promise<messages.L1Reference> {
  const { purpose, fromBatch, toBatch, maxTries = 5, retryParkedMs = 60_000 } = input
  const view: messages.L1TransactionView = { job: messages.l1Job(input), status: 'sending', tries: 0, attempts: 0 }
  let retryAsked = false
  let heldBy: messages.Attention | undefined
  let afterRevert = false // said by an operator, of the next one that is sent
  let cancelAsked = false

  const show = (needs?: messages.Attention) => {
    const { l1TxHash } = view
    wf.upsertSearchAttributes([
      { key: messages.SEARCH_ATTRIBUTE.attention, value: needs ?? null },
      { key: messages.SEARCH_ATTRIBUTE.l1TxHash, value: l1TxHash ?? null },
    ])
    wf.setCurrentDetails(describeL1Transaction(view, needs))
  }
  const onlyWhen = (allowed: () => boolean) => () => {
    if (!allowed())
      throw wf.ApplicationFailure.nonRetryable(`The transaction is ${view.status}.`, 'L1TransactionStatusError')
  }
  const isOver = () => view.status === 'mined' || view.status === 'cancelled' || view.status === 'failed'

  wf.setHandler(messages.l1TransactionState, () => view, {
    description: 'Where this transaction stands: nonce, hash, fees, tries, last error',
  })
  wf.setHandler(
    messages.l1TransactionProgressed,
    (progress) => {
      Object.assign(view, progress)
      if (view.status === 'sending') show()
    },
    { description: 'Sender: a nonce is reserved, or a signed form was broadcast' },
  )
  wf.setHandler(
    messages.retryL1Transaction,
    async () => {
      const before = view.tries
      retryAsked = true
      if (heldBy === 'verification-failed') afterRevert = true
      await wf.condition(() => view.tries > before || isOver())
      return `Try ${view.tries} of ${view.job} started.`
    },
    {
      description: 'Operator: try again now; refused unless it waits',
      validator: onlyWhen(() => view.status === 'waiting'),
    },
  )
  wf.setHandler(
    messages.cancelL1Transaction,
    async () => {
      cancelAsked = true
      await wf.condition(isOver)
      return `${view.job} is ${view.status}${view.l1TxHash === undefined ? '' : `: ${view.l1TxHash}`}.`
    },
    {
      description: 'Operator: replace it by an empty transaction with its nonce, unless L1 takes it first',
      validator: onlyWhen(() => !isOver()),
    },
  )

  const end = async (status: messages.L1TransactionView['status']) => {
    view.status = status
    show()
    await wf.condition(wf.allHandlersFinished)
  }
  const fail = async (error: unknown): Promise<never> => {
    view.lastError = failureMessage(error)
    await end('failed')
    throw error
  }

  const summary = `${purpose} ${fromBatch === toBatch ? `batch ${fromBatch}` : `batches ${fromBatch} to ${toBatch}`}`
  const send = () => {
    if (input.purpose === 'sequence') return l1.sendSequence.executeWithOptions({ summary }, [{ fromBatch, toBatch }])
    const { proofId } = input
    return l1.sendVerification.executeWithOptions({ summary }, [
      { fromBatch, toBatch, proofId, ...(afterRevert && { afterRevert }) },
    ])
  }
  const mined = async (place: messages.L1Reference) => {
    Object.assign(view, place)
    delete view.lastError
    await end('mined')
    return place
  }

  for (;;) {
    view.tries++
    view.status = 'sending'
    retryAsked = false
    try {
      const place = await cancelWhen(() => cancelAsked, send)
      if (place !== undefined) return await mined(place)
    } catch (error) {
      if (wf.isCancellation(error)) throw error
      const needs = ATTENTION[failureType(error) ?? '']
      if (needs === undefined) return await fail(error)
      view.lastError = failureMessage(error)
      view.status = 'waiting'
      const parked = view.tries >= maxTries || PARKED_AT_ONCE.includes(needs)
      heldBy = needs
      show(parked ? needs : undefined)
      if (parked) wf.log.warn('L1 transaction is parked.', { ...view, attention: needs, runbook: RUNBOOK[needs] })
      const waitMs = parked ? retryParkedMs : backoffMs(view.tries, BACKOFF)
      await wf.condition(() => retryAsked || cancelAsked, waitMs, { summary: 'before it is tried again' })
    }
    if (!cancelAsked) continue
    view.status = 'cancelling'
    show()
    const { outcome, ...place } = await canceller.cancelL1Transaction.executeWithOptions(
      { summary: `cancel ${view.job}` },
      [{ job: view.job }],
    )
    if (outcome === 'mined') return await mined(place as messages.L1Reference)
    Object.assign(view, place)
    await end('cancelled')
    throw wf.ApplicationFailure.nonRetryable(`${view.job} was cancelled.`, messages.CANCELLED_FAILURE)
  }
}

/** Has a transaction sent by a workflow of its own. Fails as that does. */
export async function sendByWorkflow(input: messages.L1TransactionInput): Promise<messages.L1Reference> {
  const job = messages.l1Job(input)
  return await wf.executeChild(l1TransactionWorkflow, {
    workflowId: messages.l1TransactionWorkflowId(job),
    taskQueue: messages.TASK_QUEUE.batch,
    args: [input],
    workflowIdReusePolicy: 'ALLOW_DUPLICATE',
    staticSummary: `L1 transaction ${job}`,
  })
}

/** Whether it has nothing to do any more: plan again. */
export const wasWithdrawn = (error: unknown) => failureType(error) === messages.WITHDRAWN_FAILURE

/** Whether an operator cancelled it. */
export const wasCancelled = (error: unknown) => failureType(error) === messages.CANCELLED_FAILURE
