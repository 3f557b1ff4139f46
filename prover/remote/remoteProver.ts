import type { NodeError } from '#common/errors.ts'
import type { Logger } from '#common/logger.ts'
import type { Address } from '#protocol/primitives.ts'
import { BatchNumber } from '#protocol/primitives.ts'
import { joinClaims, pickClaims } from '../claims.ts'
import { ProofFormatError, ProofRefusedError, ProverFailedError } from '../errors.ts'
import { decodeAttestationProof } from '../proofCodec.ts'
import type { AggregationJob, BatchJob, Claims, JobControl, Prover } from '../types.ts'
import { ProverStreamError } from './connection.ts'
import { askForProof, cancelProof, type GenRequest, type PollTimes, pollProof, requestProof } from './dialogue.ts'
import { ProverFault } from './fault.ts'
import { buildInputProver } from './inputs.ts'
import { ProofJudge, type ProofVerifier } from './judge.ts'
import type { GetProofResponse } from './messages.ts'
import type { PoolEntry } from './poolEntry.ts'
import type { ProverPool } from './proverPool.ts'

export type JobKind = 'batch' | 'aggregated' | 'final'

export type RemoteProverOptions = {
  forkId: number
  /** Will send the verify transaction. */
  aggregator: Address
  verifier: ProofVerifier
  times: PollTimes & {
    /** From request to proof. */
    proofDeadlineMs: Record<JobKind, number>
    /** How long a job waits for an idle prover. It then fails, so that another process may do it. */
    idleWaitMs: number
    /** How long a prover that has the result of an earlier attempt may take to dial in again. */
    collectGraceMs: number
  }
  /** Reasons of an abort for which the request stays with its prover, to be collected by a later attempt. */
  keepsRequest: (reason: unknown) => boolean
  logger: Logger
}

type Job<T> = { jobId: string; kind: JobKind; request: GenRequest; judge: (answer: GetProofResponse) => T }
/** Undefined: this prover was not the one. */
type Worked<T> = { result: T } | undefined

