import * as wf from '@temporalio/workflow'
import { cancelWhen } from './cancelWhen.ts'
import { failureMessage, failureType } from './failures.ts'
import * as messages from './messages.ts'

/** What a workflow shows of a proof that it has made. */
type ProofView = { proofRounds: number; lastError?: string; operatorNote?: string }
type Making = {
  /** Makes the proof and gives its name. A new round is a new job; the same round finds what was made of it. */
  make: (round: number, order: messages.ProofOrder) => Promise<string>
  /** The proof is not wanted any more. */
  outdated: () => boolean
  show: (state: 'proving' | 'failed') => void
}

/**
 * A proof under the hands of operators: it never fails, it parks until somebody retries it, or until nobody wants it.
 * Sets the handlers; `subject` names the proof in answers.
 */
export function operateProof(subject: string, view: ProofView, priority: number) {
  const order: messages.ProofOrder = { proverKind: 'any', priority }
  let state: 'waiting' | 'proving' | 'failed' = 'waiting'
  let retryAsked = false
  let moved = false
  let cancelled = false

  const only = (needed: typeof state, parked: string) => () => {
    if (state !== needed)
      throw wf.ApplicationFailure.nonRetryable(`The proof of ${subject} is ${parked}.`, 'NotParkedError')
  }
  const note = (text: string | undefined) => {
    if (text !== undefined) view.operatorNote = text
  }
  const setOrder = ({ proverKind, priority }: Partial<messages.ProofOrder>) => {
    if (proverKind !== undefined) order.proverKind = proverKind
    if (priority !== undefined) order.priority = priority
  }

  wf.setHandler(
    messages.retryProof,
    (text) => {
      note(text)
      retryAsked = true
    },
    { description: 'Operator: make the proof again (for many at once; see retryProofNow)' },
  )
  wf.setHandler(
    messages.retryProofNow,
    async (request?: messages.RetryRequest) => {
      note(request?.note)
      setOrder({ ...(request?.proverKind && { proverKind: request.proverKind }) })
      retryAsked = true
      await wf.condition(() => state !== 'failed')
      return `Round ${view.proofRounds} of the proof of ${subject} started.`
    },
    {
      description:
        'Operator: make the proof again, e.g. {"note":"prover repaired"} or {"proverKind":"embedded"}; refused unless proof-failed',
      validator: (request?: messages.RetryRequest) => {
        only('failed', 'not proof-failed')()
        assertOrder({ proverKind: request?.proverKind })
      },
    },
  )
  wf.setHandler(
    messages.cancelProof,
    async (request?: { note?: string }) => {
      note(request?.note)
      cancelled = true
      await wf.condition(() => state !== 'proving')
      return `The proof of ${subject} is cancelled.`
    },
    {
      description: 'Operator: stop making the proof until it is retried',
      validator: (_request?: { note?: string }) => only('proving', 'not being made')(),
    },
  )
  wf.setHandler(
    messages.moveProof,
    (request) => {
      setOrder(request)
      moved = state === 'proving'
      return `The proof of ${subject} goes to ${order.proverKind} provers with priority ${order.priority}.`
    },
    {
      description: 'Operator: other provers or another priority, e.g. {"proverKind":"remote","priority":1}',
      validator: assertOrder,
    },
  )

  /** Gives the proof's name, or nothing when it is not wanted any more. */
  return async ({ make, outdated, show }: Making): Promise<string | undefined> => {
    const interrupted = () => outdated() || moved || cancelled
    for (let isNewRound = true; ; ) {
      state = 'proving'
      moved = false
      cancelled = false
      show('proving')
      if (isNewRound) view.proofRounds++
      isNewRound = true
      try {
        const proofId = await cancelWhen(interrupted, () => make(view.proofRounds, order))
        state = 'waiting'
        if (outdated()) return undefined
        if (proofId !== undefined) {
          delete view.lastError
          return proofId
        }
        if (!cancelled) {
          isNewRound = false
          continue
        }
        view.lastError = 'Cancelled by an operator.'
      } catch (error) {
        state = 'waiting'
        if (outdated()) return undefined
        if (wf.isCancellation(error)) throw error
        if (failureType(error) === 'ObsoleteJobError') continue // asked for by earlier code
        view.lastError = failureMessage(error)
      }
      state = 'failed'
      retryAsked = false
      show('failed')
      wf.log.warn('A proof is parked.', { subject, error: view.lastError })
      await wf.condition(() => retryAsked || outdated()) // unbounded: an operator or L1 decides
      if (!outdated()) continue
      state = 'waiting'
      return undefined
    }
  }
}

/** @throws when an operator asks for provers or priorities that there are not */
export function assertOrder({ proverKind, priority }: Partial<Record<keyof messages.ProofOrder, unknown>>): void {
  const kinds = Object.keys(messages.PROVER_QUEUE)
  if (proverKind !== undefined && !kinds.includes(proverKind as string))
    throw wf.ApplicationFailure.nonRetryable(`proverKind has to be one of ${kinds.join(', ')}.`, 'ProofOrderError')
  if (priority !== undefined && ![1, 2, 3, 4, 5].includes(priority as number))
    throw wf.ApplicationFailure.nonRetryable('priority has to be 1 to 5; 1 goes first.', 'ProofOrderError')
}
