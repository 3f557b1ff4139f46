import { sha256 } from '@noble/hashes/sha2.js'
import { bigIntToBytes, bytesToHex, concatBytes, hexToBytes } from '#common/bytes.ts'
import { keccak256 } from '#protocol/keccak.ts'
import { type Address, Hash, type Hex, ZERO_HASH } from '#protocol/primitives.ts'
import { inputSnark } from '#protocol/snarkInput.ts'
import { encodeClaims, firstDifference, pickClaims } from './claims.ts'
import { encodeDomain } from './domain.ts'
import { ProofFormatError } from './errors.ts'
import { recoverSigner } from './signature.ts'
import type { AttestationDomain, Claims, FinalProof } from './types.ts'

const FINAL_DOMAIN = 'zknode attestation v1'
const WORDS = 24
const FIRST_SIGNATURE_WORD = 7
/** Signatures that fit into the words. */
export const MAX_SIGNATURES = 8

/** What an attester signs for L1, as `attestationDigest` of contracts/src/AttestationVerifier.sol computes it. */
export function finalDigest(domain: AttestationDomain, claims: Claims, aggregator: Address): Uint8Array {
  return keccak256(concatBytes(encodeDomain(FINAL_DOMAIN, domain), sha256(encodeClaims(claims, aggregator))))
}

/**
 * The 24 words of contracts/src/AttestationVerifier.sol: 0–6 open the snark input, then the compact signatures in
 * ascending order of their signers, then zeros. @throws {ProofFormatError} for none, for more than eight, for a signer
 * who signs twice and for a signature that is of something else.
 */
export function buildFinalProof(
  domain: AttestationDomain,
  { claims, aggregator, signatures }: { claims: Claims; aggregator: Address; signatures: readonly Hex[] },
): FinalProof {
  if (signatures.length === 0 || signatures.length > MAX_SIGNATURES)
    throw new ProofFormatError('A final proof carries one to eight signatures.', {
      facts: { signatures: signatures.length },
    })
  const publicInputs = pickClaims(claims)
  const digest = finalDigest(domain, publicInputs, aggregator)
  const signed = signatures.map((signature) => {
    const signer = recoverSigner(digest, signature)
    if (signer === undefined) throw new ProofFormatError('A signature is invalid.', { facts: { signature } })
    return { signer, signature }
  })
  signed.sort((a, b) => (a.signer < b.signer ? -1 : 1))
  for (const [index, { signer }] of signed.entries())
    if (signed[index + 1]?.signer === signer)
      throw new ProofFormatError('One attester signed twice.', { facts: { signer } })
  const words = [
    ...openingWords(publicInputs, aggregator),
    ...signed.flatMap(({ signature }) => [Hash(signature.slice(0, 66)), Hash(`0x${signature.slice(66)}`)]),
  ]
  while (words.length < WORDS) words.push(ZERO_HASH)
  return { words, aggregator, publicInputs, inputSnark: publicSignal(publicInputs, aggregator) }
}

/**
 * Puts the signatures of several attesters over the same claims into one final proof, for verifiers that ask for k of n.
 * @throws {ProofFormatError} when the proofs do not state the same
 */
export function combineFinalProofs(
  domain: AttestationDomain,
  proofs: readonly [FinalProof, ...FinalProof[]],
): FinalProof {
  const [first, ...others] = proofs
  for (const other of others) {
    const difference = firstDifference(
      { ...first.publicInputs, aggregator: first.aggregator },
      { ...other.publicInputs, aggregator: other.aggregator },
    )
    if (difference !== undefined)
      throw new ProofFormatError('Final proofs of different statements cannot be joined.', { facts: difference })
  }
  return buildFinalProof(domain, {
    claims: first.publicInputs,
    aggregator: first.aggregator,
    signatures: proofs.flatMap(signaturesOf),
  })
}

/**
 * Who signed, in order of the words. Checks everything that the contract checks except who may sign.
 * @throws {ProofFormatError} when words and public inputs do not belong together or a signature is invalid
 */
export function readFinalSigners(domain: AttestationDomain, proof: FinalProof): Address[] {
  const digest = finalDigest(domain, proof.publicInputs, proof.aggregator)
  const signers = signaturesOf(proof).map((signature) => recoverSigner(digest, signature))
  const rebuilt = buildFinalProof(domain, {
    claims: proof.publicInputs,
    aggregator: proof.aggregator,
    signatures: signaturesOf(proof),
  })
  const index = rebuilt.words.findIndex((word, position) => word !== proof.words[position])
  if (index >= 0)
    throw new ProofFormatError('A word of the final proof does not follow from its public inputs and signatures.', {
      facts: { word: index, expected: rebuilt.words[index]!, found: proof.words[index] ?? null },
    })
  if (rebuilt.inputSnark !== proof.inputSnark)
    throw new ProofFormatError('The public signal is not that of the public inputs.', {
      facts: { expected: rebuilt.inputSnark, found: proof.inputSnark },
    })
  return signers as Address[]
}

function signaturesOf({ words }: FinalProof): Hex[] {
  const signatures: Hex[] = []
  for (let word = FIRST_SIGNATURE_WORD; word + 1 < WORDS && words[word] !== ZERO_HASH; word += 2)
    signatures.push(`0x${words[word]!.slice(2)}${words[word + 1]!.slice(2)}`)
  return signatures
}

function openingWords(claims: Claims, aggregator: Address): Hash[] {
  const numbers = [claims.oldBatchNumber, claims.chainId, claims.forkId, claims.newBatchNumber]
  return [
    bytesToHex(concatBytes(hexToBytes(aggregator), new Uint8Array(12))) as Hash,
    claims.oldStateRoot,
    claims.oldAccInputHash,
    bytesToHex(concatBytes(...numbers.map((value) => bigIntToBytes(BigInt(value), 8)))) as Hash,
    claims.newStateRoot,
    claims.newAccInputHash,
    claims.newLocalExitRoot,
  ]
}

/** What the verifier is given beside the words, as a 32-byte word. */
export function publicSignal(claims: Claims, aggregator: Address): Hash {
  return bytesToHex(bigIntToBytes(inputSnark(encodeClaims(claims, aggregator)), 32)) as Hash
}