/** All provers that dialled in, as one: a job goes to whoever is idle. */
export function createRemoteProver(pool: ProverPool, options: RemoteProverOptions): Prover {
  const { forkId, aggregator, verifier, times, keepsRequest, logger } = options
  let isDifferenceKnown = false
  const judge = new ProofJudge({
    verifier,
    onMockDifference(difference) {
      logger[isDifferenceKnown ? 'debug' : 'warn'](difference, 'a mock prover proves something else, as mocks do')
      isDifferenceKnown = true
    },
  })

  async function perform<T>(job: Job<T>, control: JobControl): Promise<T> {
    const { signal } = control
    let worked = await collect(job, control)
    while (worked === undefined) {
      const entry = await pool.take(job.jobId, { signal, waitMs: times.idleWaitMs })
      if (entry === undefined)
        throw new ProverFailedError('No prover is idle.', { facts: { waitedMs: times.idleWaitMs } })
      worked = await untilAborted(work(entry, job, control), signal)
    }
    return worked.result
  }

  /** The result of an earlier attempt, if its prover is there in time and still knows the request. */
  async function collect<T>(job: Job<T>, control: JobControl): Promise<Worked<T>> {
    const { earlier, signal } = control
    if (earlier?.proverKind !== 'remote' || earlier.requestId === undefined) return undefined
    const entry = await pool.takeKnown(earlier.proverId, job.jobId, { signal, waitMs: times.collectGraceMs })
    return entry && (await untilAborted(work(entry, job, control, earlier.requestId), signal))
  }

  async function work<T>(entry: PoolEntry, job: Job<T>, control: JobControl, known?: string): Promise<Worked<T>> {
    const by = { proverId: entry.proverId, proverName: entry.status.proverName, proverKind: 'remote' } as const
    let outcome: 'proved' | 'failed' | 'ended' = 'ended'
    try {
      const requestId = await begin(entry, job, control, known)
      if (requestId === undefined) return undefined
      await keepOrCancel(entry, requestId, async () => control.onAssigned({ ...by, requestId }))
      const answer = await pollProof(entry.connected, requestId, {
        ...{ signal: control.signal, deadlineMs: times.proofDeadlineMs[job.kind], times, keepsRequest },
        onPending: () => {
          pool.seen(entry)
          control.onProgress({ stage: `proving at ${by.proverName}` })
        },
      })
      const result = job.judge(answer)
      outcome = 'proved'
      return { result }
    } catch (error) {
      if (control.signal.aborted || !isProversFault(error)) throw error
      // Of a stream that ends the pool knows already.
      if (!(error instanceof ProverStreamError)) pool.putAside(entry, error.message)
      outcome = 'failed'
      const facts = {
        proverId: by.proverId,
        proverName: by.proverName,
        reason: pool.view(entry).reason ?? error.message,
      }
      throw new ProverFailedError('The prover did not do its work.', { cause: error, facts })
    } finally {
      pool.finish(entry, outcome)
    }
  }

  /** @returns what the prover calls the request; undefined when it is not idle after all, or knows no such request */
  async function begin<T>(entry: PoolEntry, job: Job<T>, control: JobControl, known?: string) {
    if (known !== undefined) {
      const { result } = await askForProof(entry.connected, known)
      return result === 'RESULT_PENDING' || result === 'RESULT_COMPLETED_OK' ? known : undefined
    }
    const status = await entry.connected.ask('getStatusRequest', {})
    pool.learn(entry, status)
    control.signal.throwIfAborted()
    if (status.status !== 'STATUS_IDLE') return undefined
    await control.onAssigned({ proverId: entry.proverId, proverName: status.proverName, proverKind: 'remote' })
    return await requestProof(entry.connected, job.request)
  }

  const aggregateTwo = async (
    jobId: string,
    [one, other]: readonly [string, string],
    claims: Claims,
    control: JobControl,
  ) =>
    await perform(
      {
        ...{ jobId, kind: 'aggregated' },
        request: { name: 'genAggregatedProofRequest', body: { recursiveProof_1: one, recursiveProof_2: other } },
        judge: (answer) => judge.recursive(answer, claims),
      },
      control,
    )

  return {
    kind: 'remote',

    async proveBatch({ jobId, inputs, witness, claimed }: BatchJob, control) {
      const input = await buildInputProver({ inputs, witness, aggregator, forkId })
      const claims = pickClaims({
        ...inputs,
        ...claimed,
        oldBatchNumber: BatchNumber(inputs.batchNumber - 1),
        newBatchNumber: inputs.batchNumber,
      })
      return await perform(
        {
          ...{ jobId, kind: 'batch', request: { name: 'genBatchProofRequest', body: { input } } },
          judge: (answer) => judge.recursive(answer, claims),
        },
        control,
      )
    },

    async aggregate({ jobId, proofs, claims }: AggregationJob, control) {
      const [first, ...others] = proofs
      // Of several steps an earlier attempt may have begun any, so none is looked for.
      const ofStep = others.length === 1 ? control : { ...control, earlier: undefined }
      const isReadable = verifier.kind === 'attestation'
      let joined = { text: first, claims: isReadable ? pickClaims(decodeAttestationProof(first)) : claims }
      for (const text of others) {
        const next = isReadable ? joinClaims(joined.claims, decodeAttestationProof(text)) : claims
        joined = { text: await aggregateTwo(jobId, [joined.text, text], next, ofStep), claims: next }
      }
      return joined.text
    },

    async finalize({ jobId, proof, claims, aggregator: sender }, control) {
      return await perform(
        {
          ...{ jobId, kind: 'final' },
          request: { name: 'genFinalProofRequest', body: { recursiveProof: proof, aggregatorAddr: sender } },
          judge: (answer) => judge.final(answer, { claims, aggregator: sender }),
        },
        control,
      )
    },
  }
}

async function keepOrCancel(entry: PoolEntry, requestId: string, action: () => Promise<void>): Promise<void> {
  try {
    await action()
  } catch (error) {
    if (entry.connection !== undefined) cancelProof(entry.connection, requestId)
    throw error
  }
}

/** Faults in what it sent, in how it went about it, and in the proof. */
const isProversFault = (error: unknown): error is NodeError =>
  error instanceof ProverFault ||
  error instanceof ProverStreamError ||
  error instanceof ProofFormatError ||
  error instanceof ProofRefusedError

/** The job ends with the signal; what is under way with the prover is cleaned up behind it. */
async function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  let aborted: () => void = () => {}
  const abort = new Promise<never>((_, reject) => {
    aborted = () => reject(signal.reason)
  })
  work.catch(() => {}) // told by the race, unless the signal was first
  signal.addEventListener('abort', aborted, { once: true })
  try {
    return await Promise.race([work, abort])
  } finally {
    signal.removeEventListener('abort', aborted)
  }
}
