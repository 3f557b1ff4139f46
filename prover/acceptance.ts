import { NodeError } from '#common/errors.ts'
import type { Address } from '#protocol/primitives.ts'
import { claimsDigest, type Difference, firstDifference, pickClaims } from './claims.ts'
import { readFinalSigners } from './finalProof.ts'
import { recoverSigner } from './signature.ts'
import type { AttestationDomain, AttestationProof, Claims, FinalProof } from './types.ts'

/** A proof does not state what this node knows. It is not used; another round or another prover may do better. */
export class ProofMismatchError extends NodeError {
  override readonly name = 'ProofMismatchError'
}

type Expectation = {
  proofId: string
  /** By the State DB, whose inputs come from L1. */
  expected: Claims
  domain: AttestationDomain
  attesters: readonly Address[]
}

/** @throws {ProofMismatchError} naming the first field that differs, both values, or the signer */
export function acceptAttestation(
  proof: AttestationProof,
  { proofId, expected, domain, attesters }: Expectation,
): void {
  refuseDifference(proofId, firstDifference(pickClaims(proof), expected))
  if (!attesters.includes(proof.attester)) throw unknownAttester(proofId, proof.attester, attesters)
  const signer = recoverSigner(claimsDigest(domain, proof), proof.signature)
  if (signer !== proof.attester)
    throw new ProofMismatchError('The proof is not signed by the attester it names.', {
      facts: { proofId, field: 'signature', claimed: proof.attester, expected: signer ?? 'a valid signature' },
    })
}

/**
 * The same for what goes to L1, words included. How many signatures the verifier asks for is found out when the
 * verification is simulated. @throws {ProofMismatchError}
 */
export function acceptFinal(
  proof: FinalProof,
  { proofId, expected, domain, attesters, aggregator }: Expectation & { aggregator: Address },
): void {
  const difference =
    firstDifference(pickClaims(proof.publicInputs), expected) ??
    firstDifference({ aggregator: proof.aggregator }, { aggregator })
  refuseDifference(proofId, difference)
  let signers: Address[]
  try {
    signers = readFinalSigners(domain, proof)
  } catch (cause) {
    throw new ProofMismatchError('The words of the final proof are wrong.', {
      cause,
      facts: { proofId, field: 'words', reason: (cause as Error).message },
    })
  }
  for (const signer of signers) if (!attesters.includes(signer)) throw unknownAttester(proofId, signer, attesters)
}

function refuseDifference(proofId: string, difference: Difference | undefined): void {
  if (difference === undefined) return
  const { field, claimed, computed } = difference
  throw new ProofMismatchError('The proof states something else than the State DB.', {
    facts: { proofId, field, claimed, expected: computed },
  })
}

function unknownAttester(proofId: string, attester: Address, attesters: readonly Address[]): ProofMismatchError {
  return new ProofMismatchError('The attester is not one of those who count.', {
    facts: { proofId, field: 'attester', claimed: attester, expected: attesters.join(',') },
  })
}
