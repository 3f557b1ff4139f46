import { hexToBytes } from '#common/bytes.ts'
import type { Config } from '#config/schema.ts'
import type { Queryable } from '#db/client.ts'
import { readExpectedClaims } from '#db/proofInputs.ts'
import { getProof } from '#db/proofs.ts'
import { encodeVerifyBatches } from '#etherman/verification.ts'
import type { Address, BatchNumber } from '#protocol/primitives.ts'
import { ProofMismatchError } from '#prover/acceptance.ts'
import { firstDifference, pickClaims } from '#prover/claims.ts'
import type { ObjectStore } from '#prover/objectStore.ts'
import { decodeFinalProof } from '#prover/proofCodec.ts'
import { getProofText } from '#prover/proofTexts.ts'

type Options = {
  network: Pick<Config['network'], 'chainId' | 'rollupId'>
  /** Sends the transaction. */
  aggregator: Address
  fromBatch: BatchNumber
  toBatch: BatchNumber
  proofId: string
}

/**
 * Calldata that verifies these batches with a stored final proof. What the proof states is compared with the State DB
 * once more, because L1 may have moved since it was accepted. @throws {ProofMismatchError}
 */
export async function buildVerification(
  { db, objects }: { db: Queryable; objects: ObjectStore },
  { network, aggregator, fromBatch, toBatch, proofId }: Options,
): Promise<Uint8Array> {
  const row = await getProof(db, proofId)
  if (row.kind !== 'final')
    throw new ProofMismatchError('The proof is no final proof.', { facts: { proofId, kind: row.kind } })
  const proof = decodeFinalProof(await getProofText(objects, proofId))
  const expected = await readExpectedClaims(db, { chainId: network.chainId, fromBatch, toBatch })
  const difference =
    firstDifference(pickClaims(proof.publicInputs), expected) ??
    firstDifference({ aggregator: proof.aggregator }, { aggregator })
  if (difference !== undefined)
    throw new ProofMismatchError('The final proof does not state what the State DB holds.', {
      facts: { proofId, ...difference },
    })
  const call = encodeVerifyBatches({
    rollupId: network.rollupId,
    initNumBatch: expected.oldBatchNumber,
    finalNewBatch: expected.newBatchNumber,
    newLocalExitRoot: expected.newLocalExitRoot,
    newStateRoot: expected.newStateRoot,
    beneficiary: aggregator,
    proof: proof.words,
  })
  return hexToBytes(call)
}
