import type { Database } from '#db/client.ts'
import { createInputsPreparation } from '#db/jobInputs.ts'
import { readExpectedClaims } from '#db/proofInputs.ts'
import { getProof } from '#db/proofs.ts'
import { type Address, BatchNumber } from '#protocol/primitives.ts'
import { batchJobId, finalJobId, joinJobId } from '#prover/jobs.ts'
import type { ObjectStore } from '#prover/objectStore.ts'
import type { AttesterSet, Claims } from '#prover/types.ts'

export type ProofJobActivities = ReturnType<typeof createProofJobActivities>

/** A job for provers: references, and what the result has to state. */
export type PreparedJob = {
  proofId: string
  fromBatch: number
  toBatch: number
  /** Where L1 asks for more than one: who may attest, in order of preference. */
  attesters?: { addresses: Address[]; required: number }
}
export type PreparedBatchJob = PreparedJob & { inputsKey: string; witnessKey: string }
export type PreparedJoin = PreparedJob & { proofIds: string[]; claims: Claims }
export type PreparedFinalJob = PreparedJob & { inputId: string; claims: Claims; aggregator: Address }

type Range = { fromBatch: number; toBatch: number }
type Dependencies = AttesterSet & {
  db: Database
  objects: ObjectStore
  chainId: number
  /** Will send the verify transaction. */
  aggregator: Address
}

/** What the node does before a proof is made: it puts the inputs where provers find them, and names the job by them. */
export const createProofJobActivities = ({ db, objects, chainId, aggregator, ...counting }: Dependencies) => {
  const { attesters, attestersRequired } = counting
  const prepareBatchInputs = createInputsPreparation({ db, objects, chainId })
  /** Each batch begins with another attester, so that all have work. */
  const attestersOf = (batchNumber: number): Pick<PreparedJob, 'attesters'> => {
    if (attestersRequired === 1) return {}
    const first = batchNumber % attesters.length
    const addresses = [...attesters.slice(first), ...attesters.slice(0, first)]
    return { attesters: { addresses, required: attestersRequired } }
  }
  const claimsOf = ({ fromBatch, toBatch }: Range): Promise<Claims> =>
    readExpectedClaims(db, { chainId, fromBatch: BatchNumber(fromBatch), toBatch: BatchNumber(toBatch) })

  return {
    /** @throws {ProofInputsMissingError} while the batch is not virtual or has no witness */
    async prepareBatchProof({ batchNumber, round }: { batchNumber: number; round: number }): Promise<PreparedBatchJob> {
      const { inputsKey, witnessKey, digest } = await prepareBatchInputs(BatchNumber(batchNumber))
      const range = { fromBatch: batchNumber, toBatch: batchNumber }
      const proofId = batchJobId({ batchNumber, round, digest })
      return { proofId, ...range, inputsKey, witnessKey, ...attestersOf(batchNumber) }
    },

    /** @throws {ProofNotFoundError} when a proof that was to be joined is of inputs that L1 has forgotten */
    async prepareJoinedProof({
      fromBatch,
      toBatch,
      proofIds,
      round,
    }: Range & { proofIds: string[]; round: number }): Promise<PreparedJoin> {
      for (const proofId of proofIds) await getProof(db, proofId)
      const proofId = joinJobId({ fromBatch, toBatch, round, proofIds })
      const claims = await claimsOf({ fromBatch, toBatch })
      return { proofId, fromBatch, toBatch, proofIds, claims, ...attestersOf(toBatch) }
    },

    /** @throws {ProofNotFoundError} likewise */
    async prepareFinalProof({
      fromBatch,
      toBatch,
      proofId: inputId,
      round,
    }: Range & { proofId: string; round: number }): Promise<PreparedFinalJob> {
      await getProof(db, inputId)
      const proofId = finalJobId({ fromBatch, toBatch, aggregator, round, inputId })
      const claims = await claimsOf({ fromBatch, toBatch })
      return { proofId, fromBatch, toBatch, inputId, claims, aggregator, ...attestersOf(toBatch) }
    },
  }
}
