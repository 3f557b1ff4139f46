import { setTimeout } from 'node:timers/promises'
import type { FinalProofMessage, GenProofResponse, GetProofResponse, Result } from '#prover/remote/messages.ts'
import type { Misbehaviour } from './misbehaviours.ts'
import type { TestProverOptions } from './testProver.ts'
import type { ProverWork } from './work.ts'

export type Outcome = { recursiveProof: string } | { finalProof: FinalProofMessage }
type Job = {
  misbehaviour: Misbehaviour | undefined
  result: GetProofResponse['result']
  resultString: string
  outcome: Outcome | undefined
  cancelled: AbortController
}

const OVERSIZE_BYTES = 8_000_000

/** What a test prover was asked to compute, by the ids it gave. One computes at a time, as far as the aggregator knows. */
export class Jobs {
  current: string | undefined
  last: string | undefined
  readonly #options: TestProverOptions
  readonly #jobs = new Map<string, Job>()

  constructor(options: TestProverOptions) {
    this.#options = options
  }

  start(perform: (work: ProverWork) => Promise<Outcome>): GenProofResponse {
    const { random, misbehaviours, probability, onMisbehave } = this.#options
    const ofJobs = misbehaviours.filter((name) => name !== 'wrong-fork')
    const misbehaviour = ofJobs.length > 0 && random.happens(probability) ? random.of(ofJobs) : undefined
    if (misbehaviour !== undefined) onMisbehave?.(misbehaviour)
    if (misbehaviour === 'refuse') return { id: '', result: 'RESULT_ERROR' }
    const id = `${this.#options.id}-${random.hex(16)}`
    const cancelled = new AbortController()
    const job: Job = { misbehaviour, result: 'RESULT_PENDING', resultString: 'pending', outcome: undefined, cancelled }
    this.current = id
    if (misbehaviour !== 'lose') this.#jobs.set(id, job)
    void this.#run(id, job, perform)
    return { id, result: 'RESULT_OK' }
  }

  /** Whatever is known of the request, the way its misbehaviour tells it. */
  collect(id: string): GetProofResponse {
    const job = this.#jobs.get(id)
    if (job === undefined) return { id: '', result: 'RESULT_ERROR', resultString: 'invalid UUID' }
    const { result, resultString, outcome, misbehaviour } = job
    const told = misbehaviour === 'other-result' ? `${this.#options.id}-other` : id
    return { id: told, result, resultString, ...(outcome && distortOutcome(outcome, misbehaviour)) }
  }

  misbehaviourOf(id: string): Misbehaviour | undefined {
    return this.#jobs.get(id)?.misbehaviour
  }

  cancel(id: string): Result {
    const job = this.#jobs.get(id)
    if (job === undefined || job.result !== 'RESULT_PENDING') return 'RESULT_ERROR'
    job.cancelled.abort()
    return 'RESULT_OK'
  }

  async #run(id: string, job: Job, perform: (work: ProverWork) => Promise<Outcome>): Promise<void> {
    const { work, wrongWork, slowMs, workMs = 0 } = this.#options
    const { signal } = job.cancelled
    try {
      const outcome = await perform(job.misbehaviour === 'wrong-root' ? wrongWork : work)
      await setTimeout(job.misbehaviour === 'slow' ? slowMs : workMs, undefined, { signal })
      if (job.misbehaviour === 'fail') throw new Error('the prover ran out of memory')
      Object.assign(job, { outcome, result: 'RESULT_COMPLETED_OK', resultString: 'completed' })
    } catch (error) {
      const [result, resultString] = signal.aborted
        ? (['RESULT_CANCEL', 'cancelled'] as const)
        : (['RESULT_COMPLETED_ERROR', (error as Error).message] as const)
      Object.assign(job, { result, resultString })
    }
    this.last = id
    if (this.current === id) this.current = undefined
  }
}

function distortOutcome(outcome: Outcome, misbehaviour: Misbehaviour | undefined): Outcome {
  switch (misbehaviour) {
    case 'oversize':
      return replaceProof(outcome, () => 'ff'.repeat(OVERSIZE_BYTES / 2))
    case 'empty':
      return replaceProof(outcome, () => '')
    case 'wrong-signature':
      return replaceProof(outcome, (text) => text.replace(/"signature":"0x.{8}/, '"signature":"0x00000000'))
    default:
      return outcome
  }
}

function replaceProof(outcome: Outcome, replace: (text: string) => string): Outcome {
  return 'recursiveProof' in outcome
    ? { recursiveProof: replace(outcome.recursiveProof) }
    : { finalProof: { ...outcome.finalProof, proof: replace(outcome.finalProof.proof) } }
}
