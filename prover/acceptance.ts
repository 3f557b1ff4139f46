import { NodeError } from '#common/errors.ts'
import type { Address } from '#protocol/primitives.ts'
import { findSignatureFault, findSignerFault, type SigningFault } from './attestations.ts'
import { type Difference, firstDifference, pickClaims } from './claims.ts'
import { readFinalSigners } from './finalProof.ts'
import type { AttestationDomain, AttestationProof, AttesterSet, Claims, FinalProof } from './types.ts'

/** A proof does not state what this node knows. It is not used; another round or another prover may do better. */
export class ProofMismatchError extends NodeError {
  override readonly name = 'ProofMismatchError'
}

type Expectation = AttesterSet & {
  proofId: string
  /** By the State DB, whose inputs come from L1. */
  expected: Claims
  domain: AttestationDomain
}

/** @throws {ProofMismatchError} naming the first field that differs, both values, or what is wrong with who signed */
export function acceptAttestation(
  proof: AttestationProof,
  { proofId, expected, domain, attesters, attestersRequired }: Expectation,
): void {
  refuseDifference(proofId, firstDifference(pickClaims(proof), expected))
  refuseFault(proofId, findSignatureFault(domain, proof))
  const signers = proof.attestations.map(({ attester }) => attester)
  refuseFault(proofId, findSignerFault(signers, { attesters, attestersRequired }))
}

/** The same for what goes to L1, words included. @throws {ProofMismatchError} */
export function acceptFinal(
  proof: FinalProof,
  { proofId, expected, domain, attesters, attestersRequired, aggregator }: Expectation & { aggregator: Address },
): void {
  acceptStatement(proof, { proofId, expected, aggregator })
  let signers: Address[]
  try {
    signers = readFinalSigners(domain, proof)
  } catch (cause) {
    throw new ProofMismatchError('The words of the final proof are wrong.', {
      cause,
      facts: { proofId, field: 'words', reason: (cause as Error).message },
    })
  }
  refuseFault(proofId, findSignerFault(signers, { attesters, attestersRequired }))
}

/** Of a final proof that only L1 can check: what it says it is about. @throws {ProofMismatchError} */
export function acceptStatement(
  proof: FinalProof,
  { proofId, expected, aggregator }: Pick<Expectation, 'proofId' | 'expected'> & { aggregator: Address },
): void {
  const stated = { ...pickClaims(proof.publicInputs), aggregator: proof.aggregator }
  refuseDifference(proofId, firstDifference(stated, { ...expected, aggregator }))
}

function refuseDifference(proofId: string, difference: Difference | undefined): void {
  if (difference === undefined) return
  const { field, claimed, computed } = difference
  throw new ProofMismatchError('The proof states something else than the State DB.', {
    facts: { proofId, field, claimed, expected: computed },
  })
}

function refuseFault(proofId: string, fault: SigningFault | undefined): void {
  if (fault === undefined) return
  const { message, ...facts } = fault
  throw new ProofMismatchError(message, { facts: { proofId, ...facts } })
}
