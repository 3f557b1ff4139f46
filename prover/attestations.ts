import type { Address } from '#protocol/primitives.ts'
import { claimsDigest, firstDifference, pickClaims } from './claims.ts'
import { ProofFormatError } from './errors.ts'
import { type Attester, recoverSigner } from './signature.ts'
import type { AttestationDomain, AttestationProof, AttesterSet, Claims } from './types.ts'

/** The claims as one attester states them. */
export function signClaims(domain: AttestationDomain, claims: Claims, attester: Attester): AttestationProof {
  const { address, sign } = attester
  const attestations = [{ attester: address, signature: sign(claimsDigest(domain, claims)) }]
  return { kind: 'attestation', ...pickClaims(claims), attestations }
}

/** Ascending, and nobody twice. */
export const areInOrder = (attestations: readonly { attester: Address }[]): boolean =>
  attestations.every(({ attester }, index) => index === 0 || attestations[index - 1]!.attester < attester)

/**
 * What several attesters stated apart, as one proof. @throws {ProofFormatError} when they do not state the same, or one
 * of them comes twice
 */
export function mergeAttestations(parts: readonly [AttestationProof, ...AttestationProof[]]): AttestationProof {
  const [first, ...others] = parts
  for (const other of others) {
    const difference = firstDifference(pickClaims(first), pickClaims(other))
    if (difference === undefined) continue
    throw new ProofFormatError('Attestations of different statements cannot be joined.', { facts: difference })
  }
  const attestations = parts
    .flatMap((part) => part.attestations)
    .sort((one, other) => (one.attester < other.attester ? -1 : 1))
  const twice = attestations.find(({ attester }, index) => attestations[index + 1]?.attester === attester)
  if (twice !== undefined)
    throw new ProofFormatError('One attester signed twice.', { facts: { attester: twice.attester } })
  return { ...first, attestations }
}

/** What is wrong with who signed a proof. */
export type SigningFault = { message: string; field: string; claimed: string; expected: string }

/** The first signature that is not that of the attester it names, or attesters out of order. */
export function findSignatureFault(domain: AttestationDomain, proof: AttestationProof): SigningFault | undefined {
  const { attestations } = proof
  if (attestations.length === 0 || !areInOrder(attestations))
    return {
      message: 'The attesters of the proof do not stand in order, each once.',
      ...{ field: 'attestations', claimed: attestations.map(({ attester }) => attester).join() },
      expected: 'ascending',
    }
  const digest = claimsDigest(domain, proof)
  for (const { attester, signature } of attestations) {
    const signer = recoverSigner(digest, signature)
    if (signer === attester) continue
    return {
      message: 'The proof is not signed by the attester it names.',
      ...{ field: 'signature', claimed: attester, expected: signer ?? 'a valid signature' },
    }
  }
  return undefined
}

/** The first signer who does not count, or too few of those who do. */
export function findSignerFault(
  signers: readonly Address[],
  { attesters, attestersRequired }: AttesterSet,
): SigningFault | undefined {
  const stranger = signers.find((signer) => !attesters.includes(signer))
  if (stranger !== undefined)
    return {
      message: 'The attester is not one of those who count.',
      ...{ field: 'attester', claimed: stranger, expected: attesters.join() },
    }
  if (signers.length >= attestersRequired) return undefined
  return {
    message: 'The proof has too few signatures.',
    ...{ field: 'attestations', claimed: String(signers.length), expected: String(attestersRequired) },
  }
}
