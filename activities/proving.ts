import { ApplicationFailure, CancelledFailure } from '@temporalio/activity'
import { BatchNumber } from '#protocol/primitives.ts'
import { ProofRefusedError } from '#prover/errors.ts'
import { decodeJobInputs } from '#prover/jobInputs.ts'
import { partId } from '#prover/jobs.ts'
import { type ObjectStore, proofKey } from '#prover/objectStore.ts'
import { encodeProof } from '#prover/proofCodec.ts'
import type { AttemptEnd, ProofAttempts, ProofJob, ProofKind } from '#prover/proofStore.ts'
import { getProofText, putProofText } from '#prover/proofTexts.ts'
import type { JobControl, Prover } from '#prover/types.ts'
import { whileHeartbeating } from './heartbeat.ts'
import type { PreparedBatchJob, PreparedFinalJob, PreparedJob, PreparedJoin } from './proofJobs.ts'

export type ProvingActivities = ReturnType<typeof createProvingActivities>

/** Under this name the store has what was made. */
type Part = { partId: string }
type Dependencies = {
  prover: Prover
  objects: ObjectStore
  attempts: ProofAttempts
  /** Of the one who does its part of jobs that several attesters have to do. */
  attester?: string
}

/**
 * Jobs of provers. All they read and write is in the proof store. Each looks for the result of its name first and stores
 * what it made, so it may run any number of times. @throws {ProofRefusedError} when the inputs do not prove what the node
 * claims, {ProverFailedError} when the prover did not do its work.
 */
export const createProvingActivities = ({ prover, objects, attempts, attester }: Dependencies) => {
  async function once(
    kind: ProofKind,
    job: PreparedJob,
    make: (jobId: string, control: JobControl) => Promise<string>,
  ): Promise<Part> {
    const jobId = nameOf(job, attester)
    if (await objects.has(proofKey(jobId))) {
      await attempts.settle(jobId)
      return { partId: jobId }
    }
    const [fromBatch, toBatch] = [BatchNumber(job.fromBatch), BatchNumber(job.toBatch)]
    await tried({ jobId, kind, fromBatch, toBatch }, async (control) => {
      await putProofText(objects, jobId, await make(jobId, control))
    })
    return { partId: jobId }
  }

  /** Keeps account of the try: it counts as proved when the proof is stored, not before. */
  async function tried(job: ProofJob, makeAndStore: (control: JobControl) => Promise<void>): Promise<void> {
    const { attemptId, earlier } = await attempts.start(job)
    const onAssigned: JobControl['onAssigned'] = (assignment) => attempts.assign(attemptId, assignment)
    try {
      await whileHeartbeating((control) => makeAndStore({ ...control, onAssigned, earlier }))
      await attempts.end(attemptId, 'proved')
    } catch (error) {
      const isRestart = error instanceof CancelledFailure && error.message === 'WORKER_SHUTDOWN'
      // Without an end it counts as lost: the next attempt may collect what a remote prover makes of it meanwhile.
      if (!isRestart) await attempts.end(attemptId, endOf(error), (error as Error).message)
      throw error
    }
  }

  return {
    proveBatch(job: PreparedBatchJob): Promise<Part> {
      if (job.inputsKey === undefined)
        throw ApplicationFailure.nonRetryable('The job was asked for by earlier code.', 'ObsoleteJobError')
      return once('batch', job, async (jobId, control) => {
        const [inputs, witness] = await Promise.all([objects.get(job.inputsKey), objects.get(job.witnessKey)])
        return await prover.proveBatch({ jobId, ...decodeJobInputs(inputs), witness }, control)
      })
    },

    /** Joins proofs of neighbouring runs of batches, in order. */
    aggregateProofs: (job: PreparedJoin): Promise<Part> =>
      once('aggregated', job, async (jobId, control) => {
        const [first, second, ...others] = await Promise.all(job.proofIds.map((id) => getProofText(objects, id)))
        return await prover.aggregate({ jobId, proofs: [first!, second!, ...others], claims: job.claims }, control)
      }),

    finalizeProof: (job: PreparedFinalJob): Promise<Part> =>
      once('final', job, async (jobId, control) => {
        const { claims, aggregator } = job
        const proof = await getProofText(objects, job.inputId)
        return encodeProof(await prover.finalize({ jobId, proof, claims, aggregator }, control))
      }),
  }
}

function nameOf({ proofId, attesters }: PreparedJob, attester: string | undefined): string {
  if (attesters === undefined) return proofId
  if (attester === undefined) throw new Error('This prover is no attester, but got an attester’s job.')
  return partId(proofId, attester)
}

function endOf(error: unknown): AttemptEnd {
  if (error instanceof CancelledFailure) return 'cancelled'
  return error instanceof ProofRefusedError ? 'refused' : 'failed'
}
