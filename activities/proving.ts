import { type Address, BatchNumber } from '#protocol/primitives.ts'
import { firstDifference, rangeOf } from '#prover/claims.ts'
import { aggregationJobId, batchJobId, finalJobId } from '#prover/jobs.ts'
import { decodeAttestationProof, encodeProof } from '#prover/proofCodec.ts'
import type { ProofStore } from '#prover/proofStore.ts'
import type { Prover } from '#prover/types.ts'
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
    const proof = await whileHeartbeating((control) =>
      prover.proveBatch({ jobId: proofId, inputs, witness, claimed }, control),
    )
    const result = {
      proofId,
      kind: 'batch',
      ...rangeOf(proof),
      prover: prover.name,
      proof: encodeProof(proof),
    } as const
    return { proofId: (await store.putProof(result)).proofId }
  },

  /** Joins proofs of neighbouring runs of batches, in order, pair by pair; only the last result is stored. */
  async aggregateProofs({
    fromBatch,
    toBatch,
    proofIds,
    round,
  }: Range & { proofIds: readonly [string, string, ...string[]] }): Promise<{ proofId: string }> {
    const inputs = (await Promise.all(proofIds.map((id) => store.getProof(id)))).map(({ proof }) => proof)
    const proofId = aggregationJobId({ fromBatch, toBatch, round, inputs })
    if ((await store.findProof(proofId)) !== undefined) return { proofId }
    const [first, ...others] = inputs.map(decodeAttestationProof)
    const proof = await whileHeartbeating(async (control) => {
      let joined = first!
      for (const [index, next] of others.entries()) {
        const jobId = index === others.length - 1 ? proofId : `${proofId}-part-${index + 1}`
        joined = await prover.aggregate({ jobId, proofs: [joined, next] }, control)
      }
      return joined
    })
    const result = {
      proofId,
      kind: 'aggregated',
      ...rangeOf(proof),
      prover: prover.name,
      proof: encodeProof(proof),
    } as const
    return { proofId: (await store.putProof(result)).proofId }
  },

  async finalizeProof({
    fromBatch,
    toBatch,
    proofId: inputId,
    round,
  }: Range & { proofId: string }): Promise<{ proofId: string }> {
    const input = await store.getProof(inputId)
    const proofId = finalJobId({ fromBatch, toBatch, aggregator, round, input: input.proof })
    if ((await store.findProof(proofId)) !== undefined) return { proofId }
    const proof = decodeAttestationProof(input.proof)
    const final = await whileHeartbeating((control) => prover.finalize({ jobId: proofId, proof, aggregator }, control))
    const range = rangeOf(final.publicInputs)
    const result = { proofId, kind: 'final', ...range, prover: prover.name, proof: encodeProof(final) } as const
    return { proofId: (await store.putProof(result)).proofId }
  },
})
