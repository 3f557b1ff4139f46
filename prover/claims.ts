import { concatBytes } from '#common/bytes.ts'
import { keccak256 } from '#protocol/keccak.ts'
import { type Address, BatchNumber, ZERO_ADDRESS } from '#protocol/primitives.ts'
import { encodeSnarkInput } from '#protocol/snarkInput.ts'
import { encodeDomain } from './domain.ts'
import { ProofRefusedError } from './errors.ts'
import type { AttestationDomain, Claims } from './types.ts'

const CLAIMS_DOMAIN = 'zknode transition attestation v1'

export const CLAIM_FIELDS = [
  'chainId',
  'forkId',
  'oldBatchNumber',
  'newBatchNumber',
  'oldStateRoot',
  'oldAccInputHash',
  'newStateRoot',
  'newAccInputHash',
  'newLocalExitRoot',
] as const satisfies readonly (keyof Claims)[]

/** The claims alone, without signature or whatever else the object carries. */
export function pickClaims(source: Claims): Claims {
  return Object.fromEntries(CLAIM_FIELDS.map((field) => [field, source[field]])) as Claims
}

/** First and last batch that the claims cover. */
export function rangeOf({ oldBatchNumber, newBatchNumber }: Claims): { fromBatch: BatchNumber; toBatch: BatchNumber } {
  return { fromBatch: BatchNumber(oldBatchNumber + 1), toBatch: newBatchNumber }
}

/** The 212-byte snark input of the claims. @throws {InvalidStateRootError} */
export function encodeClaims(claims: Claims, aggregator: Address): Uint8Array {
  const { oldBatchNumber: initNumBatch, newBatchNumber: finalNewBatch } = claims
  return encodeSnarkInput({ ...claims, aggregator, initNumBatch, finalNewBatch })
}

/**
 * What an attester signs for a batch or a run of them: keccak of domain text, L1 chain id, verifier address and the
 * 212-byte snark input without an aggregator. The domain text differs from that of final proofs, so that one signature
 * never serves as the other.
 */
export function claimsDigest(domain: AttestationDomain, claims: Claims): Uint8Array {
  return keccak256(concatBytes(encodeDomain(CLAIMS_DOMAIN, domain), encodeClaims(claims, ZERO_ADDRESS)))
}

type Comparable = string | number | bigint
export type Difference = { field: string; claimed: string; computed: string }

/** The first field of `claimed` whose value in `computed` is another one. */
export function firstDifference<T extends Record<string, Comparable>>(
  claimed: T,
  computed: { readonly [Key in keyof T]: Comparable },
): Difference | undefined {
  for (const field of Object.keys(claimed)) {
    const [one, other] = [claimed[field]!, computed[field]!]
    if (one !== other) return { field, claimed: String(one), computed: String(other) }
  }
  return undefined
}

/**
 * The claims of two neighbours as one. @throws {ProofRefusedError} naming the first thing that does not meet: chain,
 * fork, batch number, state root or accumulated input hash.
 */
export function joinClaims(first: Claims, second: Claims): Claims {
  const difference = firstDifference(
    {
      chainId: second.chainId,
      forkId: second.forkId,
      oldBatchNumber: second.oldBatchNumber,
      oldStateRoot: second.oldStateRoot,
      oldAccInputHash: second.oldAccInputHash,
    },
    {
      chainId: first.chainId,
      forkId: first.forkId,
      oldBatchNumber: first.newBatchNumber,
      oldStateRoot: first.newStateRoot,
      oldAccInputHash: first.newAccInputHash,
    },
  )
  if (difference !== undefined)
    throw new ProofRefusedError('The second proof does not start where the first one ends.', {
      facts: {
        field: difference.field,
        firstEnds: difference.computed,
        secondStarts: difference.claimed,
        firstBatch: first.oldBatchNumber + 1,
        lastBatch: second.newBatchNumber,
      },
    })
  return {
    ...pickClaims(first),
    newStateRoot: second.newStateRoot,
    newAccInputHash: second.newAccInputHash,
    newLocalExitRoot: second.newLocalExitRoot,
    newBatchNumber: second.newBatchNumber,
  }
}
