import { type Address, BatchNumber } from '#protocol/primitives.ts'
import { firstDifference, joinClaims, pickClaims, rangeOf } from '#prover/claims.ts'
import { aggregationJobId, batchJobId, finalJobId } from '#prover/jobs.ts'
import { decodeAttestationProof, encodeProof } from '#prover/proofCodec.ts'
import type { ProofStore } from '#prover/proofStore.ts'
import type { Claims, JobControl, Prover } from '#prover/types.ts'
import { whileHeartbeating } from './heartbeat.ts'

export type ProvingActivities = ReturnType<typeof createProvingActivities>

type Range = { fromBatch: number; toBatch: number; round: number }
type Dependencies = {
  prover: Prover
  store: ProofStore
  /** Will send the verify transaction. */
  aggregator: Address
}

/**
 * Jobs of the prover, by reference. Each looks for the result of its job name first and stores what it made, so it may
 * run any number of times. @throws {ProofRefusedError} when the inputs do not prove what the node claims.
 */
export const createProvingActivities = ({ prover, store, aggregator }: Dependencies) => ({
  async proveBatch({ batchNumber, round }: { batchNumber: number; round: number }): Promise<{ proofId: string }> {
    const proofId = batchJobId(batchNumber, round)
    const { inputs, claimed } = await store.getBatchInputs(BatchNumber(batchNumber))
    const stored = await store.findProof(proofId)
    if (stored !== undefined) {
      const { newStateRoot, newAccInputHash } = decodeAttestationProof(stored.proof)
      if (firstDifference({ newStateRoot, newAccInputHash }, claimed) === undefined) return { proofId }
      await store.deleteProof(proofId) // of inputs that L1 has forgotten
    }
    const witness = await store.getWitness(BatchNumber(batchNumber), inputs.oldStateRoot)
    const job = { jobId: proofId, inputs, witness, claimed }
    const { result: proof, by } = await atWork((control) => prover.proveBatch(job, control))
    const range = { fromBatch: BatchNumber(batchNumber), toBatch: BatchNumber(batchNumber) }
    return { proofId: (await store.putProof({ proofId, kind: 'batch', ...range, prover: by, proof })).proofId }
  },

  /** Joins proofs of neighbouring runs of batches, in order. */
  async aggregateProofs({
    fromBatch,
    toBatch,
    proofIds,
    round,
  }: Range & { proofIds: readonly [string, string, ...string[]] }): Promise<{ proofId: string }> {
    const [first, second, ...others] = proofIds
    const read = async (id: string) => (await store.getProof(id)).proof
    const proofs = [await read(first), await read(second), ...(await Promise.all(others.map(read)))] as const
    const proofId = aggregationJobId({ fromBatch, toBatch, round, inputs: proofs })
    if ((await store.findProof(proofId)) !== undefined) return { proofId }
    const claims = proofs.map((proof): Claims => pickClaims(decodeAttestationProof(proof))).reduce(joinClaims)
    const job = { jobId: proofId, proofs, claims }
    const { result: proof, by } = await atWork((control) => prover.aggregate(job, control))
    const result = { proofId, kind: 'aggregated', ...rangeOf(claims), prover: by, proof } as const
    return { proofId: (await store.putProof(result)).proofId }
  },

  async finalizeProof({
    fromBatch,
    toBatch,
    proofId: inputId,
    round,
  }: Range & { proofId: string }): Promise<{ proofId: string }> {
    const { proof } = await store.getProof(inputId)
    const proofId = finalJobId({ fromBatch, toBatch, aggregator, round, input: proof })
    if ((await store.findProof(proofId)) !== undefined) return { proofId }
    const job = { jobId: proofId, proof, claims: pickClaims(decodeAttestationProof(proof)), aggregator }
    const { result: final, by } = await atWork((control) => prover.finalize(job, control))
    const range = rangeOf(final.publicInputs)
    const result = { proofId, kind: 'final', ...range, prover: by, proof: encodeProof(final) } as const
    return { proofId: (await store.putProof(result)).proofId }
  },
})

/** Runs a job, and says who did it. */
async function atWork<T>(job: (control: JobControl) => Promise<T>): Promise<{ result: T; by: string }> {
  let by = ''
  const onAssigned: JobControl['onAssigned'] = ({ proverName }) => {
    by = proverName
  }
  const result = await whileHeartbeating((control) => job({ ...control, onAssigned }))
  return { result, by }
}
